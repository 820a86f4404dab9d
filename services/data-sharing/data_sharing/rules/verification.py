"""The life of a verification (1.2, 12.3.1): how long departments may take, when an answer counts, how long it holds."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from shared.clock import end_of_day, local_date
from shared.working_days import WorkingCalendar

ANSWER_WORKING_DAYS = 10
"""Regulation on sharing government data (2025) art 19: ten working days for data under conditions."""
VALIDITY_MONTHS = 6
"""No national number; districts use three to six months."""
EXEMPT_POLICIES = ("orphan", "defacto_unattended_child")
"""Children's policies without a family means test: an application for these alone needs no verification."""

VerificationState = Literal["open", "completed"]
Outcome = Literal["matched", "no_record", "error"]
Reception = Literal["first", "revised", "late"]

RECEPTIONS: dict[tuple[VerificationState, Outcome | None], Reception] = {
    ("open", None): "first",
    ("open", "matched"): "revised",
    ("open", "no_record"): "revised",
    ("open", "error"): "revised",
    # After completion only what was missing or failed still comes in; what was answered is settled.
    ("completed", None): "late",
    ("completed", "error"): "late",
}


def reception(state: VerificationState, outcome: Outcome | None) -> Reception | None:
    """What a new answer is, by the state of the verification and the department's answer so far. None: too late."""
    return RECEPTIONS.get((state, outcome))


def may_complete(outcomes: Sequence[Outcome | None], *, answer_by: datetime, now: datetime) -> bool:
    """All departments answered, or their time is over."""
    return now >= answer_by or all(outcome is not None for outcome in outcomes)


def answer_by(start: datetime, calendar: WorkingCalendar) -> datetime:
    """The first instant at which an answer is late."""
    return end_of_day(calendar.add_working_days(local_date(start), ANSWER_WORKING_DAYS))


def valid_until(completed_at: datetime) -> datetime:
    """The first instant at which a verification no longer holds."""
    return end_of_day(add_months(local_date(completed_at), VALIDITY_MONTHS))


def add_months(day: date, months: int) -> date:
    """The same day some months later, or the last day of a shorter month."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
