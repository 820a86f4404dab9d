"""A street reserve and its ledger."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from emergency_fund.api.callers import District, Reader
from emergency_fund.queries.ledger import reserve_view, statement, trial_balance
from emergency_fund.schemas.ledger import ReserveView, StatementView, TrialBalanceView
from shared.app import ClockDep, DatabaseDep
from shared.auth import own_street
from shared.clock import Day
from shared.identity import StreetCode
from shared.problems import problem_responses

router = APIRouter(tags=["ledger"])

_FIRST_STATEMENT_DAY = date(2022, 9, 8)
_LAST_STATEMENT_DAY = date(2099, 12, 31)


@router.get("/streets/{street}/reserve", responses=problem_responses(404))
async def read_reserve(street: StreetCode, caller: Reader, database: DatabaseDep, clock: ClockDep) -> ReserveView:
    """A street reserve now: balances, low-water mark, what is open."""
    own_street(caller, street)
    async with database.transaction(caller) as tx:
        return await reserve_view(tx, street, today=clock.today())


@router.get("/streets/{street}/statement", responses=problem_responses(404))
async def read_statement(
    street: StreetCode,
    on: Annotated[Day, Query(ge=_FIRST_STATEMENT_DAY, le=_LAST_STATEMENT_DAY, examples=["2022-12-05"])],
    caller: Reader,
    database: DatabaseDep,
) -> StatementView:
    """Every entry of a street on one day, with running balances."""
    own_street(caller, street)
    async with database.transaction(caller) as tx:
        return await statement(tx, street, on=on)


@router.get("/trial-balance")
async def read_trial_balance(caller: District, database: DatabaseDep) -> TrialBalanceView:
    """Every account of the ledger now; debit and credit come to the same."""
    async with database.transaction(caller) as tx:
        return await trial_balance(tx)
