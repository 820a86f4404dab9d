"""The ledger with the pre-set reserves, and all that belongs to grants, stages, the bank and fiscal years."""

from pathlib import Path

from alembic import op

from shared.migrations import platform_0001, run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


_SCRIPTS = (
    "0001_ledger.sql",
    "0001_emergencies.sql",
    "0001_grants.sql",
    "0001_stages.sql",
    "0001_corrections.sql",
    "0001_fiscal_years.sql",
    "0001_reconciliation.sql",
    "0001_preset.sql",
)


def upgrade() -> None:
    platform_0001(op)
    for script in _SCRIPTS:
        run_sql(op, (Path(__file__).parent / script).read_text(encoding="utf-8"))
