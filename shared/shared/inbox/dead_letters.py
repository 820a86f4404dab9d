"""Messages that a consumer gave up: a copy on the dead-letter topic of their topic, and a row to replay them from.

A dead letter counts as heard, so that a second delivery does not try it again; a replay takes that back.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaProducer
from aiokafka.structs import ConsumerRecord
from prometheus_client import Counter
from sqlalchemy import text

from shared import bus
from shared.database import Database
from shared.inbox.delivery import event_identity

REPLAY_HEADER = "doudi-replay"
"""Header of a replayed message: `<consumer group>:<id of the dead letter>`."""

_HEARD = text("insert into inbox (event_id, consumer) values (:event_id, :consumer) on conflict do nothing returning 1")
_BURY = text(
    "insert into dead_letter"
    " (consumer, topic, partition, broker_offset, event_id, event_type, key, body, error_class, error_code)"
    " values (:consumer, :topic, :partition, :offset, :event_id, :event_type, :key, :body, :error_class, :error_code)"
    " on conflict (consumer, event_id) do update set error_class = excluded.error_class,"
    " error_code = excluded.error_code, died_at = now(), replayed_at = null, resolved_at = null"
    " returning id"
)
_LIST = text(
    "select id, consumer, topic, event_id, event_type, error_class, error_code, died_at, replayed_at"
    " from dead_letter where resolved_at is null order by id limit :limit"
)
_BODY = text("select body from dead_letter where id = :id")
# With a letter go those of its key that came later: they died because they wait for it, or may have.
_TAKE = text(
    "update dead_letter as letter set replayed_at = now()"
    " where resolved_at is null and (cast(:ids as bigint[]) is null or exists ("
    " select from dead_letter as chosen where chosen.id = any(cast(:ids as bigint[]))"
    " and (letter.id = chosen.id or letter.consumer = chosen.consumer and letter.key = chosen.key"
    " and letter.id > chosen.id and letter.error_class = 'LaterEventOfKey')))"
    " returning id, consumer, topic, event_id, key, body"
)
_FORGET = text("delete from inbox where event_id = :event_id and consumer = :consumer")

_buried = Counter("doudi_dlq_total", "Messages that a consumer gave up", ["consumer", "topic"])


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One message that a consumer gave up, without its body."""

    id: int
    consumer: str
    topic: str
    event_id: UUID | None
    """None when the message was no event."""
    event_type: str | None
    error_class: str
    error_code: str
    died_at: datetime
    replayed_at: datetime | None


class Undertaker:
    """Gives up messages for one consumer group."""

    def __init__(self, database: Database, bootstrap: str, *, group: str) -> None:
        self._database = database
        self._bootstrap = bootstrap
        self._group = group
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def bury(self, record: ConsumerRecord, error: BaseException) -> None:
        """Put a message aside, unless another member of the group handled it meanwhile. No handler will see it again
        before somebody replays it. Raises when database or broker fail.
        """
        producer = await self._started_producer()
        event_id, event_type = event_identity(record.value)
        letter = {
            "consumer": self._group,
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "event_id": event_id,
            "event_type": event_type,
            "key": record.key,
            "body": record.value,
            "error_class": type(error).__name__,
            "error_code": bus.error_code(error),
        }
        async with self._database.transaction() as tx:
            if event_id is not None and (await tx.execute(_HEARD, letter)).scalar() is None:
                return
            letter_id = (await tx.execute(_BURY, letter)).scalar_one()
            names = ("consumer", "topic", "partition", "offset", "error_class", "error_code")
            await producer.send_and_wait(
                bus.dead_letter_topic(record.topic),
                record.value,
                key=record.key,
                headers=[("letter-id", b"%d" % letter_id), *(_header(name, letter[name]) for name in names)],
            )
        _buried.labels(self._group, record.topic).inc()

    async def close(self) -> None:
        """Give the connection back. The next message to be buried opens another one."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await bus.stop(producer)

    async def _started_producer(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = bus.new_producer(self._bootstrap, client_id=f"{self._group}-dead-letters")
                try:
                    await producer.start()
                except BaseException:
                    await bus.stop(producer)
                    raise
                self._producer = producer
            return self._producer


def replayed_letter(record: ConsumerRecord, *, group: str) -> int | None:
    """The dead letter of this group from which a message was replayed."""
    for name, value in record.headers:
        if name == REPLAY_HEADER:
            consumer, _, letter_id = value.decode().rpartition(":")
            return int(letter_id) if consumer == group else None
    return None


async def list_dead_letters(database: Database, *, limit: int = 100) -> list[DeadLetter]:
    """What was given up and is not handled yet, oldest first."""
    async with database.transaction() as tx:
        rows = await tx.execute(_LIST, {"limit": limit})
        return [DeadLetter(**row._mapping) for row in rows]  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping


async def dead_letter_body(database: Database, letter_id: int) -> bytes | None:
    """The message of a dead letter; None when there is no such letter, or it had no body."""
    async with database.transaction() as tx:
        body: bytes | None = (await tx.execute(_BODY, {"id": letter_id})).scalar()
        return body


async def replay(database: Database, bootstrap: str, *, letter_ids: Sequence[int] | None = None) -> int:
    """Send dead letters to their topics again (all when None), oldest first, each with those that wait behind it;
    returns how many. Only the group that gave them up handles them. May be repeated until they are handled.
    """
    async with database.transaction() as tx:
        taken = await tx.execute(_TAKE, {"ids": None if letter_ids is None else list(letter_ids)})
        letters: list[Any] = sorted(taken.all(), key=lambda letter: int(letter.id))
        for letter in letters:
            if letter.event_id is not None:
                await tx.execute(_FORGET, {"event_id": letter.event_id, "consumer": letter.consumer})
    producer = bus.new_producer(bootstrap, client_id="replay")
    try:
        await producer.start()
        for letter in letters:
            await producer.send_and_wait(
                letter.topic,
                letter.body,
                key=letter.key,
                headers=[(REPLAY_HEADER, f"{letter.consumer}:{letter.id}".encode())],
            )
    finally:
        await bus.stop(producer)
    return len(letters)


def _header(name: str, value: object) -> tuple[str, bytes]:
    return name.replace("_", "-"), str(value).encode()
