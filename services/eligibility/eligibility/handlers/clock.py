"""The clock of the procedure: from the day a case came in to the day on which something must be in force.

民发〔2021〕57号 art. 22. A contested notice, a near relative in office and a complaint make it longer.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.queries.calendar import working_calendar
from eligibility.queries.parameters import limit
from eligibility.rules.decisions import DecisionState, decide_by
from eligibility.tables import application, decision
from shared import deadlines, outbox
from shared.clock import end_of_day
from shared.events.eligibility import DecisionOverdue

DECISION_OVERDUE_JOB = "decision_overdue"


async def start_clock(tx: AsyncConnection, *, application_id: UUID, on: date) -> None:
    """The application came in on this day."""
    await _set(tx, application_id, accepted_on=on, name="decision_working_days")


async def extend_clock(tx: AsyncConnection, *, application_id: UUID) -> None:
    """The case needs more time than others. Its clock is set once more from the day it came in, while it runs: not
    after its end, and not once something is in force.
    """
    row = await _locked(tx, application_id)
    if row is None or row.accepted_on is None or row.overdue_at is not None:
        return
    if not await _is_decided(tx, application_id):
        await _set(tx, application_id, accepted_on=row.accepted_on, name="decision_working_days_extended")


async def _locked(tx: AsyncConnection, application_id: UUID) -> sa.Row[Any] | None:
    """The application, which nobody else decides on or complains about until the end of the transaction."""
    found = await tx.execute(
        sa.select(application).where(application.c.application_id == application_id).with_for_update()
    )
    return found.one_or_none()


async def _is_decided(tx: AsyncConnection, application_id: UUID) -> bool:
    found = await tx.execute(
        sa.select(decision.c.decision_id).where(
            decision.c.application_id == application_id, decision.c.state == DecisionState.IN_FORCE
        )
    )
    return found.first() is not None


async def stop_clock(tx: AsyncConnection, *, application_id: UUID) -> None:
    """A decision is in force."""
    await _locked(tx, application_id)
    await deadlines.cancel(tx, kind=DECISION_OVERDUE_JOB, subject=str(application_id))


async def tell_overdue(tx: AsyncConnection, *, application_id: UUID, now: datetime) -> None:
    """The last day is over and nothing is in force: oversight is told, once."""
    row = (
        await tx.execute(
            sa.update(application)
            .where(application.c.application_id == application_id, application.c.overdue_at.is_(None))
            .values(overdue_at=now)
            .returning(application)
        )
    ).one_or_none()
    if row is not None:
        event = DecisionOverdue(
            household_id=row.household_id,
            application_id=application_id,
            street=row.street,
            decide_by=row.decide_by,
        )
        await outbox.record(tx, event, at=now)


async def _set(tx: AsyncConnection, application_id: UUID, *, accepted_on: date, name: str) -> None:
    working_days = await limit(tx, name, on=accepted_on)
    last_day = decide_by(accepted_on, working_days=working_days, calendar=await working_calendar(tx))
    await tx.execute(
        sa.update(application)
        .where(application.c.application_id == application_id)
        .values(accepted_on=accepted_on, decide_by=last_day)
    )
    await deadlines.schedule(tx, kind=DECISION_OVERDUE_JOB, subject=str(application_id), due_at=end_of_day(last_day))
