"""Papers that a household is asked for, and those that nobody may be asked for."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.contract import DistrictEvent, HouseholdEvent

_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
_APPLICATION = "01930000-0000-7000-8000-000000000002"
_PAPER_REQUEST = "01930000-0000-7000-8000-000000000014"


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
