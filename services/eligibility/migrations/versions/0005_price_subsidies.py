"""The price supplement of a month, person by person: whoever lacked it gets it with back pay, nobody twice."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make a row of each person of a household."""
    run_sql(op, (Path(__file__).parent / "0005_price_subsidies.sql").read_text(encoding="utf-8"))
