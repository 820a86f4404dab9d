"""A grant paid in stages: one approval for a plan, each stage paid when its condition is met. Clause 4.2.3."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from emergency_fund.rules.grant import GrantAction

FEWEST_STAGES = 2
"""One stage is a grant that is paid at once."""
MOST_STAGES = 12
"""A year of months. What lasts longer is not sudden: it is a benefit."""
CALENDAR = "calendar"
"""Who has met a condition that is a day."""


class ConditionKind(StrEnum):
    """What a stage waits for."""

    DAY = "day"
    """Its planned day, which the calendar meets."""
    VISIT = "visit"
    """An officer has been there and says what was found."""
    PAPER = "paper"
    """A paper is in that nobody could have had before."""


class StageState(StrEnum):
    """Where a stage is."""

    PLANNED = "planned"
    MET = "met"
    """Its condition is met; it may be paid."""
    PAID = "paid"
    STOPPED = "stopped"


class StageAction(StrEnum):
    """What can be done with a stage."""

    MEET = "meet"
    PAY = "pay"
    STOP = "stop"


TRANSITIONS: Mapping[tuple[StageState, StageAction], StageState] = MappingProxyType(
    {
        (StageState.PLANNED, StageAction.MEET): StageState.MET,
        (StageState.MET, StageAction.PAY): StageState.PAID,
        (StageState.PLANNED, StageAction.STOP): StageState.STOPPED,
        (StageState.MET, StageAction.STOP): StageState.STOPPED,
    }
)
"""All that can happen. A stage whose grant is refused stays planned and is never paid."""

OPEN_STATES = frozenset(state for state, _ in TRANSITIONS)
"""Where something can still happen."""


class StageNotPossible(ValueError):
    """The action does not fit the stage's state."""

    def __init__(self, state: StageState, action: StageAction) -> None:
        super().__init__(f"{action} is not possible for a stage that is {state}")
        self.state = state
        self.action = action


def next_stage_state(state: StageState, action: StageAction) -> StageState:
    """The state after an action. Raises StageNotPossible."""
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        raise StageNotPossible(state, action) from None


class PlanNotPossible(ValueError):
    """A plan that cannot be approved. `position`: of the stage that is wrong, from 0; None: all together."""

    def __init__(self, code: str, value: object, *, position: int | None = None) -> None:
        super().__init__(f"{code}: {value}")
        self.code = code
        self.value = value
        self.position = position


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """What a plan says of one stage."""

    amount_fen: int
    planned_on: date


def check_plan(stages: Sequence[PlannedStage], *, amount_fen: int, today: date) -> None:
    """Raises PlanNotPossible unless the stages come to the amount of the grant and none is planned before today.

    Two stages on one day are fine: they may wait for different things.
    """
    for position, stage in enumerate(stages):
        if stage.planned_on < today:
            raise PlanNotPossible("stage_in_past", stage.planned_on, position=position)
    planned_fen = 0
    for position, stage in enumerate(stages):
        planned_fen += stage.amount_fen
        if planned_fen > amount_fen:
            raise PlanNotPossible("stage_above_plan", planned_fen, position=position)
    if planned_fen < amount_fen:
        raise PlanNotPossible("stages_below_amount", planned_fen)


def is_day_met(kind: ConditionKind, planned_on: date, *, today: date) -> bool:
    """Whether the calendar alone has met a condition."""
    return kind is ConditionKind.DAY and today >= planned_on


def may_establish(subject: str, *, approved_by: str | None) -> bool:
    """Whoever approved the plan does not also find that its conditions are met."""
    return subject != approved_by


def may_pay_stage(subject: str, *, met_by: str | None) -> bool:
    """Two persons release each stage: one finds that the condition is met, another pays."""
    return subject != met_by


def after_stage(*, open_stages: int, open_debts: int) -> GrantAction:
    """What the payment or the stop of stages means for the grant, with this many stages and papers still open."""
    if open_stages:
        return GrantAction.PAY_STAGE
    return GrantAction.END_PLAN_BEFORE_PAPERS if open_debts else GrantAction.END_PLAN_WITH_PAPERS
