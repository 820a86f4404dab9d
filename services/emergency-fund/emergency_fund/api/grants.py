"""Grants from a street reserve."""

from uuid import UUID

from fastapi import APIRouter

from emergency_fund.api.callers import Approver, Clerk, ClientsDep, Officer, PaymentsDep, Reader, only_own_street
from emergency_fund.handlers import debts, decide, pay_at_once, request
from emergency_fund.queries.grants import grant_view
from emergency_fund.schemas.grants import GrantRequest, GrantView, QuickRelief, Refusal, Settlement
from shared.app import ClockDep, DatabaseDep
from shared.idempotency import IdempotencyKey
from shared.identity import StreetCode
from shared.problems import problem_responses

router = APIRouter(prefix="/v1", tags=["grants"])


@router.post("/streets/{street}/grants", status_code=201, responses=problem_responses(404, 409, 503))
async def request_grant(
    street: StreetCode,
    body: GrantRequest,
    key: IdempotencyKey,
    caller: Clerk,
    database: DatabaseDep,
    clock: ClockDep,
    clients: ClientsDep,
) -> GrantView:
    """Ask for a payment from the street reserve, strictly below the limit per household and incident (4.3.3).

    At or above the limit the answer is 422 `not_below_limit`, and the refusal is on record.
    """
    only_own_street(caller, street)
    return await request.request_grant(database, clock, clients, caller, street, key, body)


@router.post("/streets/{street}/quick-relief", status_code=201, responses=problem_responses(404, 409, 503))
async def give_quick_relief(
    street: StreetCode,
    body: QuickRelief,
    key: IdempotencyKey,
    caller: Clerk,
    database: DatabaseDep,
    clock: ClockDep,
    clients: ClientsDep,
) -> GrantView:
    """Pay a small amount at once: at most one month of the standard, per household and incident (4.2.1).

    Another person approves it after, and it is explained after, each within its days. Above the amount the answer is
    422 `not_small`, and nothing is paid.
    """
    only_own_street(caller, street)
    return await pay_at_once.give(database, clock, clients, caller, street, key, body)


@router.get("/grants/{grant_id}", responses=problem_responses(404))
async def read_grant(grant_id: UUID, caller: Reader, database: DatabaseDep) -> GrantView:
    """One grant with its papers."""
    async with database.transaction(caller) as tx:
        return await grant_view(tx, grant_id)


@router.post("/grants/{grant_id}/approval", responses=problem_responses(404, 409))
async def approve_grant(
    grant_id: UUID, key: IdempotencyKey, caller: Approver, database: DatabaseDep, clock: ClockDep
) -> GrantView:
    """Approve a grant that another person asked for, or paid at once."""
    return await decide.approve(database, clock, caller, grant_id, key)


@router.post("/grants/{grant_id}/refusal", responses=problem_responses(404, 409))
async def refuse_grant(
    grant_id: UUID, body: Refusal, key: IdempotencyKey, caller: Approver, database: DatabaseDep, clock: ClockDep
) -> GrantView:
    """Refuse a grant that another person asked for, also after approval while it is not paid.

    One that was paid at once is objected to: the money is to be recovered.
    """
    return await decide.refuse(database, clock, caller, grant_id, key, body)


@router.post("/grants/{grant_id}/payment", responses=problem_responses(404, 409))
async def pay_grant(grant_id: UUID, key: IdempotencyKey, caller: Officer, payments: PaymentsDep) -> GrantView:
    """Record that an approved grant is paid. Each missing paper becomes a dated debt (4.2.1)."""
    return await payments.pay(caller, grant_id, key)


@router.post("/grants/{grant_id}/debts/{debt_id}/settlement", responses=problem_responses(404, 409))
async def settle_debt(
    grant_id: UUID,
    debt_id: UUID,
    body: Settlement,
    key: IdempotencyKey,
    caller: Officer,
    database: DatabaseDep,
    clock: ClockDep,
) -> GrantView:
    """End a paper debt: supplied, or waived by an approver with a reason."""
    return await debts.settle(database, clock, caller, grant_id, debt_id, key, body)
