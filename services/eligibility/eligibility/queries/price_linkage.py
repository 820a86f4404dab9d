"""Readings of prices and the supplements that the caller may see."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.schemas.price_linkage import PriceReadingView, PriceSubsidyView
from eligibility.tables import price_reading, price_subsidy


async def price_readings(tx: AsyncConnection) -> list[PriceReadingView]:
    """Every reading with what it brought, the newest month first."""
    brought = (
        sa.select(
            price_subsidy.c.month,
            sa.func.count(price_subsidy.c.household_id.distinct()).label("households"),
            sa.func.sum(price_subsidy.c.amount_fen).cast(sa.BigInteger).label("total_fen"),
        )
        .group_by(price_subsidy.c.month)
        .subquery()
    )
    rows = await tx.execute(
        sa.select(price_reading, brought.c.households, brought.c.total_fen)
        .join_from(price_reading, brought, brought.c.month == price_reading.c.month, isouter=True)
        .order_by(price_reading.c.month.desc())
    )
    return [price_reading_view(row, households=row.households or 0, total_fen=row.total_fen or 0) for row in rows]


def price_reading_view(row: sa.Row[Any], *, households: int, total_fen: int) -> PriceReadingView:
    """The row as callers see it."""
    return PriceReadingView(
        month=row.month,
        cpi_rise=row.cpi_rise,
        food_rise=row.food_rise,
        published_on=row.published_on,
        source=row.source,
        step=row.step,
        amount_per_person=row.amount_per_person_fen,
        due_on=row.due_on,
        households=households,
        total=total_fen,
    )


async def price_subsidies_of(tx: AsyncConnection, household_id: UUID) -> list[PriceSubsidyView]:
    """The household's supplements that the caller may see, the newest month first."""
    rows = await tx.execute(
        sa.select(
            price_subsidy.c.month,
            price_subsidy.c.due_on,
            sa.func.array_agg(aggregate_order_by(price_subsidy.c.person_ref, price_subsidy.c.person_ref)).label(
                "persons"
            ),
            sa.func.sum(price_subsidy.c.amount_fen).cast(sa.BigInteger).label("amount_fen"),
        )
        .where(price_subsidy.c.household_id == household_id)
        .group_by(price_subsidy.c.month, price_subsidy.c.due_on)
        .order_by(price_subsidy.c.month.desc(), price_subsidy.c.due_on.desc())
    )
    return [
        PriceSubsidyView(month=row.month, persons=row.persons, amount=row.amount_fen, due_on=row.due_on) for row in rows
    ]
