"""The published toolbook and the dated parameters."""

from typing import Annotated

from fastapi import APIRouter, Query

from eligibility.api.callers import Anyone
from eligibility.queries.parameters import current_parameters, parameter_views
from eligibility.rules import toolbook_entries, toolbook_version
from eligibility.schemas.toolbook import ParameterList, Toolbook, ToolbookEntry
from shared.app import DatabaseDep
from shared.clock import Day

router = APIRouter(tags=["toolbook"])


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
async def read_toolbook(_: Anyone) -> Toolbook:
    """Every policy, made from the rules that decide (clause 1.4)."""
    return Toolbook(
        toolbook_version=toolbook_version(),
        policies=[ToolbookEntry.model_validate(entry) for entry in toolbook_entries()],
    )
