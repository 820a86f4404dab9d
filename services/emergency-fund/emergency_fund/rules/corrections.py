"""How money comes back: reversal, claim, recovery, write-off. Clauses 4.2.1 and 4.3.4.

Nothing that is posted is changed. A new posting names what it corrects: a reversal or a claim names a payment, a
recovery or a write-off names a claim, and never for more than is left of it.

    movement      refilled_expense  written_off  cash  advances  documented  due_from_finance  recoverable
    reversal b                                     +b        -b                                (papers still missing)
    reversal b                                     +b                    -k             k - b
    claim b                                                  -b                                         +b   (the same)
    claim b                                                              -k             k - b           +b
    recovery b                                     +b                                                   -b
    write-off b                 -b           +b                       b - m                +m           -b

k = min(b, documented): what finance has not refilled yet is taken off first. The rest it has refilled, so the street
now holds finance's money, due_from_finance goes below zero by it, and cash may stand above the float until the next
payments and the next refill have used it up. Which grant a refill was for is not told apart: documented less what was
refilled is the same either way.

m = min(documented + b, r), r being what was refilled ahead, as in a settlement: a loss that is written off is as
good as documented, finance refills it like any expense, and the district keeps it apart as a loss.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from emergency_fund.rules.grant import GrantAction
from emergency_fund.rules.ledger import Amounts, TransferKind


class CorrectionKind(StrEnum):
    """What a correction does."""

    REVERSAL = "reversal"
    """Money came back, unused or paid by mistake."""
    CLAIM = "claim"
    """Paid wrongly: it is asked back."""
    RECOVERY = "recovery"
    """Money that was asked back came in."""
    WRITE_OFF = "write_off"
    """What was asked back will not come, and the district gives it up."""


CORRECTED: Mapping[CorrectionKind, TransferKind] = MappingProxyType(
    {
        CorrectionKind.REVERSAL: TransferKind.PAYMENT,
        CorrectionKind.CLAIM: TransferKind.PAYMENT,
        CorrectionKind.RECOVERY: TransferKind.CLAIM,
        CorrectionKind.WRITE_OFF: TransferKind.CLAIM,
    }
)
"""The kind of transfer that each kind of correction names."""

DECIDED_BY_DISTRICT = frozenset({CorrectionKind.WRITE_OFF})
"""A second person of the street confirms the others."""


class CorrectionState(StrEnum):
    """Where a correction is. It is decided once."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


def movement_of(kind: CorrectionKind, amount_fen: int, balances: Amounts, *, in_advance: bool) -> Amounts:
    """What a correction adds to each account. in_advance: the payment's papers are still missing, so that its money
    stands among the advances. Without meaning for what ends a claim.
    """
    match kind:
        case CorrectionKind.REVERSAL:
            return Amounts(cash=amount_fen) + _taken_off(amount_fen, balances, in_advance=in_advance)
        case CorrectionKind.CLAIM:
            return Amounts(recoverable=amount_fen) + _taken_off(amount_fen, balances, in_advance=in_advance)
        case CorrectionKind.RECOVERY:
            return Amounts(cash=amount_fen, recoverable=-amount_fen)
        case CorrectionKind.WRITE_OFF:
            matched_fen = min(balances.documented + amount_fen, max(0, -balances.due_from_finance))
            return Amounts(
                documented=amount_fen - matched_fen,
                due_from_finance=matched_fen,
                recoverable=-amount_fen,
                refilled_expense=-amount_fen,
                written_off=amount_fen,
            )


def _taken_off(amount_fen: int, balances: Amounts, *, in_advance: bool) -> Amounts:
    if in_advance:
        return Amounts(advances=-amount_fen)
    not_refilled_fen = min(amount_fen, balances.documented)
    return Amounts(documented=-not_refilled_fen, due_from_finance=not_refilled_fen - amount_fen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What became of a grant's money, in fen."""

    paid_fen: int
    reversed_fen: int = 0
    claimed_fen: int = 0
    recovered_fen: int = 0
    written_off_fen: int = 0

    @property
    def kept_fen(self) -> int:
        """What the household has and may keep, papers provided."""
        return self.paid_fen - self.reversed_fen - self.claimed_fen

    @property
    def claimed_open_fen(self) -> int:
        """What is asked back and has neither come nor been given up."""
        return self.claimed_fen - self.recovered_fen - self.written_off_fen


def action_of(standing: Standing) -> GrantAction:
    """What a correction did to its grant, by how the money stands after it."""
    if standing.claimed_open_fen:
        return GrantAction.CLAIM
    if standing.kept_fen:
        return GrantAction.CORRECT
    return GrantAction.GIVE_UP if standing.written_off_fen else GrantAction.RETURN_ALL
