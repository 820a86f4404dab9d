"""What may happen to a referral, and until when.

一事多办 (8.1): each measure is handled by, or transferred to, the department responsible. The clocks are 3 working days
to accept or return and 10 to complete, unless the referral or the department's own law says sooner.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from departments.rules.offices import Clocks
from shared.clock import end_of_day
from shared.working_days import WorkingCalendar


class State(StrEnum):
    """Where a referral stands."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    COMPLETED = "completed"


class Action(StrEnum):
    """What an officer does with it; also the end of the path that does it."""

    ACCEPTANCE = "acceptance"
    RETURN = "return"
    COMPLETION = "completion"


class Clock(StrEnum):
    """What is timed."""

    ACCEPTANCE = "acceptance"
    COMPLETION = "completion"


TRANSITIONS: Mapping[tuple[State, Action], State] = {
    (State.RECEIVED, Action.ACCEPTANCE): State.ACCEPTED,
    (State.RECEIVED, Action.RETURN): State.RETURNED,
    # Found out while working on it: the person moved away, or has the benefit already.
    (State.ACCEPTED, Action.RETURN): State.RETURNED,
    (State.ACCEPTED, Action.COMPLETION): State.COMPLETED,
}

_RUNNING: Mapping[Clock, frozenset[State]] = {
    Clock.ACCEPTANCE: frozenset({State.RECEIVED}),
    Clock.COMPLETION: frozenset({State.RECEIVED, State.ACCEPTED}),
}

STATE_TITLES: Mapping[State, str] = {
    State.RECEIVED: "待接收",
    State.ACCEPTED: "已接收",
    State.RETURNED: "已退回",
    State.COMPLETED: "已办结",
}
ACTION_TITLES: Mapping[Action, str] = {
    Action.ACCEPTANCE: "接收",
    Action.RETURN: "退回",
    Action.COMPLETION: "办结",
}


def next_state(state: State, action: Action) -> State | None:
    """The state after an action; None where the action is not possible."""
    return TRANSITIONS.get((state, action))


def possible_actions(state: State) -> tuple[Action, ...]:
    """What can be done in a state, in the order of `Action`."""
    return tuple(action for action in Action if (state, action) in TRANSITIONS)


@dataclass(frozen=True, kw_only=True)
class DueTimes:
    """First instants at which a referral is late."""

    accept_by: datetime
    complete_by: datetime


def clocks_run_out(state: State, due: DueTimes, *, at: datetime) -> list[Clock]:
    """The clocks that still run in a state and whose time is over, so that the referral is overdue."""
    due_at = {Clock.ACCEPTANCE: due.accept_by, Clock.COMPLETION: due.complete_by}
    return [clock for clock in Clock if state in _RUNNING[clock] and due_at[clock] <= at]


def due_times(
    *, received_on: date, accept_by: datetime, complete_by: datetime, clocks: Clocks | None, calendar: WorkingCalendar
) -> DueTimes:
    """The times that the referral carries, or the department's own (`clocks`, where it has some) if they are sooner.
    Never later. Who issued the referral knows which days the district has declared free; here nobody does.
    """
    if clocks is None:
        return DueTimes(accept_by=accept_by, complete_by=complete_by)

    def sooner(given: datetime, working_days: int) -> datetime:
        return min(given, end_of_day(calendar.add_working_days(received_on, working_days)))

    return DueTimes(
        accept_by=sooner(accept_by, clocks.accept_working_days),
        complete_by=sooner(complete_by, clocks.complete_working_days),
    )
