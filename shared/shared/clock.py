"""Business time: what day it is for deadlines, notices and standards.

Passed in, never read from the system inside a handler. Security time (token expiry) and leases
do not use it.
"""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

DISTRICT_TIMEZONE = ZoneInfo("Asia/Shanghai")


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
