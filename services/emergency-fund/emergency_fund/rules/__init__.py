"""Who decides: how money moves between accounts, and what may become of a grant. No clock, no database."""
