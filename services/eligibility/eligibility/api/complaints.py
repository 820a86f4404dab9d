"""Complaints and real-name reports about a case, for those who handle cases and those who oversee them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from eligibility.api.callers import Staff, StaffOrOverseer
from eligibility.handlers.complaints import answer_complaint, receive_complaint
from eligibility.queries.complaints import complaint_view, complaints
from eligibility.schemas.complaints import AnswerRequest, ComplaintPage, ComplaintRequest, ComplaintView
from shared.app import ClockDep, DatabaseDep
from shared.idempotency import Claim, IdempotencyKey, once
from shared.problems import problem_responses

router = APIRouter(prefix="/v1", tags=["complaints"])


@router.post("/applications/{application_id}/complaints", status_code=201, responses=problem_responses(404, 409))
async def complain(
    application_id: UUID,
    body: ComplaintRequest,
    key: IdempotencyKey,
    caller: Staff,
    database: DatabaseDep,
    clock: ClockDep,
) -> ComplaintView:
    """Put on record that somebody complains. The district then visits the home before the case is confirmed."""
    async with database.transaction(caller) as tx:

        async def write() -> ComplaintView:
            row = await receive_complaint(
                tx,
                application_id=application_id,
                ground=body.ground,
                is_real_name=body.is_real_name,
                caller=caller,
                now=clock.now(),
            )
            return complaint_view(row)

        return await once(tx, Claim(caller, key, f"complain {application_id}", body, ComplaintView), write)


@router.post("/complaints/{complaint_id}/answer", responses=problem_responses(404, 409))
async def answer(
    complaint_id: UUID, body: AnswerRequest, caller: Staff, database: DatabaseDep, clock: ClockDep
) -> ComplaintView:
    """Put on record what came of a complaint and what was answered."""
    async with database.transaction(caller) as tx:
        row = await answer_complaint(tx, complaint_id=complaint_id, answer=body.answer, caller=caller, now=clock.now())
        return complaint_view(row)


@router.get("/complaints")
async def list_complaints(
    caller: StaffOrOverseer,
    database: DatabaseDep,
    answered: Annotated[bool | None, Query(description="Only those answered, or only those not")] = None,
    cursor: Annotated[UUID | None, Query(description="`next_cursor` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ComplaintPage:
    """Complaints, the oldest first."""
    async with database.transaction(caller) as tx:
        items = list(await complaints(tx, is_answered=answered, cursor=cursor, limit=limit))
    return ComplaintPage(items=items, next_cursor=items[-1].complaint_id if len(items) == limit else None)
