"""Events of intake: what residents ask for."""

from typing import ClassVar, Literal
from uuid import UUID

from shared.events.contract import HouseholdEvent

_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
_APPLICATION = "01930000-0000-7000-8000-000000000002"


class ApplicationSubmitted(HouseholdEvent, topic="intake", type="intake.application-submitted.v1", clause="8.4"):
    """A household applied with 一证两书. Who is in it, data-sharing fetches from intake."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "application_id": _APPLICATION,
        "street": "420106009",
        "channel": "mini_program",
        "requested": ["dibao"],
        "member_count": 3,
    }

    application_id: UUID
    street: str
    channel: Literal["mini_program", "street", "government_system"]
    requested: tuple[str, ...]
    """Policy ids that the resident asked for; every other policy is looked at as well."""
    member_count: int


class HouseholdRegistered(HouseholdEvent, topic="intake", type="intake.household-registered.v1", clause="1.5"):
    """A clerk opened the file of a household in trouble, before any application."""

    example: ClassVar = {"household_id": _HOUSEHOLD, "street": "420106006", "member_count": 2}

    street: str
    member_count: int
