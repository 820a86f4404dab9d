"""Events through outbox, broker and inbox, against the bare broker in the same run.

Every round measures each way once, so that a busy machine slows all of them alike; the ratios are medians of rounds.
The last line is one JSON object. Run: `python -m tests.bench.events`, with DOUDI_TEST_BROKER=kafka for Apache Kafka.
"""

import asyncio
import gc
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
import structlog
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from doudi.broker import PARTITIONS, BrokerKind, create_topics, new_broker
from doudi.postgres import Postgres
from shared import bus, inbox, outbox
from shared.clock import SystemClock
from shared.database import Caller, Database, driver_connection
from shared.events import Envelope
from shared.events.contract import HouseholdEvent
from shared.ids import new_id
from shared.inbox import Delivery
from shared.migrations import platform_0001, run_sql, write_seal_keys
from shared.outbox import Relay
from shared.seal import SealKey
from shared.testing import SEAL_KEY

ROUNDS = 5
EVENTS = 40_000
HOUSEHOLDS = 2_000
PACED_PER_SECOND = 1_000
PACED_SECONDS = 8
WRITERS = 8

HOUSEHOLD_IDS = [new_id() for _ in range(HOUSEHOLDS)]
CLOCK = SystemClock()

_EFFECT = """
create table effect (id bigint generated always as identity, key text not null, number integer not null);
grant select, insert on effect to {app};
"""
_WRITE_EFFECTS = "insert into effect (key, number) select * from unnest($1::text[], $2::integer[])"
_RECORD = "select record_events($1::uuid[], $2::text[], $3::text[], $4::bytea[])"
_FAULTS = """
with numbered as (
    select key, number, lag(number) over (partition by key order by id) as former from effect
)
select count(*) as effects, count(distinct (key, number)) as different,
    count(*) filter (where number < former) as reordered
from numbered
"""


class Counted(HouseholdEvent, topic="counted", type="bench.counted.v1", clause=""):
    """An event whose number grows by one within its household, so that losses and reorders show."""

    number: int
    filler: str = "x" * 120


class TimedDatabase(Database):
    """Notes when transactions with effects were committed."""

    def __init__(self, url: str, *, seal_key: SealKey) -> None:
        super().__init__(url, seal_key=seal_key)
        self.committed: list[tuple[float, list[tuple[str, int]]]] = []

    @asynccontextmanager
    async def transaction(self, caller: Caller | None = None) -> AsyncIterator[AsyncConnection]:
        async with super().transaction(caller) as tx:
            yield tx
            effects = tx.info.pop("effects", None)
        if effects:
            self.committed.append((time.perf_counter(), effects))

    @property
    def effects(self) -> int:
        return sum(len(effects) for _, effects in self.committed)


async def write_effects(tx: AsyncConnection, deliveries: Sequence[Delivery[Counted]]) -> None:
    keys = [delivery.event.key for delivery in deliveries]
    numbers = [delivery.event.number for delivery in deliveries]
    driver = await driver_connection(tx)
    await driver.execute(_WRITE_EFFECTS, keys, numbers)
    tx.info["effects"] = list(zip(keys, numbers, strict=True))


class Run:
    """One database and one broker, and what was recorded so far."""

    def __init__(self, database: TimedDatabase, broker: str, fetch_wait_ms: int) -> None:
        self.database = database
        self.broker = broker
        self.fetch_wait_ms = fetch_wait_ms
        self.recorded = 0

    def events(self, count: int) -> list[Counted]:
        """The next events, numbered within their households. `recorded` counts them."""
        first, self.recorded = self.recorded, self.recorded + count
        return [
            Counted(household_id=HOUSEHOLD_IDS[index % HOUSEHOLDS], number=index // HOUSEHOLDS)
            for index in range(first, first + count)
        ]

    async def raw_send(self, topic: str, messages: Sequence[tuple[bytes, bytes]]) -> float:
        """Events per second with `send`."""
        async with self._producer() as producer:
            began = time.perf_counter()
            futures = [await producer.send(topic, body, key=key) for key, body in messages]
            await asyncio.gather(*futures)
            return len(messages) / (time.perf_counter() - began)

    async def raw_send_batch(self, topic: str, messages: Sequence[tuple[bytes, bytes]]) -> float:
        """Events per second with `create_batch` and `send_batch`, each batch as large as the producer allows."""
        async with self._producer() as producer:
            began = time.perf_counter()
            partitions = sorted(await producer.partitions_for(topic))
            builders: dict[int, Any] = {}
            futures = []
            for key, body in messages:
                partition = bus.partition_by_key(key, partitions)
                builder = builders.get(partition) or builders.setdefault(partition, producer.create_batch())
                if builder.append(timestamp=None, key=key, value=body) is None:
                    futures.append(await producer.send_batch(builder, topic, partition=partition))
                    builder = builders[partition] = producer.create_batch()
                    builder.append(timestamp=None, key=key, value=body)
            for partition, builder in builders.items():
                futures.append(await producer.send_batch(builder, topic, partition=partition))
            await asyncio.gather(*futures)
            return len(messages) / (time.perf_counter() - began)

    async def raw_getmany(self, topic: str, count: int) -> float:
        """Events per second with `getmany`, after the first answer."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.broker, auto_offset_reset="earliest", fetch_max_wait_ms=self.fetch_wait_ms
        )
        await consumer.start()
        consumer.assign([TopicPartition(topic, partition) for partition in range(PARTITIONS)])
        seen: list[tuple[float, int]] = []
        while sum(number for _, number in seen) < count:
            polled = await consumer.getmany(timeout_ms=1000)
            seen.append((time.perf_counter(), sum(len(records) for records in polled.values())))
        await consumer.stop()
        return _rate([step for step in seen if step[1]])

    async def relay(self, events: Sequence[Counted]) -> float:
        """Events per second from the commit that makes all of them visible until the outbox is empty."""
        async with _running(Relay(self.database, self.broker, source="bench").run):
            await asyncio.sleep(0.5)
            async with self.database.transaction() as tx:
                driver = await driver_connection(tx)
                for first in range(0, len(events), 5_000):
                    rows = [_row(event) for event in events[first : first + 5_000]]
                    await driver.execute(_RECORD, *zip(*rows, strict=True))
            began = time.perf_counter()
            async with self.database.own_connection() as connection:
                while await connection.fetchval("select exists (select from outbox)"):  # noqa: ASYNC110  # a table
                    await asyncio.sleep(0.002)
            return len(events) / (time.perf_counter() - began)

    async def consumed(self, count: int) -> float:
        """Events per second through inbox and effect, after the first transaction."""
        self.database.committed.clear()
        async with _running(self._consumer().run):
            await self._until_effects(count)
        return _rate([(committed_at, len(effects)) for committed_at, effects in self.database.committed])

    async def latencies(self) -> list[float]:
        """Seconds from the commit of an event to the commit of its effect, at a steady pace."""
        self.database.committed.clear()
        recorded_at: dict[tuple[str, int], float] = {}
        warm_up = self.events(HOUSEHOLDS)
        events = self.events(PACED_PER_SECOND * PACED_SECONDS)
        rows = [_row(event) for event in events]
        async with _running(Relay(self.database, self.broker, source="bench").run, self._consumer().run):
            async with self.database.transaction() as tx:
                await outbox.record(tx, *warm_up, at=CLOCK.now())
            await self._until_effects(len(warm_up))
            began = time.perf_counter()

            async def write(first: int) -> None:
                # Without SQLAlchemy, or the writers alone would take the whole process.
                async with self.database.own_connection() as connection:
                    for index in range(first, len(events), WRITERS):
                        await asyncio.sleep(max(0.0, began + index / PACED_PER_SECOND - time.perf_counter()))
                        await connection.execute(_RECORD, *([value] for value in rows[index]))
                        recorded_at[events[index].key, events[index].number] = time.perf_counter()

            await asyncio.gather(*(write(first) for first in range(WRITERS)))
            await self._until_effects(len(warm_up) + len(events))
        return [
            committed_at - recorded_at[effect]
            for committed_at, effects in self.database.committed
            for effect in effects
            if effect in recorded_at
        ]

    async def faults(self) -> dict[str, int]:
        """What the checker says about all that was recorded."""
        async with self.database.transaction() as tx:
            row = (await tx.execute(sa.text(_FAULTS))).one()
        return {
            "lost": self.recorded - row.different,
            "reordered": row.reordered,
            "doubled": row.effects - row.different,
        }

    @asynccontextmanager
    async def topics(self) -> AsyncIterator[tuple[str, str]]:
        """Three fresh topics, one of them for Counted; deleted afterwards, because Tansu keeps them in memory."""
        names = [f"bench-{new_id().hex}" for _ in range(3)]
        create_topics(self.broker, dict.fromkeys(names, PARTITIONS))
        Counted.topic = names[0]
        yield names[1], names[2]
        admin = AIOKafkaAdminClient(bootstrap_servers=self.broker)
        await admin.start()
        await admin.delete_topics(names)
        await admin.close()

    async def _until_effects(self, count: int) -> None:
        while self.database.effects < count:  # noqa: ASYNC110  # counted where transactions end
            await asyncio.sleep(0.01)

    def _consumer(self) -> inbox.Consumer:
        return inbox.Consumer(
            self.database,
            self.broker,
            group=f"bench-{new_id().hex}",
            subscriptions={Counted: inbox.batch(write_effects)},
            clock=CLOCK,
            fetch_wait_ms=self.fetch_wait_ms,
        )

    @asynccontextmanager
    async def _producer(self) -> AsyncIterator[Any]:
        producer = bus.new_producer(self.broker, client_id="bench")
        await producer.start()
        yield producer
        await producer.stop()


@asynccontextmanager
async def _running(*parts: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(part()) for part in parts]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _row(event: Counted) -> tuple[Any, str, str, bytes]:
    envelope = Envelope(event_id=new_id(), source="bench", time=CLOCK.now(), event=event)
    return envelope.event_id, event.topic, event.key, envelope.to_json()


def _rate(steps: Sequence[tuple[float, int]]) -> float:
    """Events per second after the first step, which also waited for the beginning."""
    seconds = steps[-1][0] - steps[0][0]
    return sum(count for _, count in steps[1:]) / seconds


async def measure(run: Run) -> dict[str, float]:
    """All rounds, then the latencies and the checker."""
    rounds: list[dict[str, float]] = []
    for _ in range(ROUNDS):
        async with run.topics() as (sent_topic, batched_topic):
            events = run.events(EVENTS)
            envelopes = [Envelope(event_id=new_id(), source="bench", time=CLOCK.now(), event=event) for event in events]
            messages = [(envelope.event.key.encode(), envelope.to_json()) for envelope in envelopes]
            # What the bench keeps in memory must not weigh on the collector while others are measured.
            gc.collect()
            gc.freeze()
            rates = {
                "send": await run.raw_send(sent_topic, messages),
                "send_batch": await run.raw_send_batch(batched_topic, messages),
                "relay": await run.relay(events),
                "getmany": await run.raw_getmany(batched_topic, EVENTS),
                "consumed": await run.consumed(EVENTS),
            }
        rounds.append(rates)
        print("  ".join(f"{name} {rate:,.0f}/s" for name, rate in rates.items()))
    async with run.topics():
        latencies = sorted(await run.latencies())
    result: dict[str, float] = {f"{name}_per_second": round(_median(rounds, name)) for name in rounds[0]}
    for upper, lower in (("relay", "send_batch"), ("relay", "send"), ("consumed", "getmany")):
        ratios = [rates[upper] / rates[lower] for rates in rounds]
        result[f"ratio_{upper}_to_{lower}"] = round(statistics.median(ratios), 2)
    for percent in (50, 99):
        result[f"p{percent}_ms"] = round(latencies[len(latencies) * percent // 100] * 1000, 1)
    return {**result, **await run.faults(), "events": run.recorded, "cpus": os.cpu_count() or 0}


def _median(rounds: Sequence[dict[str, float]], name: str) -> float:
    return statistics.median(rates[name] for rates in rounds)


async def prepare(owner_url: str) -> None:
    """The tables that `shared` brings, and one for the effects."""

    def install(connection: sa.Connection) -> None:
        operations = Operations(MigrationContext.configure(connection))
        platform_0001(operations)
        write_seal_keys(connection, [SEAL_KEY])
        run_sql(operations, _EFFECT)

    engine = create_async_engine(owner_url, poolclass=sa.NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(install)
    await engine.dispose()


async def main(directory: Path) -> None:
    """Start the servers, measure, stop them."""
    kind = cast(BrokerKind, os.environ.get("DOUDI_TEST_BROKER", "tansu"))
    postgres, broker = Postgres(directory / "postgres"), new_broker(kind, directory / "broker")
    postgres.start()
    broker.start()
    try:
        postgres.cluster.create_roles("bench")
        urls = postgres.cluster.create_database("bench", service="bench")
        await prepare(urls.owner)
        database = TimedDatabase(urls.app, seal_key=SEAL_KEY)
        result = await measure(Run(database, broker.address, broker.fetch_wait_milliseconds))
        await database.close()
        print(json.dumps({"broker": kind, **result}))
    finally:
        broker.kill()
        postgres.discard()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    scratch = Path(tempfile.mkdtemp(prefix="doudi-bench-"))
    # PostgreSQL runs as another user when we are root.
    scratch.chmod(0o711)
    uvloop.run(main(scratch))
    shutil.rmtree(scratch)
