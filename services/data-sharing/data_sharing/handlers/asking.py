"""Departments are asked for what they hold, each for its own, all at once (1.2)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.rules import verification as course
from data_sharing.rules.catalogue import Catalogue, Reached
from data_sharing.tables.letters import obligor
from data_sharing.tables.verifications import application, query
from shared import deadlines, outbox
from shared.events.data_sharing import VerificationRequested
from shared.ids import new_id
from shared.working_days import WorkingCalendar

CLOSE_JOB = "close_verification"
CLOSE_QUERY_JOB = "close_query"
CALL_UPSTREAM_JOB = "call_upstream"


@dataclass(frozen=True, kw_only=True)
class Question:
    """What departments are asked about a household, or about one obligor of it."""

    verification_id: UUID
    application_id: UUID
    household_id: UUID
    kind: course.QueryKind
    data_sets: Mapping[str, Sequence[str]]
    """By department."""
    obligor_id: UUID | None = None
    reached: Reached = "service"
    reason: str | None = None
    """Why, and who asks: of what is asked on request."""
    asked_by: str | None = None
    file_as_of: date | None = None
    """The day that the file describes in which the answer is looked up."""


async def ask(tx: AsyncConnection, question: Question, *, catalogue: Catalogue, now: datetime) -> dict[str, UUID]:
    """Ask, and watch the time to answer: of the first round as a whole, of a later query on its own.

    Returns the query of each department.
    """
    answer_by = course.answer_by(now, WorkingCalendar())
    asked = [
        VerificationRequested(
            household_id=question.household_id,
            application_id=question.application_id,
            verification_id=question.verification_id,
            query_id=new_id(),
            department=department,
            data_sets=tuple(data_sets),
            answer_by=answer_by,
        )
        for department, data_sets in question.data_sets.items()
    ]
    await tx.execute(
        insert(query),
        [
            {
                "query_id": event.query_id,
                "verification_id": event.verification_id,
                "application_id": event.application_id,
                "household_id": event.household_id,
                "department": event.department,
                "kind": question.kind,
                "obligor_id": question.obligor_id,
                "data_sets": list(event.data_sets),
                "asked_at": now,
                "answer_by": answer_by,
                "version": 0,
                "reason": question.reason,
                "asked_by": question.asked_by,
                "file_as_of": question.file_as_of,
            }
            for event in asked
        ],
    )
    if question.kind == "on_request" and question.reached == "file":
        # Looked up by who asks, in the same transaction: nobody hears of it and nothing is waited for.
        return {event.department: event.query_id for event in asked}
    if question.reached == "service":
        # A service of the department that heard of the others would answer that it cannot look.
        await outbox.record(tx, *asked, at=now)
    if question.kind == "first":
        watched = [(CLOSE_JOB, question.verification_id)]
    else:
        watched = [(CLOSE_QUERY_JOB, event.query_id) for event in asked]
    called = [event.query_id for event in asked if catalogue.called.issuperset(event.data_sets)]
    await deadlines.schedule_all(
        tx,
        [
            *(deadlines.Deadline(kind, str(subject), answer_by) for kind, subject in watched),
            *(deadlines.Deadline(CALL_UPSTREAM_JOB, str(query_id), now) for query_id in called),
        ],
    )
    return {event.department: event.query_id for event in asked}


async def ask_again(
    tx: AsyncConnection, household_id: UUID, person_ids: Collection[UUID], *, catalogue: Catalogue, now: datetime
) -> None:
    """Somebody signed: departments that were refused for want of the letter hear again of what they have not answered.

    The same queries, with the time they had; no verification that the household no longer rests on.
    """
    unanswered = (
        sa.select(query)
        .outerjoin(obligor, obligor.c.obligor_id == query.c.obligor_id)
        .where(
            query.c.household_id == household_id,
            query.c.outcome.is_(None),
            sa.or_(query.c.kind != "obligor", obligor.c.person_id.in_(person_ids)),
            sa.exists().where(application.c.verification_id == query.c.verification_id),
        )
        .order_by(query.c.query_id)
    )
    called, asked = [], []
    for row in (await tx.execute(unanswered)).all():
        if catalogue.called.issuperset(row.data_sets):
            called.append(deadlines.Deadline(CALL_UPSTREAM_JOB, str(row.query_id), now))
        elif all(catalogue.data_sets[code].reached == "service" for code in row.data_sets):
            asked.append(VerificationRequested.model_validate(row, from_attributes=True))
    await deadlines.schedule_all(tx, called)
    await outbox.record(tx, *asked, at=now)
