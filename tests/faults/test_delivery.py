"""Every effect once and in order, whatever dies on the way of an event."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from doudi.broker import PARTITIONS, Broker, BrokerKind, create_topics, platform_topics
from doudi.databases import DatabaseUrls
from shared import inbox, outbox
from shared.database import Database
from shared.events.intake import ApplicationSubmitted
from shared.ids import new_id
from shared.inbox import Delivery
from shared.testing import SEAL_KEY, FixedClock, eventually, running

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(300)]

CLOCK = FixedClock(datetime(2022, 12, 1, 2, tzinfo=UTC))
PROCESS = Path(__file__).with_name("delivery_process.py")


@pytest.fixture
async def database(bare_database: DatabaseUrls) -> AsyncIterator[Database]:
    database = Database(bare_database.app, seal_key=SEAL_KEY, pool_size=20)
    yield database
    await database.close()


def submitted(household_id: UUID, number: int) -> ApplicationSubmitted:
    """An event whose member count numbers it within its household."""
    return ApplicationSubmitted.from_example().model_copy(update={"household_id": household_id, "member_count": number})


async def record(database: Database, household_ids: Iterable[UUID], numbers: Iterable[int]) -> None:
    """Events of every household, numbered, in one transaction."""
    households = list(household_ids)
    async with database.transaction() as tx:
        events = [submitted(household_id, number) for number in numbers for household_id in households]
        await outbox.record(tx, *events, at=CLOCK.now())


async def write_effects(tx: AsyncConnection, deliveries: Sequence[Delivery[ApplicationSubmitted]]) -> None:
    rows = [
        {"event_id": delivery.event_id, "key": delivery.event.key, "number": delivery.event.member_count}
        for delivery in deliveries
    ]
    await tx.execute(text("insert into effect (event_id, key, number) values (:event_id, :key, :number)"), rows)


def consumer_of(database: Database, broker: str, group: str, handler: Any = None) -> inbox.Consumer:
    return inbox.Consumer(
        database,
        broker,
        group=group,
        subscriptions={ApplicationSubmitted: handler or inbox.batch(write_effects)},
        clock=CLOCK,
        fetch_wait_ms=5,
    )


async def effects(database: Database) -> dict[UUID, list[int]]:
    """By household, the numbers of what took effect, in the order in which it did."""
    found: dict[UUID, list[int]] = {}
    async with database.transaction() as tx:
        for row in await tx.execute(text("select key, number from effect order by id")):
            found.setdefault(UUID(row.key), []).append(row.number)
    return found


async def is_complete(database: Database, total: int) -> bool:
    return sum(len(numbers) for numbers in (await effects(database)).values()) >= total


async def unsent(database: Database) -> int:
    async with database.transaction() as tx:
        return int((await tx.execute(text("select count(*) from outbox"))).scalar_one())


async def is_sent(database: Database) -> bool:
    return await unsent(database) == 0


@asynccontextmanager
async def process(what: str, urls: DatabaseUrls, broker: str, group: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that goes the way of an event and dies on it."""
    arguments = [what, urls.app, broker, ApplicationSubmitted.topic, group]
    child = await asyncio.create_subprocess_exec(sys.executable, str(PROCESS), *arguments)
    yield child
    if child.returncode is None:
        child.kill()
    await child.wait()


async def test_old_copies_that_come_after_newer_events_change_nothing(
    database: Database, broker: str, own_topic: str
) -> None:
    """Out of order: the second half is heard, then everything is sent again from the beginning."""
    households = [new_id() for _ in range(4)]
    async with running(
        outbox.Relay(database, broker, source="intake"), consumer_of(database, broker, f"test-{new_id()}")
    ):
        for numbers in (range(10), range(10, 20)):
            await record(database, households, numbers)
            await eventually(lambda: is_sent(database))
            await outbox.resend(database, broker)
        await record(database, households, [20])
        await eventually(lambda: is_complete(database, 84))
    assert await effects(database) == {key: list(range(21)) for key in households}


async def test_a_crash_between_commit_and_send_loses_nothing(
    database: Database, bare_database: DatabaseUrls, broker: str, own_topic: str
) -> None:
    async with process("commit", bare_database, broker, "unused") as child:
        assert await child.wait() == -signal.SIGKILL
    assert await unsent(database) == 1
    async with running(
        outbox.Relay(database, broker, source="intake"), consumer_of(database, broker, f"test-{new_id()}")
    ):
        await eventually(lambda: is_complete(database, 1))


async def test_relays_that_are_killed_again_and_again_lose_and_reorder_nothing(
    database: Database, bare_database: DatabaseUrls, broker: str, own_topic: str
) -> None:
    households = [new_id() for _ in range(50)]
    recorded, more, killed_on_the_way = 0, 200, 0
    while killed_on_the_way < 2:
        await record(database, households, range(recorded, recorded + more))
        recorded += more
        before = await unsent(database)
        async with process("send", bare_database, broker, "unused") as child:
            await eventually(lambda before=before: _has_moved(database, before), poll_seconds=0.001)  # type: ignore[misc]  # mypy takes no defaults in lambdas
            child.kill()
        if await unsent(database):
            killed_on_the_way += 1
        else:
            # It had sent everything before it was noticed.
            more *= 2
    async with running(
        outbox.Relay(database, broker, source="intake"), consumer_of(database, broker, f"test-{new_id()}")
    ):
        await eventually(lambda: is_complete(database, len(households) * recorded), within_seconds=60)
    assert await effects(database) == {key: list(range(recorded)) for key in households}


async def _has_moved(database: Database, before: int) -> bool:
    return await unsent(database) < before


async def test_a_crash_between_effect_and_offset_commit_repeats_no_effect(
    database: Database, bare_database: DatabaseUrls, broker: str, own_topic: str
) -> None:
    group = f"test-{new_id()}"
    async with running(outbox.Relay(database, broker, source="intake")):
        await record(database, [UUID(ApplicationSubmitted.from_example().key)], range(5))
        await eventually(lambda: is_sent(database))
        async with process("handle", bare_database, broker, group) as child:
            assert await asyncio.wait_for(child.wait(), 30) == -signal.SIGKILL
        (taken,) = (await effects(database)).values()
        assert taken == list(range(len(taken)))
        await record(database, [UUID(ApplicationSubmitted.from_example().key)], [5])
        async with running(consumer_of(database, broker, group)):
            await eventually(lambda: is_complete(database, 6), within_seconds=60)
    assert list((await effects(database)).values()) == [list(range(6))]


async def test_a_rebalance_in_mid_batch_neither_repeats_nor_reorders(
    database: Database, broker: str, own_topic: str
) -> None:
    """The first member is in the middle of its batches when others join and take partitions away."""
    households = [new_id() for _ in range(30)]
    group = f"test-{new_id()}"
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slow(tx: AsyncConnection, deliveries: Sequence[Delivery[ApplicationSubmitted]]) -> None:
        await write_effects(tx, deliveries)
        began.set()
        await go_on.wait()

    others = [consumer_of(database, broker, group) for _ in range(2)]
    await record(database, households, range(10))
    async with (
        running(outbox.Relay(database, broker, source="intake")),
        running(consumer_of(database, broker, group, inbox.batch(slow))),
    ):
        await began.wait()
        async with running(*others):
            await eventually(lambda: _others_are_at_work(database))
            go_on.set()
            await record(database, households, range(10, 20))
            await eventually(lambda: is_complete(database, 600))
        await record(database, households, range(20, 25))
        await eventually(lambda: is_complete(database, 750))
    assert await effects(database) == {key: list(range(25)) for key in households}


async def _others_are_at_work(database: Database) -> bool:
    """They hear what the first one is still busy with, and wait for its transaction; or they had other partitions."""
    async with database.transaction() as tx:
        waiting = await tx.execute(
            text(
                "select exists (select from pg_stat_activity"
                " where datname = current_database() and wait_event_type = 'Lock') or exists (select from effect)"
            )
        )
        return bool(waiting.scalar_one())


async def test_a_broker_restart_only_delays(database: Database, own_broker: Broker) -> None:
    households = [new_id() for _ in range(30)]
    consumer = consumer_of(database, own_broker.address, f"test-{new_id()}")
    async with running(outbox.Relay(database, own_broker.address, source="intake"), consumer):
        await record(database, households, range(10))
        await eventually(lambda: is_complete(database, 300))
        await asyncio.to_thread(own_broker.kill)
        await record(database, households, range(10, 15))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(own_broker.start)
        # More than there was before: who goes on from the old position in an emptied broker misses the first.
        await record(database, households, range(15, 40))
        await eventually(lambda: is_complete(database, 1200), within_seconds=60)
    assert await effects(database) == {key: list(range(40)) for key in households}


async def test_a_broker_that_lost_everything_is_filled_again(
    database: Database, own_broker: Broker, broker_kind: BrokerKind
) -> None:
    households = [new_id() for _ in range(30)]
    relay = outbox.Relay(database, own_broker.address, source="intake")
    consumer = consumer_of(database, own_broker.address, f"test-{new_id()}")
    async with running(relay):
        async with running(consumer):
            await record(database, households, range(10))
            await eventually(lambda: is_complete(database, 300))
        # Acknowledged by the broker, heard by nobody.
        await record(database, households, range(10, 20))
        await eventually(lambda: is_sent(database))
    await asyncio.to_thread(own_broker.kill)
    await asyncio.to_thread(own_broker.start)
    if broker_kind == "kafka":
        await _delete_topics(own_broker.address)
    await record(database, households, [20])
    # First what it had, then what is new: so nothing overtakes.
    assert await outbox.resend(database, own_broker.address) == 600
    async with running(relay, consumer):
        await eventually(lambda: is_complete(database, 630), within_seconds=60)
    assert await effects(database) == {key: list(range(21)) for key in households}


async def _delete_topics(address: str) -> None:
    """Apache Kafka keeps what it has; this is how it loses it. Returns when nobody can write to the old ones."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    await admin.delete_topics(list(platform_topics()))
    await admin.close()
    await asyncio.to_thread(create_topics, address, platform_topics())
    client = AIOKafkaConsumer(bootstrap_servers=address)
    await client.start()
    places = [TopicPartition(ApplicationSubmitted.topic, partition) for partition in range(PARTITIONS)]

    async def is_empty() -> bool:
        return not any((await client.end_offsets(places)).values())

    await eventually(is_empty)
    await client.stop()
