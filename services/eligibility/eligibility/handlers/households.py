"""One household, one hand: what is learned of it and what is decided on it wait for each other."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

_LOCK = sa.text("select pg_advisory_xact_lock(hashtextextended('household ' || cast(:household_id as uuid), 0))")


async def hold_household(tx: AsyncConnection, household_id: UUID) -> None:
    """Until the end of the transaction nobody else assesses the household, proposes for it or brings a decision into
    force: an assessment would miss the benefit that begins, a decision what the assessment found. Before any read that
    counts.
    """
    await tx.execute(_LOCK, {"household_id": household_id})
