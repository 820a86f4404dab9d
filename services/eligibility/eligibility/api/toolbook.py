"""The published toolbook and the dated parameters."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from eligibility.api.callers import Anyone
from eligibility.queries.parameters import current_parameters, parameter_views
from eligibility.rules import publish, toolbook_page
from eligibility.schemas.toolbook import ParameterList, Toolbook
from shared.app import ClockDep, DatabaseDep
from shared.clock import Day

router = APIRouter(prefix="/v1", tags=["toolbook"])

OnDay = Annotated[Day | None, Query(description="The toolbook of this day instead of today")]


@router.get("/parameters")
async def read_parameters(
    caller: Anyone,
    database: DatabaseDep,
    on: Annotated[Day | None, Query(description="Only the values in force on this day")] = None,
) -> ParameterList:
    """Amounts and limits with their first days and sources, published standards included."""
    async with database.transaction(caller) as tx:
        current = await current_parameters(tx)
    return ParameterList(items=parameter_views(current.parameters, on=on))


@router.get("/toolbook")
async def read_toolbook(caller: Anyone, database: DatabaseDep, clock: ClockDep, on: OnDay = None) -> Toolbook:
    """Every policy in force on a day, made from the rules that decide (clause 1.4)."""
    async with database.transaction(caller) as tx:
        current = await current_parameters(tx)
    return Toolbook.model_validate(publish(on or clock.today(), current.parameters))


@router.get("/toolbook/page", response_class=HTMLResponse)
async def read_toolbook_page(caller: Anyone, database: DatabaseDep, clock: ClockDep, on: OnDay = None) -> HTMLResponse:
    """The same as one page in Chinese, to read and to print."""
    async with database.transaction(caller) as tx:
        current = await current_parameters(tx)
    return HTMLResponse(toolbook_page(on or clock.today(), current.parameters))
