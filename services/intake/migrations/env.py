"""Alembic environment of intake."""

from shared.migrations import run_environment

run_environment()
