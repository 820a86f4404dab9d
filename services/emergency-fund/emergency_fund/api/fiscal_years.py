"""The closing of fiscal years."""

from typing import Annotated

from fastapi import APIRouter, Path

from emergency_fund.api.callers import DistrictOfficer, Reader
from emergency_fund.handlers import fiscal_years
from emergency_fund.queries.fiscal_years import closing_view
from emergency_fund.rules.fiscal_year import FIRST_YEAR
from emergency_fund.schemas.fiscal_years import ClosingRequest, ClosingsView, ClosingView
from shared.app import ClockDep, DatabaseDep
from shared.auth import own_street
from shared.idempotency import IdempotencyKey
from shared.identity import StreetCode
from shared.problems import problem_responses

router = APIRouter(prefix="/v1", tags=["fiscal years"])

Year = Annotated[int, Path(ge=FIRST_YEAR, le=2099, examples=[2022])]


@router.post("/fiscal-years/{year}/closing", responses=problem_responses(404, 409))
async def close_fiscal_year(
    year: Year,
    body: ClosingRequest,
    key: IdempotencyKey,
    caller: DistrictOfficer,
    database: DatabaseDep,
    clock: ClockDep,
) -> ClosingsView:
    """Close a year of some streets or of all, after its last day and in order; it is never opened again.

    What is open is carried over, and finance is asked for all that is missing of the float (4.3.1, 4.3.2).
    """
    return await fiscal_years.close_year(database, clock, caller, year, key, body)


@router.get("/streets/{street}/fiscal-years/{year}", responses=problem_responses(404))
async def read_fiscal_year(
    street: StreetCode, year: Year, caller: Reader, database: DatabaseDep, clock: ClockDep
) -> ClosingView:
    """The statement of a street's year: as it was signed off, with its hash, or as it stands while it is open."""
    own_street(caller, street)
    async with database.transaction(caller) as tx:
        return await closing_view(tx, street, year, now=clock.now())
