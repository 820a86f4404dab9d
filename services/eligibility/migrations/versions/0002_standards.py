"""Standards on record, archived editions, shadow runs, recomputations, price linkage."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create everything."""
    run_sql(op, (Path(__file__).parent / "0002_standards.sql").read_text(encoding="utf-8"))
