"""Corrections of what is posted."""

from uuid import UUID

from fastapi import APIRouter

from emergency_fund.api.callers import Approver, Clerk, DistrictOfficer, Reader
from emergency_fund.handlers import corrections
from emergency_fund.queries.corrections import corrections_view
from emergency_fund.schemas.corrections import (
    CorrectionRequest,
    CorrectionsView,
    CorrectionView,
    Decision,
    DistrictDecision,
)
from shared.app import ClockDep, DatabaseDep
from shared.idempotency import IdempotencyKey
from shared.problems import problem_responses

router = APIRouter(prefix="/v1", tags=["corrections"])


@router.get("/grants/{grant_id}/corrections", responses=problem_responses(404))
async def read_corrections(grant_id: UUID, caller: Reader, database: DatabaseDep) -> CorrectionsView:
    """What can be corrected of a grant and how much is left of it, and every correction so far."""
    async with database.transaction(caller) as tx:
        return await corrections_view(tx, grant_id)


@router.post("/grants/{grant_id}/corrections", status_code=201, responses=problem_responses(404, 409))
async def propose_correction(
    grant_id: UUID,
    body: CorrectionRequest,
    key: IdempotencyKey,
    caller: Clerk,
    database: DatabaseDep,
    clock: ClockDep,
) -> CorrectionView:
    """Propose to undo a payment, to ask money back, to post what came in of it, or to have it written off (4.3.4).

    Nothing moves before another person confirms. What is corrected is named, and never by more than is left of it.
    """
    return await corrections.propose(database, clock, caller, grant_id, key, body)


@router.post("/corrections/{correction_id}/decision", responses=problem_responses(404, 409))
async def decide_correction(
    correction_id: UUID,
    body: Decision,
    key: IdempotencyKey,
    caller: Approver,
    database: DatabaseDep,
    clock: ClockDep,
) -> CorrectionView:
    """Confirm a correction that another person proposed, which posts it, or reject it with a reason."""
    return await corrections.decide(database, clock, caller, correction_id, key, body)


@router.post("/corrections/{correction_id}/district-decision", responses=problem_responses(404, 409))
async def decide_write_off(
    correction_id: UUID,
    body: DistrictDecision,
    key: IdempotencyKey,
    caller: DistrictOfficer,
    database: DatabaseDep,
    clock: ClockDep,
) -> CorrectionView:
    """Write off what a street proposed to give up, or reject that; either with a reason."""
    return await corrections.decide_for_district(database, clock, caller, correction_id, key, body)
