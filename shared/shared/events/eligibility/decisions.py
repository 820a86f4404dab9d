"""Events of eligibility: assessment, decision, referral, and the duties of those who decide."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.contract import HouseholdEvent

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


class OfficerRecused(HouseholdEvent, topic="eligibility", type="eligibility.officer-recused.v1", clause="8.1"):
    """An officer stepped back from everything of a household, such as a near relative's."""

    example: ClassVar = {"household_id": _HOUSEHOLD, "street": "420106006", "subject": "clerk-420106006-1"}

    street: str
    subject: str
    """The officer, as their tokens name them."""


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
