"""Days as whole numbers, 20221010 for 10 October 2022: in the order of days, and with year, month and day at hand.

Each function takes one number or an array of them, and means what its namesake of the interpreter means for a date.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import numpy as np

YEAR = 10_000
MONTH = 100
_MONTHS = 12
_FEBRUARY = 2
_LENGTHS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_NEVER = 9999_12_31

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
