"""Which papers no household may be asked for (8.2)."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the copy of data-sharing's lists."""
    run_sql(op, (Path(__file__).parent / "0002_held_papers.sql").read_text(encoding="utf-8"))
