"""Resolutions of the coordination group on single cases (clause 4.2.4)."""

from uuid import UUID

from fastapi import APIRouter

from eligibility.api.callers import District, StaffOrOverseer
from eligibility.handlers.resolutions import record_resolution
from eligibility.queries.resolutions import resolution_rows, resolution_view
from eligibility.schemas.resolutions import ResolutionList, ResolutionRequest, ResolutionView
from shared.app import ClockDep, DatabaseDep
from shared.idempotency import Claim, IdempotencyKey, once
from shared.problems import problem_responses

router = APIRouter(prefix="/v1", tags=["resolutions"])


@router.post("/resolutions", status_code=201, responses=problem_responses(404, 409))
async def record(
    body: ResolutionRequest, key: IdempotencyKey, caller: District, database: DatabaseDep, clock: ClockDep
) -> ResolutionView:
    """Put on record what the coordination group resolved: the only way above the ordinary standard."""
    async with database.transaction(caller) as tx:

        async def write() -> ResolutionView:
            row = await record_resolution(
                tx,
                number=body.number,
                held_on=body.held_on,
                application_id=body.application_id,
                amount_fen=body.amount,
                members_present=body.members_present,
                caller=caller,
                clock=clock,
            )
            return resolution_view(row)

        return await once(tx, Claim(caller, key, "record resolution", body, ResolutionView), write)


@router.get("/applications/{application_id}/resolutions")
async def read_resolutions(application_id: UUID, caller: StaffOrOverseer, database: DatabaseDep) -> ResolutionList:
    """The resolutions on a case, the newest first."""
    async with database.transaction(caller) as tx:
        return ResolutionList(items=[resolution_view(row) for row in await resolution_rows(tx, application_id)])
