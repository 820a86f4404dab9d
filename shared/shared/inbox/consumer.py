"""A member of a consumer group that lasts: it outlives broker, database and rebalances, and never skips an event."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.structs import ConsumerRecord, TopicPartition
from prometheus_client import Counter as Count
from prometheus_client import Gauge, Histogram

from shared import bus
from shared.clock import Clock
from shared.database import Database
from shared.events import TOPICS
from shared.inbox.dead_letters import Undertaker
from shared.inbox.delivery import (
    Batch,
    BatchHandler,
    Delivery,
    Inbox,
    LaterEventOfKey,
    Single,
    Subscriptions,
    is_transient,
)
from shared.inbox.steps import Step, merge, next_step, read_steps

_POLL_MILLISECONDS = 200
_POLL_RECORDS = 3_000
_MERGED_RECORDS = 500
_PARTITIONS_AT_ONCE = 4  # each takes a connection while it handles
# How long a commit proves that the broker still knows us. A broker takes longer to come back empty.
_PROOF_SECONDS = 0.05
_REBALANCE_SECONDS = 60.0
_REBALANCE_POLL_SECONDS = 0.05
_CHECK_SECONDS = 5.0
_CHECKS_WITHOUT_PROGRESS = 3
_ANSWER_SECONDS = 30.0
_HEALTHY_SECONDS = 60.0
_RETRY_SECONDS = (0.05, 0.25, 1.0, 2.0)
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0

_log = structlog.get_logger(__name__)
_handled = Count("doudi_event_handled_total", "Events by outcome", ["consumer", "topic", "outcome"])
_age = Histogram(
    "doudi_event_age_seconds",
    "Business time from the record of an event to its handling, the oldest of a batch",
    ["consumer", "topic"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3600),
)
_lag = Gauge("doudi_consumer_lag", "Events behind the end of the partition", ["consumer", "topic", "partition"])


class _ProgressLost(Exception):
    """A partition holds more and does not move: begin anew from the offsets."""


@dataclass
class _Session(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """One client's time in the group."""

    client: AIOKafkaConsumer
    handled: dict[TopicPartition, int] = field(default_factory=dict)
    """Offsets to commit: the first that is not handled."""
    revoked: set[TopicPartition] = field(default_factory=set)
    """Partitions that were taken away since the last poll."""
    behind_at: dict[TopicPartition, tuple[int, int]] = field(default_factory=dict)
    """Positions that were behind the end of their partition, and at how many checks in a row."""
    proved_at: float = float("-inf")
    """When the broker last took a commit: it knew our membership and has not lost its data since it gave it."""
    began_at: float = field(default_factory=time.monotonic)
    checked_at: float = field(default_factory=time.monotonic)

    def is_revoked(self, record: ConsumerRecord) -> bool:
        """Whether another member handles the record's partition from here on."""
        return TopicPartition(record.topic, record.partition) in self.revoked

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        await self.commit()
        self.revoked |= revoked

    async def on_partitions_assigned(self, _assigned: set[TopicPartition]) -> None:
        self.behind_at.clear()

    async def commit(self, further: Mapping[TopicPartition, int] = MappingProxyType({})) -> bool:
        """Commit what is handled, of partitions that are still ours; returns whether the broker took it."""
        mine = self.client.assignment() - self.revoked
        offsets = {place: offset for place, offset in {**further, **self.handled}.items() if place in mine}
        self.handled.clear()
        if not offsets or not await bus.commit_offsets(self.client, offsets):
            return False
        self.proved_at = time.monotonic()
        return True

    async def is_member(self, polled: Mapping[TopicPartition, Sequence[ConsumerRecord]]) -> bool:
        """Whether what was polled may be handled: the broker knows us, so positions mean what they meant.

        An emptied broker does not know us, but answers at a position where other events stand now: whoever handled
        those would be ahead of what comes before them.
        """
        if time.monotonic() - self.proved_at < _PROOF_SECONDS:
            return True
        if await self.commit({place: records[0].offset for place, records in polled.items()}):
            return True
        for place in self.client.assignment() & polled.keys():
            self.client.seek(place, polled[place][0].offset)
        return False


class Consumer:
    """One member of a consumer group. Any number of replicas may run; partitions are shared among them."""

    def __init__(
        self,
        database: Database,
        bootstrap: str,
        *,
        group: str,
        subscriptions: Subscriptions | None = None,
        everything: BatchHandler | Batch | None = None,
        clock: Clock,
        fetch_wait_ms: int = 100,
        retry_seconds: Sequence[float] = _RETRY_SECONDS,
    ) -> None:
        """`everything` takes all events of all topics, instead of subscriptions to some types. `retry_seconds` are
        the pauses before a handler that failed is tried again.
        """
        if (subscriptions is None) == (everything is None):
            raise TypeError("a consumer has either subscriptions or one handler for everything")
        self._bootstrap = bootstrap
        self._group = group
        self._fetch_wait_ms = fetch_wait_ms
        self._retry_seconds = retry_seconds
        self._topics = sorted(TOPICS if subscriptions is None else {event.topic for event in subscriptions})
        self._inbox = Inbox(database, clock, group=group, subscriptions=subscriptions, everything=everything)
        self._undertaker = Undertaker(database, bootstrap, group=group)
        self._places = asyncio.Semaphore(_PARTITIONS_AT_ONCE)
        self._progress_at = float("-inf")

    async def run(self) -> None:
        """Hear and handle, for ever. Whatever fails, it begins anew where the offsets say."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            began = time.monotonic()
            client = bus.new_consumer(self._bootstrap, group=self._group, fetch_wait_ms=self._fetch_wait_ms)
            try:
                await self._consume(_Session(client))
            except (Exception, asyncio.CancelledError) as error:
                # Whatever broker or database did, the consumer outlives it.
                if bus.is_asked_to_stop():
                    raise
                _log.warning(
                    "consumer.begins_anew", consumer=self._group, error=bus.error_code(error), at=bus.place_of(error)
                )
            finally:
                await bus.stop(client)
                await self._undertaker.close()
            lasted = time.monotonic() - began > _HEALTHY_SECONDS
            pause = _FIRST_PAUSE_SECONDS if lasted else min(pause * 2, _LONGEST_PAUSE_SECONDS)
            await asyncio.sleep(pause)

    def healthy(self) -> bool:
        """Whether it polls, and handles what it gets."""
        return time.monotonic() - self._progress_at < _HEALTHY_SECONDS

    async def handle(self, topic: str, body: bytes) -> None:
        """Let one message take effect, now and without the bus. Raises what the handler raises."""
        found = self._inbox.read(topic, body, now=self._inbox.now())
        if found is not None:
            handler, delivery = found
            await self._inbox.apply(handler, [delivery])

    async def _consume(self, session: _Session) -> None:
        client = session.client
        client.subscribe(self._topics, listener=session)
        async with asyncio.timeout(_ANSWER_SECONDS):
            await client.start()
        try:
            while True:
                polled = await self._poll(session)
                if not polled:
                    if session.handled:
                        await session.commit()
                elif await session.is_member(polled):
                    await self._handle_polled(session, polled)
                else:
                    await self._wait_for_group(session)
                if time.monotonic() - session.checked_at > _CHECK_SECONDS:
                    await self._check_progress(session)
        finally:
            # What was handled last, so that the next member need not hear it again.
            await session.commit()

    async def _poll(self, session: _Session) -> Mapping[TopicPartition, Sequence[ConsumerRecord]]:
        session.revoked.clear()
        async with asyncio.timeout(_ANSWER_SECONDS):
            polled: Mapping[TopicPartition, Sequence[ConsumerRecord]] = await session.client.getmany(
                timeout_ms=_POLL_MILLISECONDS, max_records=_POLL_RECORDS
            )
        self._progress_at = time.monotonic()
        return polled

    async def _wait_for_group(self, session: _Session) -> None:
        """The group is rebalancing, or must take us in again: aiokafka does that by itself, unless it stopped."""
        if time.monotonic() - max(session.proved_at, session.began_at) > _REBALANCE_SECONDS:
            raise _ProgressLost("the group does not take us in again")
        await asyncio.sleep(_REBALANCE_POLL_SECONDS)

    async def _handle_polled(
        self, session: _Session, polled: Mapping[TopicPartition, Sequence[ConsumerRecord]]
    ) -> None:
        now = self._inbox.now()
        lanes: list[Iterable[Step | None]] = [read_steps(self._inbox, records, now=now) for records in polled.values()]
        if sum(len(records) for records in polled.values()) <= _MERGED_RECORDS:
            lanes = merge([[step for step in lane if step is not None] for lane in lanes])
        if len(lanes) == 1:
            await self._carry_out(session, lanes[0])
        else:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._carry_out(session, lane)) for lane in lanes]
            # A group takes no notice of a task that was cancelled from elsewhere.
            if any(task.cancelled() for task in tasks):
                raise _ProgressLost("the handling of a partition was cut off")
        for place in polled.keys() & session.client.assignment() - session.revoked:
            offset = session.handled[place] = polled[place][-1].offset + 1
            end = session.client.highwater(place)
            if end is not None:
                _lag.labels(self._group, place.topic, place.partition).set(max(0, end - offset))

    async def _carry_out(self, session: _Session, lane: Iterable[Step | None]) -> None:
        """One step after the other; the next is read while the database works on one."""
        async with self._places:
            steps = iter(lane)
            step = await next_step(steps)
            while step is not None:
                upcoming = asyncio.create_task(next_step(steps))
                try:
                    await self._carry_out_step(session, step)
                finally:
                    step = await upcoming

    async def _carry_out_step(self, session: _Session, step: Step) -> None:
        if step.skipped:
            _handled.labels(self._group, step.topic, "skipped").inc(step.skipped)
        if step.handler is not None:
            await self._take_effect(session, step.handler, step.records, step.deliveries)
        elif step.error is not None and not session.is_revoked(step.records[0]):
            await self._give_up(step.records[0], step.error)

    async def _take_effect(
        self,
        session: _Session,
        handler: Batch | Single,
        records: Sequence[ConsumerRecord],
        deliveries: Sequence[Delivery[Any]],
    ) -> None:
        """Return when the events took effect, were given up, or belong to another member now. Waits for the database
        as long as it takes.
        """
        failures = 0
        pause = _FIRST_PAUSE_SECONDS
        while True:
            if session.revoked:
                mine = [index for index, record in enumerate(records) if not session.is_revoked(record)]
                records, deliveries = [records[index] for index in mine], [deliveries[index] for index in mine]
            if not deliveries:
                return
            try:
                fresh = await self._inbox.apply(handler, deliveries)
            except Exception as error:
                # A handler may raise anything.
                if is_transient(error):
                    _log.warning("consumer.waits_for_database", consumer=self._group, error=bus.error_code(error))
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
                elif len(deliveries) > 1:
                    for record, delivery in zip(records, deliveries, strict=True):
                        await self._take_effect(session, handler, [record], [delivery])
                    return
                elif failures >= len(self._retry_seconds) or isinstance(error, LaterEventOfKey):
                    await self._give_up(records[0], error)
                    return
                else:
                    await asyncio.sleep(self._retry_seconds[failures])
                    failures += 1
            else:
                self._count(deliveries, fresh)
                return

    async def _give_up(self, record: ConsumerRecord, error: Exception) -> None:
        _log.error(
            "consumer.gives_up",
            consumer=self._group,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            error_class=type(error).__name__,
            error=bus.error_code(error),
        )
        await self._undertaker.bury(record, error)
        _handled.labels(self._group, record.topic, "dead").inc()

    def _count(self, deliveries: Sequence[Delivery[Any]], fresh: Sequence[Delivery[Any]]) -> None:
        self._progress_at = time.monotonic()
        oldest = deliveries[0]
        _age.labels(self._group, oldest.topic).observe(max(0.0, (oldest.now - oldest.time).total_seconds()))
        handled = Counter(delivery.topic for delivery in fresh)
        for topic, count in handled.items():
            _handled.labels(self._group, topic, "handled").inc(count)
        if len(fresh) < len(deliveries):
            for topic, count in (Counter(delivery.topic for delivery in deliveries) - handled).items():
                _handled.labels(self._group, topic, "duplicate").inc(count)

    async def _check_progress(self, session: _Session) -> None:
        """aiokafka is known to stop in silence: a partition that holds more and does not move for several checks.

        A position behind the end of the partition is no reason: the embedded broker names an end that is too low.
        """
        session.checked_at = time.monotonic()
        places = session.client.assignment()
        if not places:
            return
        async with asyncio.timeout(_ANSWER_SECONDS):
            ends = await session.client.end_offsets(places)
        behind_at: dict[TopicPartition, tuple[int, int]] = {}
        for place in session.client.assignment() & places:
            position = await session.client.position(place)
            if ends.get(place, 0) > position:
                former, checks = session.behind_at.get(place, (position, 0))
                behind_at[place] = (position, checks + 1 if former == position else 0)
        session.behind_at = behind_at
        if any(checks >= _CHECKS_WITHOUT_PROGRESS for _, checks in behind_at.values()):
            raise _ProgressLost("a partition holds more and does not move")
