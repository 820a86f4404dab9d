"""The algebra of a street reserve (imprest): which accounts a movement touches, and by how much. Clauses 4.3.1, 4.3.2.

Accounts of a street, and what a balance of each means:

- cash: money at hand. Never below zero.
- advances: paid, papers still missing.
- documented: paid, papers complete, not yet refilled by finance.
- due_from_finance: above zero: agreed, not yet received. Below zero: finance has refilled advances whose papers are
  still missing, so that the street can go on helping; these papers are then owed to finance.
- recoverable: paid wrongly, asked back from the recipient.

Accounts of the district, with what each has for the street: finance (below zero: all it ever paid out),
refilled_expense (what it took over for refills, less what was written off of it), written_off.

Every movement sums to zero, and for each street at every instant

    cash + advances + documented + due_from_finance + recoverable = float

that is: cash, open advances and documented expense, less what finance already refilled of them, is the float.

    movement      finance  refilled_expense  cash  advances  documented  due_from_finance
    preset f           -f                      +f
    payment a                                  -a        +a                                (a paper is missing)
    payment a                                  -a                    +a                    (papers complete)
    settlement a                                         -a     + a - m                +m
    refill x           -x                +x    +x                    -m             m - x

With r, what was refilled ahead of its papers so far: m = min(documented + a, r) in a settlement, and
m = min(documented, x + r) in a refill. So a refill takes the documented expense first and runs ahead with the rest,
and papers that come in are set against what ran ahead. How money comes back stands in rules/corrections.py.

A grant in stages is paid by one payment for each stage. Those before its papers are complete are advances; its one
settlement moves all of them at once, and what is paid after goes straight to documented: so nothing of a grant is an
advance once its papers are in, and nothing is settled twice.
"""

from dataclasses import dataclass, fields
from enum import StrEnum
from fractions import Fraction

from shared.events.contract import DISTRICT_KEY

DISTRICT = DISTRICT_KEY
"""Holder of the accounts that no street has."""


class Account(StrEnum):
    """Accounts: five of each street, three of the district."""

    CASH = "cash"
    ADVANCES = "advances"
    DOCUMENTED = "documented"
    DUE_FROM_FINANCE = "due_from_finance"
    RECOVERABLE = "recoverable"
    FINANCE = "finance"
    REFILLED_EXPENSE = "refilled_expense"
    WRITTEN_OFF = "written_off"


STREET_ACCOUNTS = (
    Account.CASH,
    Account.ADVANCES,
    Account.DOCUMENTED,
    Account.DUE_FROM_FINANCE,
    Account.RECOVERABLE,
)
DISTRICT_ACCOUNTS = (Account.FINANCE, Account.REFILLED_EXPENSE, Account.WRITTEN_OFF)


class TransferKind(StrEnum):
    """Why money moves."""

    PRESET = "preset"
    PAYMENT = "payment"
    SETTLEMENT = "settlement"
    REFILL = "refill"
    REVERSAL = "reversal"
    CLAIM = "claim"
    RECOVERY = "recovery"
    WRITE_OFF = "write_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """Fen on each account: the balances of a street, or what a movement adds to each."""

    cash: int = 0
    advances: int = 0
    documented: int = 0
    due_from_finance: int = 0
    recoverable: int = 0
    finance: int = 0
    refilled_expense: int = 0
    written_off: int = 0

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(**{field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(self)})

    @property
    def of_street(self) -> int:
        """What the street's five come to: of balances, the float."""
        return self.cash + self.advances + self.documented + self.due_from_finance + self.recoverable

    @property
    def total(self) -> int:
        """What all eight come to: zero."""
        return self.of_street + self.finance + self.refilled_expense + self.written_off


def payment(amount_fen: int, *, papers_missing: bool) -> Amounts:
    """Money leaves the reserve."""
    if papers_missing:
        return Amounts(cash=-amount_fen, advances=amount_fen)
    return Amounts(cash=-amount_fen, documented=amount_fen)


def settlement(amount_fen: int, balances: Amounts) -> Amounts:
    """The papers of a grant are complete. `amount_fen`: all that was paid of it as an advance."""
    matched_fen = min(balances.documented + amount_fen, max(0, -balances.due_from_finance))
    return Amounts(advances=-amount_fen, documented=amount_fen - matched_fen, due_from_finance=matched_fen)


def refill(amount_fen: int, balances: Amounts) -> Amounts:
    """Finance fills the reserve again."""
    matched_fen = min(balances.documented, max(0, amount_fen - balances.due_from_finance))
    return Amounts(
        cash=amount_fen,
        documented=-matched_fen,
        due_from_finance=matched_fen - amount_fen,
        finance=-amount_fen,
        refilled_expense=amount_fen,
    )


def low_water_fen(float_fen: int, ratio: Fraction) -> int:
    """The mark below which a reserve asks to be refilled."""
    return int(float_fen * ratio)


def missing_cash_fen(float_fen: int, cash_fen: int, ratio: Fraction) -> int | None:
    """How much to ask finance for; None while cash is at or above the low-water mark."""
    return float_fen - cash_fen if cash_fen < low_water_fen(float_fen, ratio) else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What finance answered to a request for replenishment."""

    outcome: str
    amount_fen: int


class AnswerNotPossible(ValueError):
    """An answer of finance that fits no request: it is not posted."""


def check_answer(answer: Answer, *, asked_fen: int) -> None:
    """Raises AnswerNotPossible unless granted is all, partly granted is some, and refused is nothing."""
    possible = {
        "granted": answer.amount_fen == asked_fen,
        "partly_granted": 0 < answer.amount_fen < asked_fen,
        "refused": answer.amount_fen == 0,
    }
    if not possible[answer.outcome]:
        raise AnswerNotPossible(f"{answer.outcome} with {answer.amount_fen} fen, asked for {asked_fen} fen")
