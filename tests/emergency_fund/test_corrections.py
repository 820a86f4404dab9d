"""Money that comes back, is asked back or is given up: postings that name what they correct. Clauses 4.2.1, 4.3.4."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from emergency_fund.tables import correction
from shared.auth import Role
from shared.events.eligibility import OfficerRecused
from shared.events.emergency_fund import (
    AmountRecovered,
    AmountWrittenOff,
    CorrectionProposed,
    CorrectionRejected,
    PaperDebtOverdue,
    PaperDebtRecovered,
    PaperDebtSettled,
    PaymentReversed,
    RecoveryClaimed,
)
from shared.ids import new_id
from shared.testing import problem_code

from .conftest import APPROVER, CLERK, DISTRICT_OFFICER, OTHER_APPROVER, OTHER_STREET, STREET, Fund, ok
from .corrections import balances, corrected, decide, grant_now, propose

pytestmark = pytest.mark.clause("4.3.4")


async def test_who_stepped_back_from_the_household_neither_proposes_nor_decides_nor_settles(fund: Fund) -> None:
    household_id = new_id()
    grant = await fund.paid("2900.00", household_id=household_id)
    second = await fund.paid("300.00", household_id=household_id)
    proposed = ok(await propose(fund, second, "reversal", "300.00"))
    for subject in (APPROVER, CLERK):
        await fund.hear(OfficerRecused(household_id=household_id, street=STREET, subject=subject))
    answers = [
        await decide(fund, proposed),
        await propose(fund, grant, "reversal", "300.00"),
        await fund.settle(grant, outcome="waived", reason="无法取得"),
    ]
    assert {(answer.status_code, problem_code(answer)) for answer in answers} == {(409, "recused")}
    ok(await decide(fund, proposed, by=f"approver-{STREET}-2"))


async def test_a_payment_that_comes_back_whole_ends_its_grant_and_its_papers(fund: Fund) -> None:
    grant = await fund.paid("2900.00", missing=("fire_certificate", "loss_list"))
    posted = await corrected(fund, grant, "reversal", "2900.00")
    assert (posted["state"], posted["decided_by"]) == ("confirmed", APPROVER)
    assert await balances(fund) == {"cash": "30000.00"}
    now = await grant_now(fund, grant)
    assert (now["state"], now["closed_at"]) == ("returned", "2022-12-05T02:00:00Z")
    assert [debt["outcome"] for debt in now["debts"]] == ["recovered", "recovered"]
    [event] = await fund.events(PaymentReversed)
    assert (event.amount_fen, str(event.corrects), str(event.transfer_id)) == (
        290_000, grant["transfer_id"], posted["transfer_id"],
    )  # fmt: skip
    assert len(await fund.events(PaperDebtRecovered)) == 2
    assert await fund.events(PaperDebtSettled) == []
    fund.clock.advance(timedelta(days=30))
    await fund.run_due()
    assert await fund.events(PaperDebtOverdue) == []


async def test_a_part_that_comes_back_leaves_the_rest_to_be_documented(fund: Fund) -> None:
    grant = await fund.paid("2900.00")
    await corrected(fund, grant, "reversal", "900.00")
    assert await balances(fund) == {"cash": "28000.00", "advances": "2000.00"}
    assert (await grant_now(fund, grant))["state"] == "paid"
    assert ok(await fund.settle(grant))["state"] == "closed"
    assert await balances(fund) == {"cash": "28000.00", "documented": "2000.00"}
    await corrected(fund, grant, "reversal", "500.00")
    assert await balances(fund) == {"cash": "28500.00", "documented": "1500.00"}
    assert (await grant_now(fund, grant))["state"] == "closed"
    await corrected(fund, grant, "reversal", "1500.00")
    assert await balances(fund) == {"cash": "30000.00"}
    assert (await grant_now(fund, grant))["state"] == "returned"


async def test_every_entry_of_a_statement_names_what_it_corrects(fund: Fund) -> None:
    grant = await fund.paid("2900.00", missing=())
    posted = await corrected(fund, grant, "reversal", "900.00")
    day = await fund.read(f"/v1/streets/{STREET}/statement", on="2022-12-05")
    [cash] = [account for account in day["accounts"] if account["account"] == "cash"]
    assert [(entry["kind"], entry["amount"], entry["corrects"]) for entry in cash["entries"]] == [
        ("payment", "-2900.00", None),
        ("reversal", "900.00", grant["transfer_id"]),
    ]
    assert cash["entries"][1]["cause_id"] == posted["correction_id"]


async def test_money_that_finance_has_refilled_comes_back_as_finances_money(fund: Fund) -> None:
    grants = [await fund.paid("3200.00", missing=()) for _ in range(5)]
    await fund.answer("granted", 1_600_000)
    await corrected(fund, grants[0], "reversal", "3200.00")
    assert await balances(fund) == {"cash": "33200.00", "due_from_finance": "-3200.00"}
    balance = await fund.read("/v1/trial-balance")
    assert balance["total_debit"] == balance["total_credit"]
    # The next payments use it up, and the next refill is smaller by it.
    for _ in range(6):
        await fund.paid("3200.00", missing=())
    assert (await fund.reserve())["open_replenishment"]["amount"] == "16000.00"
    await fund.answer("granted", 1_600_000)
    assert await balances(fund) == {"cash": "30000.00"}


async def test_a_refill_that_was_asked_for_before_money_came_back_is_still_posted(fund: Fund) -> None:
    grants = [await fund.paid("3200.00", missing=()) for _ in range(5)]
    await corrected(fund, grants[0], "reversal", "3200.00")
    await fund.answer("granted", 1_600_000)
    assert await balances(fund) == {"cash": "33200.00", "due_from_finance": "-3200.00"}


async def test_what_was_paid_wrongly_is_asked_back_and_comes_in_by_parts(fund: Fund) -> None:
    grant = await fund.paid("2900.00", missing=())
    claim = await corrected(fund, grant, "claim", "2900.00")
    assert await balances(fund) == {"cash": "27100.00", "recoverable": "2900.00"}
    now = await grant_now(fund, grant)
    assert (now["state"], now["closed_at"]) == ("recovering", None)
    await corrected(fund, grant, "recovery", "900.00", corrects=claim["transfer_id"])
    assert (await grant_now(fund, grant))["state"] == "recovering"
    await corrected(fund, grant, "recovery", "2000.00", corrects=claim["transfer_id"])
    assert await balances(fund) == {"cash": "30000.00"}
    assert (await grant_now(fund, grant))["state"] == "returned"
    assert len(await fund.events(RecoveryClaimed)) == 1
    assert [event.amount_fen for event in await fund.events(AmountRecovered)] == [90_000, 200_000]


@pytest.mark.clause("4.2.1")
async def test_a_paper_that_cannot_be_supplied_is_owed_until_the_money_is_back(fund: Fund) -> None:
    grant = await fund.paid("2900.00")
    claim = await corrected(fund, grant, "claim", "2900.00")
    now = await grant_now(fund, grant)
    assert (now["state"], now["debts"][0]["outcome"]) == ("paid", None)
    await corrected(fund, grant, "recovery", "2900.00", corrects=claim["transfer_id"])
    now = await grant_now(fund, grant)
    assert (now["state"], now["debts"][0]["outcome"]) == ("returned", "recovered")


async def test_no_grant_closes_while_something_of_it_is_asked_back(fund: Fund) -> None:
    grant = await fund.paid("2900.00")
    claim = await corrected(fund, grant, "claim", "900.00")
    assert ok(await fund.settle(grant))["state"] == "recovering"
    assert await balances(fund) == {"cash": "27100.00", "documented": "2000.00", "recoverable": "900.00"}
    await corrected(fund, grant, "recovery", "900.00", corrects=claim["transfer_id"])
    assert (await grant_now(fund, grant))["state"] == "closed"


async def test_papers_that_come_while_everything_is_asked_back_leave_nothing_to_settle(fund: Fund) -> None:
    grant = await fund.paid("2900.00")
    await corrected(fund, grant, "claim", "2900.00")
    assert ok(await fund.settle(grant))["state"] == "recovering"
    assert await balances(fund) == {"cash": "27100.00", "recoverable": "2900.00"}


async def test_the_district_writes_off_what_will_not_come_and_finance_makes_it_good(fund: Fund) -> None:
    grant = await fund.paid("2900.00")
    claim = await corrected(fund, grant, "claim", "2900.00")
    await corrected(fund, grant, "recovery", "400.00", corrects=claim["transfer_id"])
    written_off = await corrected(fund, grant, "write_off", "2500.00", corrects=claim["transfer_id"])
    assert (written_off["decided_by"], written_off["decision_reason"]) == (DISTRICT_OFFICER, "已核实")
    assert await balances(fund) == {"cash": "27500.00", "documented": "2500.00"}
    now = await grant_now(fund, grant)
    assert (now["state"], now["debts"][0]["outcome"], now["debts"][0]["waived_reason"]) == (
        "closed",
        "waived",
        "已核实",
    )
    [event] = await fund.events(AmountWrittenOff)
    assert (event.amount_fen, event.confirmed_by) == (250_000, DISTRICT_OFFICER)
    trial = await fund.read("/v1/trial-balance")
    [lost] = [line for line in trial["accounts"] if line["account"] == "written_off"]
    assert (lost["debit"], trial["total_debit"]) == ("2500.00", trial["total_credit"])


async def test_a_rejected_correction_moves_nothing_and_leaves_room_for_another(fund: Fund) -> None:
    grant = await fund.paid("2900.00")
    proposed = ok(await propose(fund, grant, "reversal", "2900.00"))
    rejected = ok(await decide(fund, proposed, "rejected"))
    assert (rejected["state"], rejected["transfer_id"]) == ("rejected", None)
    assert await balances(fund) == {"cash": "27100.00", "advances": "2900.00"}
    assert len(await fund.events(CorrectionProposed)) == len(await fund.events(CorrectionRejected)) == 1
    assert problem_code(await decide(fund, proposed)) == "correction_decided"
    await corrected(fund, grant, "reversal", "2900.00")


async def test_what_can_be_corrected_and_what_is_left_is_shown(fund: Fund) -> None:
    grant = await fund.paid("2900.00")
    claim = await corrected(fund, grant, "claim", "900.00")
    await corrected(fund, grant, "recovery", "300.00", corrects=claim["transfer_id"])
    seen = await fund.read(f"/v1/grants/{grant['grant_id']}/corrections")
    assert [(one["kind"], one["amount"], one["left"], one["corrected_by"]) for one in seen["transfers"]] == [
        ("payment", "2900.00", "2000.00", ["reversal", "claim"]),
        ("claim", "900.00", "600.00", ["recovery", "write_off"]),
    ]
    assert [one["kind"] for one in seen["corrections"]] == ["claim", "recovery"]


@pytest.mark.clause("4.3.3")
async def test_what_was_returned_in_full_does_not_stand_in_the_way_of_help(fund: Fund) -> None:
    household_id = new_id()
    grant = await fund.paid("2900.00", household_id=household_id)
    await corrected(fund, grant, "reversal", "2000.00")
    assert problem_code(await fund.request("2900.00", household_id=household_id)) == "not_below_limit"
    await corrected(fund, grant, "reversal", "900.00")
    again = ok(await fund.request("2900.00", household_id=household_id))
    assert again["limit"]["counted"] == "0.00"


async def test_bad_corrections_are_refused_with_the_value_and_the_way_out(fund: Fund) -> None:
    grant = await fund.paid("2900.00")
    other = await fund.paid("100.00")
    approved = await fund.approved("100.00")
    unpaid = {"grant_id": approved, "transfer_id": grant["transfer_id"]}
    elsewhere = {"grant_id": grant["grant_id"], "transfer_id": other["transfer_id"]}
    for answer, status, code in (
        (await propose(fund, unpaid, "reversal", "1.00"), 409, "not_paid_yet"),
        (await propose(fund, elsewhere, "reversal", "1.00"), 422, "not_correctable"),
        (await propose(fund, grant, "reversal", "1.00", corrects=str(new_id())), 422, "not_correctable"),
        (await propose(fund, grant, "recovery", "1.00"), 422, "not_correctable"),
        (await propose(fund, grant, "reversal", "2900.01"), 422, "above_what_is_left"),
        (await propose(fund, grant, "reversal", "0.00"), 422, "amount_not_positive"),
        (await propose(fund, grant, "reversal", "-1.00"), 422, "amount_not_positive"),
        (await propose(fund, grant, "reversal", "1.001"), 422, "amount_too_precise"),
        (await propose(fund, grant, "reversal", "1.00", by=APPROVER), 403, "not_permitted"),
        (await propose(fund, grant, "reversal", "1.00", by=f"clerk-{OTHER_STREET}-1"), 404, "not_found"),
    ):
        assert (answer.status_code, problem_code(answer)) == (status, code), answer.text
        assert answer.json()["way_out"]
    assert "2900.00" in (await propose(fund, grant, "reversal", "2900.01")).json()["detail"]
    assert await fund.count(correction) == 0
    posted = await corrected(fund, grant, "reversal", "2900.00")
    assert problem_code(await propose(fund, grant, "reversal", "1.00")) == "nothing_to_correct"
    assert problem_code(await decide(fund, posted)) == "correction_decided"


async def test_only_another_person_of_the_right_house_decides(fund: Fund) -> None:
    grant = await fund.paid("2900.00")
    claim = await corrected(fund, grant, "claim", "900.00")
    proposed = ok(await propose(fund, grant, "reversal", "100.00"))
    write_off = ok(await propose(fund, grant, "write_off", "100.00", corrects=claim["transfer_id"]))
    assert problem_code(await propose(fund, grant, "reversal", "1.00")) == "correction_open"
    both = fund.mint.authorization(CLERK, Role.STREET_CLERK, Role.STREET_APPROVER, streets=[STREET])
    path = f"/v1/corrections/{proposed['correction_id']}/decision"
    own = await fund.http.post(path, json={"outcome": "confirmed"}, headers=both | {"Idempotency-Key": str(new_id())})
    assert (own.status_code, problem_code(own)) == (403, "same_person")
    for by, status, code in ((CLERK, 403, "not_permitted"), (OTHER_APPROVER, 404, "not_found")):
        answer = await decide(fund, proposed, by=by)
        assert (answer.status_code, problem_code(answer)) == (status, code)
    assert (await decide(fund, write_off, by=APPROVER)).status_code == 403
    for one, by, place in ((write_off, APPROVER, "decision"), (proposed, DISTRICT_OFFICER, "district-decision")):
        answer = await fund.http.post(
            f"/v1/corrections/{one['correction_id']}/{place}",
            json={"outcome": "confirmed", "reason": "已核实"},
            headers=fund.as_(by),
        )
        assert (answer.status_code, problem_code(answer)) == (409, "decided_elsewhere")
    silent = await fund.http.post(path, json={"outcome": "rejected"}, headers=fund.as_(APPROVER))
    assert problem_code(silent) == "invalid_input"


async def test_many_proposals_and_many_decisions_at_once_post_once(fund: Fund) -> None:
    grant = await fund.paid("2900.00")
    answers = await asyncio.gather(*(propose(fund, grant, "reversal", "2000.00") for _ in range(10)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 9}
    [proposed] = [answer.json() for answer in answers if answer.is_success]
    decisions = await asyncio.gather(
        *(decide(fund, proposed, by=f"approver-{STREET}-{number}") for number in range(10))
    )
    assert Counter(answer.status_code for answer in decisions) == {200: 1, 409: 9}
    assert await balances(fund) == {"cash": "29100.00", "advances": "900.00"}


async def test_a_retry_gives_the_same_answer_and_happens_once(fund: Fund) -> None:
    grant = await fund.paid("2900.00")
    body: dict[str, Any] = {
        "kind": "reversal", "amount": "900.00", "corrects": grant["transfer_id"], "reason": "余款退回",
    }  # fmt: skip
    tries = [await fund.act(grant["grant_id"], "corrections", body, by=CLERK, key="take-back-1") for _ in range(2)]
    assert ok(tries[0]) == ok(tries[1])
    changed = await fund.act(grant["grant_id"], "corrections", body | {"amount": "1.00"}, by=CLERK, key="take-back-1")
    assert problem_code(changed) == "idempotency_key_reused"
    headers = fund.as_(APPROVER, "confirm-1")
    path = f"/v1/corrections/{ok(tries[0])['correction_id']}/decision"
    decided = [await fund.http.post(path, json={"outcome": "confirmed"}, headers=headers) for _ in range(2)]
    assert ok(decided[0]) == ok(decided[1])
    assert (await balances(fund))["cash"] == "28000.00"
    assert len(await fund.events(PaymentReversed)) == 1
