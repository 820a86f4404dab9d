"""A public emergency that the district declares."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from shared.events.contract import DistrictEvent

_EMERGENCY = "01930000-0000-7000-8000-00000000000e"


class EmergencyDeclared(
    DistrictEvent, topic="emergency-fund", type="emergency-fund.emergency-declared.v1", clause="4.4.2"
):
    """A public emergency is declared and confirmed: grants of its streets may be higher on its days."""

    example: ClassVar = {
        "emergency_id": _EMERGENCY,
        "document_number": "武昌应急〔2022〕3号",
        "streets": ["420106006"],
        "first_day": "2022-12-05",
        "last_day": "2022-12-31",
        "limit_multiple": 8,
    }

    emergency_id: UUID
    document_number: str
    streets: tuple[str, ...]
    first_day: date
    last_day: date
    limit_multiple: int
    """Grants stay strictly below so many times the urban dibao standard."""


class EmergencyEnded(DistrictEvent, topic="emergency-fund", type="emergency-fund.emergency-ended.v1", clause="4.4.2"):
    """A declared emergency ended before its last day."""

    example: ClassVar = {"emergency_id": _EMERGENCY, "streets": ["420106006"], "ended_on": "2022-12-10"}

    emergency_id: UUID
    streets: tuple[str, ...]
    ended_on: date
    """Its last day."""
