"""More time to answer a request for an agreement, once; data of a granted one are there by their day (12.1.1)."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Keep the extension, and the day by which data are given."""
    run_sql(op, (Path(__file__).parent / "0012_agreement_clocks.sql").read_text(encoding="utf-8"))
