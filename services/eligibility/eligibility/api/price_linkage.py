"""Price linkage: the development and reform bureau enters prices, households see their supplements."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from eligibility.api.callers import DistrictReader, Reader
from eligibility.handlers.price_linkage import record_reading
from eligibility.queries.price_linkage import price_reading_view, price_readings, price_subsidies_of
from eligibility.rules.price_linkage import PriceReading
from eligibility.schemas.price_linkage import (
    PriceReadingList,
    PriceReadingRequest,
    PriceReadingView,
    PriceSubsidyList,
)
from shared.app import ClockDep, DatabaseDep
from shared.auth import Principal, Role, require
from shared.idempotency import Claim, IdempotencyKey, once
from shared.problems import plain_problem, problem_responses

router = APIRouter(prefix="/v1", tags=["price linkage"])

_BUREAU = "development_reform"

PriceSource = Annotated[Principal, Depends(require(Role.DEPARTMENT_OFFICER, Role.SERVICE, Role.DISTRICT_OFFICER))]
"""The bureau that has the index, or a district officer in its place."""


@router.post("/price-readings", status_code=201, responses=problem_responses(409))
async def enter_reading(
    body: PriceReadingRequest,
    key: IdempotencyKey,
    caller: PriceSource,
    database: DatabaseDep,
    clock: ClockDep,
) -> PriceReadingView:
    """The rise of prices of the next month; over a trigger it starts the supplement (clause 3.1)."""
    if Role.DISTRICT_OFFICER not in caller.roles and caller.department != _BUREAU:
        raise plain_problem(403, detail="物价指数由区发展和改革局录入")
    async with database.transaction(caller) as tx:

        async def write() -> PriceReadingView:
            row = await record_reading(
                tx,
                reading=PriceReading(body.month, body.cpi_percent, body.food_percent),
                published_on=body.published_on,
                source=body.source,
                caller=caller,
                clock=clock,
            )
            return price_reading_view(row, households=0, total_fen=0)

        return await once(tx, Claim(caller, key, "enter price reading", body, PriceReadingView), write)


@router.get("/price-readings")
async def read_readings(caller: DistrictReader, database: DatabaseDep) -> PriceReadingList:
    """Every month's reading, what it did to the supplement, and how many households got it."""
    async with database.transaction(caller) as tx:
        return PriceReadingList(items=await price_readings(tx))


@router.get("/households/{household_id}/price-subsidies")
async def read_subsidies(household_id: UUID, caller: Reader, database: DatabaseDep) -> PriceSubsidyList:
    """The price supplements of a household that the caller may see."""
    async with database.transaction(caller) as tx:
        return PriceSubsidyList(items=await price_subsidies_of(tx, household_id))
