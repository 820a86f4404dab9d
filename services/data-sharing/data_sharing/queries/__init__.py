"""Reads used twice, or that depend on who asks."""
