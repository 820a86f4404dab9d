"""How an event gets into the outbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared import bus
from shared.database import driver_connection
from shared.events import Envelope, Event
from shared.ids import new_id

_RECORD = "select record_events($1::uuid[], $2::text[], $3::text[], $4::bytea[])"


class EventTooLarge(ValueError):
    """An event that the broker would refuse: found while its cause can still be refused."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with its envelope, as it goes into the outbox and to the broker."""

    event_id: UUID
    topic: str
    key: str
    body: bytes


def envelop(*events: Event, at: datetime, cause: bus.Cause | None = None) -> list[Recorded]:
    """Events that happened at `at`, in business time, led to by `cause`: what is handled now, unless it is said.

    Raises EventTooLarge.
    """
    cause = cause or bus.current_cause()
    return [_envelop(event, at, cause) for event in events]


def _envelop(event: Event, at: datetime, cause: bus.Cause) -> Recorded:
    event_id = new_id()
    body = Envelope(
        event_id=event_id,
        source=event.type.partition(".")[0],
        time=at,
        event=event,
        traceparent=cause.traceparent,
        causation_id=cause.causation_id,
    ).to_json()
    if len(body) > bus.EVENT_BYTES:
        raise EventTooLarge(f"{event.type} has {len(body)} bytes; {bus.EVENT_BYTES} are allowed")
    return Recorded(event_id, event.topic, event.key, body)


async def record(tx: AsyncConnection, *events: Event, at: datetime) -> None:
    """Record events in the running transaction, to be sent after it commits.

    `at` is business time. The keys stay locked until the transaction ends, so record late in it, and all events of
    one transaction in one call: then two transactions cannot wait for each other. Raises EventTooLarge.
    """
    await record_all(tx, envelop(*events, at=at))


async def record_all(tx: AsyncConnection, events: Sequence[Recorded]) -> None:
    """The same for events of several causes."""
    if not events:
        return
    driver = await driver_connection(tx)
    if not driver.is_in_transaction():
        raise RuntimeError("events are recorded in the transaction of their cause, and none is running")
    await driver.execute(
        _RECORD,
        [event.event_id for event in events],
        [event.topic for event in events],
        [event.key for event in events],
        [event.body for event in events],
    )
