"""The outbox: events are recorded in the transaction of their cause and sent by a relay, at least once and in order
for each key. Nothing here decides what an event says.

Why order holds: a key is locked before its event takes an id, so ids of one key are in commit order; one relay leads,
reads in order of ids in one snapshot, and never sends a later event of a partition before the earlier one is
acknowledged. A relay that lost its lead without noticing can only send again what its successor sends as well.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from prometheus_client import Counter, Gauge
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import bus
from shared.clock import SystemClock
from shared.database import Database, driver_connection
from shared.events import Envelope, Event
from shared.ids import new_id

KEPT_DAYS = 92
"""How long sent events are kept to fill a broker again."""

_SWEEP_ROWS = 10_000
_BATCH_ROWS = 2_500
_BUSY_POLL_SECONDS = 0.002
_IDLE_POLL_SECONDS = 0.025
_STANDBY_POLL_SECONDS = 0.25
_FIRST_RETRY_SECONDS = 0.1
_LONGEST_RETRY_SECONDS = 5.0
_HEALTHY_SECONDS = 30.0
_MAINTENANCE_SECONDS = 3600.0
_MEASURE_SECONDS = 5.0
_SETTLE_SECONDS = 0.25

# Advisory locks, beside the class of the keys in `record_events`.
_TRY_LEAD = "select pg_try_advisory_lock(1685024118, 1)"
_TRY_CLAIM_LEAD = "select pg_try_advisory_lock(1685024118, 2)"
# Answers at all only while the session, and so the lead, is alive; false when `resend` asks for the lead.
_MAY_LEAD = "select pg_try_advisory_xact_lock_shared(1685024118, 2)"

_RECORD = "select record_events($1::uuid[], $2::text[], $3::text[], $4::bytea[])"
_READ = "select id, topic, key, body from outbox where id > $1 order by id limit $2"
_MOVE = """
with sent as (delete from outbox where id = any($1::bigint[]) returning id, event_id, topic, key, body, recorded_at)
insert into outbox_sent (sent_on, id, event_id, topic, key, body, recorded_at)
select $2, id, event_id, topic, key, body, recorded_at from sent
"""
_SNAPSHOT = """
select pg_snapshot_xmin(pg_current_snapshot())::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint
"""
_MEASURE = """
select (select count(*) from (select from outbox limit 100000) as waiting),
    (select extract(epoch from clock_timestamp() - recorded_at)::float from outbox order by id limit 1)
"""
_MAINTAIN = "select maintain_outbox_sent($1, 7, $2)"
_READ_SENT = "select id, topic, key, body from outbox_sent where sent_on >= $1 order by sent_on, id"

_log = structlog.get_logger(__name__)
_sent = Counter("doudi_outbox_sent_total", "Events that the broker acknowledged", ["source"])
_unsent = Gauge("doudi_outbox_unsent", "Events that wait in the outbox, counted up to 100,000", ["source"])
_oldest = Gauge("doudi_outbox_oldest_seconds", "Age of the oldest event in the outbox", ["source"])


class EventTooLarge(ValueError):
    """An event that the broker would refuse: found while its cause can still be refused."""


class LeadLost(RuntimeError):
    """Another session leads, or asks to."""


async def record(tx: AsyncConnection, *events: Event, at: datetime) -> None:
    """Record events in the running transaction, to be sent after it commits.

    `at` is business time. The keys stay locked until the transaction ends, so record late in it; record all events
    of a transaction in one call when their keys differ. Raises EventTooLarge.
    """
    if not events:
        return
    cause = bus.current_cause()
    ids = [new_id() for _ in events]
    bodies = [
        Envelope(
            event_id=event_id,
            source=event.type.partition(".")[0],
            time=at,
            event=event,
            traceparent=cause.traceparent,
            causation_id=cause.causation_id,
        ).to_json()
        for event_id, event in zip(ids, events, strict=True)
    ]
    for event, body in zip(events, bodies, strict=True):
        if len(body) > bus.EVENT_BYTES:
            raise EventTooLarge(f"{event.type} has {len(body)} bytes; {bus.EVENT_BYTES} are allowed")
    driver = await driver_connection(tx)
    if not driver.is_in_transaction():
        raise RuntimeError("events are recorded in the transaction of their cause, and none is running")
    await driver.execute(_RECORD, ids, [event.topic for event in events], [event.key for event in events], bodies)


class Relay:
    """Sends what is in the outbox. Any number of replicas may run; one leads."""

    def __init__(self, database: Database, bootstrap: str, *, source: str) -> None:
        self._database = database
        self._bootstrap = bootstrap
        self._source = source
        self._succeeded_at = 0.0

    async def run(self) -> None:
        """Send, for ever. Whatever fails, it begins anew."""
        pause = _FIRST_RETRY_SECONDS
        while True:
            began = time.monotonic()
            try:
                await self._stand_by_and_lead()
            except LeadLost:
                pause = _FIRST_RETRY_SECONDS
            except (Exception, asyncio.CancelledError) as error:
                # Whatever broker or database did, the relay outlives it.
                if bus.is_asked_to_stop():
                    raise
                _log.warning(
                    "relay.begins_anew", source=self._source, error=bus.error_code(error), at=bus.place_of(error)
                )
                lasted = time.monotonic() - began > _LONGEST_RETRY_SECONDS
                pause = _FIRST_RETRY_SECONDS if lasted else min(pause * 2, _LONGEST_RETRY_SECONDS)
            await asyncio.sleep(pause)

    def healthy(self) -> bool:
        """Whether it sends what there is, or stands by while another one does."""
        return time.monotonic() - self._succeeded_at < _HEALTHY_SECONDS

    async def _stand_by_and_lead(self) -> None:
        async with self._database.own_connection() as reader:
            while not await reader.fetchval(_TRY_LEAD):
                self._succeeded_at = time.monotonic()
                await asyncio.sleep(_STANDBY_POLL_SECONDS)
            _log.info("relay.leads", source=self._source)
            # Without statistics the planner might read all of a long backlog for its first page.
            await reader.execute("set enable_seqscan = off; set enable_sort = off")
            async with (
                self._database.own_connection() as mover,
                _started_producer(self._bootstrap, client_id=f"{self._source}-relay") as producer,
            ):
                await self._lead(_Sweeper(reader, mover, _Sender(producer)))

    async def _lead(self, sweeper: "_Sweeper") -> None:
        pause = _BUSY_POLL_SECONDS
        maintained_at = measured_at = float("-inf")
        while True:
            count = await sweeper.sweep()
            now = self._succeeded_at = time.monotonic()
            if count:
                _sent.labels(self._source).inc(count)
            if now - maintained_at > _MAINTENANCE_SECONDS:
                maintained_at = now
                await sweeper.maintain()
            if now - measured_at > _MEASURE_SECONDS:
                measured_at = now
                unsent, oldest_seconds = await sweeper.measure()
                _unsent.labels(self._source).set(unsent)
                _oldest.labels(self._source).set(oldest_seconds)
            pause = _BUSY_POLL_SECONDS if count else min(pause * 1.2, _IDLE_POLL_SECONDS)
            if count < _SWEEP_ROWS:
                await asyncio.sleep(pause)


async def resend(database: Database, bootstrap: str, *, since: date | None = None) -> int:
    """Send again what was sent on or after a day (all that is kept when None), in order; returns how many.

    For a broker that lost its data: consumers skip what they already know. The relay waits meanwhile, so that nothing
    newer overtakes.
    """
    total = 0
    async with (
        database.own_connection() as connection,
        _started_producer(bootstrap, client_id="resend") as producer,
    ):
        for lock in (_TRY_CLAIM_LEAD, _TRY_LEAD):
            while not await connection.fetchval(lock):  # noqa: ASYNC110  # another session has it
                await asyncio.sleep(_BUSY_POLL_SECONDS)
        sender = _Sender(producer)
        async with connection.transaction():
            cursor = await connection.cursor(_READ_SENT, since or date.min)
            while rows := await cursor.fetch(_SWEEP_ROWS):
                position = 0
                while position < len(rows):
                    batches, position = await sender.fill(rows, position)
                    _, error = await sender.deliver(await sender.start(batches))
                    if error is not None:
                        raise error
                total += len(rows)
    return total


@dataclass
class _PartitionBatch:
    """What goes to one partition in one request."""

    topic: str
    partition: int
    builder: Any
    ids: list[int] = field(default_factory=list)


class _Sender:
    """Turns rows into one batch for each partition and says which of them the broker acknowledged."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._partitions: dict[str, list[int]] = {}

    async def fill(self, rows: Sequence[Any], position: int) -> tuple[list[_PartitionBatch], int]:
        """Batches of the rows from the position on, until one is full; and the position after the last row taken."""
        batches: dict[tuple[str, int], _PartitionBatch] = {}
        for position in range(position, min(position + _BATCH_ROWS, len(rows))):  # noqa: B020,PLR1704
            row_id, topic, key_text, body = rows[position]
            key = key_text.encode()
            partitions = self._partitions.get(topic) or await self._load_partitions(topic)
            place = (topic, bus.partition_by_key(key, partitions))
            batch = batches.get(place)
            if batch is None:
                batch = batches[place] = _PartitionBatch(*place, self._producer.create_batch())
            if batch.builder.append(timestamp=None, key=key, value=body) is None:
                return list(batches.values()), position
            batch.ids.append(row_id)
        return list(batches.values()), position + 1

    async def start(self, batches: Sequence[_PartitionBatch]) -> list[tuple[_PartitionBatch, Any]]:
        """Hand the batches to the producer, each with the future of its acknowledgement."""
        return [
            (batch, await self._producer.send_batch(batch.builder, batch.topic, partition=batch.partition))
            for batch in batches
        ]

    async def deliver(self, started: Sequence[tuple[_PartitionBatch, Any]]) -> tuple[list[int], BaseException | None]:
        """Wait for all acknowledgements: ids of what is sent, and an error when something was not, whatever it is."""
        outcomes = await asyncio.gather(*(future for _, future in started), return_exceptions=True)
        sent: list[int] = []
        failure: BaseException | None = None
        for (batch, _), outcome in zip(started, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                failure = outcome
            else:
                sent += batch.ids
        return sent, failure

    async def _load_partitions(self, topic: str) -> list[int]:
        # A new producer asks again, so added partitions are used after the next change of lead.
        partitions = sorted(await self._producer.partitions_for(topic))
        self._partitions[topic] = partitions
        return partitions


class _Sweeper:
    """The leader's work on the outbox: read a page, send it, move it."""

    def __init__(self, reader: Any, mover: Any, sender: _Sender) -> None:
        self._reader = reader
        self._mover = mover
        self._sender = sender
        # No unsent row is, or will be, at or below the floor: the scan need not pass the dead rows there.
        self._floor = 0
        self._highest_id = 0
        self._settling: tuple[int, int] | None = None
        self._settled = False
        self._looked_at = 0.0

    async def sweep(self) -> int:
        """Send one page in the order of ids; returns how many rows it had. Raises when anything was not sent."""
        await self._check_lead()
        rows = await self._reader.fetch(_READ, self._floor, _SWEEP_ROWS)
        await self._settle(lowest_id=rows[0][0] if rows else None)
        if rows:
            self._highest_id = max(self._highest_id, rows[-1][0])
            await self._send(rows)
        return len(rows)

    async def maintain(self) -> None:
        """Make the partitions of the coming days and drop those that are too old."""
        today = SystemClock().today()
        await self._mover.execute(_MAINTAIN, today, today - timedelta(days=KEPT_DAYS))

    async def measure(self) -> tuple[int, float]:
        """How many events wait, and for how many seconds the first of them."""
        unsent, oldest_seconds = await self._reader.fetchrow(_MEASURE)
        return unsent, oldest_seconds or 0.0

    async def _check_lead(self) -> None:
        if not await self._reader.fetchval(_MAY_LEAD):
            raise LeadLost("events are being sent again")

    async def _send(self, rows: Sequence[Any]) -> None:
        moving: asyncio.Task[None] | None = None
        failure: BaseException | None = None
        batches, position = await self._sender.fill(rows, 0)
        try:
            while batches and failure is None:
                started = await self._sender.start(batches)
                # The next batches are filled while the broker works on these.
                await asyncio.sleep(0)
                batches, position = await self._sender.fill(rows, position) if position < len(rows) else ([], position)
                sent, failure = await self._sender.deliver(started)
                if moving is not None:
                    await moving
                moving = asyncio.create_task(self._move(sent))
                if batches and failure is None:
                    await self._check_lead()
        finally:
            if moving is not None:
                await moving
        if failure is not None:
            raise failure

    async def _move(self, ids: list[int]) -> None:
        await self._mover.execute(_MOVE, ids, SystemClock().today())

    async def _settle(self, *, lowest_id: int | None) -> None:
        """Raise the floor to an id seen earlier, once every transaction that may hold a lower id has ended *and* a
        later read has found nothing at or below it.

        `record_events` makes a transaction show before it takes an id: so whoever holds an id below one that was seen
        is older than `xmax` of a snapshot taken afterwards.
        """
        if self._settled and self._settling and (lowest_id is None or lowest_id > self._settling[0]):
            self._floor = self._settling[0]
            self._settling, self._settled = None, False
        now = time.monotonic()
        if self._settled or now - self._looked_at < _SETTLE_SECONDS or self._highest_id == self._floor:
            return
        self._looked_at = now
        xmin, xmax = await self._reader.fetchrow(_SNAPSHOT)
        if self._settling is None:
            self._settling = (self._highest_id, xmax)
        elif xmin >= self._settling[1]:
            self._settled = True


@asynccontextmanager
async def _started_producer(bootstrap: str, *, client_id: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = bus.new_producer(bootstrap, client_id=client_id)
    try:
        await producer.start()
        yield producer
    finally:
        await bus.stop(producer)
