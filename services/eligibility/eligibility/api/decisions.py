"""Decisions: proposed by one officer, confirmed, returned or objected to by others."""

import json
from uuid import UUID

from fastapi import APIRouter

from eligibility.api.acting import acting
from eligibility.api.callers import Clerk, Reader, SecondOfficer, Staff
from eligibility.handlers import decide, recusals
from eligibility.queries.assessments import assessment_row
from eligibility.queries.decisions import decision_row, decision_view, latest_decision_row
from eligibility.rules.decisions import Override
from eligibility.schemas.decisions import (
    ConfirmationRequest,
    DecisionView,
    ObjectionRequest,
    ObjectionView,
    ProposalRequest,
    RecusalRequest,
    RecusalView,
    ReturnRequest,
)
from shared.app import ClockDep, DatabaseDep
from shared.idempotency import Claim, IdempotencyKey, once
from shared.problems import problem_responses

router = APIRouter(prefix="/v1", tags=["decisions"])


@router.post(
    "/assessments/{assessment_id}/decisions",
    status_code=201,
    responses=problem_responses(404, 409),
)
async def propose(
    assessment_id: UUID,
    body: ProposalRequest,
    key: IdempotencyKey,
    caller: Clerk,
    database: DatabaseDep,
    clock: ClockDep,
) -> DecisionView:
    """The clerk's comprehensive opinion: what is granted, what is refused, each with its reason (clause 8.1)."""
    async with acting(database, caller, lambda tx: assessment_row(tx, assessment_id)) as tx:

        async def write() -> DecisionView:
            row = await assessment_row(tx, assessment_id)
            decision_id = await decide.propose_decision(
                tx,
                row=row,
                result=json.loads(row.result),
                comment=body.comment,
                overrides=[
                    Override(
                        policy=one.policy,
                        granted=one.outcome == "granted",
                        monthly_amount_fen=one.monthly_amount,
                        reason=one.reason,
                    )
                    for one in body.overrides
                ],
                caller=caller,
                now=clock.now(),
            )
            return await decision_view(tx, await decision_row(tx, decision_id), caller)

        return await once(tx, Claim(caller, key, f"propose {assessment_id}", body, DecisionView), write)


@router.post("/decisions/{decision_id}/confirmation", responses=problem_responses(404, 409))
async def confirm(
    decision_id: UUID, body: ConfirmationRequest, caller: SecondOfficer, database: DatabaseDep, clock: ClockDep
) -> DecisionView:
    """Another officer than the one who proposed it agrees."""
    async with acting(database, caller, lambda tx: decision_row(tx, decision_id)) as tx:
        row = await decide.confirm_decision(
            tx, decision_id=decision_id, district_visit_on=body.district_visit_on, caller=caller, clock=clock
        )
        return await decision_view(tx, row, caller)


@router.post("/decisions/{decision_id}/return", responses=problem_responses(404, 409))
async def send_back(
    decision_id: UUID, body: ReturnRequest, caller: SecondOfficer, database: DatabaseDep, clock: ClockDep
) -> DecisionView:
    """Another officer does not agree; the clerk proposes anew."""
    async with acting(database, caller, lambda tx: decision_row(tx, decision_id)) as tx:
        row = await decide.return_decision(
            tx, decision_id=decision_id, reason=body.reason, caller=caller, now=clock.now()
        )
        return await decision_view(tx, row, caller)


@router.post("/decisions/{decision_id}/recusal", responses=problem_responses(404))
async def recuse(
    decision_id: UUID, body: RecusalRequest, caller: Staff, database: DatabaseDep, clock: ClockDep
) -> RecusalView:
    """An officer steps back: neither proposes nor confirms anything of this household from now on."""
    async with acting(database, caller, lambda tx: decision_row(tx, decision_id)) as tx:
        row = await recusals.recuse(tx, decision_id=decision_id, reason=body.reason, caller=caller, now=clock.now())
        return RecusalView(household_id=row.household_id, decision_id=decision_id, subject=caller.subject)


@router.post("/decisions/{decision_id}/objections", status_code=201, responses=problem_responses(404, 409))
async def object_to(
    decision_id: UUID, body: ObjectionRequest, caller: Staff, database: DatabaseDep, clock: ClockDep
) -> ObjectionView:
    """An objection raised while the public notice hangs."""
    async with acting(database, caller, lambda tx: decision_row(tx, decision_id)) as tx:
        objection_id, row = await decide.object_to_decision(
            tx, decision_id=decision_id, ground=body.ground, caller=caller, now=clock.now()
        )
        return ObjectionView(objection_id=objection_id, decision=await decision_view(tx, row, caller))


@router.get("/decisions/{decision_id}", responses=problem_responses(404))
async def read_decision(decision_id: UUID, caller: Reader, database: DatabaseDep) -> DecisionView:
    """A decision, the reason of each measure, and the ways of appeal."""
    async with database.transaction(caller) as tx:
        return await decision_view(tx, await decision_row(tx, decision_id), caller)


@router.get("/applications/{application_id}/decision", responses=problem_responses(404))
async def read_latest_decision(application_id: UUID, caller: Reader, database: DatabaseDep) -> DecisionView:
    """The newest decision of a case."""
    async with database.transaction(caller) as tx:
        return await decision_view(tx, await latest_decision_row(tx, application_id), caller)
