"""How an event gets into the outbox."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from shared import bus
from shared.database import driver_connection
from shared.events import Envelope, Event
from shared.ids import new_id

_RECORD = "select record_events($1::uuid[], $2::text[], $3::text[], $4::bytea[])"


class EventTooLarge(ValueError):
    """An event that the broker would refuse: found while its cause can still be refused."""


async def record(tx: AsyncConnection, *events: Event, at: datetime) -> None:
    """Record events in the running transaction, to be sent after it commits.

    `at` is business time. The keys stay locked until the transaction ends, so record late in it, and all events of
    one transaction in one call: then two transactions cannot wait for each other. Raises EventTooLarge.
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
