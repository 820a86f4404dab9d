"""Reconciliation of a street reserve with its bank account."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from emergency_fund.api.callers import Officer, Reader, only_own_street
from emergency_fund.handlers import accounts, matches, statements
from emergency_fund.queries.reconciliation import reconciliation
from emergency_fund.schemas.reconciliation import (
    AccountRequest,
    AccountView,
    BoundedDay,
    LineMatch,
    MatchEnd,
    MatchView,
    ReconciliationView,
    StatementImport,
    StatementRequest,
)
from shared.app import ClockDep, DatabaseDep
from shared.auth import Principal, Role, own_street, require
from shared.idempotency import IdempotencyKey
from shared.identity import StreetCode
from shared.problems import Problem, problem_responses

router = APIRouter(prefix="/v1", tags=["reconciliation"])

DistrictOfficer = Annotated[Principal, Depends(require(Role.DISTRICT_OFFICER))]
_MOST_DAYS = 366


@router.post("/streets/{street}/reserve-account", status_code=201, responses=problem_responses(404, 409))
async def register_account(
    street: StreetCode,
    body: AccountRequest,
    key: IdempotencyKey,
    caller: DistrictOfficer,
    database: DatabaseDep,
    clock: ClockDep,
) -> AccountView:
    """Name the bank account of a street's reserve and the day from which it is reconciled (4.3.4)."""
    return await accounts.register(database, clock, caller, street, key, body)


@router.post("/streets/{street}/bank-statements", status_code=201, responses=problem_responses(404, 409))
async def import_statement(
    street: StreetCode,
    body: StatementRequest,
    key: IdempotencyKey,
    caller: Officer,
    database: DatabaseDep,
    clock: ClockDep,
) -> StatementImport:
    """Bring in a bank statement: CSV or camt.053. It is taken whole or refused whole with every fault.

    The same file again changes nothing and is answered as the first time. Of counterparties nothing is kept.
    """
    only_own_street(caller, street)
    return await statements.import_statement(database, clock, caller, street, key, body)


@router.get("/streets/{street}/reconciliation", responses=problem_responses(404, 409))
async def read_reconciliation(
    street: StreetCode,
    first_day: Annotated[BoundedDay, Query(examples=["2022-12-01"])],
    last_day: Annotated[BoundedDay, Query(description="含当日，至多 366 天", examples=["2022-12-31"])],
    caller: Reader,
    database: DatabaseDep,
    clock: ClockDep,
) -> ReconciliationView:
    """What is matched and what is not, on either side, and the difference of balances to the fen."""
    own_street(caller, street)
    if not 0 <= (last_day - first_day).days < _MOST_DAYS:
        raise Problem(
            422,
            "days_out_of_range",
            "日期范围不正确",
            f"{first_day} 至 {last_day} 不是 1 至 {_MOST_DAYS} 天",
            field="query.last_day",
            value=last_day,
            way_out=f"请查询至多 {_MOST_DAYS} 天，截止日不早于起始日",
        )
    async with database.transaction(caller) as tx:
        return await reconciliation(tx, street, first_day=first_day, last_day=last_day, today=clock.today())


@router.post("/bank-lines/{line_id}/match", status_code=201, responses=problem_responses(404, 409))
async def match_line(
    line_id: UUID, body: LineMatch, key: IdempotencyKey, caller: Officer, database: DatabaseDep, clock: ClockDep
) -> MatchView:
    """Say which postings a line of a statement is. Whoever made one of them cannot."""
    return await matches.match_by_hand(database, clock, caller, line_id, key, body)


@router.post("/bank-matches/{match_id}/end", responses=problem_responses(404, 409))
async def take_back_match(
    match_id: UUID, body: MatchEnd, key: IdempotencyKey, caller: Officer, database: DatabaseDep, clock: ClockDep
) -> MatchView:
    """Take a match back, with the reason. It stays on record."""
    return await matches.take_back(database, clock, caller, match_id, key, body)
