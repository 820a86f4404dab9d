"""Keys of encrypted fields change while the service runs (12.1.2)."""

from alembic import op

from shared.migrations import keys_0001, name_encrypted

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Remember keys, and say which columns are encrypted."""
    keys_0001(op)
    name_encrypted(
        op,
        "household.persons",
        "application.persons",
        "homeless_person.details",
    )
