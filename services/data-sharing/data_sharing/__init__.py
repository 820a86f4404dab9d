"""Data sharing: who may see which field of whom, for what purpose."""
