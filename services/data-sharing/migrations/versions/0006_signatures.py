"""Signed requests: no signature is taken twice (12.1.2)."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the nonces that were used."""
    run_sql(op, (Path(__file__).parent / "0006_signatures.sql").read_text(encoding="utf-8"))
