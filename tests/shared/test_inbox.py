"""What is heard takes effect once; what cannot is put aside, and comes back when somebody says so."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from opentelemetry.sdk.trace import TracerProvider
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from doudi.databases import DatabaseUrls
from shared import bus, inbox, outbox
from shared.database import Database
from shared.events import Envelope, Event
from shared.events.intake import ApplicationSubmitted, HouseholdRegistered
from shared.ids import new_id
from shared.inbox import Delivery
from shared.testing import SEAL_KEY, FixedClock, deliver, envelope_of, eventually, running

pytestmark = pytest.mark.kafka

CLOCK = FixedClock(datetime(2022, 12, 1, 2, tzinfo=UTC))
Publish = Callable[..., Awaitable[None]]


@pytest.fixture
async def database(bare_database: DatabaseUrls) -> AsyncIterator[Database]:
    database = Database(bare_database.app, seal_key=SEAL_KEY)
    yield database
    await database.close()


@pytest.fixture
async def publish(broker: str, own_topic: str) -> AsyncIterator[Publish]:
    """Puts envelopes or raw bytes on the topic of this test, under one key."""
    producer = bus.new_producer(broker, client_id="test")
    await producer.start()

    async def send(*messages: Envelope | bytes, key: str = "key") -> None:
        for message in messages:
            body = message if isinstance(message, bytes) else message.to_json()
            key = key if isinstance(message, bytes) else message.event.key
            await producer.send_and_wait(own_topic, body, key=key.encode())

    yield send
    await producer.stop()


def submitted(household_id: UUID, number: int) -> Envelope:
    """An event whose member count numbers it within its household."""
    example = ApplicationSubmitted.from_example()
    return envelope_of(example.model_copy(update={"household_id": household_id, "member_count": number}), clock=CLOCK)


async def write_effect(tx: AsyncConnection, delivery: Delivery[ApplicationSubmitted]) -> None:
    await tx.execute(
        text("insert into effect (event_id, key, number) values (:event_id, :key, :number)"),
        {"event_id": delivery.event_id, "key": delivery.event.key, "number": delivery.event.member_count},
    )


async def write_effects(tx: AsyncConnection, deliveries: Sequence[Delivery[ApplicationSubmitted]]) -> None:
    for delivery in deliveries:
        await write_effect(tx, delivery)


async def numbers(database: Database, household_id: UUID) -> list[int]:
    """What took effect for a household, in the order in which it did."""
    async with database.transaction() as tx:
        rows = await tx.execute(
            text("select number from effect where key = :key order by id"), {"key": str(household_id)}
        )
        return list(rows.scalars())


class Moody:
    """A handler that fails on some numbers until told to get well."""

    def __init__(self, *fails_on: int, error: Exception | None = None) -> None:
        self.fails_on = set(fails_on)
        self.error = error or LookupError("no person 张三 420199198001011234")
        self.calls = 0

    async def __call__(self, tx: AsyncConnection, delivery: Delivery[ApplicationSubmitted]) -> None:
        self.calls += 1
        await write_effect(tx, delivery)
        if delivery.event.member_count in self.fails_on:
            raise self.error

    async def batch(self, tx: AsyncConnection, deliveries: Sequence[Delivery[ApplicationSubmitted]]) -> None:
        for delivery in deliveries:
            await self(tx, delivery)


def consumer_of(database: Database, broker: str, handler: Any, **options: Any) -> inbox.Consumer:
    subscriptions: dict[type[Event], Any] = {ApplicationSubmitted: handler}
    return inbox.Consumer(
        database,
        broker,
        group=f"test-{new_id()}",
        subscriptions=subscriptions,
        clock=CLOCK,
        fetch_wait_ms=5,
        retry_seconds=(0.01, 0.02),
        **options,
    )


async def dead_messages(broker: str, topic: str, count: int) -> list[ConsumerRecord]:
    """The first messages of the dead-letter topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker, auto_offset_reset="earliest", fetch_max_wait_ms=5)
    await consumer.start()
    consumer.assign([TopicPartition(bus.dead_letter_topic(topic), 0)])
    async with asyncio.timeout(10):
        found = [await consumer.getone() for _ in range(count)]
    await consumer.stop()
    return found


@pytest.mark.parametrize("handler", [write_effect, inbox.batch(write_effects)], ids=["single", "batch"])
async def test_a_duplicate_takes_effect_once(
    database: Database, broker: str, publish: Publish, handler: inbox.EventHandler
) -> None:
    household_id = new_id()
    first, second, third = (submitted(household_id, number) for number in range(3))
    await publish(first, first, second, first, second, third)
    async with running(consumer_of(database, broker, handler)):
        await eventually(lambda: _ends_with(database, household_id, 2))
    assert await numbers(database, household_id) == [0, 1, 2]


async def _ends_with(database: Database, household_id: UUID, number: int) -> bool:
    return (await numbers(database, household_id))[-1:] == [number]


async def test_two_groups_hear_the_same_event(database: Database) -> None:
    envelope = submitted(new_id(), 1)
    for group in ("one", "two", "two"):
        await deliver(database, {ApplicationSubmitted: write_effect}, envelope, clock=CLOCK, group=group)
    assert await numbers(database, UUID(envelope.event.key)) == [1, 1]


async def test_data_of_a_type_that_nobody_subscribed_to_is_not_read(
    database: Database, broker: str, publish: Publish, own_topic: str
) -> None:
    household_id = new_id()
    other = HouseholdRegistered.from_example()
    broken = envelope_of(other, clock=CLOCK).to_json().replace(b'"member_count":2', b'"member_count":"many"')
    await publish(broken, submitted(household_id, 1))
    async with running(consumer_of(database, broker, write_effect)):
        await eventually(lambda: _ends_with(database, household_id, 1))
    assert await inbox.list_dead_letters(database) == []


async def test_messages_that_are_no_events_are_put_aside(
    database: Database, broker: str, publish: Publish, own_topic: str
) -> None:
    household_id = new_id()
    broken = [
        b"",
        b"\x00\xff",
        b"[]",
        b'{"specversion":"1.0"}',
        b'{"type":"intake.application-submitted.v1","id":7}',
        b"[" * 200_000,
        submitted(household_id, 1).to_json().replace(b'"member_count":1', b'"member_count":"many"'),
    ]
    await publish(*broken, key=str(household_id))
    await publish(submitted(household_id, 1))
    async with running(consumer_of(database, broker, write_effect)):
        await eventually(lambda: _ends_with(database, household_id, 1))
    assert [record.value for record in await dead_messages(broker, own_topic, len(broken))] == broken
    letters = await inbox.list_dead_letters(database)
    assert [await inbox.dead_letter_body(database, letter.id) for letter in letters] == broken
    assert [letter.event_id is None for letter in letters] == [True] * 6 + [False]


async def test_an_event_of_an_unknown_type_is_kept_for_later_by_who_hears_everything(
    database: Database, broker: str, publish: Publish, own_topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.inbox.consumer.TOPICS", (own_topic,))
    household_id = new_id()
    unknown = submitted(household_id, 1).to_json().replace(b"submitted.v1", b"submitted.v9")
    await publish(unknown, submitted(household_id, 2), envelope_of(HouseholdRegistered.from_example(), clock=CLOCK))
    heard: list[Event] = []

    async def keep(tx: AsyncConnection, deliveries: Sequence[Delivery[Any]], /) -> None:
        heard.extend(delivery.event for delivery in deliveries)

    consumer = inbox.Consumer(database, broker, group=f"test-{new_id()}", everything=keep, clock=CLOCK, fetch_wait_ms=5)
    async with running(consumer):
        await eventually(lambda: _length(heard, 2))
    assert {event.type for event in heard} == {ApplicationSubmitted.type, HouseholdRegistered.type}
    (letter,) = await inbox.list_dead_letters(database)
    assert (letter.event_type, letter.error_class) == ("intake.application-submitted.v9", "UnknownEventType")


@pytest.mark.parametrize("event_type", ["a\\u0000b", "a\\ud800b"], ids=["nul", "half a pair"])
async def test_a_type_that_no_database_keeps_stops_nobody_who_hears_everything(
    database: Database,
    broker: str,
    publish: Publish,
    own_topic: str,
    monkeypatch: pytest.MonkeyPatch,
    event_type: str,
) -> None:
    monkeypatch.setattr("shared.inbox.consumer.TOPICS", (own_topic,))
    good, event_id = submitted(new_id(), 1), new_id()
    await publish(f'{{"id":"{event_id}","type":"{event_type}"}}'.encode(), key=good.event.key)
    await publish(good)
    heard: list[Event] = []

    async def keep(tx: AsyncConnection, deliveries: Sequence[Delivery[Any]], /) -> None:
        heard.extend(delivery.event for delivery in deliveries)

    consumer = inbox.Consumer(database, broker, group=f"test-{new_id()}", everything=keep, clock=CLOCK, fetch_wait_ms=5)
    async with running(consumer):
        await eventually(lambda: _length(heard, 1))
    (letter,) = await inbox.list_dead_letters(database)
    assert (letter.event_id, letter.event_type) == (event_id, None)


async def _length(heard: Sequence[object], length: int) -> bool:
    return len(heard) >= length


@pytest.mark.parametrize("together", [False, True], ids=["single", "batch"])
async def test_a_poison_event_goes_to_the_dlq_alone_and_comes_back_on_replay(
    database: Database, broker: str, publish: Publish, own_topic: str, *, together: bool
) -> None:
    household_id = new_id()
    handler = Moody(1)
    await publish(*(submitted(household_id, number) for number in range(4)))
    async with running(consumer_of(database, broker, inbox.batch(handler.batch) if together else handler)):
        await eventually(lambda: _ends_with(database, household_id, 3))
        assert await numbers(database, household_id) == [0, 2, 3]
        (letter,) = await inbox.list_dead_letters(database)
        assert (letter.topic, letter.error_class, letter.error_code) == (own_topic, "LookupError", "LookupError")

        handler.fails_on.clear()
        assert await inbox.replay(database, broker, letter_ids=[letter.id]) == 1
        await eventually(lambda: _ends_with(database, household_id, 1))
    assert await numbers(database, household_id) == [0, 2, 3, 1]
    assert await inbox.list_dead_letters(database) == []
    (record,) = await dead_messages(broker, own_topic, 1)
    assert json.loads(record.value)["data"]["member_count"] == 1
    headers = dict(record.headers)
    assert headers["error-class"] == b"LookupError"
    assert "张三" not in str(record.headers)


async def test_an_event_that_fails_again_after_a_replay_is_one_dead_letter(
    database: Database, broker: str, publish: Publish, own_topic: str
) -> None:
    household_id = new_id()
    await publish(submitted(household_id, 1))
    async with running(consumer_of(database, broker, Moody(1))):
        await eventually(lambda: inbox.list_dead_letters(database))
        await inbox.replay(database, broker)
        await dead_messages(broker, own_topic, 2)

        async def died_again() -> bool:
            (letter,) = await inbox.list_dead_letters(database)
            return letter.replayed_at is None

        await eventually(died_again)
    assert await numbers(database, household_id) == []


@pytest.mark.parametrize("together", [False, True], ids=["single", "batch"])
async def test_later_events_of_a_key_wait_where_the_handler_says_so(
    database: Database, broker: str, publish: Publish, *, together: bool
) -> None:
    household_id, other = new_id(), new_id()
    handler = Moody(1)
    subscription = inbox.batch(handler.batch, waits=True) if together else inbox.waiting(handler)
    await publish(*(submitted(household_id, number) for number in range(4)), submitted(other, 2))
    async with running(consumer_of(database, broker, subscription)):
        await eventually(lambda: _letters(database, 3))
        await eventually(lambda: _ends_with(database, other, 2))
        assert await numbers(database, household_id) == [0]

        handler.fails_on.clear()
        await publish(submitted(household_id, 4))
        await eventually(lambda: _letters(database, 4))
        first, *_ = await inbox.list_dead_letters(database)
        # What waits behind it goes with it.
        assert await inbox.replay(database, broker, letter_ids=[first.id]) == 4
        await eventually(lambda: _ends_with(database, household_id, 4))
    assert await numbers(database, household_id) == [0, 1, 2, 3, 4]
    assert await inbox.list_dead_letters(database) == []


async def _letters(database: Database, count: int) -> bool:
    return len(await inbox.list_dead_letters(database)) == count


async def test_a_database_that_fails_is_waited_for(database: Database, broker: str, publish: Publish) -> None:
    """Longer than a failing handler is borne."""
    household_id = new_id()
    handler = Moody(1, error=ConnectionResetError())
    await publish(submitted(household_id, 1), submitted(household_id, 2))
    async with running(consumer_of(database, broker, handler)):
        await eventually(lambda: _called(handler, 4))
        handler.fails_on.clear()
        await eventually(lambda: _ends_with(database, household_id, 2))
    assert await numbers(database, household_id) == [1, 2]
    assert await inbox.list_dead_letters(database) == []


async def _called(handler: Moody, times: int) -> bool:
    return handler.calls >= times


async def test_what_a_handler_records_is_recorded_once_and_names_its_cause(database: Database) -> None:
    async def register(tx: AsyncConnection, delivery: Delivery[ApplicationSubmitted]) -> None:
        await outbox.record(tx, HouseholdRegistered.from_example(), at=delivery.now)

    with TracerProvider().get_tracer("test").start_as_current_span("request"):
        traceparent = bus.current_cause().traceparent
    assert traceparent is not None
    envelope = Envelope(
        event_id=new_id(),
        source="intake",
        time=CLOCK.now(),
        event=ApplicationSubmitted.from_example(),
        traceparent=traceparent,
    )
    await deliver(database, {ApplicationSubmitted: register}, envelope, envelope, clock=CLOCK)
    async with database.transaction() as tx:
        (body,) = (await tx.execute(text("select body from outbox"))).scalars().all()
    recorded = Envelope.from_json(body)
    assert recorded.causation_id == envelope.event_id
    assert recorded.traceparent is not None
    assert recorded.traceparent.split("-")[1] == traceparent.split("-")[1]


async def test_a_consumer_without_partitions_stays_and_takes_over(
    database: Database, broker: str, publish: Publish, own_topic: str
) -> None:
    """More members than partitions, then all but one leave."""
    household_id = new_id()
    group = f"test-{new_id()}"
    members = [
        inbox.Consumer(
            database, broker, group=group, subscriptions={ApplicationSubmitted: write_effect}, clock=CLOCK,
            fetch_wait_ms=5,
        )
        for _ in range(8)
    ]  # fmt: skip
    async with running(members[0]):
        async with running(*members[1:]):
            await publish(submitted(household_id, 0))
            await eventually(lambda: _ends_with(database, household_id, 0))
            await eventually(lambda: _all_healthy(members))
        await publish(*(submitted(household_id, number) for number in range(1, 4)))
        await eventually(lambda: _ends_with(database, household_id, 3))
    assert await numbers(database, household_id) == [0, 1, 2, 3]


async def _all_healthy(members: Sequence[inbox.Consumer]) -> bool:
    return all(member.healthy() for member in members)
