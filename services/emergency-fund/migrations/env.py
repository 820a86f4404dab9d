"""Alembic environment of emergency-fund."""

from shared.migrations import run_environment

run_environment()
