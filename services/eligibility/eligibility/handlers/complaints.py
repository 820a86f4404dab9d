"""Complaints and real-name reports about a case: stored, answered, and a reason for the district to visit the home.

民发〔2021〕57号 arts 20 and 37. The family does not see them.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.handlers.clock import extend_clock
from eligibility.queries.applications import application_row
from eligibility.queries.complaints import complaint_row
from eligibility.rules.decisions import DecisionState
from eligibility.tables import complaint, decision
from shared import outbox
from shared.auth import Principal
from shared.events.eligibility import ComplaintReceived
from shared.ids import new_id
from shared.problems import Problem


async def receive_complaint(
    tx: AsyncConnection, *, application_id: UUID, ground: str, is_real_name: bool, caller: Principal, now: datetime
) -> sa.Row[Any]:
    """Somebody complains about a case. What is proposed then needs the district's home visit. Raises Problem 404."""
    case = await application_row(tx, application_id, caller=caller)
    complaint_id = new_id()
    await tx.execute(
        sa.insert(complaint).values(
            complaint_id=complaint_id,
            application_id=application_id,
            household_id=case.household_id,
            street=case.street,
            ground=ground,
            is_real_name=is_real_name,
            recorded_by=caller.subject,
            recorded_at=now,
        )
    )
    await tx.execute(
        sa.update(decision)
        .where(decision.c.application_id == application_id, decision.c.state == DecisionState.PROPOSED)
        .values(needs_district_visit=True)
    )
    await extend_clock(tx, application_id=application_id)
    event = ComplaintReceived(
        household_id=case.household_id, application_id=application_id, complaint_id=complaint_id, street=case.street
    )
    await outbox.record(tx, event, at=now)
    return await complaint_row(tx, complaint_id)


async def answer_complaint(
    tx: AsyncConnection, *, complaint_id: UUID, answer: str, caller: Principal, now: datetime
) -> sa.Row[Any]:
    """Whoever complained is told what came of it. Raises Problem 404, 409 where it was answered."""
    row = await complaint_row(tx, complaint_id, locked=True)
    if row.answer is not None:
        raise Problem(
            409,
            "complaint_answered",
            "该投诉已经答复",
            f"投诉 {complaint_id} 已于 {row.answered_at:%Y-%m-%d} 答复",
            field="path.complaint_id",
            value=complaint_id,
            way_out="如有新的情况，请另行登记",
        )
    await tx.execute(
        sa.update(complaint)
        .where(complaint.c.complaint_id == complaint_id)
        .values(answer=answer, answered_by=caller.subject, answered_at=now)
    )
    return await complaint_row(tx, complaint_id)


async def is_complained_about(tx: AsyncConnection, application_id: UUID) -> bool:
    """Whether anybody complained about the case."""
    found = await tx.execute(sa.select(complaint.c.complaint_id).where(complaint.c.application_id == application_id))
    return found.first() is not None
