"""Population snapshots for screening (6.1, 12.1.1)."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create snapshots, and the agreements that they stand on."""
    run_sql(op, (Path(__file__).parent / "0009_snapshots.sql").read_text(encoding="utf-8"))
