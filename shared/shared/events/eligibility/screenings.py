"""Events of eligibility: what a screening of the population found."""

from typing import ClassVar
from uuid import UUID

from shared.events.contract import HouseholdEvent

_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
_SCREENING = "01930000-0000-7000-8000-00000000000b"


class LeadFound(HouseholdEvent, topic="eligibility", type="eligibility.lead-found.v1", clause="6.1"):
    """A screening found policies that a household is entitled to and does not receive. A lead, never a grant."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "screening_id": _SCREENING,
        "street": "420106009",
        "policies": ["dibao", "medical_assistance"],
    }

    screening_id: UUID
    street: str
    """Empty where the snapshot did not know it."""
    policies: tuple[str, ...]


class ReviewSuggested(HouseholdEvent, topic="eligibility", type="eligibility.review-suggested.v1", clause="6.1"):
    """A screening found policies that a household receives and may no longer be entitled to. Nothing is cut by it."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "screening_id": _SCREENING,
        "street": "420106009",
        "policies": ["dibao"],
    }

    screening_id: UUID
    street: str
    policies: tuple[str, ...]
