"""Events of data-sharing: verification of a household's circumstances, papers, looks at personal data, deliveries by
file.
"""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.contract import DistrictEvent, HouseholdEvent

_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
_APPLICATION = "01930000-0000-7000-8000-000000000002"
_VERIFICATION = "01930000-0000-7000-8000-000000000003"
_QUERY = "01930000-0000-7000-8000-000000000004"
_AGREEMENT = "01930000-0000-7000-8000-000000000013"
_OBJECTION = "01930000-0000-7000-8000-000000000008"
_BATCH = "01930000-0000-7000-8000-000000000006"
_HIT = "01930000-0000-7000-8000-000000000019"
_LEAD = "01930000-0000-7000-8000-000000000015"
_PAPER_REQUEST = "01930000-0000-7000-8000-000000000014"

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


class AgreementChanged(DistrictEvent, topic="data-sharing", type="data-sharing.agreement-changed.v1", clause="12.1.1"):
    """An agreement to share was asked for, granted, refused, suspended, resumed or ended."""

    example: ClassVar = {
        "agreement_id": _AGREEMENT,
        "provider": "tax",
        "consumer": "eligibility",
        "purpose": "assessment",
        "state": "granted",
        "daily_quota": 500,
    }

    agreement_id: UUID
    provider: str
    consumer: str
    purpose: str
    state: Literal["asked", "granted", "refused", "suspended", "ended"]
    daily_quota: int


class AgreementOverdue(DistrictEvent, topic="data-sharing", type="data-sharing.agreement-overdue.v1", clause="12.1.1"):
    """The last day to answer a request for an agreement passed without an answer."""

    example: ClassVar = {
        "agreement_id": _AGREEMENT,
        "provider": "tax",
        "consumer": "eligibility",
        "answer_on": "2022-10-24",
    }

    agreement_id: UUID
    provider: str
    consumer: str
    answer_on: date


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


class PaperRequested(HouseholdEvent, topic="data-sharing", type="data-sharing.paper-requested.v1", clause="8.2"):
    """A family is asked for a paper that shows what no department holds."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "application_id": _APPLICATION,
        "paper_request_id": _PAPER_REQUEST,
        "paper": "diagnosis",
        "due_on": "2022-10-24",
    }

    application_id: UUID
    paper_request_id: UUID
    paper: str
    due_on: date


class PaperRequestSettled(
    HouseholdEvent, topic="data-sharing", type="data-sharing.paper-request-settled.v1", clause="8.2"
):
    """The paper came in, or is no longer needed."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "application_id": _APPLICATION,
        "paper_request_id": _PAPER_REQUEST,
        "paper": "diagnosis",
        "outcome": "supplied",
    }

    application_id: UUID
    paper_request_id: UUID
    paper: str
    outcome: Literal["supplied", "withdrawn"]


class HeldPapersAnnounced(
    DistrictEvent, topic="data-sharing", type="data-sharing.held-papers-announced.v1", clause="8.2"
):
    """Departments' data stand in for these papers, and for no others: no service asks a family for one of them."""

    example: ClassVar = {"held": ["income_certificate", "vehicle_licence"]}

    held: tuple[str, ...]


class LeadReported(DistrictEvent, topic="data-sharing", type="data-sharing.lead-reported.v1", clause="12.2"):
    """Somebody is in trouble: those who are told see the lead and go there. A further report joins the same lead."""

    example: ClassVar = {
        "lead_id": _LEAD,
        "report_id": "01930000-0000-7000-8000-000000000016",
        "joined": False,
        "channel": "police_110",
        "street": "420106009",
        "told": ["civil_affairs"],
        "troubles": ["no_food"],
        "is_urgent": True,
        "contact_by": "2022-10-11T02:00:00+00:00",
    }

    lead_id: UUID
    report_id: UUID
    joined: bool
    channel: str
    street: str | None
    """None: the district finds out where."""
    told: tuple[str, ...]
    """Departments that may see it, beside the street."""
    troubles: tuple[str, ...]
    is_urgent: bool
    contact_by: datetime


class LeadContactOverdue(
    DistrictEvent, topic="data-sharing", type="data-sharing.lead-contact-overdue.v1", clause="12.2"
):
    """Nobody has met the family in time."""

    example: ClassVar = {"lead_id": _LEAD, "street": "420106009", "contact_by": "2022-10-11T02:00:00+00:00"}

    lead_id: UUID
    street: str | None
    contact_by: datetime


class LeadClosed(DistrictEvent, topic="data-sharing", type="data-sharing.lead-closed.v1", clause="12.2"):
    """It is known what became of a report. Its senders read it."""

    example: ClassVar = {"lead_id": _LEAD, "street": "420106009", "outcome": "helped", "senders": ["public_security"]}

    lead_id: UUID
    street: str | None
    outcome: Literal["applied", "helped", "not_eligible", "refused", "unfounded", "duplicate"]
    senders: tuple[str, ...]
    """Departments, and streets of clerks."""


class LeadErased(DistrictEvent, topic="data-sharing", type="data-sharing.lead-erased.v1", clause="12.2"):
    """Nothing personal is left of an unfounded lead."""

    example: ClassVar = {"lead_id": _LEAD}

    lead_id: UUID


class LeadLookedAt(DistrictEvent, topic="data-sharing", type="data-sharing.lead-looked-at.v1", clause="12.1.2"):
    """Somebody looked at who is in trouble, or was refused. The access ledger holds the rest."""

    example: ClassVar = {
        "lead_id": _LEAD,
        "access_id": "01930000-0000-7000-8000-000000000005",
        "client_id": "street-desk",
        "outcome": "answered",
    }

    lead_id: UUID
    access_id: UUID
    client_id: str
    outcome: Literal["answered", "refused"]


class ComparisonHitFound(
    DistrictEvent, topic="data-sharing", type="data-sharing.comparison-hit-found.v1", clause="12.1.1"
):
    """A saved comparison found something of one person that it had not found before. It decides nothing."""

    example: ClassVar = {
        "hit_id": _HIT,
        "comparison": "dead_but_paid",
        "finds": "clue",
        "street": "420106009",
    }

    hit_id: UUID
    comparison: str
    finds: Literal["clue", "lead"]
    street: str | None


class ComparisonHitSettled(
    DistrictEvent, topic="data-sharing", type="data-sharing.comparison-hit-settled.v1", clause="12.1.1"
):
    """Somebody found out what there is to a hit."""

    example: ClassVar = {"hit_id": _HIT, "comparison": "dead_but_paid", "outcome": "confirmed"}

    hit_id: UUID
    comparison: str
    outcome: Literal["confirmed", "explained", "data_error"]


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


class BatchPublished(DistrictEvent, topic="data-sharing", type="data-sharing.batch-published.v1", clause="12.1.1"):
    """A delivery of a data set counts from now on, and the one before it no longer."""

    example: ClassVar = {
        "batch_id": _BATCH,
        "data_set": "individual_income",
        "department": "tax",
        "as_of": "2022-10-09",
        "rows": 1000,
        "loaded_rows": 998,
        "rejected_rows": 2,
        "superseded": None,
    }

    batch_id: UUID
    data_set: str
    department: str
    as_of: date
    rows: int
    """What was loaded and what was rejected."""
    loaded_rows: int
    rejected_rows: int
    superseded: UUID | None
    """The delivery that counted until now."""


class BatchRefused(DistrictEvent, topic="data-sharing", type="data-sharing.batch-refused.v1", clause="12.1.1"):
    """A whole file was refused. What was there before counts on."""

    example: ClassVar = {
        "batch_id": _BATCH,
        "data_set": "individual_income",
        "department": "tax",
        "as_of": "2022-10-09",
        "reason": "row_count_differs",
    }

    batch_id: UUID
    data_set: str
    department: str
    as_of: date
    reason: str
