"""A login that applies in a family's name sees nothing of it before officers know who it is (12.1.2)."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Say of each application whether its applicant is known; the policy asks for it."""
    run_sql(op, (Path(__file__).parent / "0013_known_applicants.sql").read_text(encoding="utf-8"))
