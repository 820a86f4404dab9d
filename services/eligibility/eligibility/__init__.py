"""Eligibility: who is entitled to what, and why."""
