"""The register of needy households as of any day, as the caller may see it."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.rules.register import Tier
from eligibility.schemas.register import RegisterEntryView, TierCount
from eligibility.tables import register_entry


async def register_page(
    tx: AsyncConnection, *, on: date, street: str | None, tier: Tier | None, cursor: UUID | None, limit: int
) -> Sequence[RegisterEntryView]:
    """Entries of a day, in the order in which they were made, after the cursor."""
    wanted = sa.select(register_entry).where(*_on(on, street)).order_by(register_entry.c.entry_id).limit(limit)
    if tier is not None:
        wanted = wanted.where(register_entry.c.tier == tier)
    if cursor is not None:
        wanted = wanted.where(register_entry.c.entry_id > cursor)
    return [
        RegisterEntryView(
            entry_id=row.entry_id,
            household_id=row.household_id,
            street=row.street,
            tier=row.tier,
            persons=row.person_refs,
            since=row.since,
            until=row.until,
            cause=row.cause,
            cause_id=row.cause_id,
        )
        for row in await tx.execute(wanted)
    ]


async def register_counts(tx: AsyncConnection, *, on: date, street: str | None) -> Sequence[TierCount]:
    """Households by street and tier on a day."""
    households = sa.func.count(register_entry.c.household_id.distinct()).label("households")
    rows = await tx.execute(
        sa.select(register_entry.c.street, register_entry.c.tier, households)
        .where(*_on(on, street))
        .group_by(register_entry.c.street, register_entry.c.tier)
        .order_by(register_entry.c.street, register_entry.c.tier)
    )
    return [TierCount(street=row.street, tier=row.tier, households=row.households) for row in rows]


def _on(on: date, street: str | None) -> list[sa.ColumnElement[bool]]:
    wanted = [register_entry.c.since <= on, sa.or_(register_entry.c.until.is_(None), register_entry.c.until > on)]
    if street is not None:
        wanted.append(register_entry.c.street == street)
    return wanted
