"""Every application on one verification is assessed (1.2)."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """The same facts are assessed once for each application that rests on them."""
    run_sql(op, (Path(__file__).parent / "0007_every_application.sql").read_text(encoding="utf-8"))
