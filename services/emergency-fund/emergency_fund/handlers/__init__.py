"""What happens on a command or an event, by use case."""
