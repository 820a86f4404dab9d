"""Many people at once: what is in the reserve is paid, and not a fen more. Clause 4.3.4."""

import asyncio
import ssl
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from doudi.broker import Broker
from emergency_fund.tables import emergency_grant
from shared.events.emergency_fund import GrantPaid, ReplenishmentRequested
from shared.ids import new_id
from shared.money import format_yuan, parse_yuan
from shared.testing import problem_code

from .approved import Approved, insert_approved
from .conftest import APPROVER, STREET, Fund, ok
from .served import ServedFund, recorded_events

pytestmark = pytest.mark.clause("4.3.4")

_RESERVE = f"/v1/streets/{STREET}/reserve"


@pytest.mark.slow
async def test_50_clients_at_the_last_1000_yuan(fund: Fund, own_broker: Broker, tmp_path: Path) -> None:
    """Over 50 sockets of their own, at a process on PostgreSQL: each is paid, or told what was left."""
    amounts_fen = [7_000, 12_500, 30_000, 33_333, 39_999] * 10
    spent = [Approved(street=STREET, amount_fen=fen) for fen in [360_000] * 8 + [20_000]]
    grants = [Approved(street=STREET, amount_fen=fen) for fen in amounts_fen]
    async with fund.database.transaction() as tx:
        await insert_approved(tx, [*spent, *grants], at=fund.clock.now())
    for grant in spent:
        ok(await fund.act(str(grant.grant_id), "payment"))

    served = ServedFund(fund.urls, own_broker, tmp_path, now=fund.clock.now())
    async with served.running(), AsyncExitStack() as stack:
        trusted = ssl.create_default_context()
        clients = [
            await stack.enter_async_context(httpx.AsyncClient(base_url=served.url, verify=trusted, timeout=60))
            for _ in grants
        ]
        headers = await served.headers(APPROVER)
        opened = await asyncio.gather(*(http.get(_RESERVE, headers=headers) for http in clients))
        assert {answer.json()["cash"] for answer in opened} == {"1000.00"}
        answers = await asyncio.gather(
            *(
                http.post(f"/v1/grants/{grant.grant_id}/payment", headers=headers | {"Idempotency-Key": str(new_id())})
                for http, grant in zip(clients, grants, strict=True)
            )
        )
        sockets = {answer.extensions["network_stream"].get_extra_info("client_addr") for answer in answers}
        assert len(sockets) == 50
        left = ok(await clients[0].get(_RESERVE, headers=headers))

    paid = [grant for grant, answer in zip(grants, answers, strict=True) if answer.status_code == 200]
    refused = [(grant, answer) for grant, answer in zip(grants, answers, strict=True) if answer.status_code == 409]
    assert len(paid) + len(refused) == 50
    left_fen = parse_yuan(left["cash"])
    assert left_fen == 100_000 - sum(grant.amount_fen for grant in paid) >= 0
    for grant, answer in refused:
        assert problem_code(answer) == "reserve_insufficient"
        [error] = answer.json()["errors"]
        assert error["field"] == "balance"
        assert left_fen <= parse_yuan(error["value"]) < grant.amount_fen
        for said in (format_yuan(grant.amount_fen), error["value"], STREET):
            assert said in answer.json()["detail"]
        assert answer.json()["way_out"]
    events = [envelope.event for envelope in await recorded_events(fund.database)]
    assert sum(isinstance(event, GrantPaid) for event in events) == len(spent) + len(paid)
    assert sum(isinstance(event, ReplenishmentRequested) for event in events) == 1


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
