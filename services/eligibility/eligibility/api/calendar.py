"""The calendar of working days: the district corrects what was announced."""

from typing import Annotated

from fastapi import APIRouter, Query

from eligibility.api.callers import District, StaffOrOverseer
from eligibility.handlers.calendar import correct_day
from eligibility.queries.calendar import corrected_days
from eligibility.schemas.calendar import CalendarDay, CalendarView, CorrectionRequest
from shared.app import ClockDep, DatabaseDep
from shared.clock import Day

router = APIRouter(prefix="/v1", tags=["calendar"])


@router.put("/calendar/{day}")
async def put_day(
    day: Day, body: CorrectionRequest, caller: District, database: DatabaseDep, clock: ClockDep
) -> CalendarDay:
    """Say whether the offices are open on a day. It counts for clocks that begin after it."""
    now = clock.now()
    async with database.transaction(caller) as tx:
        await correct_day(tx, day=day, is_working=body.is_working, reason=body.reason, caller=caller, now=now)
    return CalendarDay(day=day, is_working=body.is_working, reason=body.reason, recorded_at=now)


@router.get("/calendar")
async def read_calendar(
    caller: StaffOrOverseer,
    database: DatabaseDep,
    first: Annotated[Day | None, Query(description="From this day on")] = None,
    until: Annotated[Day | None, Query(description="Up to the day before this one")] = None,
) -> CalendarView:
    """The days that differ from the announced calendar."""
    async with database.transaction(caller) as tx:
        return CalendarView(items=list(await corrected_days(tx, first=first, until=until)))
