"""Somebody in trouble was reported: who is told, by when they are met, how it ended."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.contract import DistrictEvent

_LEAD = "01930000-0000-7000-8000-000000000015"


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
    """When somebody is to have met the family. It may have been met before this report joined the lead."""


class LeadContacted(DistrictEvent, topic="data-sharing", type="data-sharing.lead-contacted.v1", clause="12.2"):
    """Somebody met the family."""

    example: ClassVar = {"lead_id": _LEAD, "street": "420106009", "department": None, "is_first": True}

    lead_id: UUID
    street: str | None
    department: str | None
    """Whose officer met it. None: the street's or the district's."""
    is_first: bool
    """Nobody had met it before: the clock stops for all."""


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
