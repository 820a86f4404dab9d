"""Changes of benefits that the caller may see, with the hearing of each."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.schemas.benefits import ChangeView, HearingView
from eligibility.tables import benefit_change, hearing
from shared.auth import Principal, Role
from shared.problems import not_found


async def change_row(tx: AsyncConnection, change_id: UUID, *, locked: bool = False) -> sa.Row[Any]:
    """A change that the caller may see. Raises Problem 404."""
    statement = sa.select(benefit_change).where(benefit_change.c.change_id == change_id)
    row = (await tx.execute(statement.with_for_update() if locked else statement)).one_or_none()
    if row is None:
        raise not_found("待遇变更", change_id)
    return row


async def hearing_row(tx: AsyncConnection, change_id: UUID) -> sa.Row[Any] | None:
    """The hearing before a change, or None where the recipient was not told."""
    return (await tx.execute(sa.select(hearing).where(hearing.c.change_id == change_id))).one_or_none()


async def change_view(tx: AsyncConnection, row: sa.Row[Any], caller: Principal) -> ChangeView:
    """The change as callers see it. Residents do not see who handled it."""
    shows_officers = caller.roles != {Role.RESIDENT}
    heard = await hearing_row(tx, row.change_id)
    return ChangeView(
        change_id=row.change_id,
        benefit_id=row.benefit_id,
        household_id=row.household_id,
        kind=row.kind,
        cause=row.cause,
        state=row.state,
        from_on=row.from_on,
        until_on=row.until_on,
        monthly_amount=row.amount_fen,
        persons=row.person_refs,
        reason=row.reason,
        extension_reason=row.extension_reason,
        hearing=heard
        and HearingView(
            notice_given_on=heard.notice_given_on,
            respond_by=heard.respond_by,
            heard_on=heard.heard_on,
            statement=heard.statement,
        ),
        proposed_by=row.proposed_by if shows_officers else None,
        confirmed_by=row.confirmed_by if shows_officers else None,
        returned_because=row.returned_because,
    )
