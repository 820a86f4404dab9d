"""Events of intake: what residents ask for."""

from typing import ClassVar, Literal
from uuid import UUID

from shared.events.contract import HouseholdEvent

_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
_APPLICATION = "01930000-0000-7000-8000-000000000002"
_HOMELESS_FIELDS = {
    "household_id": "01930000-0000-7000-8000-000000000032",
    "homeless_person_id": "01930000-0000-7000-8000-000000000031",
    "street": "420106006",
}


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


class HomelessPersonFiled(HouseholdEvent, topic="intake", type="intake.homeless-person-filed.v1", clause="4.5.1"):
    """Somebody who lives on the street got a file, and with it a household file of one, which this is an event of."""

    example: ClassVar = _HOMELESS_FIELDS

    homeless_person_id: UUID
    street: str


class HomelessPersonAided(HouseholdEvent, topic="intake", type="intake.homeless-person-aided.v1", clause="4.5.1"):
    """A homeless person was given what is needed to live."""

    example: ClassVar = {**_HOMELESS_FIELDS, "kinds": ["food", "bedding"]}

    homeless_person_id: UUID
    street: str
    kinds: tuple[Literal["food", "clothing", "bedding"], ...]


class HomelessPersonGuided(HouseholdEvent, topic="intake", type="intake.homeless-person-guided.v1", clause="4.5.2"):
    """A step on the way to the rescue station or home."""

    example: ClassVar = {**_HOMELESS_FIELDS, "step": "station_entered", "state": "at_station"}

    homeless_person_id: UUID
    street: str
    step: Literal["station_declined", "station_entered", "wishes_to_go_home", "escorted_home", "on_street_again"]
    state: Literal["on_street", "at_station", "awaiting_escort", "escorted_home"]
    """After it."""


class HomelessPersonIdentified(
    HouseholdEvent, topic="intake", type="intake.homeless-person-identified.v1", clause="4.5.1"
):
    """Who a homeless person is was found out: what the two households are given counts together from now on."""

    example: ClassVar = {**_HOMELESS_FIELDS, "identified_household_id": _HOUSEHOLD}

    homeless_person_id: UUID
    street: str
    identified_household_id: UUID
    """The household that the person is in; that of the event where the person was in none."""
