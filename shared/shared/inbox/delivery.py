"""What a message becomes on its way to a handler, and how a handler takes effect exactly once."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

import asyncpg
from pydantic import AwareDatetime, BaseModel, create_model
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import bus
from shared.clock import Clock
from shared.database import Database, driver_connection
from shared.events import Event, contract_of

E = TypeVar("E", bound=Event)

# Null when all are new, which is what one expects: then nobody need look at each.
_CLAIM = """
with claimed as (
    insert into inbox (event_id, consumer) select id, $2 from unnest($1::uuid[]) as id
    on conflict do nothing returning event_id
)
select case when count(*) < cardinality($1) then coalesce(array_agg(event_id), '{}') end from claimed
"""
_IS_HELD = """
select exists (
    select from dead_letter
    where consumer = $1 and key = any($2::bytea[]) and resolved_at is null and ($3::bigint is null or id < $3)
)
"""
_RESOLVE = "update dead_letter set resolved_at = now() where id = $1 and consumer = $2"

# Connections, serialization and deadlocks, resources, locks not available, shutdown, I/O, a read-only standby.
_TRANSIENT_SQLSTATES = re.compile("08|40|53|55P03|57P0|57014|58|25006")
# How `Envelope.to_json` begins. Another order of fields is read too, only slower.
_BEGINNING = re.compile(rb'\{"specversion":"1\.0","id":"[^"]*","source":"[^"]*","type":"([^"]*)"')


@dataclass(frozen=True, kw_only=True)
class Delivery(Generic[E]):
    """One event as it reaches a handler."""

    event: E
    event_id: UUID
    time: datetime
    """Business time at which it was recorded."""
    now: datetime
    """Business time of its handling."""
    body: bytes
    """The message as it stood on the topic."""
    topic: str
    traceparent: str | None = None
    letter_id: int | None = None
    """The dead letter that it was replayed from."""


EventHandler = Callable[[AsyncConnection, Delivery[Any]], Awaitable[None]]


class BatchHandler(Protocol):
    """Takes many events in one transaction, in order for each key. When it fails, it gets them again one by one."""

    async def __call__(self, tx: AsyncConnection, deliveries: Sequence[Delivery[Any]], /) -> None: ...


@dataclass(frozen=True, eq=False)
class Batch:
    """A subscription whose handler takes many events at once."""

    handler: BatchHandler
    waits: bool = False


@dataclass(frozen=True, eq=False)
class Single:
    """A subscription whose handler takes one event, in a transaction of its own."""

    handler: EventHandler
    waits: bool = False


def batch(handler: BatchHandler, *, waits: bool = False) -> Batch:
    """Subscribe a handler that takes many events at once. `waits`: later events of a key wait behind a dead letter.

    A batch has many causes: what it records carries none, unless it says so with `because_of`.
    """
    return Batch(handler, waits)


def waiting(handler: EventHandler) -> Single:
    """Subscribe a handler for which later events of a key wait behind one that was given up."""
    return Single(handler, waits=True)


Subscriptions = Mapping[type[Event], EventHandler | Batch | Single]


def because_of(delivery: Delivery[Any]) -> AbstractContextManager[None]:
    """Inside the block, what is recorded names this event as its cause and goes on with its trace."""
    return bus.caused_by(bus.Cause(delivery.event_id, delivery.traceparent), span=f"handle {delivery.event.type}")


class LaterEventOfKey(Exception):
    """An earlier event of the same key is a dead letter, and the subscription waits for it."""


class Inbox:
    """Reads messages for one consumer group and lets each take effect once."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        group: str,
        subscriptions: Subscriptions | None,
        everything: BatchHandler | Batch | None,
    ) -> None:
        self._database = database
        self._clock = clock
        self.group = group
        self._everything = everything if isinstance(everything, Batch) or everything is None else batch(everything)
        self._handlers: dict[str, Batch | Single] = {
            contract.type: handler if isinstance(handler, Batch | Single) else Single(handler)
            for contract, handler in (subscriptions or {}).items()
        }

    def now(self) -> datetime:
        """Business time, asked once for what is handled together."""
        return self._clock.now()

    def read(
        self, topic: str, body: bytes, *, now: datetime, letter_id: int | None = None
    ) -> tuple[Batch | Single, Delivery[Any]] | None:
        """The event with its handler; None when nobody subscribed to its type, and then its data is not looked at.

        Raises ValueError, TypeError or LookupError for what is no event.
        """
        beginning = _BEGINNING.match(body)
        event_type = beginning[1].decode() if beginning else _slowly_read_type(body)
        handler = self._everything or self._handlers.get(event_type)
        if handler is None:
            return None
        # Any: the fields are those of `_message_model`, which is made at run time.
        message: Any = _message_model(event_type).model_validate_json(body)
        return handler, Delivery(
            event=message.data,
            event_id=message.id,
            time=message.time,
            now=now,
            body=body,
            topic=topic,
            traceparent=message.traceparent,
            letter_id=letter_id,
        )

    async def apply(self, handler: Batch | Single, deliveries: Sequence[Delivery[Any]]) -> Sequence[Delivery[Any]]:
        """Let the events take effect in one transaction, those that are new; returns these.

        Raises what the handler raises, and LaterEventOfKey when one of them must wait. A handler of single events
        gets one.
        """
        async with self._database.transaction() as tx:
            driver = await driver_connection(tx)
            if handler.waits and await self._is_held(driver, deliveries):
                raise LaterEventOfKey
            for delivery in deliveries:
                if delivery.letter_id is not None:
                    await driver.execute(_RESOLVE, delivery.letter_id, self.group)
            claimed = await driver.fetchval(_CLAIM, [delivery.event_id for delivery in deliveries], self.group)
            fresh = deliveries if claimed is None else _first_of_each(deliveries, set(claimed))
            if not fresh:
                return []
            if isinstance(handler, Single):
                with because_of(fresh[0]):
                    await handler.handler(tx, fresh[0])
            elif len(fresh) == 1:
                with because_of(fresh[0]):
                    await handler.handler(tx, fresh)
            else:
                with bus.caused_by(bus.Cause(), span=f"handle {len(fresh)} events"):
                    await handler.handler(tx, fresh)
            return fresh

    async def _is_held(self, driver: Any, deliveries: Sequence[Delivery[Any]]) -> bool:
        letter_ids = {delivery.letter_id for delivery in deliveries}
        if len(letter_ids) > 1:
            # Replayed and new events together: one by one it is plain which comes first.
            return True
        keys = list({delivery.event.key.encode() for delivery in deliveries})
        return bool(await driver.fetchval(_IS_HELD, self.group, keys, letter_ids.pop()))


def is_transient(error: BaseException) -> bool:
    """Whether the database failed, and not the event: the same transaction will succeed later."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, OSError | PoolTimeoutError):
        return True
    if isinstance(error, asyncpg.InterfaceError) and "closed" in str(error):
        return True
    sqlstate = getattr(getattr(error, "orig", error), "sqlstate", None)
    return isinstance(sqlstate, str) and _TRANSIENT_SQLSTATES.match(sqlstate) is not None


def event_identity(body: bytes | None) -> tuple[UUID | None, str | None]:
    """The id and type that a message claims to have, as far as they can be read and kept as text."""
    try:
        document = json.loads(body or b"")
        event_id, event_type = UUID(document["id"]), str(document["type"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None, None
    return event_id, event_type if event_type.isprintable() else None


def _slowly_read_type(body: bytes) -> str:
    try:
        return str(json.loads(body)["type"])
    except RecursionError:
        raise ValueError("nested too deep for an event") from None


@cache
def _message_model(event_type: str) -> type[BaseModel]:
    contract = contract_of(event_type)
    return create_model(
        f"{contract.__name__}Message",
        id=(UUID, ...),
        time=(AwareDatetime, ...),
        traceparent=(str | None, None),
        data=(contract, ...),
    )


def _first_of_each(deliveries: Sequence[Delivery[Any]], event_ids: set[UUID]) -> list[Delivery[Any]]:
    first = []
    for delivery in deliveries:
        if delivery.event_id in event_ids:
            event_ids.remove(delivery.event_id)
            first.append(delivery)
    return first
