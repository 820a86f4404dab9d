"""A reserve that is low asks finance by itself; the answer is posted, partial and refused ones too. Clause 4.3.2."""

from datetime import timedelta
from uuid import UUID

import pytest

from shared.events.departments import ReplenishmentAnswered
from shared.events.emergency_fund import ReplenishmentRequested, ReserveReplenished
from shared.testing import envelope_of, problem_code

from .conftest import STREET, Fund, by_day, ok
from .test_emergencies import confirmed

pytestmark = pytest.mark.clause("4.3.2")


async def _spend(fund: Fund, *amounts: str, missing: tuple[str, ...] = ("fire_certificate",)) -> None:
    for amount in amounts:
        await fund.paid(amount, missing=missing)


async def test_nothing_is_asked_at_the_low_water_mark(fund: Fund) -> None:
    await _spend(fund, *["3000.00"] * 5)
    assert (await fund.reserve())["cash"] == "15000.00"
    assert await fund.events(ReplenishmentRequested) == []


async def test_below_the_mark_the_fund_asks_once_for_what_is_missing(fund: Fund) -> None:
    await _spend(fund, *["3639.99"] * 6)
    [asked] = await fund.events(ReplenishmentRequested)
    assert (asked.street, asked.amount_fen) == (STREET, 5 * 363999)
    reserve = await fund.reserve()
    assert reserve["open_replenishment"]["amount"] == "18199.95"
    assert reserve["low_water"] == "15000.00"


async def test_a_full_answer_documents_first_and_runs_ahead_of_missing_papers(fund: Fund) -> None:
    await _spend(fund, *["3000.00"] * 2, missing=())
    await _spend(fund, *["3000.00"] * 4)
    await fund.answer("granted", 1_800_000)
    [replenished] = await fund.events(ReserveReplenished)
    assert (replenished.amount_fen, replenished.cash_fen) == (1_800_000, 3_000_000)
    reserve = await fund.reserve()
    assert {name: reserve[name] for name in ("cash", "advances", "documented", "due_from_finance")} == {
        "cash": "30000.00",
        "advances": "12000.00",
        "documented": "0.00",
        "due_from_finance": "-12000.00",
    }
    assert reserve["open_replenishment"] is None


async def test_papers_that_come_in_are_set_against_what_ran_ahead(fund: Fund) -> None:
    grants = [await fund.paid("3200.00") for _ in range(5)]
    await fund.answer("granted", 1_600_000)
    ok(await fund.settle(grants[0]))
    reserve = await fund.reserve()
    assert (reserve["advances"], reserve["documented"], reserve["due_from_finance"]) == (
        "12800.00",
        "0.00",
        "-12800.00",
    )


async def test_finance_sees_what_it_paid_and_took_over(fund: Fund) -> None:
    await _spend(fund, *["3200.00"] * 5)
    await fund.answer("granted", 1_600_000)
    lines = {
        (line["holder"], line["account"]): (line["debit"], line["credit"])
        for line in (await fund.read("/v1/trial-balance"))["accounts"]
    }
    assert lines["420106", "finance"] == ("0.00", "436000.00")
    assert lines["420106", "refilled_expense"] == ("16000.00", "0.00")


async def test_a_partial_answer_is_posted_and_the_rest_asked_for_later(fund: Fund) -> None:
    await _spend(fund, *["3500.00"] * 6)
    [asked] = await fund.events(ReplenishmentRequested)
    await fund.answer("partly_granted", 100_000)
    assert (await fund.reserve())["cash"] == "10000.00"
    fund.clock.advance(timedelta(days=7))  # five working days
    await fund.run_due()
    [_, again] = await fund.events(ReplenishmentRequested)
    assert (asked.amount_fen, again.amount_fen) == (1_750_000, 2_000_000)


async def test_a_refused_reserve_asks_again_although_nothing_more_can_be_paid(fund: Fund) -> None:
    await _spend(fund, *["3000.00"] * 10)
    await fund.answer("refused", 0)
    assert await fund.events(ReserveReplenished) == []
    assert (await fund.reserve())["open_replenishment"] is None
    fund.clock.advance(timedelta(days=7))
    await fund.run_due()
    assert (await fund.reserve())["open_replenishment"]["amount"] == "30000.00"


async def test_the_next_payment_asks_again_and_the_clock_then_need_not(fund: Fund) -> None:
    await _spend(fund, *["3500.00"] * 5)
    await fund.answer("refused", 0)
    await _spend(fund, "1000.00")
    fund.clock.advance(timedelta(days=7))
    await fund.run_due()
    assert len(await fund.events(ReplenishmentRequested)) == 2


async def flooded(fund: Fund) -> None:
    """An emergency is declared: twenty times the standard may be given. 16,000 are left."""
    await confirmed(fund, first_day="2022-12-05", last_day="2022-12-31", limit_multiple=20)
    await fund.paid("14000.00")
    assert await fund.events(ReplenishmentRequested) == []


async def test_what_the_reserve_cannot_bear_above_the_mark_is_asked_for_once(fund: Fund) -> None:
    await flooded(fund)
    grant_id = await fund.approved("17000.00")
    for _ in range(2):
        assert problem_code(await fund.act(grant_id, "payment")) == "reserve_insufficient"
    [asked] = await fund.events(ReplenishmentRequested)
    assert asked.amount_fen == 1_400_000
    await fund.answer("granted", 1_400_000)
    assert ok(await fund.act(grant_id, "payment"))["state"] == "paid"


async def test_a_stage_that_the_reserve_cannot_bear_asks_too_and_is_not_paid_by_half(fund: Fund) -> None:
    await flooded(fund)
    stages = [by_day("16500.00", "2022-12-05"), by_day("100.00", "2023-01-05")]
    grant = await fund.read(f"/v1/grants/{await fund.approved('16600.00', stages=stages)}")
    assert problem_code(await fund.on_stage(grant, 1, "payment")) == "reserve_insufficient"
    [asked] = await fund.events(ReplenishmentRequested)
    assert asked.amount_fen == 1_400_000
    now = await fund.read(f"/v1/grants/{grant['grant_id']}")
    assert (now["state"], [stage["state"] for stage in now["plan"]["stages"]]) == ("approved", ["planned", "planned"])
    await fund.answer("granted", 1_400_000)
    assert ok(await fund.on_stage(grant, 1, "payment"))["state"] == "in_stages"


async def test_an_answer_that_comes_twice_is_posted_once(fund: Fund) -> None:
    await _spend(fund, *["3200.00"] * 5)
    [asked] = await fund.events(ReplenishmentRequested)
    answer = ReplenishmentAnswered(
        street=STREET, replenishment_id=asked.replenishment_id, outcome="granted", amount_fen=1_600_000
    )
    envelope = envelope_of(answer, clock=fund.clock)
    await fund.hear(envelope, envelope, envelope_of(answer, clock=fund.clock))
    assert len(await fund.events(ReserveReplenished)) == 1
    assert (await fund.reserve())["cash"] == "30000.00"


@pytest.mark.parametrize(
    ("outcome", "amount_fen", "replenishment_id"),
    [
        pytest.param("granted", 1_600_000, UUID(int=1), id="nobody asked"),
        pytest.param("granted", 1_600_001, None, id="more than was asked for"),
        pytest.param("granted", 1, None, id="less than was asked for, but called granted"),
        pytest.param("partly_granted", 1_600_000, None, id="all of it, but called partly"),
        pytest.param("refused", 5, None, id="refused with money"),
        pytest.param("partly_granted", -5, None, id="below zero"),
    ],
)
async def test_an_answer_that_fits_no_request_is_not_posted(
    fund: Fund, outcome: str, amount_fen: int, replenishment_id: UUID | None
) -> None:
    await _spend(fund, *["3200.00"] * 5)
    [asked] = await fund.events(ReplenishmentRequested)
    changed = {"outcome": outcome, "amount_fen": amount_fen}
    if replenishment_id is not None:
        changed["replenishment_id"] = str(replenishment_id)
    answer = ReplenishmentAnswered.model_validate(asked.model_dump() | changed)
    await fund.hear_poison(answer)
    reserve = await fund.reserve()
    assert (reserve["cash"], reserve["open_replenishment"]["amount"]) == ("14000.00", "16000.00")
