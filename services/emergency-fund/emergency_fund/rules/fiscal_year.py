"""A fiscal year of a street reserve: the calendar year of Wuhan, closed once, after its end, in order. Clauses 4.3.1
and 4.3.4.
"""

from collections.abc import Mapping
from datetime import date, datetime

from emergency_fund.rules.ledger import Amounts, TransferKind
from shared.clock import local_date, start_of_day

FIRST_YEAR = 2022
"""The reserves were pre-set on 2022-09-08."""


class YearNotOver(ValueError):
    """The year still runs."""


class EarlierYearOpen(ValueError):
    """A year before it has not been closed."""

    def __init__(self, year: int) -> None:
        super().__init__(f"{year} is to be closed first")
        self.year = year


class BooksDoNotClose(AssertionError):
    """Opening, movements and closing of a year do not fit together: nothing may be signed off."""


def end_of_year(year: int) -> datetime:
    """The first instant after a year of Wuhan, in UTC."""
    return start_of_day(date(year + 1, 1, 1))


def is_to_be_closed(year: int, *, open_from: datetime, now: datetime) -> bool:
    """Whether a year is the next one to be closed; False when it is closed already.

    open_from: the first instant that no closed year holds. Raises YearNotOver, EarlierYearOpen.
    """
    if now < end_of_year(year):
        raise YearNotOver(f"{year} runs until {end_of_year(year)}")
    next_year = local_date(open_from).year
    if year > next_year:
        raise EarlierYearOpen(next_year)
    return year == next_year


def check_books(
    opening: Amounts, moved: Mapping[TransferKind, Amounts], closing: Amounts, *, closed_before: Amounts | None
) -> None:
    """Raises BooksDoNotClose unless a year opens with what the year before closed with (None: the first year), and its
    movements lead from there to its closing.
    """
    if opening != (closed_before or Amounts()):
        raise BooksDoNotClose(f"opened with {opening}, and the year before closed with {closed_before}")
    if sum(moved.values(), start=opening) != closing:
        raise BooksDoNotClose(f"the movements do not lead from {opening} to {closing}")
