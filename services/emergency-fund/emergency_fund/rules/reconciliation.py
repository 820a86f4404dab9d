"""When a line or a posting without its other side is told, and what lies between the bank's balance and the ledger's.
Clause 4.3.4.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BankPeriods:
    """How far apart (match), and how long to wait (grace, statement): in days."""

    match_days: int
    grace_days: int
    statement_days: int


@dataclass(frozen=True, slots=True)
class Covered:
    """The days of a statement, both counted, and the day of its import."""

    first_day: date
    last_day: date
    imported_on: date


def line_is_late(imported_on: date, *, today: date, periods: BankPeriods) -> bool:
    """Whether a line that is still without a posting has had its days of grace."""
    return today > imported_on + timedelta(days=periods.grace_days)


def posting_is_late(on: date, *, statements: Sequence[Covered], today: date, periods: BankPeriods) -> bool:
    """Whether a posting that is still without a line has had its days of grace.

    They run from the import of the last statement that its line could stand in. A posting whose days no statement
    covers is late all the same in the end: who brings no statements hides nothing.
    """
    if today > on + timedelta(days=periods.statement_days):
        return True
    seen_on = on
    for number in range(periods.match_days + 1):
        day = on + number * _DAY
        imported = [one.imported_on for one in statements if one.first_day <= day <= one.last_day]
        if not imported:
            return False
        seen_on = max(seen_on, *imported)
    return today > seen_on + timedelta(days=periods.grace_days)


def gaps(statements: Iterable[Covered], *, since: date, through: date) -> list[tuple[date, date]]:
    """The days from `since` to `through`, both counted, that no statement covers, as spans."""
    found, next_day = [], since
    for one in sorted(statements, key=lambda one: one.first_day):
        if one.first_day > next_day:
            found.append((next_day, min(one.first_day - _DAY, through)))
        next_day = max(next_day, one.last_day + _DAY)
    if next_day <= through:
        found.append((next_day, through))
    return [(first, last) for first, last in found if first <= last]


def may_match(subject: str, *, posted_by: Iterable[str]) -> bool:
    """Whoever moved the money does not vouch that the bank says the same."""
    return subject not in set(posted_by)
