"""Events of oversight: clues and signed heads of the log."""

from typing import ClassVar, Literal
from uuid import UUID

from shared.events.contract import DistrictEvent

ClueKind = Literal[
    "paper_debt_overdue",
    "stage_overdue",
    "follow_up_overdue",
    "grant_approval_overdue",
    "amount_written_off",
    "referral_overdue",
    "lead_contact_overdue",
    "comparison_hit",
    "decision_differs",
    "same_person_twice",
    "reconciliation_difference",
]
"""What may be odd."""


class ClueRaised(DistrictEvent, topic="oversight", type="oversight.clue-raised.v2", clause="13.1.2"):
    """A detector found something late or odd in the history."""

    example: ClassVar = {
        "clue_id": "01930000-0000-7000-8000-00000000000e",
        "kind": "paper_debt_overdue",
        "event_id": "01930000-0000-7000-8000-00000000000f",
        "street": "420106006",
        "department": None,
    }

    clue_id: UUID
    kind: str
    """A ClueKind, or one that came later: whoever reads it lets those be that they do not know."""
    event_id: UUID
    """The event that gave rise to it."""
    street: str | None
    department: str | None


class CheckpointSigned(DistrictEvent, topic="oversight", type="oversight.checkpoint-signed.v1", clause="13.2.2"):
    """The head of the log was signed."""

    example: ClassVar = {"tree_size": 42, "root_hash": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}

    tree_size: int
    root_hash: str
    """Base64 of the SHA-256 root."""
