"""The life of a benefit, changes in families, the register of needy households; complaints, resolutions, clocks."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables and carry over what runs."""
    run_sql(op, (Path(__file__).parent / "0003_benefits.sql").read_text(encoding="utf-8"))
