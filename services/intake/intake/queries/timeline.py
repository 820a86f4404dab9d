"""The time line, a page at a time: one statement, whoever asks."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.queries.pages import Position, encode_cursor
from intake.schemas.timeline import TimelineEntry, TimelinePage
from intake.tables import application, household, timeline_entry
from shared.problems import not_found


async def application_timeline(
    tx: AsyncConnection, application_id: UUID, *, after: Position | None, limit: int
) -> TimelinePage:
    """What happened to an application that the caller may see. Raises Problem 404."""
    page = await _page(
        tx,
        owner=application.c.application_id,
        owner_id=application_id,
        entry_owner=timeline_entry.c.application_id,
        after=after,
        limit=limit,
    )
    if page is None:
        raise not_found("申请", application_id)
    return page


async def household_timeline(
    tx: AsyncConnection, household_id: UUID, *, after: Position | None, limit: int
) -> TimelinePage:
    """What happened to a household whose file the caller may see, grants included. Raises Problem 404."""
    page = await _page(
        tx,
        owner=household.c.household_id,
        owner_id=household_id,
        entry_owner=timeline_entry.c.household_id,
        after=after,
        limit=limit,
    )
    if page is None:
        raise not_found("家庭档案", household_id)
    return page


async def _page(
    tx: AsyncConnection,
    *,
    owner: sa.Column[UUID],
    owner_id: UUID,
    entry_owner: sa.Column[UUID],
    after: Position | None,
    limit: int,
) -> TimelinePage | None:
    """None when the owner is not there for the caller: an outer join tells that from an empty page."""
    entries = sa.select(timeline_entry).where(entry_owner == owner_id)
    if after is not None:
        order = sa.tuple_(timeline_entry.c.at, timeline_entry.c.event_id)
        entries = entries.where(order > sa.tuple_(sa.literal(after.at), sa.literal(after.id)))
    entry = entries.order_by(timeline_entry.c.at, timeline_entry.c.event_id).limit(limit + 1).subquery("entry")
    found = await tx.execute(
        sa.select(entry)
        .select_from(owner.table.outerjoin(entry, sa.true()))
        .where(owner == owner_id)
        .order_by(entry.c.at, entry.c.event_id)
    )
    rows = found.all()
    if not rows:
        return None
    entries_found = [row for row in rows if row.event_id is not None]
    last = entries_found[limit - 1] if len(entries_found) > limit else None
    return TimelinePage(
        items=[_entry(row) for row in entries_found[:limit]],
        next_cursor=None if last is None else encode_cursor(Position(last.at, last.event_id)),
    )


def _entry(row: sa.Row[Any]) -> TimelineEntry:
    return TimelineEntry(at=row.at, kind=row.kind, text=row.text, application_id=row.application_id, id=row.event_id)
