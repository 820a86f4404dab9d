"""Events of the departments: what became of a referral, and what finance answered."""

from typing import ClassVar, Literal
from uuid import UUID

from shared.events.contract import HouseholdEvent, StreetEvent

_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
_APPLICATION = "01930000-0000-7000-8000-000000000002"
_REFERRAL = "01930000-0000-7000-8000-000000000009"
_COMMON = {
    "household_id": _HOUSEHOLD,
    "application_id": _APPLICATION,
    "referral_id": _REFERRAL,
    "department": "education",
    "policy": "education_aid",
    "street": "420106009",
}


class ReferralAccepted(HouseholdEvent, topic="departments", type="departments.referral-accepted.v1", clause="8.1"):
    """The department took the referral."""

    example: ClassVar = _COMMON

    application_id: UUID
    referral_id: UUID
    department: str
    policy: str
    street: str


class ReferralReturned(HouseholdEvent, topic="departments", type="departments.referral-returned.v1", clause="8.1"):
    """The department sent the referral back; the street decides what to do next."""

    example: ClassVar = {**_COMMON, "reason_code": "not_our_duty"}

    application_id: UUID
    referral_id: UUID
    department: str
    policy: str
    street: str
    reason_code: Literal["not_our_duty", "not_entitled", "cannot_be_reached", "duplicate", "other"]


class ReferralCompleted(HouseholdEvent, topic="departments", type="departments.referral-completed.v1", clause="8.1"):
    """The department did the work."""

    example: ClassVar = {**_COMMON, "result": "delivered", "amount_fen": 50000}

    application_id: UUID
    referral_id: UUID
    department: str
    policy: str
    street: str
    result: Literal["delivered", "declined_by_resident", "not_possible"]
    amount_fen: int | None = None


class ReferralOverdue(HouseholdEvent, topic="departments", type="departments.referral-overdue.v1", clause="13.1.1"):
    """A clock of the referral ran out: it was neither accepted nor returned, or not completed, in time."""

    example: ClassVar = {**_COMMON, "clock": "acceptance"}

    application_id: UUID
    referral_id: UUID
    department: str
    policy: str
    street: str
    clock: Literal["acceptance", "completion"]


class ReplenishmentAnswered(
    StreetEvent, topic="departments", type="departments.replenishment-answered.v1", clause="4.3.2"
):
    """The finance bureau answered a street reserve's request."""

    example: ClassVar = {
        "street": "420106006",
        "replenishment_id": "01930000-0000-7000-8000-00000000000a",
        "outcome": "granted",
        "amount_fen": 1819995,
    }

    replenishment_id: UUID
    outcome: Literal["granted", "partly_granted", "refused"]
    amount_fen: int
    """0 when refused."""
