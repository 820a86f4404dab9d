"""The algebra of movements, without a database. Clauses 4.3.1 and 4.3.2."""

from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emergency_fund.rules.ledger import (
    DISTRICT,
    Account,
    Balances,
    Leg,
    missing_cash_fen,
    payment,
    refill,
    settlement,
)

from .conftest import STREET

_MANY = st.integers(0, 5_000_000)
_BALANCES = st.builds(
    Balances,
    cash=_MANY,
    advances=_MANY,
    documented=_MANY,
    due_from_finance=st.integers(-5_000_000, 0),
    recoverable=_MANY,
)


def _after(balances: Balances, legs: Sequence[Leg]) -> Balances:
    changed = asdict(balances)
    for leg in legs:
        if leg.holder == STREET:
            changed[leg.account] += leg.amount_fen
    return Balances(**changed)


@given(balances=_BALANCES, amount_fen=st.integers(1, 364_000), papers_missing=st.booleans())
def test_no_movement_changes_what_a_reserve_comes_to(
    balances: Balances, amount_fen: int, *, papers_missing: bool
) -> None:
    for legs in (
        payment(STREET, amount_fen, papers_missing=papers_missing),
        settlement(STREET, amount_fen, balances),
        refill(STREET, amount_fen, balances),
    ):
        assert sum(leg.amount_fen for leg in legs) == 0
        assert _after(balances, legs).total == balances.total


@given(balances=_BALANCES, amount_fen=st.integers(1, 3_000_000))
def test_after_a_refill_nothing_is_documented_and_ahead_at_once(balances: Balances, amount_fen: int) -> None:
    after = _after(balances, refill(STREET, amount_fen, balances))
    assert after.documented == 0 or after.due_from_finance == 0
    assert after.documented >= 0 >= after.due_from_finance
    assert after.cash == balances.cash + amount_fen


def test_finance_pays_and_takes_over_what_it_refills() -> None:
    legs = refill(STREET, 500, Balances(0, 200, 300, 0, 0))
    assert [(leg.account, leg.amount_fen) for leg in legs if leg.holder == DISTRICT] == [
        (Account.FINANCE, -500),
        (Account.REFILLED_EXPENSE, 500),
    ]


@pytest.mark.parametrize(
    ("cash_fen", "asked_fen"),
    [(3_000_000, None), (1_500_000, None), (1_499_999, 1_500_001), (0, 3_000_000)],
    ids=["full", "at the mark", "a fen below", "empty"],
)
@pytest.mark.clause("4.3.2")
def test_a_reserve_asks_below_half_of_its_float(cash_fen: int, asked_fen: int | None) -> None:
    assert missing_cash_fen(3_000_000, cash_fen, Fraction(1, 2)) == asked_fen
