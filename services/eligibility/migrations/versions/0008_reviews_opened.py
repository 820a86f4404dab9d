"""When a review opened is kept: after a death that is not a month before its day (12.3.2)."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Keep when the review of a benefit opened."""
    run_sql(op, (Path(__file__).parent / "0008_reviews_opened.sql").read_text(encoding="utf-8"))
