"""The life of a verification (1.2, 12.3.1): how long departments may take, when an answer counts, how long it holds."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from shared.clock import end_of_day, local_date
from shared.working_days import WorkingCalendar

ANSWER_WORKING_DAYS = 10
"""Regulation on sharing government data (2025): ten working days for data under conditions (art 19), and for the
correction of what is said to be wrong (art 26)."""
_PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6))
"""Between calls of a department that does not answer: each call hands it the persons again, so they grow rare."""
VALIDITY_MONTHS = 6
"""No national number; districts use three to six months."""
EXEMPT_POLICIES = ("orphan", "defacto_unattended_child")
"""Children's policies without a family means test: an application for these alone needs no verification."""

VerificationState = Literal["open", "completed"]
Outcome = Literal["matched", "no_record", "error"]
QueryKind = Literal["first", "recheck", "on_request", "obligor"]
Conclusion = Literal["consistent", "differs", "cannot_decide"]
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


@dataclass(frozen=True)
class Asked:
    """One query and how it was answered."""

    query_id: UUID
    kind: QueryKind
    data_sets: Sequence[str]
    outcome: Outcome | None


def reception(kind: QueryKind, state: VerificationState, outcome: Outcome | None) -> Reception | None:
    """What a new answer is, by the state of the verification and the department's answer so far. None: too late.

    What is asked after the first round comes in at any time, and is settled as soon as it was answered.
    """
    return RECEPTIONS.get((state if kind == "first" else "completed", outcome))


def has_looked(outcome: Outcome | None) -> bool:
    """Whether an answer says what a department holds: an error says as little as silence."""
    return outcome in ("matched", "no_record")


def is_waited_for(outcome: Outcome | None, *, answer_by: datetime, now: datetime) -> bool:
    """Whether a query is open. Once its time is over the same may be asked again; its answer still comes in."""
    return outcome is None and now < answer_by


def standing(asked: Sequence[Asked]) -> dict[UUID, list[str]]:
    """Which query counts for which data sets: the last one that was answered, else the first that asked.

    asked: in the order of asking. A department that is asked again and does not answer has said what it said before.
    """
    counts: dict[str, Asked] = {}
    for query in asked:
        for data_set in query.data_sets:
            if data_set not in counts or has_looked(query.outcome):
                counts[data_set] = query
    chosen: dict[UUID, list[str]] = {}
    for data_set, query in counts.items():
        chosen.setdefault(query.query_id, []).append(data_set)
    return chosen


def may_complete(outcomes: Sequence[Outcome | None], *, answer_by: datetime, now: datetime) -> bool:
    """All departments answered, or their time is over."""
    return now >= answer_by or all(outcome is not None for outcome in outcomes)


def conclusion(*, is_partial: bool, differs: bool) -> Conclusion:
    """What a report says in one word. What is known to differ is said although others have not answered."""
    if differs:
        return "differs"
    return "cannot_decide" if is_partial else "consistent"


def answer_by(start: datetime, calendar: WorkingCalendar) -> datetime:
    """The first instant at which an answer is late."""
    return end_of_day(calendar.add_working_days(local_date(start), ANSWER_WORKING_DAYS))


def pause_after(attempt: int) -> timedelta:
    """How long to wait after this attempt, counted from 1, before a department is called again."""
    return _PAUSES[min(attempt, len(_PAUSES)) - 1]


def valid_until(completed_at: datetime) -> datetime:
    """The first instant at which a verification no longer holds."""
    return end_of_day(add_months(local_date(completed_at), VALIDITY_MONTHS))


def add_months(day: date, months: int) -> date:
    """The same day some months later, or the last day of a shorter month."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
