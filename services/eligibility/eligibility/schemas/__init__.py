"""What callers of eligibility send and see, by use case."""
