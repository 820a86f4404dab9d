"""Payments that are asked for together are written together, and each is decided alone. Clauses 4.3.3 and 4.3.4."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from emergency_fund.tables import follow_up, transfer
from shared.events.eligibility import OfficerRecused
from shared.events.emergency_fund import GrantPaid, GrantRequested, PaperDebtOpened
from shared.ids import new_id
from shared.testing import problem_code

from .conftest import APPROVER, CLERK, OTHER_APPROVER, OTHER_STREET, SECOND_CLERK, STREET, Fund, ok
from .raw import append, raw

pytestmark = pytest.mark.clause("4.3.4")

OTHER_CLERK = f"clerk-{OTHER_STREET}-1"


async def _of_the_other_street(fund: Fund) -> str:
    return await fund.approved("100.00", by=OTHER_CLERK, street=OTHER_STREET, approver=OTHER_APPROVER)


async def _transactions(fund: Fund) -> list[int]:
    """How many payments each transaction wrote."""
    async with fund.database.transaction() as tx:
        rows = await tx.exec_driver_sql("select count(*) from transfer where kind = 'payment' group by xmin::text")
        return sorted(row[0] for row in rows)


async def test_many_at_once_share_transactions_and_each_is_paid_once(fund: Fund) -> None:
    here = [await fund.approved("100.00", missing=("fire_certificate",) * (n % 2)) for n in range(12)]
    there = [await _of_the_other_street(fund) for _ in range(4)]

    answers = await asyncio.gather(
        *(fund.act(grant_id, "payment", by=(CLERK, SECOND_CLERK, APPROVER)[n % 3]) for n, grant_id in enumerate(here)),
        *(fund.act(grant_id, "payment", by=OTHER_CLERK) for grant_id in there),
    )

    paid = [ok(answer) for answer in answers]
    assert [grant["grant_id"] for grant in paid] == [*here, *there]
    assert sum(await _transactions(fund)) == 16
    assert max(await _transactions(fund)) > 1
    assert (await fund.reserve())["cash"] == "28800.00"
    assert (await fund.reserve(OTHER_STREET))["cash"] == "29600.00"
    told = await fund.events(GrantPaid)
    assert Counter(str(event.grant_id) for event in told) == Counter([*here, *there])
    assert len(await fund.events(PaperDebtOpened)) == sum(len(grant["debts"]) for grant in paid)
    assert await fund.count(follow_up) == 16


async def test_what_a_payment_answers_is_what_reading_shows(fund: Fund) -> None:
    for missing in ((), ("fire_certificate", "hospital_invoice")):
        paid = await fund.paid("100.00", missing=missing)
        assert await fund.read(f"/v1/grants/{paid['grant_id']}") == paid


@pytest.mark.clause("4.3.3")
async def test_what_is_wrong_with_one_is_told_to_that_one(fund: Fund) -> None:
    good = [await fund.approved("100.00") for _ in range(3)]
    theirs = await _of_the_other_street(fund)
    asked_only = str(ok(await fund.request("100.00"))["grant_id"])
    kin = new_id()
    of_kin = await fund.approved("100.00", household_id=kin)
    await fund.hear(OfficerRecused(household_id=kin, street=STREET, subject=SECOND_CLERK))
    reused = "pay-00001"
    ok(await fund.act(await fund.approved("100.00"), "payment", key=reused))

    asks: list[tuple[str, dict[str, Any]]] = [
        (good[0], {}),
        (theirs, {}),
        (asked_only, {}),
        (str(new_id()), {}),
        (of_kin, {"by": SECOND_CLERK}),
        (good[1], {"key": reused}),
        (good[2], {}),
    ]
    answers = await asyncio.gather(*(fund.act(grant_id, "payment", **how) for grant_id, how in asks))

    assert [answer.status_code for answer in answers] == [200, 404, 409, 404, 409, 409, 200]
    assert [problem_code(answer) for answer in answers if not answer.is_success] == [
        "not_found",
        "not_possible_now",
        "not_found",
        "recused",
        "idempotency_key_reused",
    ]
    assert (await fund.reserve())["cash"] == "29700.00"
    assert ok(await fund.act(good[1], "payment"))["state"] == "paid"


async def test_a_payment_that_the_database_refuses_holds_up_no_other(fund: Fund) -> None:
    good = [await fund.approved("100.00", missing=()) for _ in range(3)]
    twice = await fund.approved("100.00", missing=())
    connection = await raw(fund)
    await append(connection, "payment", {"cash": -10000, "documented": 10000}, cause=UUID(twice))
    await connection.close()

    answers = await asyncio.gather(*(fund.act(grant_id, "payment") for grant_id in (*good[:2], twice, good[2])))

    assert [answer.status_code for answer in answers] == [200, 200, 500, 200]
    assert await fund.count(transfer) == 14 + 1 + 3
    assert (await fund.reserve(STREET))["cash"] == "29600.00"


async def test_quick_relief_and_a_payment_for_one_household_do_not_wait_for_each_other(fund: Fund) -> None:
    households = [new_id() for _ in range(12)]
    approved = [await fund.approved("100.00", household_id=household_id) for household_id in households]

    answers = await asyncio.gather(
        *(fund.give("100.00", household_id=str(household_id)) for household_id in households),
        *(fund.act(grant_id, "payment") for grant_id in approved),
    )

    assert [answer.status_code for answer in answers] == [201] * 12 + [200] * 12
    assert (await fund.reserve())["cash"] == "27600.00"
    told = Counter(type(event).__name__ for event in await fund.events(GrantRequested, GrantPaid))
    assert told == {"GrantRequested": 24, "GrantPaid": 24}
