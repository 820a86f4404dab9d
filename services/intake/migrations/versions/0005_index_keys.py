"""Further keys of the blind index are laid over those of before (12.1.2)."""

from alembic import op

from shared.migrations import keys_0002

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Remember the keys of the blind index in their order."""
    keys_0002(op)
