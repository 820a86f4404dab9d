"""Who decides in intake: pure functions of what is declared and of what happened."""
