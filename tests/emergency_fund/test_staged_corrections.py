"""Money of a grant in stages comes back payment by payment, once its plan has ended. Clauses 4.2.3 and 4.3.4."""

from typing import Any

import pytest

from emergency_fund.tables import correction
from shared.events.emergency_fund import PaperDebtRecovered, PaymentReversed
from shared.ids import new_id
from shared.testing import problem_code

from .conftest import CLERK, STREET, Fund, by_day, by_visit, ok
from .corrections import balances, corrected, decide, grant_now, propose
from .raw import append, raw, refusal

pytestmark = [pytest.mark.clause("4.2.3"), pytest.mark.clause("4.3.4")]

_PLAN = [by_day("1000.00", "2022-12-05"), by_day("1200.00", "2022-12-05"), by_visit("800.00", "2023-02-06")]
_PROPOSE = (
    "insert into correction (correction_id, grant_id, street, kind, corrects, amount_fen, reason, state, proposed_by, "
    "proposed_at) values ($1, $2, $3, $4, $5, $6, 'raw', 'proposed', 'raw', now())"
)


async def _begun(fund: Fund, **changes: Any) -> dict[str, Any]:
    """A grant of 3,000.00 with two of three stages paid."""
    grant = await fund.read(f"/v1/grants/{await fund.approved('3000.00', **{'stages': _PLAN} | changes)}")
    ok(await fund.on_stage(grant, 1, "payment"))
    return ok(await fund.on_stage(grant, 2, "payment"))


async def _stopped(fund: Fund, **changes: Any) -> dict[str, Any]:
    """The same, and the third will not be paid."""
    grant = await _begun(fund, **changes)
    return ok(await fund.act(grant["grant_id"], "stop", {"reason": "已纳入低保"}))


def _payments(grant: dict[str, Any]) -> list[str]:
    return [stage["transfer_id"] for stage in grant["plan"]["stages"] if stage["transfer_id"]]


async def test_while_stages_are_to_come_nothing_is_taken_back(fund: Fund) -> None:
    grant = await _begun(fund, missing=())
    for kind in ("reversal", "claim"):
        answer = await propose(fund, grant, kind, "1.00")
        assert (answer.status_code, problem_code(answer)) == (409, "plan_running")
        assert "/stop" in answer.json()["way_out"]
    assert await fund.count(correction) == 0
    ok(await fund.act(grant["grant_id"], "stop", {"reason": "已纳入低保"}))
    ok(await propose(fund, grant, "reversal", "1.00"))


async def test_each_payment_is_taken_back_by_itself_and_the_last_returns_the_grant(fund: Fund) -> None:
    grant = await _stopped(fund)
    assert (grant["state"], await balances(fund)) == ("paid", {"cash": "27800.00", "advances": "2200.00"})
    first, second = _payments(grant)
    listed = (await fund.read(f"/v1/grants/{grant['grant_id']}/corrections"))["transfers"]
    assert [(one["transfer_id"], one["left"]) for one in listed] == [(first, "1000.00"), (second, "1200.00")]
    answer = await propose(fund, grant, "reversal", "1000.01", corrects=first)
    assert (answer.status_code, problem_code(answer)) == (422, "above_what_is_left")
    await corrected(fund, grant, "reversal", "1000.00", corrects=first)
    assert (await grant_now(fund, grant))["state"] == "paid"
    assert await balances(fund) == {"cash": "28800.00", "advances": "1200.00"}
    await corrected(fund, grant, "reversal", "1200.00", corrects=second)
    now = await grant_now(fund, grant)
    assert (now["state"], [debt["outcome"] for debt in now["debts"]]) == ("returned", ["recovered"])
    assert await balances(fund) == {"cash": "30000.00"}
    assert [str(event.corrects) for event in await fund.events(PaymentReversed)] == [first, second]
    assert len(await fund.events(PaperDebtRecovered)) == 1


async def test_the_settlement_moves_what_is_kept_of_all_stages(fund: Fund) -> None:
    grant = await _stopped(fund)
    _, second = _payments(grant)
    claim = await corrected(fund, grant, "claim", "700.00", corrects=second)
    assert await balances(fund) == {"cash": "27800.00", "advances": "1500.00", "recoverable": "700.00"}
    assert ok(await fund.settle(grant))["state"] == "recovering"
    assert await balances(fund) == {"cash": "27800.00", "documented": "1500.00", "recoverable": "700.00"}
    await corrected(fund, grant, "recovery", "700.00", corrects=claim["transfer_id"])
    assert (await grant_now(fund, grant))["state"] == "closed"
    assert await balances(fund) == {"cash": "28500.00", "documented": "1500.00"}


async def test_what_was_settled_while_the_plan_ran_is_taken_off_what_is_documented(fund: Fund) -> None:
    grant = await _begun(fund)
    assert ok(await fund.settle(grant))["state"] == "in_stages"
    ok(await fund.on_stage(grant, 3, "condition", {"note": "已核实"}, by=CLERK))
    grant = ok(await fund.on_stage(grant, 3, "payment"))
    assert (grant["state"], await balances(fund)) == ("closed", {"cash": "27000.00", "documented": "3000.00"})
    first, _, third = _payments(grant)
    await corrected(fund, grant, "reversal", "400.00", corrects=first)
    await corrected(fund, grant, "reversal", "800.00", corrects=third)
    assert await balances(fund) == {"cash": "28200.00", "documented": "1800.00"}
    assert (await grant_now(fund, grant))["state"] == "closed"


async def test_what_is_given_up_of_a_stage_closes_the_grant(fund: Fund) -> None:
    grant = await _stopped(fund, missing=())
    claims = [
        await corrected(fund, grant, "claim", amount, corrects=payment)
        for amount, payment in zip(("1000.00", "1200.00"), _payments(grant), strict=True)
    ]
    assert (await grant_now(fund, grant))["state"] == "recovering"
    await corrected(fund, grant, "recovery", "1000.00", corrects=claims[0]["transfer_id"])
    await corrected(fund, grant, "write_off", "1200.00", corrects=claims[1]["transfer_id"])
    assert (await grant_now(fund, grant))["state"] == "closed"


async def test_neither_what_was_stopped_nor_what_was_returned_counts_against_the_limit(fund: Fund) -> None:
    household_id = new_id()
    grant = await _stopped(fund, missing=(), household_id=household_id)
    answer = await fund.request("1440.00", household_id=household_id)
    assert (answer.status_code, problem_code(answer)) == (422, "not_below_limit")
    ok(await fund.request("1439.99", household_id=household_id))
    first, second = _payments(grant)
    await corrected(fund, grant, "reversal", "1000.00", corrects=first)
    assert problem_code(await fund.request("0.01", household_id=household_id)) == "not_below_limit"
    await corrected(fund, grant, "reversal", "1200.00", corrects=second)
    ok(await fund.request("2200.00", household_id=household_id))


async def test_a_rejected_correction_of_a_stage_moves_nothing(fund: Fund) -> None:
    grant = await _stopped(fund, missing=())
    proposed = ok(await propose(fund, grant, "claim", "1200.00", corrects=_payments(grant)[1]))
    ok(await decide(fund, proposed, "rejected"))
    assert await balances(fund) == {"cash": "27800.00", "documented": "2200.00"}


async def test_the_database_holds_corrections_of_stages_against_any_client(fund: Fund) -> None:
    running, stopped = await _begun(fund), await _stopped(fund)
    connection = await raw(fund)

    async def proposed(grant: dict[str, Any], payment: str, kind: str = "reversal") -> Any:
        correction_id = new_id()
        await connection.execute(_PROPOSE, correction_id, grant["grant_id"], STREET, kind, payment, 100_000)
        return correction_id

    first, theirs = _payments(stopped)[0], _payments(running)[0]
    assert await refusal(proposed(running, theirs)) == "no_correction_while_plan_runs"
    assert await refusal(proposed(stopped, theirs)) == "correction_of_its_grant"
    cause = await proposed(stopped, first)
    back = {"cash": 100_000, "advances": -100_000}
    for moved, constraint in (
        ({"cash": 100_000, "due_from_finance": -100_000}, "correction_where_it_stands"),  # the papers are missing
        ({"cash": 100_001, "advances": -100_001}, "correction_has_cause"),
        (back, "correction_is_confirmed"),
    ):
        assert await refusal(append(connection, "reversal", moved, cause=cause, corrects=first)) == constraint
    ok(await fund.settle(stopped))
    late = append(connection, "reversal", back, cause=cause, corrects=first)
    assert await refusal(late) == "correction_where_it_stands"
    still_paid = connection.transaction()
    await still_paid.start()
    moved = {"cash": 100_000, "documented": -100_000}
    transfer_id = await append(connection, "reversal", moved, cause=cause, corrects=first)
    await connection.execute(
        "update correction set state = 'confirmed', decided_by = 'other', decided_at = now(), transfer_id = $2 "
        "where correction_id = $1",
        cause,
        transfer_id,
    )
    await connection.execute("update emergency_grant set state = 'returned' where grant_id = $1", stopped["grant_id"])
    work = connection.execute("set constraints all immediate")
    assert await refusal(work) in {"grant_follows_correction", "returned_in_full"}
    await still_paid.rollback()
    await connection.close()
