"""What departments answered becomes the verified household of each application that rests on it (1.2, 12.3.1)."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.queries.answers import answers_to
from data_sharing.queries.cases import member_names, query_rows
from data_sharing.rules import merge as merging
from data_sharing.rules import verification as course
from data_sharing.rules.catalogue import Catalogue
from data_sharing.tables.verifications import application, report, verification
from shared import outbox
from shared.events.data_sharing import VerificationCompleted


async def lock_verification(tx: AsyncConnection, verification_id: UUID) -> sa.Row[Any]:
    """The verification, which nobody else completes meanwhile."""
    locked = sa.select(verification).where(verification.c.verification_id == verification_id).with_for_update()
    return (await tx.execute(locked)).one()


async def close_verification(
    tx: AsyncConnection, verification_id: UUID, *, catalogue: Catalogue, now: datetime
) -> None:
    """The departments' time is over: complete with what is there. Does nothing when it is completed already."""
    found = await lock_verification(tx, verification_id)
    if found.state == "open":
        await complete_if_due(tx, found, catalogue=catalogue, now=now)


async def complete_if_due(tx: AsyncConnection, found: sa.Row[Any], *, catalogue: Catalogue, now: datetime) -> None:
    """Complete an open verification when everybody of the first round answered, or their time is over."""
    outcomes = [row.outcome for row in await query_rows(tx, found.verification_id) if row.kind == "first"]
    if course.may_complete(outcomes, answer_by=found.answer_by, now=now):
        await complete(tx, found, catalogue=catalogue, now=now)


async def complete(tx: AsyncConnection, found: sa.Row[Any], *, catalogue: Catalogue, now: datetime) -> None:
    """Merge what is there and publish it, for each application. The caller holds the lock of the verification."""
    revision = found.revision + 1
    # A late answer does not make the others fresher: the period runs from the first completion.
    valid_until = found.valid_until or course.valid_until(now)
    await tx.execute(
        sa.update(verification)
        .where(verification.c.verification_id == found.verification_id)
        .values(state="completed", completed_at=found.completed_at or now, valid_until=valid_until, revision=revision)
    )
    resting = sa.select(application.c.application_id).where(application.c.verification_id == found.verification_id)
    for application_id in (await tx.execute(resting.order_by(application.c.application_id))).scalars().all():
        await complete_for(tx, application_id, catalogue=catalogue, now=now)


async def complete_for(tx: AsyncConnection, application_id: UUID, *, catalogue: Catalogue, now: datetime) -> None:
    """Merge and publish for one application of a completed verification, whose lock the caller holds."""
    resting = (
        await tx.execute(
            sa.select(application.c.declared, application.c.refs, verification)
            .join(verification, verification.c.verification_id == application.c.verification_id)
            .where(application.c.application_id == application_id)
        )
    ).one()
    queries = [row for row in await query_rows(tx, resting.verification_id) if row.kind != "obligor"]
    names = await member_names(tx, resting.verification_id, resting.refs)
    answers = await answers_to(tx, queries, names=names, catalogue=catalogue, of_facts=True)
    merged = merging.merge(resting.declared, answers, catalogue)
    not_answered = [row.department for row in queries if row.kind == "first" and row.outcome is None]
    await tx.execute(
        insert(report).values(
            application_id=application_id,
            revision=sa.select(sa.func.coalesce(sa.func.max(report.c.revision), 0) + 1)
            .where(report.c.application_id == application_id)
            .scalar_subquery(),
            verification_id=resting.verification_id,
            completed_at=now,
            not_answered=not_answered,
            **merged.as_json(),
        )
    )
    completed = VerificationCompleted(
        household_id=resting.household_id,
        application_id=application_id,
        verification_id=resting.verification_id,
        street=resting.street,
        not_answered=tuple(not_answered),
        difference_count=merged.difference_count,
        valid_until=resting.valid_until,
    )
    await outbox.record(tx, completed, at=now)
