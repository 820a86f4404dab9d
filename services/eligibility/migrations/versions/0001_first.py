"""Published parameters, assessments, decisions, measures, benefits, referrals."""

from pathlib import Path

from alembic import op

from shared.migrations import platform_0001, run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything."""
    platform_0001(op)
    run_sql(op, (Path(__file__).parent / "0001_first.sql").read_text(encoding="utf-8"))
