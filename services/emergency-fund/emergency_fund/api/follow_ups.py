"""Follow-ups of households that were paid."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from emergency_fund.api.callers import Officer, Reader
from emergency_fund.handlers import follow_ups
from emergency_fund.queries.follow_ups import open_follow_ups
from emergency_fund.queries.ledger import float_of
from emergency_fund.schemas.follow_ups import Finding, FollowUpView, OpenFollowUps
from shared.app import ClockDep, DatabaseDep
from shared.auth import own_street
from shared.idempotency import IdempotencyKey
from shared.identity import StreetCode
from shared.problems import problem_responses

router = APIRouter(prefix="/v1", tags=["follow-ups"])


@router.get("/streets/{street}/follow-ups", responses=problem_responses(404))
async def read_follow_ups(
    street: StreetCode,
    caller: Reader,
    database: DatabaseDep,
    state: Annotated[Literal["open", "overdue"], Query(description="全部未完成，或仅逾期")] = "open",
) -> OpenFollowUps:
    """Households that somebody must look after, the earliest last day first (4.2.2)."""
    own_street(caller, street)
    async with database.transaction(caller) as tx:
        await float_of(tx, street)
        return await open_follow_ups(tx, street, only_overdue=state == "overdue")


@router.post("/follow-ups/{follow_up_id}/completion", responses=problem_responses(404, 409))
async def complete_follow_up(
    follow_up_id: UUID, body: Finding, key: IdempotencyKey, caller: Officer, database: DatabaseDep, clock: ClockDep
) -> FollowUpView:
    """Write down what a visit or a call found (4.2.2). More help is needed: say where it comes from."""
    return await follow_ups.complete(database, clock, caller, follow_up_id, key, body)
