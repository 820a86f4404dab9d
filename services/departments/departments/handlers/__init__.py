"""What happens on a command or an event, one module for each use case."""
