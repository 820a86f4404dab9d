"""Working days of the State Council's calendar, and the periods of administrative law.

The first day does not count; a period of natural days that would end on a rest day ends on the next working day
(Civil Code arts 201 to 203, by analogy). Years whose calendar is not announced yet fall back to weekends and
are provisional.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

import chinese_calendar

_SATURDAY = 5


@dataclass(frozen=True)
class WorkingCalendar:
    """Which days are working days. `corrections` (day to whether it is worked) win over the announced calendar."""

    corrections: Mapping[date, bool] = field(default_factory=dict)

    def is_working_day(self, day: date) -> bool:
        """Whether offices are open that day."""
        if day in self.corrections:
            return self.corrections[day]
        announced = _announced(day)
        return day.weekday() < _SATURDAY if announced is None else announced

    def is_announced(self, day: date) -> bool:
        """False while the State Council has not announced that year: a deadline there is provisional."""
        return day in self.corrections or _announced(day) is not None

    def exceptions(self) -> Mapping[date, bool]:
        """The days that are not as in a plain week of Monday to Friday, each with whether offices are open."""
        days = {*chinese_calendar.holidays, *chinese_calendar.workdays, *self.corrections}
        known = {day: self.is_working_day(day) for day in days}
        return {day: is_working for day, is_working in known.items() if is_working != (day.weekday() < _SATURDAY)}

    def add_working_days(self, start: date, days: int) -> date:
        """The last day of a period of `days` working days; `start` does not count."""
        if days < 0:
            raise ValueError(f"a period of {days} working days is negative")
        day = start
        while days:
            day += timedelta(days=1)
            days -= self.is_working_day(day)
        return day

    def add_days(self, start: date, days: int) -> date:
        """The last day of a period of `days` natural days, moved to a working day where it falls on a rest day."""
        day = start + timedelta(days=days)
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day


@lru_cache(maxsize=4096)  # the library goes through all its holidays for each day that it is asked about
def _announced(day: date) -> bool | None:
    """Whether the State Council lets work that day; None while it has not announced that year."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None
