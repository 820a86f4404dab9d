"""What the rules do with a day: completed years and months, the same day later. `days` does the same in bulk."""

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Final


def completed_years(since: date, until: date) -> int:
    """Completed years; the birthday itself counts, and 29 February turns on 1 March in common years."""
    return until.year - since.year - ((until.month, until.day) < (since.month, since.day))


def completed_months(since: date, until: date) -> int:
    """Completed months; the day of the same number counts."""
    return (until.year - since.year) * 12 + until.month - since.month - (until.day < since.day)


def later_by_months(day: date, months: int) -> date:
    """The same day so many months later, or the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


SHIFTS: Final[Mapping[str, Callable[[date, int], date]]] = {
    "next_month": lambda day, _: later_by_months(day.replace(day=1), 1),
    "months": later_by_months,
    "day_before": lambda day, _: day - timedelta(days=1),
}
