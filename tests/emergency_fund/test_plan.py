"""Plans of stages and the algebra of paying them, without a database."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emergency_fund.rules.grant import GrantState, next_state
from emergency_fund.rules.ledger import Amounts, payment, refill, settlement
from emergency_fund.rules.stages import (
    OPEN_STATES,
    TRANSITIONS,
    ConditionKind,
    PlannedStage,
    PlanNotPossible,
    StageAction,
    StageNotPossible,
    StageState,
    after_stage,
    check_plan,
    is_day_met,
    next_stage_state,
)

pytestmark = pytest.mark.clause("4.2.3")

_TODAY = date(2022, 12, 5)
_AMOUNTS = st.lists(st.integers(1, 30_000), min_size=2, max_size=12)


@given(amounts=_AMOUNTS, missing_fen=st.integers(-5_000, 5_000), days=st.integers(-2, 400))
def test_a_plan_comes_to_the_amount_to_the_fen(amounts: list[int], missing_fen: int, days: int) -> None:
    stages = [PlannedStage(amount, _TODAY + timedelta(days=days)) for amount in amounts]
    amount_fen = sum(amounts) + missing_fen
    if days >= 0 and missing_fen == 0:
        check_plan(stages, amount_fen=amount_fen, today=_TODAY)
        return
    with pytest.raises(PlanNotPossible) as refused:
        check_plan(stages, amount_fen=amount_fen, today=_TODAY)
    by_sum = "stages_below_amount" if missing_fen > 0 else "stage_above_plan"
    assert refused.value.code == ("stage_in_past" if days < 0 else by_sum)


def test_what_is_paid_or_stopped_is_over() -> None:
    assert {StageState.PLANNED, StageState.MET} == OPEN_STATES
    for state in StageState:
        for action in StageAction:
            if (state, action) in TRANSITIONS:
                assert next_stage_state(state, action) is TRANSITIONS[state, action]
            else:
                with pytest.raises(StageNotPossible):
                    next_stage_state(state, action)


@pytest.mark.parametrize(
    ("kind", "day", "is_met"),
    [("day", 4, True), ("day", 5, True), ("day", 6, False), ("visit", 4, False), ("paper", 4, False)],
)
def test_the_calendar_meets_a_day_and_nothing_else(kind: str, day: int, *, is_met: bool) -> None:
    assert is_day_met(ConditionKind(kind), date(2022, 12, day), today=_TODAY) is is_met


@given(
    amounts=_AMOUNTS,
    papers_missing=st.booleans(),
    data=st.data(),
    refills=st.lists(st.integers(1, 100_000), max_size=4),
)
def test_the_life_of_a_plan_leaves_no_advance_and_loses_no_fen(
    amounts: list[int], data: st.DataObject, refills: list[int], *, papers_missing: bool
) -> None:
    """Papers come in after any of the payments, finance refills at any time, the rest may be stopped."""
    float_fen = 3_000_000
    balances = Amounts(cash=float_fen, finance=-float_fen)
    paid_stages = data.draw(st.integers(1, len(amounts)), label="paid before the stop")
    papers_after = data.draw(st.integers(1, paid_stages), label="papers come after") if papers_missing else 0
    advanced_fen = 0
    state = GrantState.APPROVED
    for number, amount_fen in enumerate(amounts[:paid_stages], start=1):
        is_owed = papers_missing and number <= papers_after
        balances += payment(amount_fen, papers_missing=is_owed)
        advanced_fen += amount_fen if is_owed else 0
        left = paid_stages - number + (paid_stages < len(amounts))
        state = next_state(state, after_stage(open_stages=left, open_debts=int(is_owed)))
        if number == papers_after:
            balances += settlement(advanced_fen, balances)
        if refills:
            asked_fen = min(refills.pop(), float_fen - balances.cash)
            balances += refill(asked_fen, balances)
        assert balances.of_street == float_fen
        assert balances.total == 0
        assert min(balances.cash, balances.advances, balances.documented) >= 0
        assert balances.due_from_finance + balances.advances >= 0
    if paid_stages < len(amounts):
        state = next_state(state, after_stage(open_stages=0, open_debts=0))
    assert balances.advances == 0
    assert balances.cash - balances.refilled_expense == float_fen - sum(amounts[:paid_stages])
    assert state in {GrantState.CLOSED, GrantState.PAID}
