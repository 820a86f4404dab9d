"""The event bus: how services connect to Kafka, and what outbox, inbox and deadlines tell each other about causes.

What is on the bus is described in `shared.events`; what happens with it in `shared.outbox` and `shared.inbox`.
"""

import asyncio
import traceback
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from sqlalchemy.exc import SQLAlchemyError

from shared.events import DEAD_LETTER_SUFFIX
from shared.telemetry import continued_span, current_traceparent

EVENT_BYTES = 500_000
"""The largest body of one event."""

# One batch must stay below Kafka's `message.max.bytes`, 1 MiB by default.
_BATCH_BYTES = 900_000
_REQUEST_TIMEOUT_MILLISECONDS = 10_000
# The shortest that Apache Kafka accepts by default: a killed member's partitions are taken over soon after.
_SESSION_TIMEOUT_MILLISECONDS = 6_000
_RETRY_MILLISECONDS = 50
_STOP_SECONDS = 5.0
_COMMIT_SECONDS = 5.0

_log = structlog.get_logger(__name__)
_causation_id: ContextVar[UUID | None] = ContextVar("causation_id", default=None)


@dataclass(frozen=True)
class Cause:
    """What led to an event or a deadline: the event that was being handled, and the W3C trace."""

    causation_id: UUID | None = None
    traceparent: str | None = None


def current_cause() -> Cause:
    """The cause of what is recorded now."""
    return Cause(_causation_id.get(), current_traceparent())


@contextmanager
def caused_by(cause: Cause, *, span: str) -> Iterator[None]:
    """Inside the block, events and deadlines are recorded as led to by this cause, in a span of its trace."""
    token = _causation_id.set(cause.causation_id)
    try:
        with continued_span(span, cause.traceparent):
            yield
    finally:
        _causation_id.reset(token)


def new_producer(bootstrap: str, *, client_id: str) -> AIOKafkaProducer:
    """A producer, not started: a message counts as sent when all in-sync replicas have it."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        client_id=client_id,
        acks="all",
        max_batch_size=_BATCH_BYTES,
        request_timeout_ms=_REQUEST_TIMEOUT_MILLISECONDS,
        retry_backoff_ms=_RETRY_MILLISECONDS,
        partitioner=partition_by_key,
    )


def new_consumer(bootstrap: str, *, group: str, fetch_wait_ms: int) -> AIOKafkaConsumer:
    """A member of a group, not started nor subscribed. It reads from the earliest and commits only when told to."""
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        client_id=group,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=fetch_wait_ms,
        request_timeout_ms=_REQUEST_TIMEOUT_MILLISECONDS,
        session_timeout_ms=_SESSION_TIMEOUT_MILLISECONDS,
        heartbeat_interval_ms=_SESSION_TIMEOUT_MILLISECONDS // 6,
        retry_backoff_ms=_RETRY_MILLISECONDS,
    )


async def stop(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Close a client, whether or not the broker still answers."""
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await client.stop()
    except (Exception, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError) and is_asked_to_stop():
            raise
        _log.info("bus.client_not_stopped", error=error_code(error))


def is_asked_to_stop() -> bool:
    """Whether somebody cancelled the running task. If not, a CancelledError is one that escaped from a client's own
    tasks, as aiokafka lets happen, and is an error like any other.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def partition_by_key(key: bytes, partitions: Sequence[int], _available: Sequence[int] = ()) -> int:
    """Where events of a key go: librdkafka's `consistent`, over all partitions whether or not they can be reached now.

    aiokafka's own default computes its hash in Python, which costs more than all the rest of sending an event.
    """
    return partitions[zlib.crc32(key) % len(partitions)]


def dead_letter_topic(topic: str) -> str:
    """Where messages of a topic go that a consumer gave up."""
    return f"{topic}{DEAD_LETTER_SUFFIX}"


def error_code(error: BaseException) -> str:
    """A stable word for an error: its SQLSTATE, its own code, or its class. Never its text, which may hold data."""
    if isinstance(error, BaseExceptionGroup):
        return error_code(error.exceptions[0])
    sqlstate = getattr(getattr(error, "orig", error), "sqlstate", None)
    # SQLAlchemy's errors have a `code` too, which names a page of its manual.
    code = sqlstate or (None if isinstance(error, SQLAlchemyError) else getattr(error, "code", None))
    return code if isinstance(code, str) else type(error).__name__


def place_of(error: BaseException) -> str:
    """Where an error was raised, as file and line, without any value."""
    if isinstance(error, BaseExceptionGroup):
        return place_of(error.exceptions[0])
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"


async def commit_offsets(client: AIOKafkaConsumer, offsets: Mapping[TopicPartition, int]) -> bool:
    """Commit the first offsets that are not handled; returns whether the broker took them, as it does from members of
    the group only. A failure does no harm: events come again, and the inbox knows them.
    """
    try:
        async with asyncio.timeout(_COMMIT_SECONDS):
            await client.commit(dict(offsets))
    except (KafkaError, TimeoutError) as error:
        _log.info("bus.offsets_not_committed", error=error_code(error))
        return False
    return True
