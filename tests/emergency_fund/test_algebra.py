"""The algebra of movements, without a database. Clauses 4.3.1 and 4.3.2."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emergency_fund.rules.ledger import Amounts, missing_cash_fen, payment, refill, settlement

_MANY = st.integers(0, 5_000_000)
_BALANCES = st.builds(
    Amounts,
    cash=_MANY,
    advances=_MANY,
    documented=_MANY,
    due_from_finance=st.integers(-5_000_000, 0),
    recoverable=_MANY,
)


@given(balances=_BALANCES, amount_fen=st.integers(1, 364_000), papers_missing=st.booleans())
def test_no_movement_changes_what_a_reserve_comes_to(
    balances: Amounts, amount_fen: int, *, papers_missing: bool
) -> None:
    for movement in (
        payment(amount_fen, papers_missing=papers_missing),
        settlement(amount_fen, balances),
        refill(amount_fen, balances),
    ):
        assert movement.total == 0
        assert (balances + movement).of_street == balances.of_street


@given(balances=_BALANCES, amount_fen=st.integers(1, 3_000_000))
def test_after_a_refill_nothing_is_documented_and_ahead_at_once(balances: Amounts, amount_fen: int) -> None:
    after = balances + refill(amount_fen, balances)
    assert after.documented == 0 or after.due_from_finance == 0
    assert after.documented >= 0 >= after.due_from_finance
    assert after.cash == balances.cash + amount_fen


def test_finance_pays_and_takes_over_what_it_refills() -> None:
    movement = refill(500, Amounts(advances=200, documented=300))
    assert (movement.finance, movement.refilled_expense, movement.written_off) == (-500, 500, 0)


@pytest.mark.parametrize(
    ("cash_fen", "asked_fen"),
    [(3_000_000, None), (1_500_000, None), (1_499_999, 1_500_001), (0, 3_000_000)],
    ids=["full", "at the mark", "a fen below", "empty"],
)
@pytest.mark.clause("4.3.2")
def test_a_reserve_asks_below_half_of_its_float(cash_fen: int, asked_fen: int | None) -> None:
    assert missing_cash_fen(3_000_000, cash_fen, Fraction(1, 2)) == asked_fen
