"""Keys of encrypted fields change while the service runs (12.1.2)."""

from alembic import op

from shared.migrations import keys_0001, name_encrypted

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Remember keys, and say which columns are encrypted."""
    keys_0001(op)
    name_encrypted(
        op,
        "register_record.identity_number",
    )
