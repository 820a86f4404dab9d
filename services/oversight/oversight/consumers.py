"""What oversight reacts to: every event of every topic, its own included."""

from oversight.handlers import append_to_log

EVERYTHING = append_to_log
"""Takes batches: many events share one transaction."""
