"""The calendar of working days with the district's corrections."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.rules.engine.calendar import Calendar
from eligibility.schemas.calendar import CalendarDay
from eligibility.tables import calendar_correction
from shared.working_days import WorkingCalendar


async def working_calendar(tx: AsyncConnection) -> WorkingCalendar:
    """The announced calendar, corrected: what every clock that begins now is counted by."""
    rows = await tx.execute(sa.select(calendar_correction.c.day, calendar_correction.c.is_working))
    return WorkingCalendar(corrections={row.day: row.is_working for row in rows})


async def standing_calendar(tx: AsyncConnection) -> Calendar:
    """The working days that the rules count now, the district's corrections included."""
    corrections = (await working_calendar(tx)).corrections
    return _calendar(tuple(sorted(corrections.items())))


@lru_cache(maxsize=8)
def _calendar(corrections: tuple[tuple[date, bool], ...]) -> Calendar:
    return Calendar.of(WorkingCalendar(corrections=dict(corrections)))


async def corrected_days(tx: AsyncConnection, *, first: date | None, until: date | None) -> Sequence[CalendarDay]:
    """The corrections of a half-open period, in order of days."""
    wanted = sa.select(calendar_correction).order_by(calendar_correction.c.day)
    if first is not None:
        wanted = wanted.where(calendar_correction.c.day >= first)
    if until is not None:
        wanted = wanted.where(calendar_correction.c.day < until)
    return [
        CalendarDay(day=row.day, is_working=row.is_working, reason=row.reason, recorded_at=row.recorded_at)
        for row in await tx.execute(wanted)
    ]
