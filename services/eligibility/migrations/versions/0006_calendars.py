"""The calendar of working days that an assessment rested on."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the archive of calendars."""
    run_sql(op, (Path(__file__).parent / "0006_calendars.sql").read_text(encoding="utf-8"))
