"""Resolutions of the coordination group that the caller may see."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.schemas.resolutions import ResolutionView
from eligibility.tables import resolution


async def resolution_rows(tx: AsyncConnection, application_id: UUID) -> Sequence[sa.Row[Any]]:
    """The resolutions on a case, the newest first."""
    found = await tx.execute(
        sa.select(resolution)
        .where(resolution.c.application_id == application_id)
        .order_by(resolution.c.resolution_id.desc())
    )
    return found.all()


def resolution_view(row: sa.Row[Any]) -> ResolutionView:
    """The row as callers see it."""
    return ResolutionView(
        resolution_id=row.resolution_id,
        number=row.number,
        held_on=row.held_on,
        application_id=row.application_id,
        household_id=row.household_id,
        amount=row.amount_fen,
        members_present=row.members_present,
        recorded_at=row.recorded_at,
    )
