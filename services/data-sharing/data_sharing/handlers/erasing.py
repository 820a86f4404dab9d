"""What a delivery said of people goes some days after the next one counts (12.1.1; Personal Information Protection Law
art. 19). Until then an objection to what it said can be looked into.
"""

from uuid import UUID

import sqlalchemy as sa

from data_sharing.tables.registries import batch
from shared.deadlines import Work

ERASE_JOB = "erase_superseded"


async def erase_superseded(work: Work) -> None:
    """The records of a superseded delivery go; that it was there stays. While somebody reads for long, it is tried
    again.
    """
    batch_id = UUID(work.subject)
    async with work.transaction() as tx:
        await tx.execute(sa.text("select drop_batch_part(:batch)"), {"batch": batch_id})
        await tx.execute(sa.update(batch).where(batch.c.batch_id == batch_id).values(erased_at=work.now))
