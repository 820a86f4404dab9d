"""Random histories: whatever clerks, approvers, the district, finance, time and retries do, each step is answered as
the rules and the money demand, and after it every reserve, grant and limit is as it must be.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
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
from emergency_fund.tables import emergency_grant, paper_debt, transfer
from shared.events.emergency_fund import FollowUpOpened, GrantPaid, PlanStopped, StagePaid
from shared.ids import new_id
from shared.money import parse_yuan
from shared.testing import TokenMint

from .approved import Approved, insert_approved
from .case import Case, counted_fen
from .conftest import OTHER_STREET, STREET, Fund
from .district import STREETS, District, approver, clerk

Rule = TypeVar("Rule", bound=Callable[..., Any])

_ENDED = {"closed", "returned"}
_PERSON = st.integers(1, 2)
_REPEATS = st.integers(1, 2)
_ONE_SUM = st.one_of(st.integers(1, 370_000), st.sampled_from([181_999, 290_000, 363_999, 364_000, 727_999]))
_AMOUNTS = st.one_of(_ONE_SUM.map(lambda fen: [fen]), st.lists(st.integers(1, 181_999), min_size=2, max_size=4))
_WAITS = st.lists(st.tuples(st.booleans(), st.sampled_from([0, 0, 1, 6, 20])), min_size=4, max_size=4)


def _is_planned(case: Case) -> bool:
    return bool(case.stages) and case.state not in {"requested", "refused"}


def _has_left(case: Case) -> bool:
    return any(case.left_fen.values())


def _where(condition: Callable[[Case], bool]) -> Callable[[Rule], Rule]:
    """The rule needs such a case."""

    def needs_one(wanted: Rule) -> Rule:
        return precondition(lambda self: any(condition(case) for case in self.district.cases.values()))(wanted)

    return needs_one


class Histories(RuleBasedStateMachine):
    """Two streets with two clerks and two approvers each, the district, finance, and time."""

    open_fund: Callable[[], Fund]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.district = District(type(self).open_fund())
        self.households = [str(new_id()) for _ in range(2)]

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def draw(self, data: Any, condition: Callable[[Case], bool]) -> Case:
        found = sorted(case.grant_id for case in self.district.cases.values() if condition(case))
        return self.district.cases[data.draw(st.sampled_from(found))]

    @initialize(
        payments=st.sampled_from([0, 3, 5, 8]), papers_missing=st.booleans(), claims=st.integers(0, 3), share=_PERSON
    )
    def start(self, *, payments: int, papers_missing: bool, claims: int, share: int) -> None:
        """From a full reserve to one that cannot pay the next grant, some of it asked back, and a plan in the other
        street.
        """
        self.run(self.district.fund.publish_standard())
        self.run(self._begin_plan())
        self.run(self._pay_some(payments, papers_missing=papers_missing))
        paid = [case for case in self.district.cases.values() if not case.stages]
        for case in paid[:claims]:
            [payment] = case.left_fen
            self.run(self.district.take_back(case, payment, 360_000 // share, is_claim=True))

    async def _pay_some(self, payments: int, *, papers_missing: bool) -> None:
        grants = [Approved(street=STREET, amount_fen=360_000, papers_missing=papers_missing) for _ in range(payments)]
        if grants:
            async with self.district.fund.database.transaction() as tx:
                await insert_approved(tx, grants, at=self.district.fund.clock.now())
        for grant in grants:
            await self.district.pay(self.district.adopt(grant), by=clerk(STREET))

    async def _begin_plan(self) -> None:
        waits = [(True, 0), (False, 3), (True, 20)]
        plan = await self.district.request(OTHER_STREET, [90_000, 80_000, 70_000], waits=waits, papers=1)
        assert plan is not None
        await self.district.decide(plan)
        await self.district.pay_stage(plan, 1, by=clerk(OTHER_STREET))

    @rule(
        street=st.sampled_from(STREETS),
        amounts=_AMOUNTS,
        waits=_WAITS,
        papers=st.integers(0, 2),
        household=st.one_of(st.none(), st.integers(0, 1)),
        days_ago=st.sampled_from([0, 0, 1, 29, 30, 31]),
        cause=st.sampled_from(["fire", "accident"]),
        is_separate=st.booleans(),
        by=_PERSON,
        repeats=_REPEATS,
        is_approved=st.booleans(),
    )
    def request(
        self,
        *,
        street: str,
        amounts: Sequence[int],
        household: int | None,
        days_ago: int,
        is_separate: bool,
        is_approved: bool,
        **how: Any,
    ) -> None:
        case = self.run(
            self.district.request(
                street,
                amounts,
                household_id=None if household is None else self.households[household],
                on=str(self.district.fund.clock.today() - timedelta(days=days_ago)),
                separate_because="另一次事故" if is_separate else None,
                **how,
            )
        )
        if case is not None and is_approved:
            self.run(self.district.decide(case))

    @_where(lambda case: case.state in {"requested", "approved"})
    @rule(data=st.data(), is_refused=st.booleans(), by=_PERSON, repeats=_REPEATS)
    def decide(self, *, data: Any, is_refused: bool, by: int, repeats: int) -> None:
        """What was approved and not paid can only be refused."""
        case = self.draw(data, lambda case: case.state in {"requested", "approved"})
        is_refused = is_refused or case.state == "approved"
        self.run(self.district.decide(case, is_refused=is_refused, by=by, repeats=repeats))

    @_where(lambda case: case.state == "approved" and not case.stages)
    @rule(data=st.data(), officer=st.sampled_from([clerk, approver]), by=_PERSON, repeats=_REPEATS)
    def pay(self, *, data: Any, officer: Callable[[str, int], str], by: int, repeats: int) -> None:
        case = self.draw(data, lambda case: case.state == "approved" and not case.stages)
        self.run(self.district.pay(case, by=officer(case.street, by), repeats=repeats))

    @_where(_is_planned)
    @rule(data=st.data(), officer=st.sampled_from([clerk, approver]), by=_PERSON)
    def meet(self, *, data: Any, officer: Callable[[str, int], str], by: int) -> None:
        case = self.draw(data, _is_planned)
        number = data.draw(st.integers(1, len(case.stages)))
        self.run(self.district.meet(case, number, by=officer(case.street, by)))

    @_where(_is_planned)
    @rule(data=st.data(), officer=st.sampled_from([clerk, approver]), by=_PERSON, repeats=_REPEATS)
    def pay_stage(self, *, data: Any, officer: Callable[[str, int], str], by: int, repeats: int) -> None:
        case = self.draw(data, _is_planned)
        number = data.draw(st.integers(1, len(case.stages)))
        self.run(self.district.pay_stage(case, number, by=officer(case.street, by), repeats=repeats))

    @_where(lambda case: case.is_running)
    @rule(data=st.data(), by=_PERSON, repeats=_REPEATS)
    def stop(self, *, data: Any, by: int, repeats: int) -> None:
        self.run(self.district.stop(self.draw(data, lambda case: case.is_running), by=by, repeats=repeats))

    @_where(lambda case: bool(case.open_debts))
    @rule(data=st.data(), is_waived=st.booleans(), by=_PERSON, repeats=_REPEATS)
    def settle(self, *, data: Any, is_waived: bool, by: int, repeats: int) -> None:
        case = self.draw(data, lambda case: bool(case.open_debts))
        number = data.draw(st.sampled_from(case.open_debts))
        self.run(self.district.settle(case, number, is_waived=is_waived, by=by, repeats=repeats))

    @_where(_has_left)
    @rule(data=st.data(), is_claim=st.booleans(), is_confirmed=st.sampled_from([True, True, False]), by=_PERSON)
    def take_back(self, *, data: Any, **how: Any) -> None:
        case = self.draw(data, _has_left)
        payment, left_fen = data.draw(st.sampled_from([one for one in case.left_fen.items() if one[1]]))
        amount_fen = data.draw(st.one_of(st.just(left_fen), st.integers(1, left_fen + 1)))
        self.run(self.district.take_back(case, payment, amount_fen, **how))

    @_where(lambda case: bool(case.left_fen) and not _has_left(case))
    @rule(data=st.data(), is_claim=st.booleans())
    def take_back_what_is_gone(self, *, data: Any, is_claim: bool) -> None:
        case = self.draw(data, lambda case: bool(case.left_fen) and not _has_left(case))
        payment = data.draw(st.sampled_from(sorted(case.left_fen)))
        self.run(self.district.take_back(case, payment, 1, is_claim=is_claim))

    @_where(lambda case: bool(case.claims_fen))
    @rule(data=st.data(), is_given_up=st.booleans(), is_confirmed=st.sampled_from([True, True, False]), by=_PERSON)
    def end_claim(self, *, data: Any, **how: Any) -> None:
        case = self.draw(data, lambda case: bool(case.claims_fen))
        claim, open_fen = data.draw(st.sampled_from(sorted(case.claims_fen.items())))
        amount_fen = data.draw(st.one_of(st.just(open_fen), st.integers(1, open_fen)))
        self.run(self.district.end_claim(case, claim, amount_fen, **how))

    @rule(street=st.sampled_from(STREETS), share=st.integers(0, 2))
    def finance_answers(self, *, street: str, share: int) -> None:
        self.run(self.district.finance_answers(street, share=share))

    @precondition(lambda self: self.district.sent)
    @rule(data=st.data())
    def retry_something_old(self, *, data: Any) -> None:
        self.run(self.district.send_again(data.draw(st.sampled_from(self.district.sent))))

    @rule(days=st.integers(1, 12))
    def time_passes(self, *, days: int) -> None:
        self.run(self.district.time_passes(timedelta(days=days)))

    @rule()
    def close_the_year(self) -> None:
        self.run(self.district.close_year())

    @precondition(lambda self: self.district.emergency is None)
    @rule()
    def declare_an_emergency(self) -> None:
        self.run(self.district.declare_emergency())

    @invariant()
    def every_reserve_holds_its_float(self) -> None:
        for street in STREETS:
            reserve = self.run(self.district.reserve(street))
            assert (reserve["open_replenishment"] is not None) == self.district.is_asked[street]

    @invariant()
    def every_grant_is_where_its_decisions_and_its_money_say(self) -> None:
        rows = self.run(self._grants())
        assert rows.keys() >= self.district.cases.keys()
        for grant_id, case in self.district.cases.items():
            row = rows[grant_id]
            assert row.state == case.state
            assert row.open_debts == len(case.open_debts)
            assert (row.closed_at is not None) == (row.state in _ENDED)
            assert not (row.open_debts and row.state in _ENDED)
            if case.stages:
                self._adds_up(case)
        assert {row.state for grant_id, row in rows.items() if grant_id not in self.district.cases} <= {"refused"}

    async def _grants(self) -> dict[str, Any]:
        debts = (
            select(func.count())
            .where(paper_debt.c.grant_id == emergency_grant.c.grant_id, paper_debt.c.outcome.is_(None))
            .scalar_subquery()
        )
        columns = emergency_grant.c
        query = select(columns.grant_id, columns.state, columns.closed_at, debts.label("open_debts"))
        async with self.district.fund.database.transaction() as tx:
            return {str(row.grant_id): row for row in await tx.execute(query)}

    def _adds_up(self, case: Case) -> None:
        """No plan pays more than was approved, and only a stop makes it less."""
        plan, amount_fen = case.view["plan"], parse_yuan(case.view["amount"])
        paid_fen, unpaid_fen = parse_yuan(plan["paid"]), parse_yuan(plan["unpaid"])
        if plan["stopped_by"] is None:
            assert paid_fen + unpaid_fen == amount_fen
        else:
            assert unpaid_fen == 0 < paid_fen < amount_fen

    @invariant()
    def no_household_has_more_than_the_limit_for_one_incident(self) -> None:
        """But in a declared emergency, which raises it."""
        earlier: list[Case] = []
        for case in self.district.cases.values():
            if "household_id" not in case.view:
                continue
            household_id, incident = case.view["household_id"], case.view["incident"]
            counted = counted_fen(earlier, household_id=household_id, incident=incident, asked_on=case.asked_on)
            assert case.counted_fen == 0 or counted + case.counted_fen < parse_yuan(case.view["limit"]["limit"])
            earlier.append(case)

    def teardown(self) -> None:
        self.run(self._close())
        self.runner.close()

    async def _close(self) -> None:
        fund, cases = self.district.fund, list(self.district.cases.values())
        async with fund.database.transaction() as tx:
            assert Counter(await tx.scalars(select(transfer.c.kind))) == self.district.transfers
        events = Counter(type(event) for event in await fund.events())
        assert events[GrantPaid] == self.district.done["payment"]
        assert events[StagePaid] == self.district.done["stage"]
        assert events[PlanStopped] == self.district.done["stopped"]
        assert events[FollowUpOpened] == sum(bool(case.left_fen) for case in cases)
        for street in STREETS:
            listed = (await fund.read(f"/v1/streets/{street}/follow-ups"))["follow_ups"]
            paid = {case.grant_id for case in cases if case.street == street and case.left_fen}
            assert {one["follow_up"]["grant_id"] for one in listed} == paid
        balance = await fund.read("/v1/trial-balance")
        assert balance["total_debit"] == balance["total_credit"]
        assert len(balance["accounts"]) == 73
        [lost] = [line for line in balance["accounts"] if line["account"] == "written_off"]
        assert parse_yuan(lost["debit"]) == self.district.written_off_fen
        await fund.close()


@pytest.mark.clause("4.2.1")
@pytest.mark.clause("4.2.3")
@pytest.mark.clause("4.3.2")
@pytest.mark.clause("4.3.3")
@pytest.mark.clause("4.3.4")
@pytest.mark.clause("4.4.2")
@pytest.mark.slow
def test_random_histories_keep_every_reserve_grant_and_limit(
    database_for: Callable[[str], DatabaseUrls], mint: TokenMint
) -> None:
    class InThisDatabase(Histories):
        open_fund = staticmethod(lambda: Fund.open(database_for("emergency_fund"), mint))

    run_state_machine_as_test(
        InThisDatabase,
        settings=settings(
            max_examples=12,
            stateful_step_count=22,
            deadline=None,
            # To shrink a history takes more databases than the time limit has room for: it is shown as it failed.
            phases=(Phase.reuse, Phase.generate),
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
