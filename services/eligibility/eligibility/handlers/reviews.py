"""Reviews: every benefit is looked at again, yearly or half-yearly, and after a death within three months.

民发〔2021〕57号 art. 31, 民政部2022年10月20日通知. A review that is late changes nothing for the family.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.handlers.benefits import OPEN_REVIEW_JOB, REVIEW_OVERDUE_JOB, about
from eligibility.queries.assessments import newest_assessment_of
from eligibility.queries.benefits import benefit_row
from eligibility.queries.parameters import limit
from eligibility.rules.benefits import (
    DEATH_REVIEW_MONTHS,
    BenefitState,
    is_stable,
    recipients,
    review_due_on,
    review_opens_on,
)
from eligibility.rules.changes import planned_changes
from eligibility.rules.engine.dates import later_by_months
from eligibility.tables import benefit
from shared import deadlines, outbox
from shared.clock import end_of_day, local_date, start_of_day
from shared.events.eligibility import ReviewDue, ReviewOverdue

PLANNED_CHANGE_JOB = "planned_change"


async def plan_life(tx: AsyncConnection, *, row: sa.Row[Any], on: date) -> None:
    """A decision started benefits: their reviews, and the birthdays that change something by themselves."""
    newest = await newest_assessment_of(tx, row.household_id)
    assert newest is not None, "what was decided was assessed"
    facts = json.loads(newest.facts)
    started = await tx.execute(
        sa.select(benefit).where(benefit.c.decision_id == row.decision_id, benefit.c.review_due_on.is_(None))
    )
    for one in started.all():
        await _plan_review(tx, one, facts, after=one.starts_on, on=on)
    await plan_changes(tx, household_id=row.household_id, facts=facts, on=on)


async def plan_changes(tx: AsyncConnection, *, household_id: UUID, facts: Mapping[str, Any], on: date) -> None:
    """Set the clock for 18th birthdays and the end of school. A payload names nobody: the subject is a reference."""
    for person_ref, kind, day in planned_changes(facts, on=on):
        await deadlines.schedule(
            tx,
            kind=PLANNED_CHANGE_JOB,
            subject=f"{household_id}:{person_ref}",
            due_at=start_of_day(day),
            payload={"household_id": str(household_id), "person_ref": person_ref, "kind": kind},
        )


async def close_review(tx: AsyncConnection, *, benefit_id: UUID, household_id: UUID, on: date) -> None:
    """The benefit was looked at on this day, and its next review is planned by what is known of its recipients."""
    row = await benefit_row(tx, benefit_id)
    newest = await newest_assessment_of(tx, household_id)
    assert newest is not None, "what is paid was assessed"
    await _set(tx, row, reviewed_on=on)
    await _plan_review(tx, row, json.loads(newest.facts), after=on, on=on)


async def review_after_death(tx: AsyncConnection, *, household_id: UUID, died_on: date, now: datetime) -> None:
    """A member died: what the household gets is reviewed within three months of it, from this day on."""
    due_on = later_by_months(died_on, DEATH_REVIEW_MONTHS)
    rows = await tx.execute(
        sa.select(benefit).where(
            benefit.c.household_id == household_id,
            benefit.c.state != BenefitState.ENDED,
            sa.or_(benefit.c.review_due_on.is_(None), benefit.c.review_due_on > due_on),
        )
    )
    for row in rows.all():
        await deadlines.cancel(tx, kind=OPEN_REVIEW_JOB, subject=str(row.benefit_id))
        await _open(tx, row, on=local_date(now), due_on=due_on, now=now)


async def open_review(tx: AsyncConnection, *, benefit_id: UUID, now: datetime) -> sa.Row[Any] | None:
    """The review of a benefit begins. Returns the benefit, None where it has ended."""
    row = await benefit_row(tx, benefit_id)
    if row.state == BenefitState.ENDED:
        return None
    await _open(tx, row, on=review_opens_on(row.review_due_on), due_on=row.review_due_on, now=now)
    return row


async def tell_review_overdue(tx: AsyncConnection, *, benefit_id: UUID, now: datetime) -> None:
    """The day passed and nobody has closed the review."""
    row = await benefit_row(tx, benefit_id)
    await outbox.record(tx, ReviewOverdue(**about(row), due_on=row.review_due_on), at=now)


async def _plan_review(
    tx: AsyncConnection, row: sa.Row[Any], facts: Mapping[str, Any], *, after: date, on: date
) -> None:
    name = "review_months_stable" if is_stable(recipients(facts, row.person_refs), on=on) else "review_months_unstable"
    due_on = review_due_on(after, months=await limit(tx, name, on=after))
    await _set(tx, row, review_due_on=due_on, review_opened_on=None)
    await deadlines.cancel(tx, kind=REVIEW_OVERDUE_JOB, subject=str(row.benefit_id))
    await deadlines.schedule(
        tx, kind=OPEN_REVIEW_JOB, subject=str(row.benefit_id), due_at=start_of_day(review_opens_on(due_on))
    )


async def _open(tx: AsyncConnection, row: sa.Row[Any], *, on: date, due_on: date, now: datetime) -> None:
    """What is verified from this day on can complete the review."""
    await _set(tx, row, review_due_on=due_on, review_opened_on=on)
    await deadlines.schedule(tx, kind=REVIEW_OVERDUE_JOB, subject=str(row.benefit_id), due_at=end_of_day(due_on))
    await outbox.record(tx, ReviewDue(**about(row), due_on=due_on), at=now)


async def _set(tx: AsyncConnection, row: sa.Row[Any], **values: date | None) -> None:
    await tx.execute(sa.update(benefit).where(benefit.c.benefit_id == row.benefit_id).values(values))
