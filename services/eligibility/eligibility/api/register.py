"""The register of needy households: who is on which tier, since when and why (clause 12.3.2)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from eligibility.api.callers import StaffOrOverseer
from eligibility.queries.register import register_counts, register_page
from eligibility.rules.register import Tier
from eligibility.schemas.register import RegisterCounts, RegisterPage
from shared.app import ClockDep, DatabaseDep
from shared.clock import Day

router = APIRouter(prefix="/v1", tags=["register"])

On = Annotated[Day | None, Query(description="As of this day; by default of today")]
Street = Annotated[str | None, Query(pattern=r"^[0-9]{9}$", description="Only of this street")]


@router.get("/register")
async def read_register(
    caller: StaffOrOverseer,
    database: DatabaseDep,
    clock: ClockDep,
    on: On = None,
    street: Street = None,
    tier: Annotated[Tier | None, Query(description="Only of this tier")] = None,
    cursor: Annotated[UUID | None, Query(description="`next_cursor` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> RegisterPage:
    """The households on the register on a day."""
    async with database.transaction(caller) as tx:
        items = list(
            await register_page(tx, on=on or clock.today(), street=street, tier=tier, cursor=cursor, limit=limit)
        )
    return RegisterPage(items=items, next_cursor=items[-1].entry_id if len(items) == limit else None)


@router.get("/register/counts")
async def read_register_counts(
    caller: StaffOrOverseer, database: DatabaseDep, clock: ClockDep, on: On = None, street: Street = None
) -> RegisterCounts:
    """How many households are on each tier of each street on a day."""
    day = on or clock.today()
    async with database.transaction(caller) as tx:
        return RegisterCounts(on=day, items=list(await register_counts(tx, on=day, street=street)))
