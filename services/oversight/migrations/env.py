"""Alembic environment of oversight."""

from shared.migrations import run_environment

run_environment()
