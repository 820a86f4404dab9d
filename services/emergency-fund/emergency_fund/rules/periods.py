"""Which instants and days of the ledger can be asked for, and how much of it at once. Clause 4.3.4."""

from dataclasses import dataclass
from datetime import date, datetime

from shared.clock import end_of_day, start_of_day

FIRST_DAY = date(2022, 9, 8)
"""The reserves were pre-set on this day; before it there is no ledger."""
LAST_DAY = date(2099, 12, 31)
MOST_STATEMENT_DAYS = 366
MOST_STATEMENT_TRANSFERS = 5_000
"""A statement is one answer in memory, some 2 MB at this size. What is longer is exported, page by page."""
MOST_WORKBOOK_TRANSFERS = 10_000
"""A workbook takes two thirds of a millisecond of a core for a transfer, twenty times as much as a line of text."""
PAGE_TRANSFERS = 1_000
"""How much of an export is in memory at a time, some 1 MB."""


@dataclass(frozen=True, slots=True)
class Days:
    """Days of Wuhan, both of them included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        assert self.first <= self.last, "periods do not run backwards"

    @property
    def count(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    @property
    def begins_at(self) -> datetime:
        """The first instant that belongs to them."""
        return start_of_day(self.first)

    @property
    def ends_at(self) -> datetime:
        """The first instant that no longer belongs to them."""
        return end_of_day(self.last)


def is_on_record(at: datetime, *, now: datetime) -> bool:
    """Whether the ledger can say what stood at an instant: not before its first day, and not in the future."""
    return start_of_day(FIRST_DAY) <= at <= now
