"""The course of an application: its time limit and the one table of its states (clause 8.1, 民发〔2021〕57号)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal

from shared.working_days import WorkingCalendar

Channel = Literal["mini_program", "street", "government_system"]

MINI_PROGRAM = "mini-program"
"""Client id of the mini-program's back end; any other client that acts for residents is a government system."""
DECLARATION_READER = "data-sharing"
"""Client id of the one service that may read identity numbers."""

SUBMITTED, VERIFIED, ASSESSED, PROPOSED, ON_NOTICE, GRANTED, REFUSED = (
    "submitted",
    "verified",
    "assessed",
    "proposed",
    "on_notice",
    "granted",
    "refused",
)
DECIDED = frozenset({GRANTED, REFUSED})
"""An application in one of these states is no longer open: its household may apply again."""

_DECISION_STEPS: Mapping[str, str] = {
    "decision_proposed": PROPOSED,
    "public_notice_started": ON_NOTICE,
    "decision_granted": GRANTED,
    "decision_refused": REFUSED,
}
_NOTICE_STEPS: Mapping[str, str] = {
    "decision_returned": ASSESSED,
    "decision_granted": GRANTED,
    "decision_refused": REFUSED,
}
TRANSITIONS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        SUBMITTED: {"verification_completed": VERIFIED, "assessment_completed": ASSESSED, **_DECISION_STEPS},
        VERIFIED: {"assessment_completed": ASSESSED, **_DECISION_STEPS},
        ASSESSED: _DECISION_STEPS,
        PROPOSED: {"public_notice_started": ON_NOTICE, **_NOTICE_STEPS},
        ON_NOTICE: _NOTICE_STEPS,
        GRANTED: {},
        REFUSED: {},
    }
)
"""State and kind of entry to the next state. A kind that a state does not name changes nothing; only
`decision_returned`, by which officers reopen a proposal, leads back.
"""

STATUS_KINDS = frozenset(kind for steps in TRANSITIONS.values() for kind in steps)
"""Kinds of time line entries that can change a state."""


def status_after(kinds: Iterable[str]) -> str:
    """The state of an application to which these things happened, oldest first.

    It depends on when things happened and not on when we heard of them, so that a late or repeated event never
    moves an application backwards.
    """
    status = SUBMITTED
    for kind in kinds:
        status = TRANSITIONS[status].get(kind, status)
    return status


@dataclass(frozen=True)
class TimeLimit:
    """The last day for a decision. Provisional while that year's holidays are not announced."""

    working_days: int
    decide_by: date
    is_provisional: bool


def time_limit(submitted_on: date, *, working_days: int, calendar: WorkingCalendar) -> TimeLimit:
    """The legal time limit of an application submitted that day; the day itself does not count (57 art. 22)."""
    last_day = calendar.add_working_days(submitted_on, working_days)
    return TimeLimit(working_days, last_day, not calendar.is_announced(last_day))


def channel_of(*, by_clerk: bool, acting_client: str | None) -> Channel:
    """The way an application came in (clauses 8.5, 8.7)."""
    if by_clerk:
        return "street"
    return "mini_program" if acting_client in (None, MINI_PROGRAM) else "government_system"


def receipt_text(*, submitted_on: date, limit: TimeLimit) -> str:
    """What the receipt says to the resident."""
    text = (
        f"您的社会救助申请已于{_day(submitted_on)}受理。街道将在{limit.working_days}个工作日内，"
        f"即{_day(limit.decide_by)}前作出决定。"
    )
    if limit.is_provisional:
        text += "该年节假日安排尚未公布，截止日期届时可能调整。"
    return text + "您已提交一证两书，不需要再提交其他证明材料；能够查询核对的信息由我们核对。"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
