"""The algebra of corrections, without a database: whatever finance did in between, the equation holds and nothing is
overdrawn. Clauses 4.3.1 and 4.3.4.
"""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emergency_fund.rules.corrections import CorrectionKind, Standing, action_of, movement_of
from emergency_fund.rules.grant import GrantAction
from emergency_fund.rules.ledger import Amounts, payment, refill, settlement

pytestmark = pytest.mark.clause("4.3.4")

_FLOAT_FEN = 3_000_000
_AMOUNT = st.integers(1, 363_999)


@dataclass
class Book:
    """One street's book: every movement is checked as the database checks it."""

    balances: Amounts = field(default_factory=lambda: Amounts(cash=_FLOAT_FEN, finance=-_FLOAT_FEN))
    returned_fen: int = 0

    def post(self, movement: Amounts) -> None:
        self.balances += movement
        assert movement.total == 0
        assert self.balances.of_street == _FLOAT_FEN
        assert min(
            self.balances.cash, self.balances.advances, self.balances.documented, self.balances.recoverable
        ) >= 0  # fmt: skip
        assert self.balances.due_from_finance <= 0
        assert self.balances.cash <= _FLOAT_FEN + self.returned_fen

    def correct(self, kind: CorrectionKind, amount_fen: int, *, in_advance: bool = False) -> None:
        if kind in {CorrectionKind.REVERSAL, CorrectionKind.RECOVERY}:
            self.returned_fen += amount_fen
        self.post(movement_of(kind, amount_fen, self.balances, in_advance=in_advance))

    def fill(self) -> None:
        """Finance fills the reserve up, if anything is missing."""
        missing_fen = _FLOAT_FEN - self.balances.cash
        if missing_fen > 0:
            self.post(refill(missing_fen, self.balances))


@given(
    amount_fen=_AMOUNT,
    other_fen=_AMOUNT,
    papers_missing=st.booleans(),
    is_settled_first=st.booleans(),
    fills=st.tuples(*[st.booleans()] * 4),
    data=st.data(),
)
def test_the_whole_life_of_a_payment_ends_with_nothing_open(
    amount_fen: int,
    other_fen: int,
    fills: tuple[bool, ...],
    data: st.DataObject,
    *,
    papers_missing: bool,
    is_settled_first: bool,
) -> None:
    book = Book()
    book.post(payment(other_fen, papers_missing=False))
    book.post(payment(amount_fen, papers_missing=papers_missing))

    def maybe_fill(at: int) -> None:
        if fills[at]:
            book.fill()

    maybe_fill(0)
    in_advance = papers_missing
    if papers_missing and is_settled_first:
        book.post(settlement(amount_fen, book.balances))
        in_advance = False
    maybe_fill(1)
    reversed_fen = data.draw(st.integers(0, amount_fen))
    claimed_fen = data.draw(st.integers(0, amount_fen - reversed_fen))
    recovered_fen = data.draw(st.integers(0, claimed_fen))
    for kind, part_fen in (
        (CorrectionKind.REVERSAL, reversed_fen),
        (CorrectionKind.CLAIM, claimed_fen),
        (CorrectionKind.RECOVERY, recovered_fen),
        (CorrectionKind.WRITE_OFF, claimed_fen - recovered_fen),
    ):
        if part_fen:
            book.correct(kind, part_fen, in_advance=in_advance)
        maybe_fill(2)
    if in_advance and (kept_fen := amount_fen - reversed_fen - claimed_fen):
        book.post(settlement(kept_fen, book.balances))
    maybe_fill(3)

    # What is over the float is used by the next payment, and the last refill ends it.
    book.post(payment(363_999, papers_missing=False))
    book.post(payment(363_999, papers_missing=False))
    book.fill()
    spent_fen = amount_fen + other_fen + 2 * 363_999 - reversed_fen - recovered_fen
    assert book.balances == Amounts(
        cash=_FLOAT_FEN,
        finance=-_FLOAT_FEN - spent_fen,
        refilled_expense=spent_fen - (claimed_fen - recovered_fen),
        written_off=claimed_fen - recovered_fen,
    )


def test_what_finance_has_not_refilled_is_taken_off_first() -> None:
    book = Book()
    book.post(payment(500, papers_missing=False))
    book.fill()
    book.post(payment(200, papers_missing=False))
    book.correct(CorrectionKind.REVERSAL, 300)
    assert (book.balances.documented, book.balances.due_from_finance) == (0, -100)


@pytest.mark.parametrize(
    ("standing", "action"),
    [
        pytest.param(Standing(paid_fen=9, reversed_fen=4), GrantAction.CORRECT, id="a part came back"),
        pytest.param(Standing(paid_fen=9, reversed_fen=9), GrantAction.RETURN_ALL, id="all came back"),
        pytest.param(Standing(paid_fen=9, claimed_fen=4), GrantAction.CLAIM, id="a part is asked back"),
        pytest.param(Standing(paid_fen=9, claimed_fen=9, recovered_fen=8), GrantAction.CLAIM, id="not all came"),
        pytest.param(Standing(paid_fen=9, claimed_fen=4, recovered_fen=4), GrantAction.CORRECT, id="the claim ended"),
        pytest.param(
            Standing(paid_fen=9, reversed_fen=5, claimed_fen=4, recovered_fen=4), GrantAction.RETURN_ALL, id="by parts"
        ),
        pytest.param(
            Standing(paid_fen=9, claimed_fen=9, recovered_fen=4, written_off_fen=5), GrantAction.GIVE_UP, id="given up"
        ),
        pytest.param(
            Standing(paid_fen=9, claimed_fen=4, written_off_fen=4), GrantAction.CORRECT, id="a part is given up"
        ),
    ],
)
def test_a_grant_is_where_its_money_says(standing: Standing, action: GrantAction) -> None:
    assert action_of(standing) is action
