"""Business time: what day it is for deadlines, notices and standards.

Passed in, never read from the system inside a handler. Security time (token expiry) and leases
do not use it.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Protocol
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

DISTRICT_TIMEZONE = ZoneInfo("Asia/Shanghai")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _iso_day(value: Any) -> Any:
    if isinstance(value, str) and not _ISO_DAY.fullmatch(value):
        raise PydanticCustomError("not_a_day", "应为 YYYY-MM-DD 形式的日期，如 2022-10-10")
    if not isinstance(value, str | date):
        raise PydanticCustomError("not_a_day", "应为 YYYY-MM-DD 形式的日期，如 2022-10-10")
    return value


Day = Annotated[date, BeforeValidator(_iso_day)]
"""A day as callers send it. Refuses the numbers and times that pydantic would also read as a date."""


class Clock(Protocol):
    """Tells business time."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        ...

    def today(self) -> date:
        """The present day in Wuhan."""
        ...


class SystemClock:
    """The clock of every deployment but the embedded one."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def today(self) -> date:
        return local_date(self.now())


class MovableClock:
    """System time plus the seconds that stand in a file, so that all processes of the embedded deployment
    move together. Only the embedded deployment names such a file.
    """

    def __init__(self, offset_file: Path) -> None:
        self._offset_file = offset_file

    def now(self) -> datetime:
        offset = timedelta(seconds=float(self._offset_file.read_text(encoding="ascii")))
        return datetime.now(UTC) + offset

    def today(self) -> date:
        return local_date(self.now())


def local_date(instant: datetime) -> date:
    """The calendar day of an aware instant in Wuhan."""
    return instant.astimezone(DISTRICT_TIMEZONE).date()


def start_of_day(day: date) -> datetime:
    """The first instant of a Wuhan day, in UTC."""
    return datetime.combine(day, time.min, DISTRICT_TIMEZONE).astimezone(UTC)


def end_of_day(day: date) -> datetime:
    """The first instant after a Wuhan day, in UTC: periods are half open."""
    return start_of_day(day + timedelta(days=1))
