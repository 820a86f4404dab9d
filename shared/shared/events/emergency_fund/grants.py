"""A grant: asked for, decided, paid, its papers."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.contract import HouseholdEvent
from shared.events.emergency_fund.incidents import GRANT, GRANT_FIELDS, HOUSEHOLD, IncidentCause

_DEBT = "01930000-0000-7000-8000-00000000000c"


class GrantRequested(HouseholdEvent, topic="emergency-fund", type="emergency-fund.grant-requested.v1", clause="4.2.1"):
    """A clerk asked for a payment from the street reserve."""

    example: ClassVar = {**GRANT_FIELDS, "requested_by": "clerk-420106006-1"}

    grant_id: UUID
    street: str
    cause: IncidentCause
    amount_fen: int
    requested_by: str


class GrantRefused(HouseholdEvent, topic="emergency-fund", type="emergency-fund.grant-refused.v1", clause="4.3.3"):
    """A grant was refused: by rule when it was asked for, or by the second officer."""

    example: ClassVar = {**GRANT_FIELDS, "amount_fen": 364000, "reason_code": "not_below_limit", "route": "district"}

    grant_id: UUID
    street: str
    cause: IncidentCause
    amount_fen: int
    reason_code: Literal["not_below_limit", "refused_by_officer"]
    route: Literal["district", "special_deliberation"] | None
    """The way that is still open."""


class GrantApproved(HouseholdEvent, topic="emergency-fund", type="emergency-fund.grant-approved.v1", clause="4.3.3"):
    """A second person approved."""

    example: ClassVar = {**GRANT_FIELDS, "approved_by": "approver-420106006-1"}

    grant_id: UUID
    street: str
    cause: IncidentCause
    amount_fen: int
    approved_by: str


class GrantPaid(HouseholdEvent, topic="emergency-fund", type="emergency-fund.grant-paid.v1", clause="4.2.1"):
    """Money left the street reserve."""

    example: ClassVar = {**GRANT_FIELDS, "transfer_id": "01930000-0000-7000-8000-00000000000d", "open_debts": 2}

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
        "household_id": HOUSEHOLD,
        "grant_id": GRANT,
        "street": "420106006",
        "approve_by": "2022-12-08",
    }

    grant_id: UUID
    street: str
    approve_by: date


class GrantObjected(HouseholdEvent, topic="emergency-fund", type="emergency-fund.grant-objected.v1", clause="4.2.1"):
    """A payment at once was not approved after: the money is to be recovered."""

    example: ClassVar = {
        "household_id": HOUSEHOLD,
        "grant_id": GRANT,
        "street": "420106006",
        "amount_fen": 80000,
        "objected_by": "approver-420106006-1",
    }

    grant_id: UUID
    street: str
    amount_fen: int
    objected_by: str


class PaperDebtOpened(
    HouseholdEvent, topic="emergency-fund", type="emergency-fund.paper-debt-opened.v1", clause="4.2.1"
):
    """A paper is owed for a payment that was made before it was in."""

    example: ClassVar = {
        "household_id": HOUSEHOLD,
        "grant_id": GRANT,
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
        "household_id": HOUSEHOLD,
        "grant_id": GRANT,
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


class PaperDebtRecovered(
    HouseholdEvent, topic="emergency-fund", type="emergency-fund.paper-debt-recovered.v1", clause="4.2.1"
):
    """A paper is no longer owed, as the money that it was owed for is back."""

    example: ClassVar = {
        "household_id": HOUSEHOLD,
        "grant_id": GRANT,
        "debt_id": _DEBT,
        "street": "420106006",
        "paper": "fire_certificate",
    }

    grant_id: UUID
    debt_id: UUID
    street: str
    paper: str


class PaperDebtOverdue(
    HouseholdEvent, topic="emergency-fund", type="emergency-fund.paper-debt-overdue.v1", clause="4.2.1"
):
    """A paper was not in on its day. The debt stays open."""

    example: ClassVar = {
        "household_id": HOUSEHOLD,
        "grant_id": GRANT,
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
