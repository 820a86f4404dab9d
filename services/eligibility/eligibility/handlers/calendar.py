"""The calendar of working days: a correction counts for clocks that begin after it (decision 15)."""

from datetime import date, datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.tables import calendar_correction
from shared.auth import Principal


async def correct_day(
    tx: AsyncConnection, *, day: date, is_working: bool, reason: str, caller: Principal, now: datetime
) -> None:
    """Say whether the offices are open on a day; said again, the newer word counts."""
    values = {"is_working": is_working, "reason": reason, "recorded_by": caller.subject, "recorded_at": now}
    await tx.execute(
        insert(calendar_correction).values(day=day, **values).on_conflict_do_update(index_elements=["day"], set_=values)
    )
