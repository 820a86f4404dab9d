"""Verification of a household's circumstances: asked, answered, completed, objected to."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.contract import HouseholdEvent

_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
_APPLICATION = "01930000-0000-7000-8000-000000000002"
_VERIFICATION = "01930000-0000-7000-8000-000000000003"
_QUERY = "01930000-0000-7000-8000-000000000004"
_OBJECTION = "01930000-0000-7000-8000-000000000008"

AnswerOutcome = Literal["matched", "no_record", "error"]


class VerificationRequested(
    HouseholdEvent, topic="data-sharing", type="data-sharing.verification-requested.v1", clause="1.2"
):
    """One department is asked for the data sets it holds. It fetches the persons under the authorisation."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "application_id": _APPLICATION,
        "verification_id": _VERIFICATION,
        "query_id": _QUERY,
        "department": "tax",
        "data_sets": ["individual_income"],
        "answer_by": "2022-10-24T16:00:00+00:00",
    }

    application_id: UUID
    verification_id: UUID
    query_id: UUID
    department: str
    data_sets: tuple[str, ...]
    answer_by: datetime


class VerificationAnswered(
    HouseholdEvent, topic="data-sharing", type="data-sharing.verification-answered.v1", clause="1.2"
):
    """One department's answer is in. "No record" is an answer; "not answered" is the absence of this event."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "application_id": _APPLICATION,
        "verification_id": _VERIFICATION,
        "query_id": _QUERY,
        "department": "tax",
        "outcome": "matched",
    }

    application_id: UUID
    verification_id: UUID
    query_id: UUID
    department: str
    outcome: AnswerOutcome


class VerificationCompleted(
    HouseholdEvent, topic="data-sharing", type="data-sharing.verification-completed.v1", clause="12.3.1"
):
    """All departments answered, or the deadline passed and some did not."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "application_id": _APPLICATION,
        "verification_id": _VERIFICATION,
        "street": "420106009",
        "not_answered": [],
        "difference_count": 0,
        "valid_until": "2023-04-10T16:00:00+00:00",
    }

    application_id: UUID
    verification_id: UUID
    street: str
    not_answered: tuple[str, ...]
    """Departments whose answer is missing: the facts they verify are unknown, not zero."""
    difference_count: int
    """Facts found that differ from what was declared."""
    valid_until: datetime


class AuthorisationEnded(
    HouseholdEvent, topic="data-sharing", type="data-sharing.authorisation-ended.v1", clause="12.1.2"
):
    """A letter is over before its time: nobody is asked under it from now on."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "authorisation_id": "01930000-0000-7000-8000-000000000007",
        "reason": "withdrawn",
    }

    authorisation_id: UUID
    reason: Literal["withdrawn", "benefit_ended", "household_changed"]


class ObjectionRaised(HouseholdEvent, topic="data-sharing", type="data-sharing.objection-raised.v1", clause="1.2"):
    """Somebody says that what a department found is wrong. The department is asked again."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "application_id": _APPLICATION,
        "objection_id": _OBJECTION,
        "department": "public_security",
        "data_set": "vehicle_register",
        "answer_by": "2022-10-26T16:00:00+00:00",
    }

    application_id: UUID
    objection_id: UUID
    department: str
    data_set: str
    answer_by: datetime


class ObjectionSettled(HouseholdEvent, topic="data-sharing", type="data-sharing.objection-settled.v1", clause="1.2"):
    """The department looked again, or its time passed."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "application_id": _APPLICATION,
        "objection_id": _OBJECTION,
        "department": "public_security",
        "data_set": "vehicle_register",
        "outcome": "corrected",
    }

    application_id: UUID
    objection_id: UUID
    department: str
    data_set: str
    outcome: Literal["corrected", "upheld", "not_answered"]
    is_of_facts: bool = True
    """Whether entitlements rest on the data set: what was corrected is then assessed anew."""


class PersonalDataAccessed(
    HouseholdEvent, topic="data-sharing", type="data-sharing.personal-data-accessed.v1", clause="12.1.2"
):
    """Somebody looked at a household's data, or was refused. The access ledger holds the rest."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "application_id": _APPLICATION,
        "access_id": "01930000-0000-7000-8000-000000000005",
        "purpose": "assessment",
        "client_id": "eligibility",
        "outcome": "answered",
    }

    application_id: UUID | None
    access_id: UUID
    purpose: str
    client_id: str
    outcome: Literal["answered", "refused"]
