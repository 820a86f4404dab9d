"""Random histories in which money comes back, is asked back and is given up, while finance refills. Clause 4.3.4."""

import asyncio
from collections.abc import Callable
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
from shared.events.emergency_fund import ReplenishmentRequested
from shared.money import format_yuan, parse_yuan
from shared.testing import TokenMint, problem_code

from .conftest import Fund, ok
from .corrections import ACCOUNTS, corrected, grant_now, propose

_FLOAT_FEN = 3_000_000
_ENDED = {"closed", "returned"}


class Corrections(RuleBasedStateMachine):
    """One street pays, takes back, asks back, recovers and gives up; finance answers when it likes."""

    open_fund: Callable[[], Fund]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.fund = type(self).open_fund()
        self.grants: dict[str, dict[str, Any]] = {}
        self.left: dict[str, int] = {}
        self.claims: dict[str, tuple[str, int]] = {}
        self.cash_fen = _FLOAT_FEN
        self.written_off_fen = 0

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    @initialize(payments=st.integers(1, 6), papers=st.booleans())
    def start(self, *, payments: int, papers: bool) -> None:
        self.run(self.fund.publish_standard())
        for _ in range(payments):
            self.pay(amount_fen=360_000, papers=papers)

    @precondition(lambda self: self.cash_fen >= 363_999)
    @rule(amount_fen=st.integers(1, 363_999), papers=st.booleans())
    def pay(self, *, amount_fen: int, papers: bool) -> None:
        grant = self.run(self.fund.paid(format_yuan(amount_fen), missing=("fire_certificate",) if papers else ()))
        self.grants[grant["grant_id"]] = grant
        self.left[grant["grant_id"]] = amount_fen
        self.cash_fen -= amount_fen

    @precondition(lambda self: any(self.left.values()))
    @rule(data=st.data(), is_claim=st.booleans())
    def take_back(self, *, data: Any, is_claim: bool) -> None:
        grant_id = data.draw(st.sampled_from(sorted(key for key, left_fen in self.left.items() if left_fen)))
        amount_fen = data.draw(st.one_of(st.just(self.left[grant_id]), st.integers(1, self.left[grant_id])))
        kind = "claim" if is_claim else "reversal"
        posted = self.run(corrected(self.fund, self.grants[grant_id], kind, format_yuan(amount_fen)))
        self.left[grant_id] -= amount_fen
        if is_claim:
            self.claims[posted["transfer_id"]] = (grant_id, amount_fen)
        else:
            self.cash_fen += amount_fen

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), is_given_up=st.booleans())
    def end_claim(self, *, data: Any, is_given_up: bool) -> None:
        claim_id = data.draw(st.sampled_from(sorted(self.claims)))
        grant_id, open_fen = self.claims[claim_id]
        amount_fen = data.draw(st.one_of(st.just(open_fen), st.integers(1, open_fen)))
        kind = "write_off" if is_given_up else "recovery"
        grant = self.grants[grant_id]
        self.run(corrected(self.fund, grant, kind, format_yuan(amount_fen), corrects=claim_id))
        self.claims[claim_id] = (grant_id, open_fen - amount_fen)
        if open_fen == amount_fen:
            del self.claims[claim_id]
        if is_given_up:
            self.written_off_fen += amount_fen
        else:
            self.cash_fen += amount_fen

    @precondition(lambda self: self.grants)
    @rule(data=st.data())
    def take_back_too_much(self, *, data: Any) -> None:
        grant_id = data.draw(st.sampled_from(sorted(self.grants)))
        too_much = format_yuan(self.left[grant_id] + 1)
        refused = self.run(propose(self.fund, self.grants[grant_id], "reversal", too_much))
        assert problem_code(refused) == ("above_what_is_left" if self.left[grant_id] else "nothing_to_correct")

    @precondition(lambda self: self.grants)
    @rule(data=st.data())
    def settle(self, *, data: Any) -> None:
        grant = self.run(grant_now(self.fund, self.grants[data.draw(st.sampled_from(sorted(self.grants)))]))
        if any(debt["outcome"] is None for debt in grant["debts"]):
            ok(self.run(self.fund.settle(grant)))

    @rule()
    def finance_answers(self) -> None:
        asked = self.run(self.fund.reserve())["open_replenishment"]
        if asked is not None:
            amount_fen = self.run(self.fund.events(ReplenishmentRequested))[-1].amount_fen
            self.run(self.fund.answer("granted", amount_fen))
            self.cash_fen += amount_fen

    @invariant()
    def the_equation_holds(self) -> None:
        reserve = self.run(self.fund.reserve())
        fen = {account: parse_yuan(reserve[account]) for account in ACCOUNTS}
        assert sum(fen.values()) == _FLOAT_FEN
        assert fen["cash"] == self.cash_fen
        assert min(fen["cash"], fen["advances"], fen["documented"], fen["recoverable"]) >= 0
        assert fen["recoverable"] == sum(open_fen for _, open_fen in self.claims.values())

    @invariant()
    def a_grant_is_where_its_money_says(self) -> None:
        claimed = {grant_id for grant_id, _ in self.claims.values()}
        advances_fen = 0
        for grant_id, paid in self.grants.items():
            grant = self.run(grant_now(self.fund, paid))
            has_debt = any(debt["outcome"] is None for debt in grant["debts"])
            advances_fen += self.left[grant_id] if has_debt else 0
            assert (grant["state"] in _ENDED) == (not has_debt and grant_id not in claimed), grant["state"]
            assert (grant["closed_at"] is not None) == (grant["state"] in _ENDED)
        assert parse_yuan(self.run(self.fund.reserve())["advances"]) == advances_fen

    def teardown(self) -> None:
        self.run(self._close())
        self.runner.close()

    async def _close(self) -> None:
        balance = await self.fund.read("/v1/trial-balance")
        assert balance["total_debit"] == balance["total_credit"]
        [lost] = [line for line in balance["accounts"] if line["account"] == "written_off"]
        assert parse_yuan(lost["debit"]) == self.written_off_fen
        await self.fund.close()


@pytest.mark.clause("4.3.4")
@pytest.mark.slow
def test_random_corrections_keep_the_equation(database_for: Callable[[str], DatabaseUrls], mint: TokenMint) -> None:
    class InThisDatabase(Corrections):
        open_fund = staticmethod(lambda: Fund.open(database_for("emergency_fund"), mint))

    run_state_machine_as_test(
        InThisDatabase,
        settings=settings(
            max_examples=8,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
