"""Screenings of the population, and what they found."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0004"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables of screenings."""
    run_sql(op, (Path(__file__).parent / "0004_screenings.sql").read_text(encoding="utf-8"))
