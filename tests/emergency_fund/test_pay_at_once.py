"""A small amount is paid at once by the clerk, approved and explained after, each within its days. Clause 4.2.1."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from emergency_fund.queries.grants import find_grant
from emergency_fund.tables import emergency_grant
from shared import deadlines
from shared.auth import Role
from shared.events.eligibility import OfficerRecused
from shared.events.emergency_fund import (
    FollowUpOpened,
    GrantApprovalOverdue,
    GrantApproved,
    GrantObjected,
    GrantPaid,
    PaperDebtOpened,
)
from shared.ids import new_id
from shared.testing import let_in, problem_code

from .conftest import APPROVER, CLERK, OTHER_STREET, SECOND_CLERK, STREET, Fund, ok
from .corrections import corrected, grant_now

pytestmark = pytest.mark.clause("4.2.1")


async def test_it_is_paid_in_one_step_and_owes_an_explanation_and_an_approval(fund: Fund) -> None:
    grant = ok(await fund.give("910.00"))
    assert (grant["state"], grant["approved_by"], grant["approve_by"]) == ("paid_unapproved", None, "2022-12-08")
    [debt] = grant["debts"]
    assert (debt["paper"], debt["kind"], debt["due_on"]) == ("explanation", "relief_before_approval", "2022-12-19")
    reserve = await fund.reserve()
    assert (reserve["cash"], reserve["advances"]) == ("29090.00", "910.00")
    [paid] = await fund.events(GrantPaid)
    assert (paid.amount_fen, paid.open_debts) == (91_000, 1)
    assert len(await fund.events(PaperDebtOpened)) == 1
    [task] = grant["follow_ups"]
    assert (task["owner"], task["due_on"]) == (CLERK, "2023-01-04")
    assert len(await fund.events(FollowUpOpened)) == 1


async def test_approval_and_explanation_close_it_in_either_order(fund: Fund) -> None:
    first, second = ok(await fund.give()), ok(await fund.give())
    assert ok(await fund.act(first["grant_id"], "approval"))["state"] == "paid"
    assert ok(await fund.settle(first))["state"] == "closed"
    assert ok(await fund.settle(second))["state"] == "paid_unapproved"
    closed = ok(await fund.act(second["grant_id"], "approval"))
    assert (closed["state"], closed["approved_by"]) == ("closed", APPROVER)
    reserve = await fund.reserve()
    assert (reserve["advances"], reserve["documented"]) == ("0.00", "1600.00")
    assert len(await fund.events(GrantApproved)) == 2


async def test_the_one_who_paid_does_not_approve(fund: Fund) -> None:
    both = fund.mint.authorization(CLERK, Role.STREET_CLERK, Role.STREET_APPROVER, streets=[STREET])
    grant = ok(await fund.give())
    answer = await fund.http.post(
        f"/v1/grants/{grant['grant_id']}/approval", headers=both | {"Idempotency-Key": str(new_id())}
    )
    assert (answer.status_code, problem_code(answer)) == (403, "same_person")


async def test_what_is_not_approved_is_to_be_recovered_and_nothing_vanishes(fund: Fund) -> None:
    grant = ok(await fund.give())
    objected = ok(await fund.act(grant["grant_id"], "refusal", {"reason": "未发生意外"}))
    assert (objected["state"], objected["refusal"]["code"]) == ("objected", "objected_after_payment")
    [event] = await fund.events(GrantObjected)
    assert (event.amount_fen, event.objected_by) == (80_000, APPROVER)
    assert (await fund.reserve())["advances"] == "800.00"
    assert ok(await fund.settle(grant))["state"] == "objected"
    for action in ("approval", "payment"):
        assert problem_code(await fund.act(grant["grant_id"], action)) == "not_possible_now"


@pytest.mark.clause("4.3.4")
@pytest.mark.parametrize("papers_are_in", [True, False])
async def test_what_was_objected_to_is_asked_back_and_recovered_or_given_up(fund: Fund, *, papers_are_in: bool) -> None:
    grant = ok(await fund.give("800.00"))
    ok(await fund.act(grant["grant_id"], "refusal", {"reason": "未发生意外"}))
    if papers_are_in:
        ok(await fund.settle(grant))
    claim = await corrected(fund, grant, "claim", "800.00")
    if not papers_are_in:
        ok(await fund.settle(grant))
    await corrected(fund, grant, "recovery", "300.00", corrects=claim["transfer_id"])
    assert (await grant_now(fund, grant))["state"] == "objected"
    kind, state = ("write_off", "closed") if papers_are_in else ("recovery", "returned")
    await corrected(fund, grant, kind, "500.00", corrects=claim["transfer_id"])
    assert (await grant_now(fund, grant))["state"] == state


async def test_an_approval_and_the_end_of_its_time_do_not_wait_for_each_other(
    fund: Fund, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The approval holds the grant and is about to cancel the deadline, which the job holds."""
    grant = ok(await fund.give())
    fund.clock.advance(timedelta(days=4))
    is_approving, cancel = asyncio.Event(), deadlines.cancel

    async def cancel_late(tx: Any, *, kind: str, subject: str) -> None:
        is_approving.set()
        await asyncio.sleep(0.5)
        await cancel(tx, kind=kind, subject=subject)

    async def find_late(tx: Any, grant_id: UUID, *, for_update: bool = False) -> Any:
        await asyncio.sleep(0.6)
        return await find_grant(tx, grant_id, for_update=for_update)

    monkeypatch.setattr(deadlines, "cancel", cancel_late)
    monkeypatch.setattr("emergency_fund.handlers.pay_at_once.find_grant", find_late)
    approving = asyncio.create_task(fund.act(grant["grant_id"], "approval"))
    await is_approving.wait()
    job = asyncio.create_task(fund.run_due())
    assert (await approving).status_code == 200
    await job


async def test_an_approval_that_does_not_come_is_told_once(fund: Fund) -> None:
    late, in_time = ok(await fund.give()), ok(await fund.give())
    ok(await fund.act(in_time["grant_id"], "approval"))
    fund.clock.advance(timedelta(days=3))
    await fund.run_due()
    assert await fund.events(GrantApprovalOverdue) == []
    fund.clock.advance(timedelta(days=1))
    for _ in range(2):
        await fund.run_due()
    [overdue] = await fund.events(GrantApprovalOverdue)
    assert (str(overdue.grant_id), str(overdue.approve_by)) == (late["grant_id"], "2022-12-08")
    assert ok(await fund.act(late["grant_id"], "approval"))["state"] == "paid"


async def test_more_than_one_month_of_the_standard_takes_the_ordinary_way(fund: Fund) -> None:
    household_id = str(new_id())
    answer = await fund.give("910.01", household_id=household_id)
    assert (answer.status_code, problem_code(answer)) == (422, "not_small")
    assert answer.json()["errors"][0] | {"message": ""} == {
        "field": "body.amount",
        "value": "910.01",
        "code": "not_small",
        "message": "",
    }
    ok(await fund.give("500.00", household_id=household_id))
    assert problem_code(await fund.give("410.01", household_id=household_id)) == "not_small"
    ok(await fund.give("410.00", household_id=household_id))
    assert await fund.count(emergency_grant) == 2


@pytest.mark.clause("4.3.3")
async def test_neither_dates_nor_words_of_one_clerk_make_it_more_than_a_month_of_the_standard(fund: Fund) -> None:
    household_id = str(new_id())
    ok(await fund.give("910.00", household_id=household_id))
    for cause, day in (("accident", "2022-11-04"), ("fire", "2022-12-04"), ("serious_illness", "2021-12-05")):
        incident = {"cause": cause, "on": day, "place": "候补街社区", "separate_because": "与前次无关"}
        answer = await fund.give("910.00", household_id=household_id, incident=incident)
        assert (answer.status_code, problem_code(answer)) == (422, "not_small")
    # Somebody else approves the ordinary way, and with it that it is another incident.
    incident = {"cause": "fire", "on": "2022-12-04", "place": "候补街社区", "separate_because": "与前次无关"}
    ok(await fund.request("910.00", household_id=household_id, incident=incident))


async def test_ten_clerks_at_once_do_not_pay_one_household_twice(fund: Fund) -> None:
    household_id = str(new_id())
    answers = await asyncio.gather(*(fund.give("910.00", household_id=household_id) for _ in range(10)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 422: 9}
    assert (await fund.reserve())["cash"] == "29090.00"


async def test_a_retry_gets_the_same_answer_and_pays_nothing_though_intake_is_down(fund: Fund) -> None:
    sent: dict[str, Any] = {"household_id": str(new_id()), "key": "quick-0001"}
    first = await fund.give(**sent)
    fund.intake.is_down = True
    assert (await fund.give(**sent)).text == first.text
    assert problem_code(await fund.give("1.00", **sent)) == "idempotency_key_reused"
    assert (await fund.reserve())["cash"] == "29200.00"


async def test_an_empty_reserve_pays_nothing_and_records_nothing(fund: Fund) -> None:
    for _ in range(8):
        await fund.paid("3600.00")
    ok(await fund.give("900.00"))
    before = await fund.count(emergency_grant)
    answer = await fund.give("301.00")
    assert (answer.status_code, problem_code(answer)) == (409, "reserve_insufficient")
    assert await fund.count(emergency_grant) == before


async def test_only_in_the_own_street(fund: Fund) -> None:
    assert (await fund.give(by=f"clerk-{OTHER_STREET}-1")).status_code == 403


async def test_an_officer_who_stepped_back_from_the_household_has_no_hand_in_it(fund: Fund) -> None:
    household_id = new_id()
    requested = ok(await fund.request(household_id=household_id))["grant_id"]
    for subject in (CLERK, APPROVER):
        await fund.hear(OfficerRecused(household_id=household_id, street=STREET, subject=subject))
    recused = [
        await fund.give(household_id=str(household_id)),
        await fund.request("1.00", household_id=household_id),
        await fund.act(requested, "approval"),
        await fund.act(requested, "refusal", {"reason": "不属实"}),
    ]
    assert {(answer.status_code, problem_code(answer)) for answer in recused} == {(409, "recused")}
    ok(await fund.request("1.00", household_id=household_id, by=SECOND_CLERK))
    ok(await fund.request("1.00"))


async def test_the_database_pays_unapproved_only_what_is_small(fund: Fund) -> None:
    grant = ok(await fund.request("2900.00"))["grant_id"]
    connection = await asyncpg.connect(fund.urls.owner.replace("+asyncpg", ""))
    await let_in(connection, scope="service")
    for change in ("state = 'paid_unapproved'", "approve_by = '2022-12-08', small_fen = 91000"):
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(f"update emergency_grant set {change} where grant_id = $1", grant)  # noqa: S608 - from above
    await connection.close()
