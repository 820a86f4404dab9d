"""Declared emergencies, and who stepped back from a household."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, any_, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.schemas.emergencies import EmergencyView
from emergency_fund.tables import declared_emergency
from shared.database import driver_connection
from shared.problems import not_found

_STEPPED_BACK = "select household_id, subject from stepped_back($1::uuid[], $2::text[])"


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


async def recusals_among(tx: AsyncConnection, pairs: Sequence[tuple[UUID, str]]) -> set[tuple[UUID, str]]:
    """Of which of these households which officer stepped back, or of one that is counted together with it. Who is not
    the service itself finds out about nobody else.
    """
    driver = await driver_connection(tx)
    rows = await driver.fetch(
        _STEPPED_BACK, [household_id for household_id, _ in pairs], [subject for _, subject in pairs]
    )
    return {(row["household_id"], row["subject"]) for row in rows}
