"""Random histories of one reserve: whatever people, finance and retries do, the equation holds at every step."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from doudi.databases import DatabaseUrls
from emergency_fund.tables import emergency_grant
from shared.events.emergency_fund import GrantPaid, ReplenishmentRequested
from shared.ids import new_id
from shared.money import format_yuan, parse_yuan
from shared.testing import TokenMint, problem_code

from .conftest import SECOND_CLERK, Fund, ok

_FLOAT_FEN = 3_000_000
_BALANCES = ("cash", "advances", "documented", "due_from_finance", "recoverable")


class Histories(RuleBasedStateMachine):
    """One street, two clerks, one approver, finance, and time."""

    open_fund: Callable[[], Fund]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.fund = type(self).open_fund()
        self.requested: list[str] = []
        self.approved: list[tuple[str, int]] = []
        self.paid: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, str] = {}
        self.households = [new_id() for _ in range(3)]
        self.is_asked = False
        self.cash_fen = _FLOAT_FEN
        self.paid_fen = 0
        self.refilled_fen = 0

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    @initialize(payments=st.sampled_from([0, 5, 7, 9]), papers=st.integers(0, 1))
    def start(self, *, payments: int, papers: int) -> None:
        """From a full reserve to one that cannot pay the next grant."""
        self.run(self.fund.publish_standard())
        for _ in range(payments):
            grant_id = self.run(self.fund.approved("3600.00", missing=("fire_certificate",)[:papers]))
            self.approved.append((grant_id, 360_000))
            self._pay(len(self.approved) - 1, repeats=1)

    @rule(
        amount_fen=st.one_of(st.integers(1, 370_000), st.sampled_from([290_000, 363_999, 364_000])),
        papers=st.integers(0, 2),
        household=st.one_of(st.none(), st.integers(0, 2)),
        by_second=st.booleans(),
    )
    def request(self, *, amount_fen: int, papers: int, household: int | None, by_second: bool) -> None:
        answer = self.run(
            self.fund.request(
                format_yuan(amount_fen),
                household_id=None if household is None else self.households[household],
                missing=("fire_certificate", "loss_list")[:papers],
                **({"by": SECOND_CLERK} if by_second else {}),
            )
        )
        if answer.status_code == 201:
            self.requested.append(answer.json()["grant_id"])
        else:
            assert problem_code(answer) == "not_below_limit"
            assert household is not None or amount_fen >= 364_000

    @precondition(lambda self: self.requested)
    @rule(data=st.data(), is_refused=st.booleans())
    def decide(self, *, data: Any, is_refused: bool) -> None:
        grant_id = self.requested.pop(data.draw(st.integers(0, len(self.requested) - 1)))
        if is_refused:
            ok(self.run(self.fund.act(grant_id, "refusal", {"reason": "不属实"})))
        else:
            grant = ok(self.run(self.fund.act(grant_id, "approval")))
            self.approved.append((grant_id, parse_yuan(grant["amount"])))

    @precondition(lambda self: self.approved)
    @rule(data=st.data(), repeats=st.integers(1, 2))
    def pay(self, *, data: Any, repeats: int) -> None:
        self._pay(data.draw(st.integers(0, len(self.approved) - 1)), repeats=repeats)

    def _pay(self, position: int, *, repeats: int) -> None:
        grant_id, amount_fen = self.approved[position]
        key = str(new_id())
        for _ in range(repeats):
            answer = self.run(self.fund.act(grant_id, "payment", key=key))
        if self.cash_fen < amount_fen:
            assert problem_code(answer) == "reserve_insufficient"
            return
        del self.approved[position]
        self.keys[grant_id] = key
        self.cash_fen -= amount_fen
        self.paid_fen += amount_fen
        grant = ok(answer)
        if grant["state"] == "paid":
            self.paid[grant_id] = grant
        self.is_asked = self.is_asked or self.cash_fen < _FLOAT_FEN // 2

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def retry_payment(self, *, data: Any) -> None:
        grant_id = data.draw(st.sampled_from(sorted(self.keys)))
        ok(self.run(self.fund.act(grant_id, "payment", key=self.keys[grant_id])))

    @precondition(lambda self: self.paid)
    @rule(data=st.data(), is_waived=st.booleans())
    def settle(self, *, data: Any, is_waived: bool) -> None:
        grant = self.paid[data.draw(st.sampled_from(sorted(self.paid)))]
        number = next(n for n, debt in enumerate(grant["debts"]) if debt["outcome"] is None)
        how = ("waived", "无法取得") if is_waived else ("supplied", None)
        settled = ok(self.run(self.fund.settle(grant, number, *how)))
        if settled["state"] == "closed":
            del self.paid[settled["grant_id"]]
        else:
            self.paid[settled["grant_id"]] = settled

    @precondition(lambda self: self.is_asked)
    @rule(outcome=st.sampled_from(["granted", "partly_granted", "refused"]))
    def finance_answers(self, *, outcome: str) -> None:
        asked_fen = self.run(self.fund.events(ReplenishmentRequested))[-1].amount_fen
        amount_fen = {"granted": asked_fen, "partly_granted": asked_fen // 3, "refused": 0}[outcome]
        self.run(self.fund.answer(outcome, amount_fen))
        self.cash_fen += amount_fen
        self.refilled_fen += amount_fen
        self.is_asked = False

    @rule(days=st.integers(1, 12))
    def time_passes(self, *, days: int) -> None:
        self.fund.clock.advance(timedelta(days=days))
        before = len(self.run(self.fund.events(ReplenishmentRequested)))
        self.run(self.fund.run_due())
        self.is_asked = self.is_asked or len(self.run(self.fund.events(ReplenishmentRequested))) > before

    @invariant()
    def the_equation_holds(self) -> None:
        reserve = self.run(self.fund.reserve())
        fen = {name: parse_yuan(reserve[name]) for name in _BALANCES}
        assert sum(fen.values()) == _FLOAT_FEN
        assert fen["cash"] == self.cash_fen >= 0
        assert fen["cash"] == _FLOAT_FEN - self.paid_fen + self.refilled_fen
        assert fen["advances"] == sum(parse_yuan(grant["amount"]) for grant in self.paid.values())
        assert -fen["due_from_finance"] <= fen["advances"]
        open_debts = [debt for grant in self.paid.values() for debt in grant["debts"] if debt["outcome"] is None]
        assert {debt["debt_id"] for debt in reserve["open_debts"]} == {debt["debt_id"] for debt in open_debts}
        assert (reserve["open_replenishment"] is not None) == self.is_asked

    @invariant()
    def no_household_gets_more_than_the_limit(self) -> None:
        assert self.run(self._most_for_one_household()) < 364_000

    async def _most_for_one_household(self) -> int:
        totals = (
            select(func.sum(emergency_grant.c.amount_fen).label("total"))
            .where(emergency_grant.c.state != "refused")
            .group_by(emergency_grant.c.household_id)
            .subquery()
        )
        async with self.fund.database.transaction() as tx:
            return int(await tx.scalar(select(func.max(totals.c.total))) or 0)

    def teardown(self) -> None:
        self.run(self._close())
        self.runner.close()

    async def _close(self) -> None:
        balance = await self.fund.read("/v1/trial-balance")
        assert balance["total_debit"] == balance["total_credit"]
        assert len(balance["accounts"]) == 73
        assert len(await self.fund.events(GrantPaid)) == len(self.keys)
        await self.fund.close()


@pytest.mark.clause("4.3.4")
@pytest.mark.slow
def test_random_histories_keep_the_equation(database_for: Callable[[str], DatabaseUrls], mint: TokenMint) -> None:
    class InThisDatabase(Histories):
        open_fund = staticmethod(lambda: Fund.open(database_for("emergency_fund"), mint))

    run_state_machine_as_test(
        InThisDatabase,
        settings=settings(
            max_examples=10,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
