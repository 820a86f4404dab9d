"""Queries on request (12.1.1, 12.1.2)."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Keep who asked for a data set, and why."""
    run_sql(op, (Path(__file__).parent / "0010_on_request.sql").read_text(encoding="utf-8"))
