"""What callers send and see, split by use case."""
