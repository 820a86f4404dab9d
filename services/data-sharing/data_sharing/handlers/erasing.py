"""What a delivery said of people goes some days after the next one counts (12.1.1; Personal Information Protection Law
art. 19). Until then it can be looked into by hand what it said.
"""

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from data_sharing.tables.registries import batch
from shared import deadlines
from shared.database import Database
from shared.deadlines import Deadline, Work

ERASE_JOB = "erase_superseded"


async def plan_erasures(database: Database, *, days: int) -> None:
    """What was superseded before this was planned at once gets its day too."""
    waiting = sa.select(batch.c.batch_id, batch.c.superseded_at).where(
        batch.c.superseded_at.is_not(None), batch.c.erased_at.is_(None)
    )
    kept = timedelta(days=days)
    async with database.transaction() as tx:
        rows = await tx.execute(waiting)
        wanted = [Deadline(ERASE_JOB, str(row.batch_id), row.superseded_at + kept) for row in rows]
        await deadlines.ensure_all(tx, wanted)


async def erase_superseded(work: Work) -> None:
    """The records of a superseded delivery go; that it was there stays. While somebody reads for long, it is tried
    again.
    """
    batch_id = UUID(work.subject)
    async with work.transaction() as tx:
        await tx.execute(sa.text("select drop_batch_part(:batch)"), {"batch": batch_id})
        await tx.execute(sa.update(batch).where(batch.c.batch_id == batch_id).values(erased_at=work.now))
