"""The language of the rules and its two meanings: for one household with the reasons, and for a whole population."""
