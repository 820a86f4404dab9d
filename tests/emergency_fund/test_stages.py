"""One approval, a plan of stages, each paid when its condition is met, never above what was approved."""

import asyncio
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from emergency_fund.tables import emergency_grant
from shared.auth import Role
from shared.events.eligibility import OfficerRecused
from shared.events.emergency_fund import (
    FollowUpOpened,
    GrantApproved,
    GrantPaid,
    GrantRequested,
    PaperDebtOpened,
    PlanStopped,
    ReplenishmentRequested,
    StageConditionMet,
    StageDue,
    StageOverdue,
    StagePaid,
)
from shared.ids import new_id
from shared.testing import problem_code

from .conftest import (
    APPROVER,
    CLERK,
    OTHER_APPROVER,
    OTHER_STREET,
    SECOND_CLERK,
    STREET,
    Fund,
    by_day,
    by_paper,
    by_visit,
    ok,
)

pytestmark = pytest.mark.clause("4.2.3")

_PLAN = [by_day("1000.00", "2022-12-05"), by_visit("1200.00", "2023-01-05"), by_paper("800.00", "2023-02-06")]


async def _approved(fund: Fund, stages: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    """An approved grant of 3,000.00 in three stages, papers complete."""
    changes = {"missing": (), "stages": _PLAN if stages is None else stages} | changes
    return await fund.read(f"/v1/grants/{await fund.approved(changes.pop('amount', '3000.00'), **changes)}")


async def _meet(fund: Fund, grant: dict[str, Any], number: int, *, by: str = CLERK) -> httpx.Response:
    return await fund.on_stage(grant, number, "condition", {"note": "已核实"}, by=by)


async def _pay(
    fund: Fund, grant: dict[str, Any], number: int, *, by: str = APPROVER, key: str | None = None
) -> httpx.Response:
    return await fund.on_stage(grant, number, "payment", by=by, key=key)


async def _stop(fund: Fund, grant: dict[str, Any], *, by: str = APPROVER) -> httpx.Response:
    return await fund.act(grant["grant_id"], "stop", {"reason": "已纳入低保"}, by=by)


def _states(grant: dict[str, Any]) -> list[str]:
    return [stage["state"] for stage in grant["plan"]["stages"]]


async def _refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, problem_code(answer)) == (status, code), answer.text
    assert answer.json()["way_out"]


async def test_one_approval_covers_a_plan_that_is_paid_stage_by_stage(fund: Fund) -> None:
    grant = await _approved(fund)
    assert (grant["state"], _states(grant)) == ("approved", ["planned"] * 3)
    await fund.run_due()
    first = ok(await _pay(fund, grant, 1))
    assert (first["state"], _states(first)) == ("in_stages", ["paid", "planned", "planned"])
    assert first["transfer_id"] == first["plan"]["stages"][0]["transfer_id"]
    assert (first["plan"]["paid"], first["plan"]["unpaid"]) == ("1000.00", "2000.00")

    ok(await _meet(fund, grant, 2))
    second = ok(await _pay(fund, grant, 2))
    ok(await _meet(fund, grant, 3, by=SECOND_CLERK))
    last = ok(await _pay(fund, grant, 3))
    assert (second["state"], last["state"], _states(last)) == ("in_stages", "closed", ["paid"] * 3)
    assert (last["plan"]["paid"], last["plan"]["unpaid"]) == ("3000.00", "0.00")
    assert last["paid_at"] == first["paid_at"]

    reserve = await fund.reserve()
    assert (reserve["cash"], reserve["advances"], reserve["documented"]) == ("27000.00", "0.00", "3000.00")
    assert [type(event) for event in await fund.events()] == [
        GrantRequested,
        GrantApproved,
        StageConditionMet,
        StageDue,
        StagePaid,
        FollowUpOpened,
        StageConditionMet,
        StagePaid,
        StageConditionMet,
        StagePaid,
    ]
    paid = await fund.events(StagePaid)
    assert [(event.number, event.amount_fen, event.paid_fen) for event in paid] == [
        (1, 100_000, 100_000),
        (2, 120_000, 220_000),
        (3, 80_000, 300_000),
    ]
    assert {event.stages for event in paid} == {3}


async def test_a_day_is_met_by_the_calendar_and_by_nobody_else(fund: Fund) -> None:
    grant = await _approved(fund, [by_day("1000.00", "2022-12-06"), by_day("2000.00", "2022-12-06")])
    await _refused(await _pay(fund, grant, 1), 409, "condition_not_met")
    await _refused(await _meet(fund, grant, 1), 409, "condition_is_a_day")
    fund.clock.advance(timedelta(days=1))
    # Whether or not its job has run.
    paid = ok(await _pay(fund, grant, 1))
    assert (paid["plan"]["stages"][0]["met_by"], _states(paid)) == ("calendar", ["paid", "planned"])
    await fund.run_due()
    after = await fund.read(f"/v1/grants/{grant['grant_id']}")
    assert _states(after) == ["paid", "met"]
    assert [event.met_by for event in await fund.events(StageConditionMet)] == ["calendar", "calendar"]
    assert ok(await _pay(fund, grant, 2))["state"] == "closed"


async def test_two_persons_release_each_stage(fund: Fund) -> None:
    grant = await _approved(fund, [by_visit("1000.00", "2022-12-05"), by_visit("2000.00", "2022-12-05")])
    await _refused(await _meet(fund, grant, 1, by=APPROVER), 403, "same_person")
    ok(await _meet(fund, grant, 1, by=CLERK))
    await _refused(await _pay(fund, grant, 1, by=CLERK), 403, "same_person")
    paid = ok(await _pay(fund, grant, 1, by=SECOND_CLERK))
    stage = paid["plan"]["stages"][0]
    assert (stage["met_by"], stage["met_note"], stage["paid_by"]) == (CLERK, "已核实", SECOND_CLERK)


async def test_a_stage_is_met_and_paid_once(fund: Fund) -> None:
    grant = await _approved(fund, [by_visit("1000.00", "2022-12-05"), by_visit("2000.00", "2022-12-05")])
    await _refused(await _pay(fund, grant, 1), 409, "condition_not_met")
    ok(await _meet(fund, grant, 1))
    await _refused(await _meet(fund, grant, 1), 409, "condition_already_met")
    same = [ok(await _pay(fund, grant, 1, key="pay-stage-1")) for _ in range(2)]
    assert same[0] == same[1]
    await _refused(await _pay(fund, grant, 1), 409, "stage_already_paid")
    await _refused(await _meet(fund, grant, 1), 409, "stage_already_paid")
    await _refused(await _pay(fund, grant, 2, key="pay-stage-1"), 409, "idempotency_key_reused")
    assert (await fund.reserve())["cash"] == "29000.00"


async def test_many_clients_at_once_pay_a_stage_once(fund: Fund) -> None:
    grant = await _approved(fund)
    answers = await asyncio.gather(*(_pay(fund, grant, 1) for _ in range(8)))
    codes = sorted("" if answer.is_success else problem_code(answer) for answer in answers)
    assert codes == ["", *["stage_already_paid"] * 7]
    assert (await fund.reserve())["cash"] == "29000.00"


async def test_nothing_is_met_or_paid_before_the_approval_or_after_a_refusal(fund: Fund) -> None:
    grant = ok(await fund.request("3000.00", missing=(), stages=_PLAN))
    for step in (_meet, _pay):
        await _refused(await step(fund, grant, 2), 409, "not_possible_now")
    ok(await fund.act(grant["grant_id"], "approval"))
    ok(await fund.act(grant["grant_id"], "refusal", {"reason": "不属实"}))
    fund.clock.advance(timedelta(days=60))
    await fund.run_due()
    for step in (_meet, _pay):
        await _refused(await step(fund, grant, 2), 409, "not_possible_now")
    assert await fund.events(StageDue, StageOverdue, StageConditionMet) == []
    assert (await fund.read(f"/v1/streets/{STREET}/stages"))["stages"] == []


async def test_a_grant_with_a_plan_is_not_paid_at_once_and_one_without_has_no_stop(fund: Fund) -> None:
    grant = await _approved(fund)
    await _refused(await fund.act(grant["grant_id"], "payment"), 409, "paid_in_stages")
    await _refused(await _stop(fund, grant), 409, "not_possible_now")  # nothing paid yet: it is refused instead
    await _refused(await _stop(fund, await fund.paid()), 409, "not_possible_now")
    assert (await fund.paid(missing=()))["plan"] is None


@pytest.mark.parametrize(
    ("amounts", "code", "field"),
    [
        (("1000.00", "1999.99"), "stages_below_amount", "body.stages"),
        (("1000.00", "2000.01"), "stage_above_plan", "body.stages[1]"),
        (("3000.01", "1.00"), "stage_above_plan", "body.stages[0]"),
        (("1000.00",), "invalid_input", "body.stages"),
        (("250.00",) * 13, "invalid_input", "body.stages"),
        ((), "invalid_input", "body.stages"),
        (("3000.00", "0.00"), "amount_not_positive", "body.stages[1].amount"),
    ],
)
async def test_plans_that_do_not_come_to_the_amount(
    fund: Fund, amounts: tuple[str, ...], code: str, field: str
) -> None:
    stages = [by_visit(amount, "2022-12-06") for amount in amounts]
    answer = await fund.request("3000.00", stages=stages)
    await _refused(answer, 422, code)
    assert answer.json()["errors"][0]["field"] == field
    assert await fund.count(emergency_grant) == 0


async def test_plans_that_make_no_sense(fund: Fund) -> None:
    past = await fund.request("3000.00", stages=[by_day("1000.00", "2022-12-05"), by_day("2000.00", "2022-12-04")])
    await _refused(past, 422, "stage_in_past")
    [error] = past.json()["errors"]
    assert (error["field"], error["value"]) == ("body.stages[1].planned_on", "2022-12-04")
    no_paper = by_paper("2000.00", "2022-12-06") | {"condition": {"kind": "paper", "words": "交发票"}}
    owed = by_paper("2000.00", "2022-12-06", paper="fire_certificate")
    for stage in (no_paper, owed, by_visit("2000.00", "2022-02-30"), by_visit("2000.00", "2022-12-06") | {"x": 1}):
        answer = await fund.request("3000.00", stages=[by_day("1000.00", "2022-12-05"), stage])
        await _refused(answer, 422, "invalid_input")
    assert await fund.count(emergency_grant) == 0


async def test_twelve_stages_on_one_day_are_a_plan(fund: Fund) -> None:
    grant = await _approved(fund, [by_day("250.00", "2022-12-05")] * 12)
    for number in range(1, 13):
        grant = ok(await _pay(fund, grant, number))
    assert (grant["state"], grant["plan"]["paid"]) == ("closed", "3000.00")


@pytest.mark.clause("4.3.3")
async def test_the_whole_plan_stays_below_the_limit_and_counts_from_the_request(fund: Fund) -> None:
    household_id = new_id()
    at_limit = [by_day("1640.00", "2022-12-05"), by_visit("2000.00", "2023-01-05")]
    refused = await fund.request("3640.00", stages=at_limit, household_id=household_id)
    await _refused(refused, 422, "not_below_limit")
    ok(await fund.request("3000.00", stages=_PLAN, household_id=household_id))
    await _refused(await fund.request("640.00", household_id=household_id), 422, "not_below_limit")
    ok(await fund.request("639.99", household_id=household_id))


@pytest.mark.clause("4.3.3")
async def test_what_is_stopped_counts_no_more(fund: Fund) -> None:
    household_id = new_id()
    grant = await _approved(fund, household_id=household_id)
    ok(await _pay(fund, grant, 1))
    ok(await _meet(fund, grant, 2))
    stopped = ok(await _stop(fund, grant))
    assert (stopped["state"], _states(stopped)) == ("closed", ["paid", "stopped", "stopped"])
    assert (stopped["plan"]["paid"], stopped["plan"]["unpaid"]) == ("1000.00", "0.00")
    assert (stopped["plan"]["stopped_by"], stopped["plan"]["stop_reason"]) == (APPROVER, "已纳入低保")
    [event] = await fund.events(PlanStopped)
    assert event.amount_fen == 200_000
    for number in (2, 3):
        await _refused(await _pay(fund, grant, number), 409, "plan_stopped")
        await _refused(await _meet(fund, grant, number), 409, "plan_stopped")
    await _refused(await _stop(fund, grant), 409, "not_possible_now")
    await _refused(await fund.request("2640.00", household_id=household_id), 422, "not_below_limit")
    ok(await fund.request("2639.99", household_id=household_id))


async def test_only_an_approver_who_did_not_ask_stops(fund: Fund) -> None:
    grant = await _approved(fund)
    ok(await _pay(fund, grant, 1))
    clerk = await _stop(fund, grant, by=SECOND_CLERK)
    assert (clerk.status_code, problem_code(clerk)) == (403, "not_permitted")
    both_roles = fund.mint.authorization(CLERK, Role.STREET_CLERK, Role.STREET_APPROVER, streets=[STREET])
    same = await fund.http.post(
        f"/v1/grants/{grant['grant_id']}/stop",
        json={"reason": "不再需要"},
        headers=both_roles | {"Idempotency-Key": "stop-0001"},
    )
    await _refused(same, 403, "same_person")


@pytest.mark.clause("4.2.1")
async def test_papers_missing_become_debts_of_the_first_payment_alone(fund: Fund) -> None:
    grant = await _approved(fund, missing=("diagnosis",))
    first = ok(await _pay(fund, grant, 1))
    assert [debt["paper"] for debt in first["debts"]] == ["diagnosis"]
    ok(await _meet(fund, grant, 2))
    ok(await _pay(fund, grant, 2))
    assert len(await fund.events(PaperDebtOpened)) == 1
    reserve = await fund.reserve()
    assert (reserve["advances"], reserve["documented"]) == ("2200.00", "0.00")

    settled = ok(await fund.settle(first))
    assert (settled["state"], settled["closed_at"]) == ("in_stages", None)
    reserve = await fund.reserve()
    assert (reserve["advances"], reserve["documented"]) == ("0.00", "2200.00")

    ok(await _meet(fund, grant, 3))
    assert ok(await _pay(fund, grant, 3))["state"] == "closed"
    reserve = await fund.reserve()
    assert (reserve["cash"], reserve["advances"], reserve["documented"]) == ("27000.00", "0.00", "3000.00")


@pytest.mark.parametrize("is_stopped", [True, False])
async def test_a_plan_that_ends_with_papers_missing_closes_with_the_last_paper(fund: Fund, *, is_stopped: bool) -> None:
    grant = await _approved(
        fund, [by_day("1000.00", "2022-12-05"), by_day("2000.00", "2022-12-05")], missing=("x_ray",)
    )
    first = ok(await _pay(fund, grant, 1))
    ended = ok(await _stop(fund, grant) if is_stopped else await _pay(fund, grant, 2))
    assert (ended["state"], ended["closed_at"]) == ("paid", None)
    closed = ok(await fund.settle(first))
    assert closed["state"] == "closed"
    reserve = await fund.reserve()
    assert (reserve["advances"], reserve["documented"]) == ("0.00", "1000.00" if is_stopped else "3000.00")


async def test_a_stage_is_paid_from_the_cash_of_its_day(fund: Fund) -> None:
    grant = await _approved(fund)
    for _ in range(8):
        await fund.paid("3600.00")
    answer = await _pay(fund, grant, 1)
    ok(answer)
    ok(await _meet(fund, grant, 2))
    await _refused(await _pay(fund, grant, 2), 409, "reserve_insufficient")
    [asked] = await fund.events(ReplenishmentRequested)
    await fund.answer("granted", asked.amount_fen)
    assert ok(await _pay(fund, grant, 2))["state"] == "in_stages"


async def test_a_stage_whose_day_has_come_is_a_task_and_then_overdue_once(fund: Fund) -> None:
    grant = await _approved(fund)
    ok(await _pay(fund, grant, 1))
    [second, third] = (await fund.read(f"/v1/streets/{STREET}/stages"))["stages"]
    assert (second["stage"]["number"], second["stage"]["is_due"], third["stage"]["number"]) == (2, False, 3)
    fund.clock.advance(timedelta(days=31))  # 5 January, a Thursday
    await fund.run_due()
    [due] = await fund.events(StageDue)
    assert (due.number, due.planned_on, due.owner) == (2, date(2023, 1, 5), CLERK)
    assert (await fund.read(f"/v1/streets/{STREET}/stages"))["stages"][0]["stage"]["is_due"]
    fund.clock.advance(timedelta(days=7))  # 12 January: the fifth working day
    await fund.run_due()
    assert await fund.events(StageOverdue) == []
    for days in (1, 5):
        fund.clock.advance(timedelta(days=days))
        await fund.run_due()
    [overdue] = await fund.events(StageOverdue)
    assert (overdue.number, overdue.owner) == (2, CLERK)
    ok(await _meet(fund, grant, 2))
    late = ok(await _pay(fund, grant, 2))["plan"]["stages"][1]
    assert (late["state"], late["is_due"], late["overdue_at"] is not None) == ("paid", False, True)


async def test_what_is_paid_or_stopped_is_never_overdue(fund: Fund) -> None:
    grant = await _approved(fund)
    ok(await _pay(fund, grant, 1))
    ok(await _stop(fund, grant))
    fund.clock.advance(timedelta(days=200))
    await fund.run_due()
    assert await fund.events(StageDue, StageOverdue) == []


async def test_a_plan_approved_after_its_first_day_is_not_late_at_once(fund: Fund) -> None:
    grant = ok(await fund.request("3000.00", missing=(), stages=_PLAN))
    fund.clock.advance(timedelta(days=14))
    ok(await fund.act(grant["grant_id"], "approval"))
    await fund.run_due()
    assert len(await fund.events(StageDue)) == 1
    assert await fund.events(StageOverdue) == []


async def test_another_street_neither_sees_nor_moves_a_plan(fund: Fund) -> None:
    grant = await _approved(fund)
    for answer in (
        await _meet(fund, grant, 2, by=f"clerk-{OTHER_STREET}-1"),
        await _pay(fund, grant, 1, by=OTHER_APPROVER),
        await _stop(fund, grant, by=OTHER_APPROVER),
    ):
        await _refused(answer, 404, "not_found")
    listed = await fund.http.get(f"/v1/streets/{STREET}/stages", headers=fund.as_(OTHER_APPROVER))
    await _refused(listed, 403, "not_permitted")
    assert (await fund.read(f"/v1/streets/{OTHER_STREET}/stages"))["stages"] == []


async def test_a_lump_sum_still_tells_of_its_payment_and_stages_do_not(fund: Fund) -> None:
    ok(await _pay(fund, await _approved(fund), 1))
    await fund.paid()
    assert len(await fund.events(GrantPaid)) == 1


async def test_who_stepped_back_from_the_household_has_no_hand_in_its_plan_or_follow_up(fund: Fund) -> None:
    grant = await _approved(fund)
    paid = ok(await _pay(fund, grant, 1))
    for subject in (CLERK, APPROVER):
        await fund.hear(OfficerRecused(household_id=grant["household_id"], street=STREET, subject=subject))
    finding = {"contact": "visit", "outcome": "resolved", "note": "住处已修好"}
    path = f"/v1/follow-ups/{paid['follow_ups'][0]['follow_up_id']}/completion"
    recused = [
        await _meet(fund, grant, 2),
        await _pay(fund, grant, 2),
        await fund.act(grant["grant_id"], "stop", {"reason": "不再需要"}),
        await fund.http.post(path, json=finding, headers=fund.as_(CLERK)),
    ]
    assert {(answer.status_code, problem_code(answer)) for answer in recused} == {(409, "recused")}
    ok(await _meet(fund, grant, 2, by=SECOND_CLERK))
    ok(await fund.http.post(path, json=finding, headers=fund.as_(SECOND_CLERK)))
