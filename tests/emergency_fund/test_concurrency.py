"""Many people at once: what is in the reserve is paid, and not a fen more. Clause 4.3.4."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from emergency_fund.tables import emergency_grant
from shared.events.emergency_fund import GrantPaid, ReplenishmentRequested
from shared.ids import new_id
from shared.testing import problem_code

from .conftest import Fund, ok

pytestmark = pytest.mark.clause("4.3.4")


async def test_50_clients_at_the_last_1000_yuan(fund: Fund) -> None:
    for amount in ["3600.00"] * 8 + ["200.00"]:
        await fund.paid(amount)
    assert (await fund.reserve())["cash"] == "1000.00"
    grant_ids = [await fund.approved("300.00") for _ in range(50)]

    answers = await asyncio.gather(*(fund.act(grant_id, "payment") for grant_id in grant_ids))

    assert Counter(answer.status_code for answer in answers) == {200: 3, 409: 47}
    refused = [answer for answer in answers if answer.status_code == 409]
    assert {problem_code(answer) for answer in refused} == {"reserve_insufficient"}
    assert all("300.00" in answer.json()["detail"] and answer.json()["errors"][0]["value"] for answer in refused)
    assert refused[-1].json()["errors"][0]["value"] in {"100.00", "400.00", "700.00", "1000.00"}
    reserve = await fund.reserve()
    assert (reserve["cash"], reserve["advances"]) == ("100.00", "29900.00")
    assert len(await fund.events(GrantPaid)) == 9 + 3
    assert len(await fund.events(ReplenishmentRequested)) == 1


async def test_50_retries_of_one_payment_pay_once_with_one_answer(fund: Fund) -> None:
    grant_id = await fund.approved()
    answers = await asyncio.gather(*(fund.act(grant_id, "payment", key="pay-00001") for _ in range(50)))
    assert {answer.text for answer in answers} == {answers[0].text}
    assert ok(answers[0])["state"] == "paid"
    assert len(await fund.events(GrantPaid)) == 1


async def test_50_different_keys_for_one_payment_pay_once(fund: Fund) -> None:
    grant_id = await fund.approved()
    answers = await asyncio.gather(*(fund.act(grant_id, "payment") for _ in range(50)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 49}
    assert (await fund.reserve())["cash"] == "27100.00"


@pytest.mark.clause("4.3.3")
async def test_requests_at_once_for_one_incident_do_not_overlook_each_other(fund: Fund) -> None:
    household_id = new_id()
    answers = await asyncio.gather(*(fund.request("2900.00", household_id=household_id) for _ in range(10)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 422: 9}
    assert await fund.count(emergency_grant) == 10


async def test_payments_settlements_answers_and_deadlines_at_once_do_not_block_each_other(fund: Fund) -> None:
    paid = [await fund.paid("1900.00") for _ in range(8)]
    approved = [await fund.approved("100.00") for _ in range(20)]
    fund.clock.advance(timedelta(days=15))

    answers, *_ = await asyncio.gather(
        asyncio.gather(
            *(fund.act(grant_id, "payment") for grant_id in approved), *(fund.settle(grant) for grant in paid)
        ),
        fund.answer("partly_granted", 500_000),
        fund.run_due(),
    )

    assert {answer.status_code for answer in answers} == {200}
    reserve = await fund.reserve()
    assert (reserve["cash"], reserve["advances"]) == ("17800.00", "2000.00")
