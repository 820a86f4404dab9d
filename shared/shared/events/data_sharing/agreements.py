"""Agreements to share, and their clocks."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.contract import DistrictEvent

_AGREEMENT = "01930000-0000-7000-8000-000000000013"


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


class AgreementNotSupplied(
    DistrictEvent, topic="data-sharing", type="data-sharing.agreement-not-supplied.v1", clause="12.1.1"
):
    """Twenty working days after an agreement was granted, data that it names are not there."""

    example: ClassVar = {
        "agreement_id": _AGREEMENT,
        "provider": "public_security",
        "consumer": "civil_affairs",
        "supply_on": "2022-11-07",
        "data_sets": ["household_composition"],
    }

    agreement_id: UUID
    provider: str
    consumer: str
    supply_on: date
    data_sets: tuple[str, ...]
    """What was not delivered by file, or whose interface is not connected."""
