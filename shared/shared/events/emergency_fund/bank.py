"""A reserve's account at the bank, held against its ledger."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.contract import StreetEvent

_STATEMENT = "01930000-0000-7000-8000-000000000021"
_LINE = "01930000-0000-7000-8000-000000000022"
_MATCH = "01930000-0000-7000-8000-000000000023"
_DIFFERENCE = "01930000-0000-7000-8000-000000000024"


class ReserveAccountRegistered(
    StreetEvent, topic="emergency-fund", type="emergency-fund.reserve-account-registered.v1", clause="4.3.4"
):
    """The district named the account of a street reserve: from that day on it is reconciled."""

    example: ClassVar = {"street": "420106006", "since": "2022-09-08", "registered_by": "district-1"}

    since: date
    registered_by: str


class StatementImported(
    StreetEvent, topic="emergency-fund", type="emergency-fund.statement-imported.v1", clause="4.3.4"
):
    """A statement of a street reserve's account came in and was matched as far as rules go."""

    example: ClassVar = {
        "street": "420106006",
        "statement_id": _STATEMENT,
        "first_day": "2022-12-01",
        "last_day": "2022-12-31",
        "opening_fen": 3000000,
        "closing_fen": 2636001,
        "lines": 1,
        "matched": 1,
    }

    statement_id: UUID
    first_day: date
    last_day: date
    """Counted."""
    opening_fen: int
    closing_fen: int
    lines: int
    matched: int


class LineMatchedByHand(
    StreetEvent, topic="emergency-fund", type="emergency-fund.line-matched-by-hand.v1", clause="4.3.4"
):
    """An officer said which transfers a line of a statement is."""

    example: ClassVar = {
        "street": "420106006",
        "match_id": _MATCH,
        "line_id": _LINE,
        "transfer_ids": ["01930000-0000-7000-8000-00000000000d"],
        "amount_fen": -363999,
        "matched_by": "clerk-420106006-2",
    }

    match_id: UUID
    line_id: UUID
    transfer_ids: tuple[UUID, ...]
    amount_fen: int
    matched_by: str


class MatchTakenBack(StreetEvent, topic="emergency-fund", type="emergency-fund.match-taken-back.v1", clause="4.3.4"):
    """An officer ended a match: line and transfers are without each other again."""

    example: ClassVar = {
        "street": "420106006",
        "match_id": _MATCH,
        "line_id": _LINE,
        "amount_fen": -363999,
        "taken_back_by": "clerk-420106006-2",
    }

    match_id: UUID
    line_id: UUID
    amount_fen: int
    taken_back_by: str


class ReconciliationDifferenceFound(
    StreetEvent, topic="emergency-fund", type="emergency-fund.reconciliation-difference-found.v1", clause="4.3.4"
):
    """After its days of grace a line of the bank is in no posting, or a posting in no line."""

    example: ClassVar = {
        "street": "420106006",
        "difference_id": _DIFFERENCE,
        "side": "line_without_posting",
        "subject_id": _LINE,
        "amount_fen": -363999,
        "occurred_on": "2022-12-05",
    }

    difference_id: UUID
    side: Literal["line_without_posting", "posting_without_line"]
    subject_id: UUID
    """The line or the transfer."""
    amount_fen: int
    """In (+) or out (-)."""
    occurred_on: date


class ReconciliationDifferenceResolved(
    StreetEvent, topic="emergency-fund", type="emergency-fund.reconciliation-difference-resolved.v1", clause="4.3.4"
):
    """What was told as a difference has found its other side."""

    example: ClassVar = {
        "street": "420106006",
        "difference_id": _DIFFERENCE,
        "match_id": _MATCH,
    }

    difference_id: UUID
    match_id: UUID
