"""Complaints that the caller may see."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.schemas.complaints import ComplaintView
from eligibility.tables import complaint
from shared.problems import not_found


async def complaint_row(tx: AsyncConnection, complaint_id: UUID, *, locked: bool = False) -> sa.Row[Any]:
    """A complaint that the caller may see. Raises Problem 404."""
    statement = sa.select(complaint).where(complaint.c.complaint_id == complaint_id)
    row = (await tx.execute(statement.with_for_update() if locked else statement)).one_or_none()
    if row is None:
        raise not_found("投诉", complaint_id)
    return row


async def complaints(
    tx: AsyncConnection, *, is_answered: bool | None, cursor: UUID | None, limit: int
) -> Sequence[ComplaintView]:
    """The complaints that the caller may see, the oldest first, after the cursor."""
    wanted = sa.select(complaint).order_by(complaint.c.complaint_id).limit(limit)
    if is_answered is not None:
        wanted = wanted.where(complaint.c.answer.is_not(None) if is_answered else complaint.c.answer.is_(None))
    if cursor is not None:
        wanted = wanted.where(complaint.c.complaint_id > cursor)
    return [complaint_view(row) for row in await tx.execute(wanted)]


def complaint_view(row: sa.Row[Any]) -> ComplaintView:
    """The row as callers see it."""
    return ComplaintView(
        complaint_id=row.complaint_id,
        application_id=row.application_id,
        street=row.street,
        ground=row.ground,
        is_real_name=row.is_real_name,
        recorded_at=row.recorded_at,
        answer=row.answer,
        answered_at=row.answered_at,
    )
