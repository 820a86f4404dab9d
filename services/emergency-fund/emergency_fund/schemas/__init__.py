"""What callers of emergency-fund send and see, by use case. Amounts are decimal strings of yuan."""
