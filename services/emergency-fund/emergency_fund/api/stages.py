"""Grants that are paid in stages."""

from uuid import UUID

from fastapi import APIRouter

from emergency_fund.api.callers import Approver, Officer, Reader
from emergency_fund.handlers import stages
from emergency_fund.queries.ledger import float_of
from emergency_fund.queries.stages import open_stages
from emergency_fund.schemas.grants import GrantView
from emergency_fund.schemas.stages import ConditionMet, OpenStages, PlanStop
from shared.app import ClockDep, DatabaseDep
from shared.auth import own_street
from shared.idempotency import IdempotencyKey
from shared.identity import StreetCode
from shared.problems import problem_responses

router = APIRouter(prefix="/v1", tags=["stages"])


@router.get("/streets/{street}/stages", responses=problem_responses(404))
async def read_stages(street: StreetCode, caller: Reader, database: DatabaseDep) -> OpenStages:
    """Stages of approved plans that are still to be met or paid, the earliest planned day first (4.2.3)."""
    own_street(caller, street)
    async with database.transaction(caller) as tx:
        await float_of(tx, street)
        return await open_stages(tx, street)


@router.post("/stages/{stage_id}/condition", responses=problem_responses(404, 409))
async def meet_condition(
    stage_id: UUID, body: ConditionMet, key: IdempotencyKey, caller: Officer, database: DatabaseDep, clock: ClockDep
) -> GrantView:
    """Say that what a stage waits for has come: by somebody else than the approver. A day is met by the calendar."""
    return await stages.meet(database, clock, caller, stage_id, key, body)


@router.post("/stages/{stage_id}/payment", responses=problem_responses(404, 409))
async def pay_stage(
    stage_id: UUID, key: IdempotencyKey, caller: Officer, database: DatabaseDep, clock: ClockDep
) -> GrantView:
    """Record that a stage whose condition is met is paid, to the fen, by another person than the one who met it."""
    return await stages.pay(database, clock, caller, stage_id, key)


@router.post("/grants/{grant_id}/stop", responses=problem_responses(404, 409))
async def stop_plan(
    grant_id: UUID, body: PlanStop, key: IdempotencyKey, caller: Approver, database: DatabaseDep, clock: ClockDep
) -> GrantView:
    """Stop what is left of a plan. It is not paid any more and no longer counts against the household's limit."""
    return await stages.stop(database, clock, caller, grant_id, key, body)
