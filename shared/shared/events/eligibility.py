"""Events of eligibility: assessment, decision, benefit, referral."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.contract import DistrictEvent, HouseholdEvent

_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
_APPLICATION = "01930000-0000-7000-8000-000000000002"
_ASSESSMENT = "01930000-0000-7000-8000-000000000006"
_DECISION = "01930000-0000-7000-8000-000000000007"


class AssessmentCompleted(
    HouseholdEvent, topic="eligibility", type="eligibility.assessment-completed.v1", clause="1.1"
):
    """The whole toolbook was applied to one household. The engine advises; a person decides."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "application_id": _APPLICATION,
        "assessment_id": _ASSESSMENT,
        "street": "420106009",
        "toolbook_version": "6a0c5a9d",
        "entitled": ["dibao", "medical_assistance"],
        "undecided": [],
    }

    application_id: UUID
    assessment_id: UUID
    street: str
    toolbook_version: str
    entitled: tuple[str, ...]
    undecided: tuple[str, ...]
    """Policies whose answer hangs on a fact not yet known."""


class DecisionProposed(HouseholdEvent, topic="eligibility", type="eligibility.decision-proposed.v1", clause="8.1"):
    """A street clerk proposed what to grant and what to refuse."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "application_id": _APPLICATION,
        "decision_id": _DECISION,
        "street": "420106009",
        "proposed_by": "clerk-420106009-1",
        "granted": ["dibao"],
        "refused": [],
        "differs_from_assessment": False,
    }

    application_id: UUID
    decision_id: UUID
    street: str
    proposed_by: str
    granted: tuple[str, ...]
    refused: tuple[str, ...]
    differs_from_assessment: bool


class DecisionReturned(HouseholdEvent, topic="eligibility", type="eligibility.decision-returned.v1", clause="8.1"):
    """The second officer sent the proposal back, or an objection reopened it."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "application_id": _APPLICATION,
        "decision_id": _DECISION,
        "street": "420106009",
        "cause": "second_officer",
    }

    application_id: UUID
    decision_id: UUID
    street: str
    cause: Literal["second_officer", "objection"]


class PublicNoticeStarted(
    HouseholdEvent, topic="eligibility", type="eligibility.public-notice-started.v1", clause="8.1"
):
    """The opinion, agreed by two officers, hangs in the community for seven days."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "application_id": _APPLICATION,
        "decision_id": _DECISION,
        "street": "420106009",
        "ends_on": "2022-10-17",
    }

    application_id: UUID
    decision_id: UUID
    street: str
    ends_on: date


class DecisionConfirmed(HouseholdEvent, topic="eligibility", type="eligibility.decision-confirmed.v1", clause="8.1"):
    """The decision is in force."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "application_id": _APPLICATION,
        "decision_id": _DECISION,
        "street": "420106009",
        "outcome": "granted",
        "proposed_by": "clerk-420106009-1",
        "confirmed_by": "approver-420106009-1",
        "granted": ["dibao"],
        "refused": [],
        "differs_from_assessment": False,
    }

    application_id: UUID
    decision_id: UUID
    street: str
    outcome: Literal["granted", "refused"]
    """Refused: none of the requested policies was granted. Other measures may still be."""
    proposed_by: str
    confirmed_by: str
    granted: tuple[str, ...]
    refused: tuple[str, ...]
    differs_from_assessment: bool
    resolution_number: str | None = None
    """Of the coordination group, where the ordinary standard of temporary assistance is exceeded (clause 4.2.4)."""


class DecisionOverdue(HouseholdEvent, topic="eligibility", type="eligibility.decision-overdue.v1", clause="8.1"):
    """The time limit of the procedure passed and nothing is in force. Told once."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "application_id": _APPLICATION,
        "street": "420106009",
        "decide_by": "2022-11-21",
    }

    application_id: UUID
    street: str
    decide_by: date


class ComplaintReceived(HouseholdEvent, topic="eligibility", type="eligibility.complaint-received.v1", clause="13.1.2"):
    """Somebody complained about a case or reported it: the district visits the home before it is confirmed."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "application_id": _APPLICATION,
        "complaint_id": "01930000-0000-7000-8000-000000000010",
        "street": "420106009",
    }

    application_id: UUID
    complaint_id: UUID
    street: str


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
    }

    application_id: UUID
    change_id: UUID
    street: str
    is_late: bool
    """Told more than three months after it happened."""


class ReferralIssued(HouseholdEvent, topic="referrals", type="eligibility.referral-issued.v1", clause="8.1"):
    """One measure that belongs to a department, with its clocks. The department's service subscribes."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "application_id": _APPLICATION,
        "referral_id": "01930000-0000-7000-8000-000000000009",
        "policy": "education_aid",
        "policy_clause": "2.3.1",
        "department": "education",
        "street": "420106009",
        "person_refs": ["p3"],
        "accept_by": "2022-10-21T16:00:00+00:00",
        "complete_by": "2022-11-01T16:00:00+00:00",
    }

    application_id: UUID
    referral_id: UUID
    policy: str
    policy_clause: str
    department: str
    street: str
    person_refs: tuple[str, ...]
    """Member references inside the household; who they are, data-sharing tells under a purpose."""
    accept_by: datetime
    complete_by: datetime


class StandardPublished(DistrictEvent, topic="eligibility", type="eligibility.standard-published.v1", clause="3.2"):
    """A dated parameter got a value. Others keep a copy of the ones they need."""

    example: ClassVar = {
        "parameter": "urban_dibao_standard",
        "value": "910",
        "unit": "yuan/person/month",
        "first_day": "2022-04-01",
        "source": "Wuhan, 2022-04-27",
        "assumed": False,
    }

    parameter: str
    value: str
    unit: str
    first_day: date
    source: str
    assumed: bool
