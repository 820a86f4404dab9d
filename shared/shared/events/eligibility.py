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


class ShadowRunCompleted(DistrictEvent, topic="eligibility", type="eligibility.shadow-run-completed.v1", clause="3.2"):
    """A proposed standard was tried on every household on record. Nothing was changed."""

    example: ClassVar = {
        "run_id": "01930000-0000-7000-8000-000000000010",
        "standard_id": "01930000-0000-7000-8000-000000000011",
        "households": 2400,
        "entering": 31,
        "leaving": 0,
        "changing": 1980,
        "cost_before_fen": 210_000_000,
        "cost_after_fen": 219_000_000,
    }

    run_id: UUID
    standard_id: UUID
    households: int
    entering: int
    leaving: int
    changing: int
    cost_before_fen: int
    cost_after_fen: int
    """A month's, of benefits in payment and of households that would enter."""


class BenefitRecomputed(HouseholdEvent, topic="eligibility", type="eligibility.benefit-recomputed.v1", clause="3.2"):
    """A new standard raised a benefit in payment."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "application_id": _APPLICATION,
        "benefit_id": "01930000-0000-7000-8000-000000000008",
        "policy": "dibao",
        "street": "420106009",
        "old_amount_fen": 103000,
        "new_amount_fen": 109000,
        "from_on": "2023-04-01",
        "monthly_amount_fen": 109000,
        "back_pay_fen": 12000,
    }

    application_id: UUID
    benefit_id: UUID
    policy: str
    street: str
    old_amount_fen: int
    new_amount_fen: int
    from_on: date
    """First day of the first month at the new amount."""
    monthly_amount_fen: int
    """What is paid from now on: another amount where a still later standard has begun."""
    back_pay_fen: int
    """For the whole months before the one in which it was recomputed."""


class RecomputationCompleted(
    DistrictEvent, topic="eligibility", type="eligibility.recomputation-completed.v1", clause="3.2"
):
    """Every benefit in payment was recomputed from the first day of new standards."""

    example: ClassVar = {
        "since": "2023-04-01",
        "raised": 1980,
        "unchanged": 12,
        "to_decide": 3,
        "back_pay_fen": 9_000_000,
    }

    since: date
    raised: int
    unchanged: int
    to_decide: int
    """Benefits that would fall or end, or that an officer set: nothing is cut before somebody is heard."""
    back_pay_fen: int


class PriceLinkageStarted(
    DistrictEvent, topic="eligibility", type="eligibility.price-linkage-started.v1", clause="3.1"
):
    """Prices rose by a trigger or more: the supplement begins with this month."""

    example: ClassVar = {"month": "2022-09-01", "cpi_rise": "3.1", "food_rise": "4.8", "amount_per_person_fen": 2821}

    month: date
    cpi_rise: str
    """Percent over the same month a year before."""
    food_rise: str
    amount_per_person_fen: int


class PriceLinkageEnded(DistrictEvent, topic="eligibility", type="eligibility.price-linkage-ended.v1", clause="3.1"):
    """Both indices are below their triggers again: there is no supplement for this month."""

    example: ClassVar = {"month": "2022-11-01", "cpi_rise": "1.6", "food_rise": "3.7"}

    month: date
    cpi_rise: str
    food_rise: str


class PriceSubsidyDue(HouseholdEvent, topic="eligibility", type="eligibility.price-subsidy-due.v1", clause="3.1"):
    """A household gets the price supplement of one month, once."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "street": "420106009",
        "month": "2022-09-01",
        "persons": 3,
        "amount_fen": 8463,
        "due_on": "2022-11-07",
    }

    street: str
    month: date
    persons: int
    amount_fen: int
    due_on: date
