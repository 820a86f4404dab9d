"""The time line, a page at a time: one statement, whoever asks."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.queries.pages import Position, encode_cursor
from intake.schemas.timeline import TimelineEntry, TimelinePage
from intake.tables import application, household, timeline_entry
from shared.problems import not_found


def _page_of(owner: sa.Column[UUID], entry_owner: sa.Column[UUID]) -> sa.Select[Any]:
    """Entries of `:owner_id` after `:at` and `:id`, where these are given. Built once: building costs more than asking.

    An outer join, so that an owner who is not there for the caller differs from an empty page.
    """
    after_at = sa.bindparam("after_at", type_=sa.DateTime(timezone=True))
    after_id = sa.bindparam("after_id", type_=sa.UUID)
    entry = (
        sa.select(timeline_entry)
        .where(entry_owner == sa.bindparam("owner_id"))
        .where(
            after_at.is_(None)
            | (sa.tuple_(timeline_entry.c.at, timeline_entry.c.event_id) > sa.tuple_(after_at, after_id))
        )
        .order_by(timeline_entry.c.at, timeline_entry.c.event_id)
        .limit(sa.bindparam("row_limit", type_=sa.Integer))
        .subquery("entry")
    )
    return (
        sa.select(entry)
        .select_from(owner.table.outerjoin(entry, sa.true()))
        .where(owner == sa.bindparam("owner_id"))
        .order_by(entry.c.at, entry.c.event_id)
    )


_OF_APPLICATION = _page_of(application.c.application_id, timeline_entry.c.application_id)
_OF_HOUSEHOLD = _page_of(household.c.household_id, timeline_entry.c.household_id)


async def application_timeline(
    tx: AsyncConnection, application_id: UUID, *, after: Position | None, limit: int
) -> TimelinePage:
    """What happened to an application that the caller may see. Raises Problem 404."""
    page = await _page(tx, _OF_APPLICATION, application_id, after=after, limit=limit)
    if page is None:
        raise not_found("申请", application_id)
    return page


async def household_timeline(
    tx: AsyncConnection, household_id: UUID, *, after: Position | None, limit: int
) -> TimelinePage:
    """What happened to a household whose file the caller may see, grants included. Raises Problem 404."""
    page = await _page(tx, _OF_HOUSEHOLD, household_id, after=after, limit=limit)
    if page is None:
        raise not_found("家庭档案", household_id)
    return page


async def _page(
    tx: AsyncConnection, statement: sa.Select[Any], owner_id: UUID, *, after: Position | None, limit: int
) -> TimelinePage | None:
    """None when the owner is not there for the caller."""
    found = await tx.execute(
        statement,
        {
            "owner_id": owner_id,
            "after_at": after and after.at,
            "after_id": after and after.id,
            "row_limit": limit + 1,
        },
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
