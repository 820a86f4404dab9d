"""What happens in intake, one module per use case."""
