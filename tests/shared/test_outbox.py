"""What is recorded is sent, at least once and in order for each key, whoever fails."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from opentelemetry.sdk.trace import TracerProvider
from sqlalchemy import text

from doudi.broker import PARTITIONS
from doudi.databases import DatabaseUrls
from shared import bus, outbox
from shared.clock import SystemClock
from shared.database import Database
from shared.events import Envelope
from shared.events.intake import ApplicationSubmitted
from shared.ids import new_id
from shared.testing import SEAL_KEY, eventually, running

pytestmark = pytest.mark.kafka

NOW = datetime(2022, 12, 1, 2, tzinfo=UTC)


@pytest.fixture
async def database(bare_database: DatabaseUrls) -> AsyncIterator[Database]:
    database = Database(bare_database.app, seal_key=SEAL_KEY, pool_size=20)
    yield database
    await database.close()


def submitted(household_id: UUID, number: int) -> ApplicationSubmitted:
    """An event whose member count numbers it within its household."""
    return ApplicationSubmitted.from_example().model_copy(update={"household_id": household_id, "member_count": number})


async def unsent(database: Database) -> int:
    async with database.transaction() as tx:
        return int((await tx.execute(text("select count(*) from outbox"))).scalar_one())


async def is_sent(database: Database) -> bool:
    return await unsent(database) == 0


@asynccontextmanager
async def reader(broker: str, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Reads the topic from its beginning, outside any group."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker, auto_offset_reset="earliest", fetch_max_wait_ms=5)
    await consumer.start()
    consumer.assign([TopicPartition(topic, partition) for partition in range(PARTITIONS)])
    yield consumer
    await consumer.stop()


async def messages(broker: str, topic: str) -> list[Envelope]:
    """All that is on the topic now, in order for each key."""
    found = []
    async with reader(broker, topic) as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=100)).values():
                found += [Envelope.from_json(record.value) for record in records]
    return found


def first_numbers(envelopes: list[Envelope]) -> dict[UUID, list[int]]:
    """By household, the numbers of its events in the order in which each was seen first."""
    seen: set[UUID] = set()
    numbers: dict[UUID, list[int]] = {}
    for envelope in envelopes:
        assert isinstance(envelope.event, ApplicationSubmitted)
        if envelope.event_id not in seen:
            seen.add(envelope.event_id)
            numbers.setdefault(envelope.event.household_id, []).append(envelope.event.member_count)
    return numbers


async def test_an_event_is_recorded_only_with_its_cause(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as tx:
            await outbox.record(tx, submitted(new_id(), 1), at=NOW)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await unsent(database) == 0


async def test_an_event_needs_a_transaction(database: Database) -> None:
    async with database.engine.connect() as connection:
        with pytest.raises(RuntimeError, match="none is running"):
            await outbox.record(connection, submitted(new_id(), 1), at=NOW)


async def test_an_event_that_the_broker_would_refuse_is_refused_at_once(database: Database) -> None:
    huge = submitted(new_id(), 1).model_copy(update={"requested": ("dibao",) * 100_000})
    with pytest.raises(outbox.EventTooLarge):
        async with database.transaction() as tx:
            await outbox.record(tx, huge, at=NOW)


async def test_an_event_carries_its_cause_and_trace(database: Database, broker: str, own_topic: str) -> None:
    cause = new_id()
    with TracerProvider().get_tracer("test").start_as_current_span("request") as span:
        trace_id = f"{span.get_span_context().trace_id:032x}"
        with bus.caused_by(bus.Cause(cause, bus.current_cause().traceparent), span="handle"):
            async with database.transaction() as tx:
                await outbox.record(tx, submitted(new_id(), 1), at=NOW)
    async with running(outbox.Relay(database, broker, source="intake")):
        await eventually(lambda: is_sent(database))
    (envelope,) = await messages(broker, own_topic)
    assert envelope.causation_id == cause
    assert envelope.traceparent is not None
    assert envelope.traceparent.split("-")[1] == trace_id
    assert (envelope.source, envelope.time) == ("intake", NOW)


async def test_events_of_one_key_take_their_ids_in_the_order_of_their_commits(database: Database) -> None:
    """Whoever comes second waits for the first to commit; other keys do not."""
    household_id = new_id()

    async def write(number: int, key: UUID) -> None:
        async with database.transaction() as tx:
            await outbox.record(tx, submitted(key, number), at=NOW)

    async with database.transaction() as first:
        await outbox.record(first, submitted(household_id, 0), at=NOW)
        second = asyncio.create_task(write(1, household_id))
        await write(2, new_id())
        await asyncio.sleep(0.2)
        assert not second.done()
    await second


async def test_a_transaction_may_have_events_of_very_many_keys(database: Database) -> None:
    async with database.transaction() as tx:
        await outbox.record(tx, *(submitted(new_id(), 1) for _ in range(50_000)), at=NOW)
    assert await unsent(database) == 50_000


async def test_a_late_commit_is_neither_lost_nor_overtaken_by_its_own_key(
    database: Database, broker: str, own_topic: str
) -> None:
    slow, quick = new_id(), new_id()
    async with running(outbox.Relay(database, broker, source="intake")):
        async with database.transaction() as held:
            await outbox.record(held, submitted(slow, 0), at=NOW)
            for number in range(40):
                async with database.transaction() as tx:
                    await outbox.record(tx, submitted(quick, number), at=NOW)
                # Long enough for the relay to try to forget what is behind it.
                await asyncio.sleep(0.03)
        async with database.transaction() as tx:
            await outbox.record(tx, submitted(slow, 1), at=NOW)
        await eventually(lambda: is_sent(database))
    assert first_numbers(await messages(broker, own_topic)) == {slow: [0, 1], quick: list(range(40))}


async def test_two_relays_and_lost_leads_neither_lose_nor_reorder(
    database: Database, broker: str, own_topic: str, postgres: str
) -> None:
    """16 writers hold their transactions for a random while, as the relays' sessions are ended again and again."""
    households = [new_id() for _ in range(12)]
    counters = dict.fromkeys(households, 0)
    chance = random.Random(2)

    async def write(events: int) -> None:
        for _ in range(events):
            household_id = chance.choice(households)
            async with database.transaction() as tx:
                await tx.execute(text("select pg_advisory_xact_lock(7, hashtext(:key))"), {"key": str(household_id)})
                number = counters[household_id]
                await outbox.record(tx, submitted(household_id, number), at=NOW)
                counters[household_id] = number + 1
                await asyncio.sleep(chance.random() / 200)

    async def end_leads() -> None:
        name = database.engine.url.database
        while True:
            await asyncio.sleep(0.15)
            await superuser.execute(
                "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and classid ="
                " 1685024118 and database = (select oid from pg_database where datname = $1)",
                name,
            )

    superuser = await asyncpg.connect(postgres.replace("+asyncpg", ""))
    relays = [outbox.Relay(database, broker, source="intake") for _ in range(2)]
    async with running(*relays):
        disturber = asyncio.create_task(end_leads())
        await asyncio.gather(*(write(60) for _ in range(16)))
        disturber.cancel()
        await asyncio.gather(disturber, return_exceptions=True)
        await eventually(lambda: is_sent(database))
    await superuser.close()
    assert first_numbers(await messages(broker, own_topic)) == {
        household_id: list(range(count)) for household_id, count in counters.items() if count
    }


async def test_only_one_of_several_relays_sends(database: Database, broker: str, own_topic: str) -> None:
    """Nothing is doubled while nobody fails, so the inbox is a net and not the rule."""
    numbers = range(300)
    household_id = new_id()
    async with running(*(outbox.Relay(database, broker, source="intake") for _ in range(3))):
        for number in numbers:
            async with database.transaction() as tx:
                await outbox.record(tx, submitted(household_id, number), at=NOW)
        await eventually(lambda: is_sent(database))
    sent = [envelope.event.model_dump()["member_count"] for envelope in await messages(broker, own_topic)]
    assert sent == list(numbers)


async def test_another_relay_takes_the_lead_over(database: Database, broker: str, own_topic: str) -> None:
    first, second = (outbox.Relay(database, broker, source="intake") for _ in range(2))
    household_id = new_id()
    async with running(second):
        async with running(first):
            async with database.transaction() as tx:
                await outbox.record(tx, submitted(household_id, 0), at=NOW)
            await eventually(lambda: is_sent(database))
        async with database.transaction() as tx:
            await outbox.record(tx, submitted(household_id, 1), at=NOW)
        await eventually(lambda: is_sent(database))
        assert second.healthy()
    assert first_numbers(await messages(broker, own_topic)) == {household_id: [0, 1]}


async def test_what_was_sent_is_sent_again_in_order(database: Database, broker: str, own_topic: str) -> None:
    household_id = new_id()
    async with running(outbox.Relay(database, broker, source="intake")):
        for number in range(5):
            async with database.transaction() as tx:
                await outbox.record(tx, submitted(household_id, number), at=NOW)
        await eventually(lambda: is_sent(database))
        # The relay goes on to run: it makes way.
        assert await outbox.resend(database, broker) == 5
        assert await outbox.resend(database, broker, since=SystemClock().today() + timedelta(days=2)) == 0
    numbers = [envelope.event.model_dump()["member_count"] for envelope in await messages(broker, own_topic)]
    assert numbers == [0, 1, 2, 3, 4] * 2


async def test_old_days_are_dropped_and_coming_days_prepared(database: Database) -> None:
    today = date(2022, 12, 1)
    async with database.transaction() as tx:
        for day in (today - timedelta(days=100), today - timedelta(days=1), today):
            await tx.execute(
                text(
                    "insert into outbox_sent (sent_on, id, event_id, topic, key, body, recorded_at)"
                    " values (:day, 1, :event_id, 'intake', 'key', '', now())"
                ),
                {"day": day, "event_id": new_id()},
            )
    maintain = text("select maintain_outbox_sent(:today, 2, :keep_from)")
    for moved_on in (0, 1, 2):
        async with database.transaction() as tx:
            day = today + timedelta(days=moved_on)
            await tx.execute(maintain, {"today": day, "keep_from": today - timedelta(days=7)})
    async with database.transaction() as tx:
        kept = await tx.execute(text("select sent_on from outbox_sent order by sent_on"))
        partitions = await tx.execute(text("select relname from pg_class where relname like 'outbox_sent_2%'"))
    assert kept.scalars().all() == [today - timedelta(days=1), today]
    assert {"outbox_sent_20221202", "outbox_sent_20221205"} <= set(partitions.scalars().all())
    async with database.transaction() as tx:
        await tx.execute(maintain, {"today": date(2023, 1, 1), "keep_from": date(2023, 1, 1)})
        partitions = await tx.execute(text("select relname from pg_class where relname like 'outbox_sent_202212%'"))
    assert partitions.scalars().all() == []
