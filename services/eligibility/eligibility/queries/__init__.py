"""Reads that depend on who asks. Row-level security hides what the caller may not see; not found is the answer."""
