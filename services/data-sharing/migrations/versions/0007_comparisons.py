"""Saved comparisons between data sets: runs and hits (12.1.1)."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create runs and hits, and the agreements that the comparisons stand on."""
    run_sql(op, (Path(__file__).parent / "0007_comparisons.sql").read_text(encoding="utf-8"))
