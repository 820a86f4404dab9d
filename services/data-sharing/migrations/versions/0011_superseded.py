"""Records of deliveries that count no longer are erased (12.1.1)."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Let the part of a superseded delivery be thrown away."""
    run_sql(op, (Path(__file__).parent / "0011_superseded.sql").read_text(encoding="utf-8"))
