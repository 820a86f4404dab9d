"""Agreements between those who hold data and those who use them, and the looks that each day has seen."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the agreements with their daily counts, and those that the platform itself stands on."""
    run_sql(op, (Path(__file__).parent / "0003_agreements.sql").read_text(encoding="utf-8"))
