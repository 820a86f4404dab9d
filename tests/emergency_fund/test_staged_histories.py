"""Random histories of plans: whatever is met, paid, stopped, settled, taken back, refilled, the sum is the float."""

import asyncio
from collections import Counter
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

from doudi.databases import DatabaseUrls
from shared.events.emergency_fund import FollowUpOpened, PlanStopped, ReplenishmentRequested, StagePaid
from shared.ids import new_id
from shared.money import format_yuan, parse_yuan
from shared.testing import TokenMint, problem_code

from .conftest import CLERK, STREET, Fund, by_day, by_visit, ok
from .corrections import corrected, grant_now

_FLOAT_FEN = 3_000_000
_BALANCES = ("cash", "advances", "documented", "due_from_finance", "recoverable")
_REFUSALS = {"condition_not_met", "condition_is_a_day", "condition_already_met", "stage_already_paid", "plan_stopped"}


class StagedHistories(RuleBasedStateMachine):
    """One street, a clerk, an approver, finance, and time. What the service says is kept and added up here."""

    open_fund: Callable[[], Fund]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.fund = type(self).open_fund()
        self.grants: dict[str, dict[str, Any]] = {}
        self.household = new_id()
        self.back_fen: Counter[str] = Counter()

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    @initialize()
    def start(self) -> None:
        self.run(self.fund.publish_standard())

    @rule(
        amounts=st.lists(st.integers(1, 181_999), min_size=2, max_size=4),
        waits=st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=4, max_size=4),
        papers=st.integers(0, 1),
        is_known=st.booleans(),
    )
    def approve_plan(self, *, amounts: list[int], waits: list[tuple[bool, int]], papers: int, is_known: bool) -> None:
        today = self.fund.clock.today()
        stages = [
            (by_day if is_day else by_visit)(format_yuan(amount), str(today + timedelta(days=days)))
            for amount, (is_day, days) in zip(amounts, waits, strict=False)
        ]
        answer = self.run(
            self.fund.request(
                format_yuan(sum(amounts)),
                household_id=self.household if is_known else None,
                missing=("fire_certificate",)[:papers],
                stages=stages,
            )
        )
        if answer.status_code != 201:
            assert problem_code(answer) == "not_below_limit"
            assert is_known or sum(amounts) >= 364_000
            return
        self._keep(self.run(self.fund.act(answer.json()["grant_id"], "approval")))

    def _keep(self, answer: Any) -> None:
        grant = ok(answer)
        self.grants[grant["grant_id"]] = grant

    def _draw(self, data: Any) -> tuple[dict[str, Any], int]:
        grant = self.grants[data.draw(st.sampled_from(sorted(self.grants)))]
        return grant, data.draw(st.integers(1, len(grant["plan"]["stages"])))

    @precondition(lambda self: self.grants)
    @rule(data=st.data())
    def meet(self, *, data: Any) -> None:
        grant, number = self._draw(data)
        answer = self.run(self.fund.on_stage(grant, number, "condition", {"note": "已核实"}, by=CLERK))
        if answer.is_success:
            self._keep(answer)
        else:
            assert problem_code(answer) in _REFUSALS

    @precondition(lambda self: self.grants)
    @rule(data=st.data(), repeats=st.integers(1, 2))
    def pay(self, *, data: Any, repeats: int) -> None:
        grant, number = self._draw(data)
        key = str(new_id())
        for _ in range(repeats):
            answer = self.run(self.fund.on_stage(grant, number, "payment", key=key))
        if answer.is_success:
            self._keep(answer)
        else:
            assert problem_code(answer) in {*_REFUSALS, "reserve_insufficient"}

    @precondition(lambda self: any(grant["state"] == "in_stages" for grant in self.grants.values()))
    @rule(data=st.data())
    def stop(self, *, data: Any) -> None:
        begun = sorted(grant_id for grant_id, grant in self.grants.items() if grant["state"] == "in_stages")
        grant_id = data.draw(st.sampled_from(begun))
        self._keep(self.run(self.fund.act(grant_id, "stop", {"reason": "不再需要"})))

    @precondition(lambda self: self._owing())
    @rule(data=st.data())
    def settle(self, *, data: Any) -> None:
        grant_id = data.draw(st.sampled_from(self._owing()))
        self._keep(self.run(self.fund.settle(self.grants[grant_id])))

    @precondition(lambda self: self._ended())
    @rule(data=st.data(), is_all=st.booleans())
    def take_back(self, *, data: Any, is_all: bool) -> None:
        grant_id = data.draw(st.sampled_from(self._ended()))
        left = self.run(self.fund.read(f"/v1/grants/{grant_id}/corrections"))["transfers"]
        payment = data.draw(st.sampled_from([one for one in left if one["left"] != "0.00"]))
        amount_fen = parse_yuan(payment["left"]) if is_all else (parse_yuan(payment["left"]) + 1) // 2
        grant, amount = self.grants[grant_id], format_yuan(amount_fen)
        self.run(corrected(self.fund, grant, "reversal", amount, corrects=payment["transfer_id"]))
        self.grants[grant_id] = self.run(grant_now(self.fund, grant))
        self.back_fen[grant_id] += amount_fen

    def _ended(self) -> list[str]:
        return sorted(grant_id for grant_id, grant in self.grants.items() if grant["state"] in {"paid", "closed"})

    def _owing(self) -> list[str]:
        return sorted(
            grant_id
            for grant_id, grant in self.grants.items()
            if any(debt["outcome"] is None for debt in grant["debts"])
        )

    @rule(share=st.integers(0, 2))
    def finance_answers(self, *, share: int) -> None:
        if self.run(self.fund.reserve())["open_replenishment"] is None:
            return
        asked_fen = self.run(self.fund.events(ReplenishmentRequested))[-1].amount_fen
        outcome = ("refused", "partly_granted", "granted")[share]
        self.run(self.fund.answer(outcome, (0, asked_fen // 2, asked_fen)[share]))

    @rule(days=st.integers(1, 12))
    def time_passes(self, *, days: int) -> None:
        self.fund.clock.advance(timedelta(days=days))
        self.run(self.fund.run_due())

    @invariant()
    def every_fen_is_accounted_for(self) -> None:
        reserve = self.run(self.fund.reserve())
        fen = {name: parse_yuan(reserve[name]) for name in _BALANCES}
        assert sum(fen.values()) == _FLOAT_FEN
        assert fen["cash"] >= 0
        owing = self._owing()
        assert fen["advances"] == sum(
            parse_yuan(self.grants[grant_id]["plan"]["paid"]) - self.back_fen[grant_id] for grant_id in owing
        )

    @invariant()
    def no_plan_pays_more_than_was_approved(self) -> None:
        for grant in self.grants.values():
            plan = grant["plan"]
            paid_fen, unpaid_fen = parse_yuan(plan["paid"]), parse_yuan(plan["unpaid"])
            if plan["stopped_by"] is None:
                assert paid_fen + unpaid_fen == parse_yuan(grant["amount"])
            else:
                assert unpaid_fen == 0 < paid_fen < parse_yuan(grant["amount"])
            ended = paid_fen > 0 and unpaid_fen == 0
            owes = grant["grant_id"] in self._owing()
            if paid_fen and paid_fen == self.back_fen[grant["grant_id"]]:
                assert (grant["state"], owes, ended) == ("returned", False, True)
                continue
            begun = "closed" if ended and not owes else "paid" if ended else "in_stages"
            assert grant["state"] == (begun if paid_fen else "approved")

    @invariant()
    def one_household_stays_below_the_limit(self) -> None:
        of_one = (grant for grant in self.grants.values() if grant["household_id"] == str(self.household))
        plans = [grant["plan"] for grant in of_one if grant["state"] != "returned"]
        assert sum(parse_yuan(plan["paid"]) + parse_yuan(plan["unpaid"]) for plan in plans) < 364_000

    def teardown(self) -> None:
        self.run(self._close())
        self.runner.close()

    async def _close(self) -> None:
        paid = [stage for grant in self.grants.values() for stage in grant["plan"]["stages"] if stage["transfer_id"]]
        assert len(await self.fund.events(StagePaid)) == len(paid)
        begun = [grant for grant in self.grants.values() if grant["transfer_id"]]
        assert len(await self.fund.events(FollowUpOpened)) == len(begun)
        stopped = [grant for grant in self.grants.values() if grant["plan"]["stopped_by"]]
        assert len(await self.fund.events(PlanStopped)) == len(stopped)
        listed = (await self.fund.read(f"/v1/streets/{STREET}/follow-ups"))["follow_ups"]
        assert {one["follow_up"]["grant_id"] for one in listed} == {grant["grant_id"] for grant in begun}
        balance = await self.fund.read("/v1/trial-balance")
        assert balance["total_debit"] == balance["total_credit"]
        await self.fund.close()


@pytest.mark.clause("4.2.3")
@pytest.mark.slow
def test_random_histories_of_plans_keep_the_equation(
    database_for: Callable[[str], DatabaseUrls], mint: TokenMint
) -> None:
    class InThisDatabase(StagedHistories):
        open_fund = staticmethod(lambda: Fund.open(database_for("emergency_fund"), mint))

    run_state_machine_as_test(
        InThisDatabase,
        settings=settings(
            max_examples=8,
            stateful_step_count=18,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
