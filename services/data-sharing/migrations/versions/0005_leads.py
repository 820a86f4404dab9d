"""Leads: reports of families in trouble, who follows them, and what is left of them (12.2)."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create leads with their reports, candidates and contacts."""
    run_sql(op, (Path(__file__).parent / "0005_leads.sql").read_text(encoding="utf-8"))
