"""Money of a grant that comes back, is asked back or is given up."""

from typing import ClassVar, Literal
from uuid import UUID

from shared.events.contract import HouseholdEvent
from shared.events.emergency_fund.incidents import GRANT, HOUSEHOLD

_CORRECTION_FIELDS = {
    "household_id": HOUSEHOLD,
    "grant_id": GRANT,
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
