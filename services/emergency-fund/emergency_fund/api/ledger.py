"""A street reserve and its ledger."""

from fastapi import APIRouter

from emergency_fund.api.callers import District, Reader
from emergency_fund.api.periods import At, FirstIfAny, LastIfAny, On
from emergency_fund.queries.ledger import reserve_view, statement, trial_balance
from emergency_fund.queries.periods import days_of_statement, instant_on_record
from emergency_fund.schemas.ledger import ReserveView, StatementView, TrialBalanceView
from shared.app import ClockDep, DatabaseDep
from shared.auth import own_street
from shared.identity import StreetCode
from shared.problems import problem_responses

router = APIRouter(prefix="/v1", tags=["ledger"])


@router.get("/streets/{street}/reserve", responses=problem_responses(404))
async def read_reserve(
    street: StreetCode, caller: Reader, database: DatabaseDep, clock: ClockDep, at: At = None
) -> ReserveView:
    """A street reserve now, or as of a past instant: balances, low-water mark, what is open."""
    own_street(caller, street)
    now = clock.now()
    at = instant_on_record(at, now=now)
    async with database.transaction(caller) as tx:
        return await reserve_view(tx, street, now=now, at=at)


@router.get("/streets/{street}/statement", responses=problem_responses(404))
async def read_statement(
    street: StreetCode,
    caller: Reader,
    database: DatabaseDep,
    clock: ClockDep,
    on: On = None,
    first: FirstIfAny = None,
    last: LastIfAny = None,
) -> StatementView:
    """Every entry of a street on one day, or from one day to another, with running balances. Today by default."""
    own_street(caller, street)
    days = days_of_statement(on, first, last, today=clock.today())
    async with database.transaction(caller) as tx:
        return await statement(tx, street, days)


@router.get("/trial-balance")
async def read_trial_balance(
    caller: District, database: DatabaseDep, clock: ClockDep, at: At = None
) -> TrialBalanceView:
    """Every account of the ledger now, or as of a past instant; debit and credit come to the same."""
    now = clock.now()
    at = instant_on_record(at, now=now)
    async with database.transaction(caller) as tx:
        return await trial_balance(tx, now=now, at=at)
