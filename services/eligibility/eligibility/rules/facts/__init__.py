"""What rules may ask about a household, and the strict ways in which it is read."""
