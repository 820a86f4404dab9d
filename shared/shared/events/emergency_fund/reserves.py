"""A reserve is refilled, and its year closes."""

from typing import ClassVar
from uuid import UUID

from shared.events.contract import StreetEvent

_REPLENISHMENT = "01930000-0000-7000-8000-00000000000a"


class ReplenishmentRequested(
    StreetEvent, topic="emergency-fund", type="emergency-fund.replenishment-requested.v1", clause="4.3.2"
):
    """A reserve fell under its low-water mark and asks the finance bureau to be filled again."""

    example: ClassVar = {"street": "420106006", "replenishment_id": _REPLENISHMENT, "amount_fen": 1819995}

    replenishment_id: UUID
    amount_fen: int


class ReserveReplenished(
    StreetEvent, topic="emergency-fund", type="emergency-fund.reserve-replenished.v1", clause="4.3.2"
):
    """The answer of finance is posted."""

    example: ClassVar = {
        "street": "420106006",
        "replenishment_id": _REPLENISHMENT,
        "amount_fen": 1819995,
        "cash_fen": 3000000,
    }

    replenishment_id: UUID
    amount_fen: int
    cash_fen: int
    """Cash of the reserve after the posting."""


class FiscalYearClosed(
    StreetEvent, topic="emergency-fund", type="emergency-fund.fiscal-year-closed.v1", clause="4.3.4"
):
    """A year of a street's reserve is closed. Nothing is posted in it any more."""

    example: ClassVar = {
        "street": "420106006",
        "year": 2022,
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "previous_sha256": None,
        "cash_fen": 2636001,
        "open_advances_fen": 363999,
        "open_claims_fen": 0,
        "closed_by": "district-1",
    }

    year: int
    sha256: str
    """Of the closing statement, which the fund shows."""
    previous_sha256: str | None
    """Of the statement of the year before, on which this one stands; null for the first."""
    cash_fen: int
    open_advances_fen: int
    open_claims_fen: int
    closed_by: str
