"""A random history in which every kind of transfer occurs, done by people through the API, across the end of a year."""

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from .approved import Approved, insert_approved
from .case import Case
from .conftest import Fund
from .district import FLOAT_FEN, NEW_YEAR, District, approver, clerk
from .random_history import STREETS

_PERIODS = (timedelta(), timedelta(microseconds=1), timedelta(minutes=37), timedelta(hours=7))
_LONG = timedelta(days=9)
"""So that finance is asked again, and stages come to their day."""


async def post_full_history(fund: Fund, *, seed: int, transfers: int) -> District:
    """Have at least so many transfers posted on three streets, half of them before 2022 is closed."""
    history = _FullHistory(District(fund, STREETS), random.Random(seed))
    await history.go_on(until=transfers // 2)
    await history.district.close_year()
    await history.go_on(until=transfers)
    return history.district


class _FullHistory:
    def __init__(self, district: District, draw: random.Random) -> None:
        self.district = district
        self.draw = draw
        self.waiting: list[Case] = []

    async def go_on(self, *, until: int) -> None:
        steps: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (30, self.pay),
            (6, self.ask_for_plan),
            (12, self.pay_stage),
            (1, self.stop),
            (16, self.settle),
            (12, self.take_back),
            (12, self.end_claim),
            (8, self.finance_answers),
            (8, self.time_passes),
        ]
        weights = [weight for weight, _ in steps]
        while self.district.transfers.total() < until:
            [(_, step)] = self.draw.choices(steps, weights)
            await step()

    async def pay(self) -> None:
        if not self.waiting:
            grants = [
                Approved(
                    street=self.draw.choice(self.district.streets),
                    amount_fen=self.draw.choice([1, 100, 363_999, self.draw.randint(1, 250_000)]),
                    papers_missing=self.draw.random() < 0.6,
                )
                for _ in range(50)
            ]
            async with self.district.fund.database.transaction() as tx:
                await insert_approved(tx, grants, at=self.district.fund.clock.now())
            self.waiting = [self.district.adopt(grant) for grant in grants]
        case = self.waiting.pop()
        await self.district.pay(case, by=self.draw.choice([clerk, approver])(case.street))

    async def ask_for_plan(self) -> None:
        amounts = [self.draw.randint(1, 80_000) for _ in range(self.draw.randint(2, 4))]
        waits = [(self.draw.random() < 0.7, self.draw.randint(0, 12)) for _ in amounts]
        street, papers = self.draw.choice(self.district.streets), self.draw.randint(0, 1)
        case = await self.district.request(street, amounts, waits=waits, papers=papers)
        assert case is not None
        await self.district.decide(case)

    async def pay_stage(self) -> None:
        case = self._one_of(lambda case: any(stage["state"] in {"planned", "met"} for stage in case.stages))
        if case is None:
            return
        number, stage = self.draw.choice(
            [
                (number, stage)
                for number, stage in enumerate(case.stages, start=1)
                if stage["state"] in {"planned", "met"}
            ]
        )
        if stage["condition"]["kind"] == "visit" and stage["state"] == "planned":
            await self.district.meet(case, number, by=clerk(case.street))
        await self.district.pay_stage(case, number, by=approver(case.street, 2))

    async def stop(self) -> None:
        if case := self._one_of(lambda case: case.is_running):
            await self.district.stop(case)

    async def settle(self) -> None:
        if case := self._one_of(lambda case: bool(case.open_debts)):
            number = self.draw.choice(case.open_debts)
            await self.district.settle(case, number, is_waived=self.draw.random() < 0.2)

    async def take_back(self) -> None:
        case = self._one_of(lambda case: not case.is_running and any(case.left_fen.values()))
        if case is None:
            return
        payment = self.draw.choice([one for one, left_fen in case.left_fen.items() if left_fen])
        amount_fen = self._part(case.left_fen[payment])
        await self.district.take_back(case, payment, amount_fen, is_claim=self.draw.random() < 0.6)

    async def end_claim(self) -> None:
        if case := self._one_of(lambda case: bool(case.claims_fen)):
            claim = self.draw.choice(list(case.claims_fen))
            amount_fen = self._part(case.claims_fen[claim])
            await self.district.end_claim(case, claim, amount_fen, is_given_up=self.draw.random() < 0.4)

    async def finance_answers(self) -> None:
        await self.district.finance_answers(self.draw.choice(self.district.streets), share=self.draw.randint(0, 2))

    async def time_passes(self) -> None:
        is_dry = any(fen < FLOAT_FEN // 4 for fen in self.district.cash_fen.values())
        period = _LONG if is_dry and not self._is_near_new_year() else self.draw.choice(_PERIODS)
        await self.district.time_passes(period)

    def _is_near_new_year(self) -> bool:
        """Too near to it to let many days pass: the first half of the history is to lie in 2022."""
        now = self.district.fund.clock.now()
        return now < NEW_YEAR and NEW_YEAR - now < 2 * _LONG

    def _one_of(self, condition: Callable[[Case], bool]) -> Case | None:
        cases: Sequence[Case] = [case for case in self.district.cases.values() if condition(case)]
        return self.draw.choice(cases) if cases else None

    def _part(self, amount_fen: int) -> int:
        return amount_fen if self.draw.random() < 0.5 else self.draw.randint(1, amount_fen)
