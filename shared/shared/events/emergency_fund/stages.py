"""A plan of stages, and the looks at a household that was paid."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.contract import HouseholdEvent
from shared.events.emergency_fund.incidents import GRANT, GRANT_FIELDS, HOUSEHOLD, IncidentCause

_STAGE_FIELDS = {
    "household_id": HOUSEHOLD,
    "grant_id": GRANT,
    "stage_id": "01930000-0000-7000-8000-00000000001a",
    "street": "420106006",
    "number": 1,
}
_FOLLOW_UP_FIELDS = {
    "household_id": HOUSEHOLD,
    "grant_id": GRANT,
    "follow_up_id": "01930000-0000-7000-8000-00000000001b",
    "street": "420106006",
    "round": 1,
}


class StageConditionMet(
    HouseholdEvent, topic="emergency-fund", type="emergency-fund.stage-condition-met.v1", clause="4.2.3"
):
    """What a stage waited for has come: it may be paid."""

    example: ClassVar = {**_STAGE_FIELDS, "condition_kind": "visit", "met_by": "clerk-420106006-1"}

    grant_id: UUID
    stage_id: UUID
    street: str
    number: int
    condition_kind: Literal["day", "visit", "paper"]
    met_by: str
    """`calendar` for a day."""


class StagePaid(HouseholdEvent, topic="emergency-fund", type="emergency-fund.stage-paid.v1", clause="4.2.3"):
    """Money left the street reserve for one stage of a plan that was approved as a whole."""

    example: ClassVar = {
        **_STAGE_FIELDS,
        "stages": 3,
        "cause": "serious_illness",
        "amount_fen": 100000,
        "paid_fen": 100000,
        "transfer_id": "01930000-0000-7000-8000-00000000000d",
        "open_debts": 0,
    }

    grant_id: UUID
    stage_id: UUID
    street: str
    number: int
    stages: int
    """How many the plan has."""
    cause: IncidentCause
    amount_fen: int
    paid_fen: int
    """Paid of the grant so far, this stage with it."""
    transfer_id: UUID
    open_debts: int
    """Papers still missing after it."""


class StageDue(HouseholdEvent, topic="emergency-fund", type="emergency-fund.stage-due.v1", clause="4.2.3"):
    """The planned day of a stage has come and it is not paid: its owner must see to its condition, and then pay."""

    example: ClassVar = {**_STAGE_FIELDS, "planned_on": "2023-01-05", "owner": "clerk-420106006-1"}

    grant_id: UUID
    stage_id: UUID
    street: str
    number: int
    planned_on: date
    owner: str


class StageOverdue(HouseholdEvent, topic="emergency-fund", type="emergency-fund.stage-overdue.v1", clause="4.2.3"):
    """A stage that was due is neither paid nor stopped in time. It stays open."""

    example: ClassVar = {**_STAGE_FIELDS, "planned_on": "2023-01-05", "owner": "clerk-420106006-1"}

    grant_id: UUID
    stage_id: UUID
    street: str
    number: int
    planned_on: date
    owner: str


class PlanStopped(HouseholdEvent, topic="emergency-fund", type="emergency-fund.plan-stopped.v1", clause="4.2.3"):
    """The rest of a plan is not paid, and no longer counts against the limit of the household."""

    example: ClassVar = {**GRANT_FIELDS, "amount_fen": 200000, "stopped_by": "approver-420106006-1"}

    grant_id: UUID
    street: str
    cause: IncidentCause
    amount_fen: int
    """What is not paid any more."""
    stopped_by: str


class FollowUpOpened(HouseholdEvent, topic="emergency-fund", type="emergency-fund.follow-up-opened.v1", clause="4.2.2"):
    """Somebody must look after a household that was paid."""

    example: ClassVar = {**_FOLLOW_UP_FIELDS, "due_on": "2023-01-04", "owner": "clerk-420106006-1"}

    grant_id: UUID
    follow_up_id: UUID
    street: str
    round: int
    due_on: date
    owner: str


class FollowUpCompleted(
    HouseholdEvent, topic="emergency-fund", type="emergency-fund.follow-up-completed.v1", clause="4.2.2"
):
    """The household was visited or called, or could not be reached."""

    example: ClassVar = {**_FOLLOW_UP_FIELDS, "outcome": "needs_more_help", "route": "apply_for_policy"}

    grant_id: UUID
    follow_up_id: UUID
    street: str
    round: int
    outcome: Literal["resolved", "needs_more_help", "unreachable"]
    route: Literal["apply_for_policy", "staged_aid", "district"] | None
    """Where more help comes from, if it is needed."""


class FollowUpOverdue(
    HouseholdEvent, topic="emergency-fund", type="emergency-fund.follow-up-overdue.v1", clause="4.2.2"
):
    """Nobody has looked after a household by the last day. The task stays open."""

    example: ClassVar = {**_FOLLOW_UP_FIELDS, "due_on": "2023-01-04", "owner": "clerk-420106006-1"}

    grant_id: UUID
    follow_up_id: UUID
    street: str
    round: int
    due_on: date
    owner: str
