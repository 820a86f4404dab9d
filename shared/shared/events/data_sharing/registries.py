"""Deliveries by file, and what comparisons of them find."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.contract import DistrictEvent

_BATCH = "01930000-0000-7000-8000-000000000006"
_HIT = "01930000-0000-7000-8000-000000000019"


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
