"""Follow-ups of grants and of streets."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.schemas.follow_ups import FollowUpView, OpenFollowUp, OpenFollowUps
from emergency_fund.tables import emergency_grant, follow_up
from shared.problems import not_found


async def find_follow_up(tx: AsyncConnection, follow_up_id: UUID, *, for_update: bool = False) -> Row[Any]:
    """The row of a follow-up. Raises Problem 404, also for one that the caller may not see (or handle, for update)."""
    query = select(follow_up).where(follow_up.c.follow_up_id == follow_up_id)
    row = (await tx.execute(query.with_for_update() if for_update else query)).one_or_none()
    if row is None:
        raise not_found("跟进任务", follow_up_id)
    return row


async def follow_up_view(tx: AsyncConnection, follow_up_id: UUID) -> FollowUpView:
    """A follow-up as callers see it. Raises Problem 404."""
    return _view(await find_follow_up(tx, follow_up_id))


async def follow_ups_of(tx: AsyncConnection, grant_id: UUID) -> list[FollowUpView]:
    """The follow-ups of a grant, the first one first; none before it is paid."""
    query = select(follow_up).where(follow_up.c.grant_id == grant_id).order_by(follow_up.c.round)
    return [_view(row) for row in await tx.execute(query)]


async def open_follow_ups(tx: AsyncConnection, street: str, *, only_overdue: bool) -> OpenFollowUps:
    """Households of a street that somebody must look after, or only those whose last day is over."""
    query = (
        select(follow_up, emergency_grant.c.household_id, emergency_grant.c.homeless_person_id)
        .join(emergency_grant, emergency_grant.c.grant_id == follow_up.c.grant_id)
        .where(follow_up.c.street == street, follow_up.c.outcome.is_(None))
        .order_by(follow_up.c.due_on, follow_up.c.follow_up_id)
    )
    if only_overdue:
        query = query.where(follow_up.c.overdue_at.is_not(None))
    rows = await tx.execute(query)
    return OpenFollowUps(
        street=street,
        follow_ups=[
            OpenFollowUp(household_id=row.household_id, homeless_person_id=row.homeless_person_id, follow_up=_view(row))
            for row in rows
        ],
    )


def _view(row: Any) -> FollowUpView:
    return FollowUpView.model_validate(row, from_attributes=True)
