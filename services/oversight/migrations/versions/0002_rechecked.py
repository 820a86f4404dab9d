"""Events under heads that were signed are hashed again, some at each head."""

from alembic import op

from shared.migrations import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Remember up to which leaf."""
    run_sql(op, "alter table checkpoint add column rechecked_until bigint not null default 0")
