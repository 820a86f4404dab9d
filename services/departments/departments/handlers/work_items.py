"""The officers' list of what is to be done: opened and closed by what happens to its subject."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from departments.schemas import WorkItemKind
from departments.tables import work_item
from shared.ids import new_id


async def open_work_item(
    tx: AsyncConnection, *, department: str, kind: WorkItemKind, subject_id: UUID, now: datetime, due_at: datetime
) -> None:
    """Put one thing on the list. What stands there already may become due earlier, and what was done stays done."""
    opened = insert(work_item).values(
        work_item_id=new_id(),
        department=department,
        kind=kind,
        subject_id=subject_id,
        opened_at=now,
        due_at=due_at,
    )
    await tx.execute(
        opened.on_conflict_do_update(
            index_elements=["subject_id", "kind"],
            set_={"due_at": sa.func.least(work_item.c.due_at, opened.excluded.due_at)},
            where=work_item.c.closed_at.is_(None),
        )
    )


async def close_work_items(tx: AsyncConnection, *, subject_id: UUID, now: datetime, closed_by: str) -> None:
    """Take everything about a subject off the list."""
    await tx.execute(
        sa.update(work_item)
        .where(work_item.c.subject_id == subject_id, work_item.c.closed_at.is_(None))
        .values(closed_at=now, closed_by=closed_by)
    )
