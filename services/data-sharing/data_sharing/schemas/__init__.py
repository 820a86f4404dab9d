"""What callers send and see, by use case."""
