"""Papers: what families were asked for, and what nobody may ask for (8.2)."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the requests and the announced lists."""
    run_sql(op, (Path(__file__).parent / "0004_papers.sql").read_text(encoding="utf-8"))
