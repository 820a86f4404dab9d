"""Deliveries by file, as those who ask may see them."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.rules.batches import REFUSALS
from data_sharing.schemas.batches import BatchPage, BatchRefusalView, BatchView, RejectPage, RejectView
from data_sharing.tables.registries import batch, batch_reject

_COUNTS = sa.and_(batch.c.published_at.is_not(None), batch.c.superseded_at.is_(None))


async def current_batch(tx: AsyncConnection, data_set: str) -> sa.Row[Any] | None:
    """The delivery of a data set that counts now; None where nothing was delivered yet."""
    return (await tx.execute(sa.select(batch).where(batch.c.data_set == data_set, _COUNTS))).one_or_none()


async def delivered(tx: AsyncConnection) -> frozenset[str]:
    """The data sets that a delivery counts of. One that nobody delivered is not an empty one."""
    return frozenset((await tx.execute(sa.select(batch.c.data_set).where(_COUNTS))).scalars())


async def find_batch(tx: AsyncConnection, batch_id: UUID) -> BatchView | None:
    """One delivery; None where the caller sees none."""
    row = (await tx.execute(sa.select(batch).where(batch.c.batch_id == batch_id))).first()
    return None if row is None else batch_view(row)


async def batch_page(tx: AsyncConnection, *, data_set: str | None, before: UUID | None, limit: int) -> BatchPage:
    """Deliveries that the caller may see, the newest first."""
    found = sa.select(batch).order_by(batch.c.batch_id.desc()).limit(limit + 1)
    if data_set is not None:
        found = found.where(batch.c.data_set == data_set)
    if before is not None:
        found = found.where(batch.c.batch_id < before)
    rows = (await tx.execute(found)).all()
    return BatchPage(
        items=[batch_view(row) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].batch_id) if len(rows) > limit else None,
    )


async def reject_page(tx: AsyncConnection, batch_id: UUID, *, after: int, limit: int) -> RejectPage:
    """Rows of a delivery that were not loaded."""
    found = (
        sa.select(batch_reject)
        .where(batch_reject.c.batch_id == batch_id, batch_reject.c.row_number > after)
        .order_by(batch_reject.c.row_number)
        .limit(limit + 1)
    )
    rows = (await tx.execute(found)).all()
    return RejectPage(
        items=[RejectView(row_number=row.row_number, reasons=row.reasons) for row in rows[:limit]],
        next_cursor=rows[limit - 1].row_number if len(rows) > limit else None,
    )


def batch_view(row: sa.Row[Any]) -> BatchView:
    """A row of `batch` as callers see it."""
    told = {name: getattr(row, name) for name in BatchView.model_fields}
    refusal = None
    if row.refusal is not None:
        title, way_out = REFUSALS[row.refusal]
        refusal = BatchRefusalView(code=row.refusal, title=title, what=row.refused_what, way_out=way_out)
    return BatchView(**{**told, "refusal": refusal})
