"""The published toolbook and the dated parameters."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from eligibility.api.callers import Anyone
from eligibility.queries.parameters import parameter_views
from eligibility.rules import PARAMETERS, publish, toolbook_page
from eligibility.schemas.toolbook import ParameterList, Toolbook
from shared.app import ClockDep
from shared.clock import Day

router = APIRouter(tags=["toolbook"])

OnDay = Annotated[Day | None, Query(description="The toolbook of this day instead of today")]


@router.get("/parameters")
async def read_parameters(
    _: Anyone, on: Annotated[Day | None, Query(description="Only the values in force on this day")] = None
) -> ParameterList:
    """Amounts and limits with their first days and sources."""
    return ParameterList(items=parameter_views(PARAMETERS, on=on))


@router.get("/toolbook")
async def read_toolbook(_: Anyone, clock: ClockDep, on: OnDay = None) -> Toolbook:
    """Every policy in force on a day, made from the rules that decide (clause 1.4)."""
    return Toolbook.model_validate(publish(on or clock.today()))


@router.get("/toolbook/page", response_class=HTMLResponse)
async def read_toolbook_page(_: Anyone, clock: ClockDep, on: OnDay = None) -> HTMLResponse:
    """The same as one page in Chinese, to read and to print."""
    return HTMLResponse(toolbook_page(on or clock.today()))
