"""Events of the street reserves: grants, paper debts, replenishment."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.contract import DistrictEvent, HouseholdEvent, StreetEvent

_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
_GRANT = "01930000-0000-7000-8000-00000000000b"
_DEBT = "01930000-0000-7000-8000-00000000000c"
_EMERGENCY = "01930000-0000-7000-8000-00000000000e"
_REPLENISHMENT = "01930000-0000-7000-8000-00000000000a"
_STATEMENT = "01930000-0000-7000-8000-000000000021"
_LINE = "01930000-0000-7000-8000-000000000022"
_MATCH = "01930000-0000-7000-8000-000000000023"
_DIFFERENCE = "01930000-0000-7000-8000-000000000024"
_GRANT_FIELDS = {
    "household_id": _HOUSEHOLD,
    "grant_id": _GRANT,
    "street": "420106006",
    "cause": "fire",
    "amount_fen": 363999,
}

IncidentCause = Literal[
    "fire", "traffic_accident", "accident", "serious_illness", "epidemic", "public_emergency", "other"
]


class GrantRequested(HouseholdEvent, topic="emergency-fund", type="emergency-fund.grant-requested.v1", clause="4.2.1"):
    """A clerk asked for a payment from the street reserve."""

    example: ClassVar = {**_GRANT_FIELDS, "requested_by": "clerk-420106006-1"}

    grant_id: UUID
    street: str
    cause: IncidentCause
    amount_fen: int
    requested_by: str


class GrantRefused(HouseholdEvent, topic="emergency-fund", type="emergency-fund.grant-refused.v1", clause="4.3.3"):
    """A grant was refused: by rule when it was asked for, or by the second officer."""

    example: ClassVar = {**_GRANT_FIELDS, "amount_fen": 364000, "reason_code": "not_below_limit", "route": "district"}

    grant_id: UUID
    street: str
    cause: IncidentCause
    amount_fen: int
    reason_code: Literal["not_below_limit", "refused_by_officer"]
    route: Literal["district", "special_deliberation"] | None
    """The way that is still open."""


class GrantApproved(HouseholdEvent, topic="emergency-fund", type="emergency-fund.grant-approved.v1", clause="4.3.3"):
    """A second person approved."""

    example: ClassVar = {**_GRANT_FIELDS, "approved_by": "approver-420106006-1"}

    grant_id: UUID
    street: str
    cause: IncidentCause
    amount_fen: int
    approved_by: str


class GrantPaid(HouseholdEvent, topic="emergency-fund", type="emergency-fund.grant-paid.v1", clause="4.2.1"):
    """Money left the street reserve."""

    example: ClassVar = {**_GRANT_FIELDS, "transfer_id": "01930000-0000-7000-8000-00000000000d", "open_debts": 2}

    grant_id: UUID
    street: str
    cause: IncidentCause
    amount_fen: int
    transfer_id: UUID
    open_debts: int
    """Papers still missing when it was paid."""


class GrantApprovalOverdue(
    HouseholdEvent, topic="emergency-fund", type="emergency-fund.grant-approval-overdue.v1", clause="4.2.1"
):
    """A payment at once was not approved by its day. It stays to be decided."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "grant_id": _GRANT,
        "street": "420106006",
        "approve_by": "2022-12-08",
    }

    grant_id: UUID
    street: str
    approve_by: date


class GrantObjected(HouseholdEvent, topic="emergency-fund", type="emergency-fund.grant-objected.v1", clause="4.2.1"):
    """A payment at once was not approved after: the money is to be recovered."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "grant_id": _GRANT,
        "street": "420106006",
        "amount_fen": 80000,
        "objected_by": "approver-420106006-1",
    }

    grant_id: UUID
    street: str
    amount_fen: int
    objected_by: str


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


class PaperDebtOpened(
    HouseholdEvent, topic="emergency-fund", type="emergency-fund.paper-debt-opened.v1", clause="4.2.1"
):
    """A paper is owed for a payment that was made before it was in."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "grant_id": _GRANT,
        "debt_id": _DEBT,
        "street": "420106006",
        "paper": "fire_certificate",
        "due_on": "2022-12-19",
    }

    grant_id: UUID
    debt_id: UUID
    street: str
    paper: str
    due_on: date


class PaperDebtSettled(
    HouseholdEvent, topic="emergency-fund", type="emergency-fund.paper-debt-settled.v1", clause="4.2.1"
):
    """A paper debt ended."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "grant_id": _GRANT,
        "debt_id": _DEBT,
        "street": "420106006",
        "paper": "fire_certificate",
        "outcome": "supplied",
    }

    grant_id: UUID
    debt_id: UUID
    street: str
    paper: str
    outcome: Literal["supplied", "waived"]


class PaperDebtOverdue(
    HouseholdEvent, topic="emergency-fund", type="emergency-fund.paper-debt-overdue.v1", clause="4.2.1"
):
    """A paper was not in on its day. The debt stays open."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "grant_id": _GRANT,
        "debt_id": _DEBT,
        "street": "420106006",
        "paper": "fire_certificate",
        "due_on": "2022-12-19",
    }

    grant_id: UUID
    debt_id: UUID
    street: str
    paper: str
    due_on: date


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


_CORRECTION_FIELDS = {
    "household_id": _HOUSEHOLD,
    "grant_id": _GRANT,
    "correction_id": "01930000-0000-7000-8000-00000000000e",
    "street": "420106006",
    "amount_fen": 100000,
}
_POSTED_FIELDS = {
    **_CORRECTION_FIELDS,
    "transfer_id": "01930000-0000-7000-8000-00000000000f",
    "corrects": "01930000-0000-7000-8000-00000000000d",
}


class CorrectionProposed(
    HouseholdEvent, topic="emergency-fund", type="emergency-fund.correction-proposed.v1", clause="4.3.4"
):
    """A clerk proposed to take money of a grant back, or to give it up. Nothing is posted yet."""

    example: ClassVar = {**_CORRECTION_FIELDS, "kind": "reversal", "proposed_by": "clerk-420106006-1"}

    grant_id: UUID
    correction_id: UUID
    street: str
    kind: Literal["reversal", "claim", "recovery", "write_off"]
    amount_fen: int
    proposed_by: str


class CorrectionRejected(
    HouseholdEvent, topic="emergency-fund", type="emergency-fund.correction-rejected.v1", clause="4.3.4"
):
    """The second person did not agree. Nothing was posted."""

    example: ClassVar = {**_CORRECTION_FIELDS, "kind": "reversal", "rejected_by": "approver-420106006-1"}

    grant_id: UUID
    correction_id: UUID
    street: str
    kind: Literal["reversal", "claim", "recovery", "write_off"]
    amount_fen: int
    rejected_by: str


class PaymentReversed(
    HouseholdEvent, topic="emergency-fund", type="emergency-fund.payment-reversed.v1", clause="4.3.4"
):
    """Money of a payment came back into the reserve."""

    example: ClassVar = {**_POSTED_FIELDS, "confirmed_by": "approver-420106006-1"}

    grant_id: UUID
    correction_id: UUID
    street: str
    amount_fen: int
    transfer_id: UUID
    corrects: UUID
    """The payment."""
    confirmed_by: str


class RecoveryClaimed(
    HouseholdEvent, topic="emergency-fund", type="emergency-fund.recovery-claimed.v1", clause="4.3.4"
):
    """Money was paid wrongly and is asked back."""

    example: ClassVar = {**_POSTED_FIELDS, "confirmed_by": "approver-420106006-1"}

    grant_id: UUID
    correction_id: UUID
    street: str
    amount_fen: int
    transfer_id: UUID
    corrects: UUID
    """The payment."""
    confirmed_by: str


class AmountRecovered(
    HouseholdEvent, topic="emergency-fund", type="emergency-fund.amount-recovered.v1", clause="4.3.4"
):
    """Money that was asked back is in the reserve again."""

    example: ClassVar = {**_POSTED_FIELDS, "confirmed_by": "approver-420106006-1"}

    grant_id: UUID
    correction_id: UUID
    street: str
    amount_fen: int
    transfer_id: UUID
    corrects: UUID
    """The claim."""
    confirmed_by: str


class AmountWrittenOff(
    HouseholdEvent, topic="emergency-fund", type="emergency-fund.amount-written-off.v1", clause="4.3.4"
):
    """The district gave up money that was asked back."""

    example: ClassVar = {**_POSTED_FIELDS, "confirmed_by": "district-1"}

    grant_id: UUID
    correction_id: UUID
    street: str
    amount_fen: int
    transfer_id: UUID
    corrects: UUID
    """The claim."""
    confirmed_by: str


class PaperDebtRecovered(
    HouseholdEvent, topic="emergency-fund", type="emergency-fund.paper-debt-recovered.v1", clause="4.2.1"
):
    """A paper is no longer owed, as the money that it was owed for is back."""

    example: ClassVar = {
        "household_id": _HOUSEHOLD,
        "grant_id": _GRANT,
        "debt_id": _DEBT,
        "street": "420106006",
        "paper": "fire_certificate",
    }

    grant_id: UUID
    debt_id: UUID
    street: str
    paper: str


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
