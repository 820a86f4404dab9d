"""Alembic's environment; all of it is in `shared.migrations`."""

from shared.migrations import run_environment

run_environment()
