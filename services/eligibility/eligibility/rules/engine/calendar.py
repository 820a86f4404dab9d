"""Working days as the rules count them: a calendar as data, the same whatever is announced or corrected afterwards.

A plain week is worked from Monday to Friday. A calendar is the days that are not as in a plain week; a year that is
not announced has none. Working days up to a day are those of plain weeks and what the exceptions before it add, so any
span is counted at once, however long. The kernel counts the same on columns (`days`).
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import accumulate
from typing import Final

from shared.working_days import WorkingCalendar

WEEK: Final = 7
WORKED: Final = 5
"""Days of a plain week that are worked, its first ones. Day number 1, 1 January of the year 1, was a Monday."""
LAST: Final = date.max.toordinal()


@dataclass(frozen=True)
class Calendar:
    """The working days that an assessment rests on.

    `exceptions` are the days that are not as in a plain week, in their order, each with whether it is worked.
    """

    exceptions: tuple[tuple[date, bool], ...] = ()

    @classmethod
    def of(cls, calendar: WorkingCalendar) -> Calendar:
        """A working calendar as it stands now."""
        return cls(tuple(sorted(calendar.exceptions().items())))

    @cached_property
    def version(self) -> str:
        """A hash of all that the calendar says."""
        lines = [f"{day.isoformat()} {is_worked}" for day, is_worked in self.exceptions]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]

    @cached_property
    def days(self) -> list[int]:
        """The exceptions by the number of the day."""
        return [day.toordinal() for day, _ in self.exceptions]

    @cached_property
    def added(self) -> list[int]:
        """How many working days the first exceptions add to plain weeks: none, the first, the first two, and so on."""
        return list(accumulate((1 if is_worked else -1 for _, is_worked in self.exceptions), initial=0))

    @cached_property
    def counts(self) -> list[int]:
        """The working days up to each exception, itself included."""
        return [self.count(day) for day in self.days]

    def count(self, day: int) -> int:
        """The working days up to the day of that number, itself included."""
        return plain_count(day) + self.added[bisect_right(self.days, day)]

    def between(self, since: date, until: date) -> int:
        """How many working days have passed: those after the first day, up to the second and with it.

        With the days the other way round, the same number below zero.
        """
        return self.count(until.toordinal()) - self.count(since.toordinal())

    def later(self, day: date, working_days: int) -> date:
        """The last day of a period of so many working days; the first day does not count.

        Without any it is that day itself. Below zero it is counted back: the first day from which so many working days
        have passed until then. Neither goes beyond the first and the last day that there is.
        """
        if working_days == 0:
            return day
        wanted = self.count(day.toordinal()) + working_days
        before = bisect_left(self.counts, wanted)
        found = plain_day(wanted - self.added[before])
        if before < len(self.days):
            found = min(found, self.days[before])
        return date.fromordinal(min(max(found, 1), LAST))


def plain_count(day: int) -> int:
    """The working days of plain weeks up to the day of that number, itself included."""
    return day // WEEK * WORKED + min(day % WEEK, WORKED)


def plain_day(count: int) -> int:
    """The number of the first day up to which so many working days of plain weeks have passed."""
    return (count - 1) // WORKED * WEEK + (count - 1) % WORKED + 1


ANNOUNCED: Final = Calendar.of(WorkingCalendar())
"""What the State Council has announced, without corrections."""
