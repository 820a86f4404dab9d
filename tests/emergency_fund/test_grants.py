"""A grant from request to closing, with its events."""

from datetime import date, timedelta

import pytest

from emergency_fund.tables import emergency_grant
from shared.auth import Role
from shared.events.emergency_fund import (
    FollowUpOpened,
    GrantApproved,
    GrantPaid,
    GrantRefused,
    GrantRequested,
    PaperDebtOpened,
    PaperDebtOverdue,
    PaperDebtSettled,
)
from shared.ids import new_id
from shared.testing import problem_code

from .conftest import APPROVER, CLERK, STREET, Fund, ok


@pytest.mark.clause("4.2.1")
async def test_the_payee_is_in_the_file_of_who_is_helped(fund: Fund) -> None:
    homeless = new_id()
    fund.intake.homeless[homeless] = new_id()
    payment = {"method": "transfer", "payee_ref": "p9"}
    answers = [
        await fund.request("100.00", payment=payment),
        await fund.request_for_homeless(homeless, payment=payment),
    ]
    for answer in answers:
        assert (answer.status_code, problem_code(answer)) == (422, "member_unknown")
        assert answer.json()["errors"][0]["field"] == "body.payment.payee_ref"


@pytest.mark.clause("4.2.1")
async def test_a_small_amount_is_paid_before_the_papers_are_in(fund: Fund) -> None:
    grant = await fund.paid("3639.99", missing=("fire_certificate", "loss_list"))
    assert grant["state"] == "paid"
    assert [(debt["paper"], debt["due_on"], debt["owner"]) for debt in grant["debts"]] == [
        ("fire_certificate", "2022-12-19", CLERK),
        ("loss_list", "2022-12-19", CLERK),
    ]
    reserve = await fund.reserve()
    assert (reserve["cash"], reserve["advances"], reserve["documented"]) == ("26360.01", "3639.99", "0.00")
    assert [type(event) for event in await fund.events()] == [
        GrantRequested,
        GrantApproved,
        GrantPaid,
        PaperDebtOpened,
        PaperDebtOpened,
        FollowUpOpened,
    ]
    [paid] = await fund.events(GrantPaid)
    assert (paid.amount_fen, paid.open_debts, str(paid.transfer_id)) == (363999, 2, grant["transfer_id"])


async def test_a_grant_with_all_papers_is_closed_by_its_payment(fund: Fund) -> None:
    grant = await fund.paid("1000.00", missing=())
    assert (grant["state"], grant["debts"]) == ("closed", [])
    reserve = await fund.reserve()
    assert (reserve["cash"], reserve["advances"], reserve["documented"]) == ("29000.00", "0.00", "1000.00")


@pytest.mark.clause("4.2.1")
async def test_the_last_paper_documents_the_advance_and_closes_the_grant(fund: Fund) -> None:
    grant = await fund.paid("1000.00", missing=("fire_certificate", "loss_list"))
    first = ok(await fund.settle(grant, 0))
    assert first["state"] == "paid"
    assert (await fund.reserve())["advances"] == "1000.00"
    last = ok(await fund.settle(grant, 1, "waived", "原件已烧毁，社区证明"))
    assert (last["state"], last["debts"][1]["outcome"]) == ("closed", "waived")
    reserve = await fund.reserve()
    assert (reserve["advances"], reserve["documented"], reserve["open_debts"]) == ("0.00", "1000.00", [])
    assert [event.outcome for event in await fund.events(PaperDebtSettled)] == ["supplied", "waived"]


@pytest.mark.clause("4.2.1")
async def test_a_paper_that_does_not_come_is_overdue_once_and_still_owed(fund: Fund) -> None:
    grant = await fund.paid("1000.00")
    fund.clock.advance(timedelta(days=14))  # 19 December: the last day
    await fund.run_due()
    assert await fund.events(PaperDebtOverdue) == []
    fund.clock.advance(timedelta(days=1))
    await fund.run_due()
    fund.clock.advance(timedelta(days=30))
    await fund.run_due()
    [overdue] = await fund.events(PaperDebtOverdue)
    assert (overdue.paper, overdue.due_on) == ("fire_certificate", date(2022, 12, 19))
    [debt] = (await fund.reserve())["open_debts"]
    assert debt["overdue"]
    assert ok(await fund.settle(grant))["state"] == "closed"


async def test_a_paper_that_is_in_time_is_never_overdue(fund: Fund) -> None:
    ok(await fund.settle(await fund.paid("1000.00")))
    fund.clock.advance(timedelta(days=60))
    await fund.run_due()
    assert await fund.events(PaperDebtOverdue) == []


@pytest.mark.clause("4.3.3")
async def test_who_asks_does_not_decide(fund: Fund) -> None:
    grant_id = ok(await fund.request(by=CLERK))["grant_id"]
    both_roles = fund.mint.authorization(CLERK, Role.STREET_CLERK, Role.STREET_APPROVER, streets=[STREET])
    for action, body in (("approval", None), ("refusal", {"reason": "不予支付"})):
        answer = await fund.http.post(
            f"/v1/grants/{grant_id}/{action}", json=body, headers=both_roles | {"Idempotency-Key": f"key-{action}"}
        )
        assert (answer.status_code, problem_code(answer)) == (403, "same_person")
    assert await fund.events(GrantApproved, GrantRefused) == []


async def test_who_asked_does_not_waive_the_papers(fund: Fund) -> None:
    grant = await fund.paid()
    path = f"/v1/grants/{grant['grant_id']}/debts/{grant['debts'][0]['debt_id']}/settlement"
    waiver = {"outcome": "waived", "reason": "无法取得"}
    clerk = await fund.http.post(path, json=waiver, headers=fund.as_(CLERK))
    assert (clerk.status_code, problem_code(clerk)) == (403, "not_permitted")
    both_roles = fund.mint.authorization(CLERK, Role.STREET_CLERK, Role.STREET_APPROVER, streets=[STREET])
    same = await fund.http.post(path, json=waiver, headers=both_roles | {"Idempotency-Key": "waive-0001"})
    assert (same.status_code, problem_code(same)) == (403, "same_person")


async def test_the_second_officer_refuses_also_after_approval(fund: Fund) -> None:
    grant_id = await fund.approved()
    refused = ok(await fund.act(grant_id, "refusal", {"reason": "现场核实无火情", "route": "district"}))
    assert (refused["state"], refused["refusal"]["refused_by"]) == ("refused", APPROVER)
    [event] = await fund.events(GrantRefused)
    assert (event.reason_code, event.route) == ("refused_by_officer", "district")
    answer = await fund.act(grant_id, "payment")
    assert (answer.status_code, problem_code(answer)) == (409, "not_possible_now")


@pytest.mark.parametrize("action", ["payment", "debts/01930000-0000-7000-8000-00000000000c/settlement"])
async def test_nothing_is_paid_or_settled_before_approval(fund: Fund, action: str) -> None:
    grant_id = ok(await fund.request())["grant_id"]
    answer = await fund.act(grant_id, action, {"outcome": "supplied"} if "debts" in action else None)
    assert answer.status_code in {404, 409}
    assert (await fund.reserve())["cash"] == "30000.00"


async def test_a_settled_debt_is_not_settled_again(fund: Fund) -> None:
    grant = await fund.paid(missing=("fire_certificate", "loss_list"))
    ok(await fund.settle(grant, 0))
    answer = await fund.settle(grant, 0)
    assert (answer.status_code, problem_code(answer)) == (409, "debt_already_settled")


async def test_a_retry_of_each_step_gives_the_same_answer_and_happens_once(fund: Fund) -> None:
    household_id = new_id()
    asked = [await fund.request("1000.00", household_id=household_id, key="request-0001") for _ in range(2)]
    assert asked[0].json() == asked[1].json()
    grant_id = asked[0].json()["grant_id"]
    approved = [await fund.act(grant_id, "approval", key="approve-0001") for _ in range(2)]
    assert approved[0].json() == approved[1].json()
    paid = [await fund.act(grant_id, "payment", key="pay-00001") for _ in range(2)]
    assert paid[0].json() == paid[1].json()
    settled = [
        await fund.act(
            grant_id,
            f"debts/{paid[0].json()['debts'][0]['debt_id']}/settlement",
            {"outcome": "supplied"},
            key="settle-00001",
        )
        for _ in range(2)
    ]
    assert settled[0].json() == settled[1].json()
    assert [type(event) for event in await fund.events()] == [
        GrantRequested,
        GrantApproved,
        GrantPaid,
        PaperDebtOpened,
        FollowUpOpened,
        PaperDebtSettled,
    ]
    assert (await fund.reserve())["cash"] == "29000.00"


async def test_a_retry_of_a_paid_grant_is_not_told_that_the_cash_is_gone(fund: Fund) -> None:
    grant_id = await fund.approved("3000.00")
    first = ok(await fund.act(grant_id, "payment", key="pay-00001"))
    for _ in range(8):
        await fund.paid("3375.00")
    assert (await fund.reserve())["cash"] == "0.00"
    assert ok(await fund.act(grant_id, "payment", key="pay-00001")) == first


async def test_another_key_does_not_pay_a_grant_again(fund: Fund) -> None:
    grant = await fund.paid()
    answer = await fund.act(grant["grant_id"], "payment")
    assert (answer.status_code, problem_code(answer)) == (409, "not_possible_now")
    assert (await fund.reserve())["cash"] == "27100.00"


async def test_a_key_is_not_used_for_another_body(fund: Fund) -> None:
    ok(await fund.request("1000.00", key="request-0001"))
    answer = await fund.request("1000.01", key="request-0001")
    assert (answer.status_code, problem_code(answer)) == (409, "idempotency_key_reused")


async def test_intake_down_means_nothing_is_stored(fund: Fund) -> None:
    fund.intake.is_down = True
    answer = await fund.request()
    assert (answer.status_code, problem_code(answer)) == (503, "unavailable")
    assert await fund.count(emergency_grant) == 0
    assert await fund.events() == []


async def test_intake_is_asked_as_a_service(fund: Fund) -> None:
    ok(await fund.request())
    [asked] = fund.intake.asked
    assert asked.headers["Authorization"].startswith("Bearer ")
    assert asked.url.path.startswith("/v1/households/")
