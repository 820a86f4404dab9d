"""Files that departments deliver, and the base registries of persons and legal entities."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create batches, their records and the registries."""
    run_sql(op, (Path(__file__).parent / "0002_registries.sql").read_text(encoding="utf-8"))
