"""Typed dates are no way round the limit (4.3.3); what was objected to can be asked back (4.2.1)."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Count by the day of asking too, and let a claim stand on a grant that was objected to."""
    run_sql(op, (Path(__file__).parent / "0003_limit_and_claims.sql").read_text(encoding="utf-8"))
