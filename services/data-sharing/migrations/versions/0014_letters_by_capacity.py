"""A letter for each capacity, and a member who comes of age (12.1.2)."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Tell letters of members from those of obligors, and let a member become an adult."""
    run_sql(op, (Path(__file__).parent / "0014_letters_by_capacity.sql").read_text(encoding="utf-8"))
