"""The service is killed again and again while it pays. Whoever got an answer was paid once, with one event; whoever got
none was paid once or not at all; and every reserve balances. Clause 4.3.4.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from doudi.broker import Broker
from doudi.databases import DatabaseUrls
from doudi.identities import load_identities
from emergency_fund.tables import emergency_grant, transfer
from shared import inbox
from shared.clock import SystemClock
from shared.database import Database
from shared.events.emergency_fund import GrantPaid
from shared.ids import new_id
from shared.inbox import Delivery
from shared.money import parse_yuan
from shared.testing import SEAL_KEY, eventually, running

from .approved import Approved, insert_approved
from .conftest import AUDITOR, MONDAY
from .corrections import ACCOUNTS
from .served import ServedFund, recorded_events

pytestmark = [pytest.mark.clause("4.3.4"), pytest.mark.slow, pytest.mark.timeout(300)]

_FLOAT_FEN = 3_000_000
_STREETS = tuple(load_identities().streets)
_GRANTS_A_STREET = 12
_PAYERS = 16
_KILLS = 4
# So many at most that all of a street's grants fit into its float.
_MOST_FEN = _FLOAT_FEN // _GRANTS_A_STREET
_PATIENCE_SECONDS = 0.03
_TIMEOUT_SECONDS = 30.0
_LATEST_KILL_SECONDS = 0.05


@dataclass
class Load:
    """Clients who pay grants until none is left. A client keeps the key of its payment and sends it again after a lost
    connection; some hang up by themselves before the answer comes, and some then never ask again.
    """

    served: ServedFund
    headers: dict[str, dict[str, str]]
    waiting: list[Approved]
    draw: random.Random
    answers: dict[UUID, Any] = field(default_factory=dict)
    unanswered: int = 0
    retries: int = 0
    up: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def run(self) -> None:
        """Pay everything."""
        limits = httpx.Limits(max_connections=_PAYERS)
        async with (
            httpx.AsyncClient(base_url=self.served.url, limits=limits) as http,
            asyncio.TaskGroup() as group,
        ):
            for _ in range(_PAYERS):
                group.create_task(self._pay_one_after_the_other(http))

    async def _pay_one_after_the_other(self, http: httpx.AsyncClient) -> None:
        while self.waiting:
            await self._pay(http, self.waiting.pop())

    async def _pay(self, http: httpx.AsyncClient, grant: Approved) -> None:
        key, gives_up = str(new_id()), self.draw.random() < 0.2
        hangs_up = self.draw.random() < 0.2
        while True:
            await self.up.wait()
            try:
                answer = await http.post(
                    f"/v1/grants/{grant.grant_id}/payment",
                    headers=self.headers[grant.street] | {"Idempotency-Key": key},
                    timeout=self.draw.uniform(0, _PATIENCE_SECONDS) if hangs_up else _TIMEOUT_SECONDS,
                )
            except httpx.TransportError:
                if gives_up:
                    self.unanswered += 1
                    return
                self.retries += 1
                hangs_up = False
                continue
            assert answer.status_code == 200, answer.text
            async with self.answered:
                self.answers[grant.grant_id] = answer.json()
                self.answered.notify_all()
            return

    async def kill_now_and_then(self, after_answers: Sequence[int]) -> None:
        """Kill the service some moment after so many answers, while others wait for theirs; start it again."""
        for count in after_answers:
            async with self.answered:
                await self.answered.wait_for(lambda count=count: len(self.answers) >= count)  # type: ignore[misc]  # mypy takes no defaults in lambdas
            await asyncio.sleep(self.draw.uniform(0, _LATEST_KILL_SECONDS))
            self.up.clear()
            self.served.kill()
            await self.served.start()
            self.up.set()


@pytest.fixture
async def database(database_for: Callable[[str], DatabaseUrls]) -> AsyncIterator[tuple[DatabaseUrls, Database]]:
    urls = database_for("emergency_fund")
    opened = Database(urls.app, seal_key=SEAL_KEY)
    yield urls, opened
    await opened.close()


@pytest.fixture
async def subscriber(bare_database: DatabaseUrls) -> AsyncIterator[Database]:
    """The database of somebody who hears of payments."""
    opened = Database(bare_database.app, seal_key=SEAL_KEY)
    yield opened
    await opened.close()


async def test_whoever_was_answered_was_paid_once_however_often_the_service_is_killed(
    database: tuple[DatabaseUrls, Database], subscriber: Database, own_broker: Broker, tmp_path: Path
) -> None:
    urls, own = database
    draw = random.Random(20221203)
    grants = [
        Approved(street=street, amount_fen=draw.randint(1, _MOST_FEN), papers_missing=draw.random() < 0.5)
        for street in _STREETS
        for _ in range(_GRANTS_A_STREET)
    ]
    async with own.transaction() as tx:
        await insert_approved(tx, grants, at=MONDAY)

    served = ServedFund(urls, own_broker, tmp_path, now=MONDAY)
    async with served.running():
        headers = {street: await served.headers(f"approver-{street}-1") for street in _STREETS}
        load = Load(served, headers, waiting=draw.sample(grants, len(grants)), draw=draw)
        load.up.set()
        kills = sorted(draw.sample(range(1, len(grants) * 2 // 3), _KILLS))
        async with asyncio.TaskGroup() as group:
            group.create_task(load.run())
            group.create_task(load.kill_now_and_then(kills))
        assert load.retries
        assert load.unanswered

        await eventually(lambda: _is_empty(own))
        await _every_reserve_balances(served, own)
    payments = await _payments(own)
    for grant in grants:
        answer, transfer_ids = load.answers.get(grant.grant_id), payments.get(grant.grant_id, [])
        assert len(transfer_ids) == 1 if answer else len(transfer_ids) <= 1
        assert not answer or answer["transfer_id"] == str(transfer_ids[0])
    assert await _paid_grants(own) == payments.keys()
    assert await _effects(subscriber, own, own_broker) == Counter(
        f"{grant_id} {transfer_id}" for grant_id, [transfer_id] in payments.items()
    )


async def _is_empty(database: Database) -> bool:
    async with database.transaction() as tx:
        return not (await tx.execute(text("select exists (select from outbox)"))).scalar_one()


async def _every_reserve_balances(served: ServedFund, database: Database) -> None:
    """What the service itself says after all of it, held against what was paid."""
    async with database.transaction() as tx:
        rows = await tx.execute(select(transfer.c.street, transfer.c.cash_fen).where(transfer.c.kind == "payment"))
        paid_fen: Counter[str] = Counter()
        for row in rows:
            paid_fen[row.street] -= row.cash_fen
    async with httpx.AsyncClient(base_url=served.url, headers=await served.headers(AUDITOR)) as http:
        for street in _STREETS:
            reserve = (await http.get(f"/v1/streets/{street}/reserve")).raise_for_status().json()
            assert sum(parse_yuan(reserve[account]) for account in ACCOUNTS) == _FLOAT_FEN
            assert parse_yuan(reserve["cash"]) == _FLOAT_FEN - paid_fen[street]
        balance = (await http.get("/v1/trial-balance")).raise_for_status().json()
    assert balance["total_debit"] == balance["total_credit"]


async def _payments(database: Database) -> dict[UUID, list[UUID]]:
    """By grant, the transfers that paid it."""
    found: dict[UUID, list[UUID]] = {}
    async with database.transaction() as tx:
        rows = await tx.execute(select(transfer.c.cause_id, transfer.c.transfer_id).where(transfer.c.kind == "payment"))
        for row in rows:
            found.setdefault(row.cause_id, []).append(row.transfer_id)
    return found


async def _paid_grants(database: Database) -> set[UUID]:
    async with database.transaction() as tx:
        query = select(emergency_grant.c.grant_id).where(emergency_grant.c.state.in_(["paid", "closed"]))
        return set(await tx.scalars(query))


async def _effects(subscriber: Database, database: Database, broker: Broker) -> Counter[str]:
    """What somebody who hears the topic from its beginning has done in the end, by grant and transfer."""

    async def write_effects(tx: AsyncConnection, deliveries: Sequence[Delivery[GrantPaid]]) -> None:
        rows = [
            {"event_id": heard.event_id, "key": f"{heard.event.grant_id} {heard.event.transfer_id}"}
            for heard in deliveries
        ]
        await tx.execute(text("insert into effect (event_id, key) values (:event_id, :key)"), rows)

    async def effects() -> Counter[str]:
        async with subscriber.transaction() as tx:
            return Counter(await tx.scalars(text("select key from effect")))

    sent = sum(isinstance(envelope.event, GrantPaid) for envelope in await recorded_events(database))

    async def has_all() -> bool:
        return (await effects()).total() >= sent

    consumer = inbox.Consumer(
        subscriber,
        broker.address,
        group=f"test-{new_id()}",
        subscriptions={GrantPaid: inbox.batch(write_effects)},
        clock=SystemClock(),
        fetch_wait_ms=broker.fetch_wait_milliseconds,
    )
    async with running(consumer):
        await eventually(has_all)
    return await effects()
