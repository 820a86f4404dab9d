"""Who may ask emergency-fund for what."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from emergency_fund import queries
from emergency_fund.clients import Clients
from emergency_fund.handlers import debts, decide, pay, request
from emergency_fund.schemas import (
    GrantRequest,
    GrantView,
    Refusal,
    ReserveView,
    Settlement,
    StatementView,
    TrialBalanceView,
)
from shared.app import ClockDep, DatabaseDep
from shared.auth import OVERSEERS, STAFF, Principal, Role, own_street, require
from shared.clock import Day
from shared.idempotency import IdempotencyKey
from shared.identity import StreetCode
from shared.problems import plain_problem, problem_responses

router = APIRouter(prefix="/v1")

_FIRST_STATEMENT_DAY = date(2022, 9, 8)
_LAST_STATEMENT_DAY = date(2099, 12, 31)

Reader = Annotated[Principal, Depends(require(*STAFF, *OVERSEERS))]
Clerk = Annotated[Principal, Depends(require(Role.STREET_CLERK))]
Approver = Annotated[Principal, Depends(require(Role.STREET_APPROVER))]
Officer = Annotated[Principal, Depends(require(Role.STREET_CLERK, Role.STREET_APPROVER))]
District = Annotated[Principal, Depends(require(Role.DISTRICT_OFFICER, *OVERSEERS))]


def _clients(request: Request) -> Clients:
    clients: Clients = request.app.state.clients
    return clients


ClientsDep = Annotated[Clients, Depends(_clients)]


def _only_own_street(caller: Principal, street: str) -> None:
    """Another role may let a clerk see more streets; only the clerk's own ones are handled."""
    if street not in caller.streets:
        raise plain_problem(403, detail=f"无权办理街道 {street} 的事项")


@router.post("/streets/{street}/grants", tags=["grants"], status_code=201, responses=problem_responses(404, 409, 503))
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
    _only_own_street(caller, street)
    return await request.request_grant(database, clock, clients, caller, street, key, body)


@router.get("/grants/{grant_id}", tags=["grants"], responses=problem_responses(404))
async def read_grant(grant_id: UUID, caller: Reader, database: DatabaseDep) -> GrantView:
    """One grant with its papers."""
    async with database.transaction(caller) as tx:
        return await queries.grant_view(tx, grant_id)


@router.post("/grants/{grant_id}/approval", tags=["grants"], responses=problem_responses(404, 409))
async def approve_grant(
    grant_id: UUID, key: IdempotencyKey, caller: Approver, database: DatabaseDep, clock: ClockDep
) -> GrantView:
    """Approve a grant that another person asked for."""
    return await decide.approve(database, clock, caller, grant_id, key)


@router.post("/grants/{grant_id}/refusal", tags=["grants"], responses=problem_responses(404, 409))
async def refuse_grant(
    grant_id: UUID, body: Refusal, key: IdempotencyKey, caller: Approver, database: DatabaseDep, clock: ClockDep
) -> GrantView:
    """Refuse a grant that another person asked for, also after approval while it is not paid."""
    return await decide.refuse(database, clock, caller, grant_id, key, body)


@router.post("/grants/{grant_id}/payment", tags=["grants"], responses=problem_responses(404, 409))
async def pay_grant(
    grant_id: UUID, key: IdempotencyKey, caller: Officer, database: DatabaseDep, clock: ClockDep
) -> GrantView:
    """Record that an approved grant is paid. Each missing paper becomes a dated debt (4.2.1)."""
    return await pay.pay(database, clock, caller, grant_id, key)


@router.post("/grants/{grant_id}/debts/{debt_id}/settlement", tags=["grants"], responses=problem_responses(404, 409))
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


@router.get("/streets/{street}/reserve", tags=["ledger"], responses=problem_responses(404))
async def read_reserve(street: StreetCode, caller: Reader, database: DatabaseDep, clock: ClockDep) -> ReserveView:
    """A street reserve now: balances, low-water mark, what is open."""
    own_street(caller, street)
    async with database.transaction(caller) as tx:
        return await queries.reserve_view(tx, street, today=clock.today())


@router.get("/streets/{street}/statement", tags=["ledger"], responses=problem_responses(404))
async def read_statement(
    street: StreetCode,
    on: Annotated[Day, Query(ge=_FIRST_STATEMENT_DAY, le=_LAST_STATEMENT_DAY, examples=["2022-12-05"])],
    caller: Reader,
    database: DatabaseDep,
) -> StatementView:
    """Every entry of a street on one day, with running balances."""
    own_street(caller, street)
    async with database.transaction(caller) as tx:
        return await queries.statement(tx, street, on=on)


@router.get("/trial-balance", tags=["ledger"])
async def read_trial_balance(caller: District, database: DatabaseDep) -> TrialBalanceView:
    """Every account of the ledger now; debit and credit come to the same."""
    async with database.transaction(caller) as tx:
        return await queries.trial_balance(tx)
