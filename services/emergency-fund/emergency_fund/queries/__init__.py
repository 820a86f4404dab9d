"""Reads of emergency-fund. Row-level security decides which rows a caller gets."""
