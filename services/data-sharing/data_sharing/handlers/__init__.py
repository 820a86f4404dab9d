"""What happens on an event, a command or a deadline, split by use case."""
