"""Declared emergencies, and who stepped back from a household."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, any_, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.schemas.emergencies import EmergencyView
from emergency_fund.tables import declared_emergency, recusal
from shared.problems import not_found


async def find_emergency(tx: AsyncConnection, emergency_id: UUID, *, for_update: bool = False) -> Row[Any]:
    """The row of a declared emergency. Raises Problem 404."""
    query = select(declared_emergency).where(declared_emergency.c.emergency_id == emergency_id)
    row = (await tx.execute(query.with_for_update() if for_update else query)).one_or_none()
    if row is None:
        raise not_found("突发公共事件", emergency_id)
    return row


async def emergency_view(tx: AsyncConnection, emergency_id: UUID) -> EmergencyView:
    """A declared emergency as callers see it. Raises Problem 404."""
    return EmergencyView.model_validate(await find_emergency(tx, emergency_id), from_attributes=True)


async def emergencies(tx: AsyncConnection) -> list[EmergencyView]:
    """All that were declared, the newest first."""
    newest_first = select(declared_emergency).order_by(
        declared_emergency.c.declared_at.desc(), declared_emergency.c.emergency_id
    )
    return [EmergencyView.model_validate(row, from_attributes=True) for row in await tx.execute(newest_first)]


async def emergency_on(tx: AsyncConnection, day: date, *, street: str) -> Any:
    """The confirmed emergency that raises a street's limit most on a day, or None."""
    last_day = func.coalesce(declared_emergency.c.ended_on, declared_emergency.c.last_day)
    query = (
        select(declared_emergency.c.emergency_id, declared_emergency.c.limit_multiple)
        .where(
            declared_emergency.c.confirmed_at.is_not(None),
            literal(street) == any_(declared_emergency.c.streets),
            declared_emergency.c.first_day <= day,
            last_day >= day,
        )
        .order_by(declared_emergency.c.limit_multiple.desc(), declared_emergency.c.emergency_id)
        .limit(1)
    )
    return (await tx.execute(query)).one_or_none()


async def is_recused(tx: AsyncConnection, *, household_id: UUID, subject: str) -> bool:
    """Whether an officer stepped back from a household."""
    found = await tx.execute(
        select(recusal.c.subject).where(recusal.c.household_id == household_id, recusal.c.subject == subject)
    )
    return found.one_or_none() is not None
