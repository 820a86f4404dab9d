"""A family in trouble is something that an officer has to do (12.2)."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Allow work items of that kind."""
    op.execute(
        """
        alter table work_item
            drop constraint work_item_kind_check,
            add constraint work_item_kind check (
                kind in ('accept_referral', 'complete_referral', 'answer_replenishment', 'meet_family')
            )
        """
    )
