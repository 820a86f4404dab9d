"""Days as whole numbers, 20221010 for 10 October 2022: in the order of days, and with year, month and day at hand.

Each function takes one number or an array of them, and means what its namesake of the interpreter means for a date.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from eligibility.rules.engine.calendar import LAST, WEEK, WORKED, Calendar, plain_day

YEAR = 10_000
MONTH = 100
_MONTHS = 12
_FEBRUARY = 2
_LENGTHS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_NEVER = 9999_12_31
_NUMBER_OF_1970 = date(1970, 1, 1).toordinal()
_MONTHS_TO_1970 = 1970 * _MONTHS

Days = Any
"""A numpy array or one number."""


def encoded(day: date) -> int:
    """The number of a day."""
    return day.year * YEAR + day.month * MONTH + day.day


def completed_years(since: Days, until: Days) -> Days:
    """Completed years; the birthday itself counts, and 29 February turns on 1 March in common years."""
    return np.floor_divide(np.subtract(until, since), YEAR)


def completed_months(since: Days, until: Days) -> Days:
    """Completed months; the day of the same number counts."""
    return _months(until) - _months(since) - np.less(until % MONTH, since % MONTH)


def later_by_months(day: Days, months: Days) -> Days:
    """The same day so many months later, or the last day of a shorter month."""
    moved = _months(day) + months
    year, month = moved // _MONTHS, moved % _MONTHS
    return year * YEAR + (month + 1) * MONTH + np.minimum(day % MONTH, _length(year, month))


def first_of_next_month(day: Days) -> Days:
    """The first day of the month after."""
    return later_by_months(day // MONTH * MONTH + 1, 1)


def day_before(day: Days) -> Days:
    """The day before."""
    before = _months(day) - 1
    year, month = before // _MONTHS, before % _MONTHS
    last = year * YEAR + (month + 1) * MONTH + _length(year, month)
    return np.where(np.equal(day % MONTH, 1), last, np.subtract(day, 1))


def _months(day: Days) -> Days:
    return day // YEAR * _MONTHS + day // MONTH % MONTH - 1


def _length(year: Days, month: Days) -> Days:
    is_leap = (np.equal(year % 4, 0) & np.not_equal(year % 100, 0)) | np.equal(year % 400, 0)
    return _LENGTHS[month] + (is_leap & np.equal(month + 1, _FEBRUARY))


def _unless_never(shift: Callable[[Days, Days], Days]) -> Callable[[Days, Days], Days]:
    """What was declared as nothing has no day that could be moved."""

    def moved(day: Days, months: Days) -> Days:
        is_never = np.equal(day, _NEVER)
        return np.where(is_never, _NEVER, shift(np.where(is_never, 1000_01_01, day), months))

    return moved


SHIFTS: Mapping[str, Callable[[Days, Days], Days]] = {
    "next_month": _unless_never(lambda day, _: first_of_next_month(day)),
    "months": _unless_never(later_by_months),
    "day_before": _unless_never(lambda day, _: day_before(day)),
}


class WorkingDays(NamedTuple):
    """A calendar made ready for columns. See `calendar.Calendar`, which says what each part is."""

    days: Days
    added: Days
    counts: Days

    @staticmethod
    @lru_cache(maxsize=8)
    def of(calendar: Calendar) -> WorkingDays:
        """The columns of a calendar."""
        return WorkingDays(
            *(np.array(part, dtype=np.int64) for part in (calendar.days, calendar.added, calendar.counts))
        )

    def between(self, since: Days, until: Days) -> Days:
        """How many working days have passed."""
        return self._count(_number(until)) - self._count(_number(since))

    def later(self, day: Days, working_days: Days) -> Days:
        """The last day of a period of so many working days."""
        return _unless_never(self._later)(day, working_days)

    def _count(self, number: Days) -> Days:
        plain = number // WEEK * WORKED + np.minimum(number % WEEK, WORKED)
        return plain + self.added[np.searchsorted(self.days, number, side="right")]

    def _later(self, day: Days, working_days: Days) -> Days:
        wanted = self._count(_number(day)) + working_days
        before = np.searchsorted(self.counts, wanted)
        # After the last exception there is none to stop at.
        stops = np.append(self.days, LAST)
        found = np.minimum(plain_day(wanted - self.added[before]), stops[before])
        return np.where(np.equal(working_days, 0), day, _day(np.clip(found, 1, LAST)))


def _number(day: Days) -> Days:
    """The number of a day: one more than that of the day before."""
    months = np.asarray(_months(day) - _MONTHS_TO_1970, dtype=np.int64).astype("datetime64[M]")
    return months.astype("datetime64[D]").astype(np.int64) + day % MONTH - 1 + _NUMBER_OF_1970


def _day(number: Days) -> Days:
    """The day of a number."""
    day = np.asarray(number - _NUMBER_OF_1970, dtype=np.int64).astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    year, month_of_year = np.divmod(month.astype(np.int64) + _MONTHS_TO_1970, _MONTHS)
    return year * YEAR + (month_of_year + 1) * MONTH + (day - month.astype("datetime64[D]")).astype(np.int64) + 1
