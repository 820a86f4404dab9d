"""Events of eligibility: the life of a benefit, and what happens in families."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.contract import HouseholdEvent

_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
_APPLICATION = "01930000-0000-7000-8000-000000000002"


class BenefitStarted(HouseholdEvent, topic="eligibility", type="eligibility.benefit-started.v1", clause="2.1.2"):
    """A monthly benefit runs from the first day of the month after the decision."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "application_id": _APPLICATION,
        "benefit_id": "01930000-0000-7000-8000-000000000008",
        "policy": "dibao",
        "street": "420106009",
        "monthly_amount_fen": 103000,
        "starts_on": "2022-11-01",
    }

    application_id: UUID
    benefit_id: UUID
    policy: str
    street: str
    monthly_amount_fen: int
    starts_on: date


_BENEFIT_EXAMPLE = {
    "household_id": _HOUSEHOLD,
    "application_id": _APPLICATION,
    "benefit_id": "01930000-0000-7000-8000-000000000008",
    "policy": "dibao",
    "street": "420106009",
}


class BenefitEvent(HouseholdEvent, topic="", type="benefit-event", clause=""):
    """Something that happened to a benefit in payment."""

    application_id: UUID
    benefit_id: UUID
    policy: str
    street: str


class BenefitAdjusted(BenefitEvent, topic="eligibility", type="eligibility.benefit-adjusted.v1", clause="12.3.2"):
    """From a day on a benefit is another amount; what an increase owes for months that began is paid after."""

    example: ClassVar = {
        **_BENEFIT_EXAMPLE,
        "old_amount_fen": 103000,
        "new_amount_fen": 109000,
        "from_on": "2022-12-01",
        "back_pay_fen": 0,
    }

    old_amount_fen: int
    new_amount_fen: int
    from_on: date
    back_pay_fen: int


class BenefitSuspended(BenefitEvent, topic="eligibility", type="eligibility.benefit-suspended.v1", clause="12.3.2"):
    """From a day on nothing is paid, until it is resumed or ended."""

    example: ClassVar = {**_BENEFIT_EXAMPLE, "from_on": "2022-12-01"}

    from_on: date


class BenefitResumed(BenefitEvent, topic="eligibility", type="eligibility.benefit-resumed.v1", clause="12.3.2"):
    """A benefit that was suspended or in its grace period runs again."""

    example: ClassVar = {
        **_BENEFIT_EXAMPLE,
        "monthly_amount_fen": 103000,
        "from_on": "2023-01-01",
        "back_pay_fen": 0,
    }

    monthly_amount_fen: int
    from_on: date
    back_pay_fen: int


class BenefitEnded(BenefitEvent, topic="eligibility", type="eligibility.benefit-ended.v1", clause="12.3.2"):
    """A benefit is over after this day."""

    example: ClassVar = {**_BENEFIT_EXAMPLE, "ends_on": "2022-11-30"}

    ends_on: date


class GracePeriodStarted(BenefitEvent, topic="eligibility", type="eligibility.grace-period-started.v1", clause="2.1.4"):
    """Work lifted the family over the standard: the benefit goes on for some months and then ends by itself."""

    example: ClassVar = {
        **_BENEFIT_EXAMPLE,
        "monthly_amount_fen": 103000,
        "starts_on": "2022-12-01",
        "ends_on": "2023-05-31",
    }

    monthly_amount_fen: int
    starts_on: date
    ends_on: date


class GracePeriodEnded(BenefitEvent, topic="eligibility", type="eligibility.grace-period-ended.v1", clause="2.1.4"):
    """The last day of the grace period is over, and the benefit with it."""

    example: ClassVar = {**_BENEFIT_EXAMPLE, "ends_on": "2023-05-31"}

    ends_on: date


class ReviewDue(BenefitEvent, topic="eligibility", type="eligibility.review-due.v1", clause="12.3.3"):
    """A benefit is to be reviewed by this day, or the household after a change in the family."""

    example: ClassVar = {**_BENEFIT_EXAMPLE, "due_on": "2023-11-01"}

    due_on: date


class ReviewOverdue(BenefitEvent, topic="eligibility", type="eligibility.review-overdue.v1", clause="12.3.3"):
    """The day passed and the benefit was not reviewed. It goes on: the delay is the office's."""

    example: ClassVar = {**_BENEFIT_EXAMPLE, "due_on": "2023-11-01"}

    due_on: date


class HearingOpened(BenefitEvent, topic="eligibility", type="eligibility.hearing-opened.v1", clause="12.3.2"):
    """Before something is cut, suspended or ended, the recipient may speak (Social Assistance Law art. 48)."""

    example: ClassVar = {
        **_BENEFIT_EXAMPLE,
        "change_id": "01930000-0000-7000-8000-000000000011",
        "change": "end",
        "from_on": "2026-12-01",
        "respond_by": "2026-11-17",
    }

    change_id: UUID
    change: Literal["adjust", "suspend", "resume", "grace", "end"]
    from_on: date
    respond_by: date


class HearingHeld(BenefitEvent, topic="eligibility", type="eligibility.hearing-held.v1", clause="12.3.2"):
    """The recipient spoke; what was said is on record."""

    example: ClassVar = {**_BENEFIT_EXAMPLE, "change_id": "01930000-0000-7000-8000-000000000011"}

    change_id: UUID


class HouseholdChangeReported(
    HouseholdEvent, topic="eligibility", type="eligibility.household-change-reported.v1", clause="12.3.2"
):
    """Something changed in the family, and it is assessed anew. What it was stands with the case alone."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "application_id": _APPLICATION,
        "change_id": "01930000-0000-7000-8000-000000000012",
        "street": "420106009",
        "is_late": False,
        "members_changed": True,
    }

    application_id: UUID
    change_id: UUID
    street: str
    is_late: bool
    """Told more than three months after it happened."""
    members_changed: bool = False
    """Which adults belong to the household changed: their letters are of the household as it was."""
