"""How rows become messages: one batch for each partition, in order, and nothing counts as sent before the broker says
so.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer

from shared import bus

_BATCH_ROWS = 2_500
_LET_GO_SECONDS = 0.0005

_log = structlog.get_logger(__name__)


@dataclass
class _Batch:
    """What goes to one partition in one request."""

    place: tuple[str, int]
    builder: Any
    ids: list[int] = field(default_factory=list)
    acknowledged: Any = None
    """A future, once it is on its way."""


class Sender:
    """Sends rows of (id, topic, key, body)."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        # A new producer asks again, so added partitions are used after the next change of lead.
        self._partitions: dict[str, list[int]] = {}
        self._offsets: dict[tuple[str, int], int] = {}

    async def send(
        self, pages: AsyncIterator[Sequence[Any]], *, sent: Callable[[list[int]], Awaitable[None]] | None = None
    ) -> int:
        """Send pages of rows in order; `sent` is told which ids the broker has. Returns how many there were.

        While the broker works on one batch, the next is filled and the last is told to `sent`; but one is only sent
        when the one before is acknowledged. Raises at the first error: what is not told to `sent` must be sent again.
        """
        count = 0
        under_way: list[_Batch] = []
        telling: asyncio.Task[None] | None = None
        try:
            async for rows in pages:
                position = 0
                while position < len(rows):
                    batches, position = await self._fill(rows, position)
                    telling = await self._settle(under_way, telling, sent)
                    under_way = await self._start(batches)
                count += len(rows)
            telling = await self._settle(under_way, telling, sent)
        finally:
            if telling is not None:
                await telling
        return count

    async def _fill(self, rows: Sequence[Any], position: int) -> tuple[list[_Batch], int]:
        """Batches of the rows from the position on, until one is full; and the position after the last row taken."""
        batches: dict[tuple[str, int], _Batch] = {}
        end = min(position + _BATCH_ROWS, len(rows))
        while position < end:
            row_id, topic, key_text, body = rows[position]
            key = key_text.encode()
            partitions = self._partitions.get(topic) or await self._load_partitions(topic)
            place = (topic, bus.partition_by_key(key, partitions))
            batch = batches.get(place)
            if batch is None:
                batch = batches[place] = _Batch(place, self._producer.create_batch())
            if batch.builder.append(timestamp=None, key=key, value=body) is None:
                break
            batch.ids.append(row_id)
            position += 1
        return list(batches.values()), position

    async def _start(self, batches: list[_Batch]) -> list[_Batch]:
        for batch in batches:
            topic, partition = batch.place
            batch.acknowledged = await self._producer.send_batch(batch.builder, topic, partition=partition)
        # Let the producer write the request before we fill the next: that would keep the event loop busy.
        await asyncio.wait([batch.acknowledged for batch in batches], timeout=_LET_GO_SECONDS)
        return batches

    async def _settle(
        self,
        under_way: Sequence[_Batch],
        telling: asyncio.Task[None] | None,
        sent: Callable[[list[int]], Awaitable[None]] | None,
    ) -> asyncio.Task[None] | None:
        """Wait for the acknowledgements; whatever the error is, such a batch is not sent."""
        if not under_way:
            return telling
        outcomes = await asyncio.gather(*(batch.acknowledged for batch in under_way), return_exceptions=True)
        ids: list[int] = []
        failure: BaseException | None = None
        for batch, outcome in zip(under_way, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                failure = outcome
            else:
                ids += batch.ids
                self._watch_offset(batch.place, outcome.offset)
        if telling is not None:
            await telling
        if sent is not None:
            telling = asyncio.create_task(_tell(sent, ids))
        if failure is not None:
            if telling is not None:
                await telling
            raise failure
        return telling

    def _watch_offset(self, place: tuple[str, int], offset: int) -> None:
        if offset < self._offsets.get(place, 0):
            _log.error("outbox.broker_lost_data", topic=place[0], partition=place[1], way_out="doudi replay")
        self._offsets[place] = offset

    async def _load_partitions(self, topic: str) -> list[int]:
        partitions = sorted(await self._producer.partitions_for(topic))
        self._partitions[topic] = partitions
        return partitions


@asynccontextmanager
async def started_sender(bootstrap: str, *, client_id: str) -> AsyncIterator[Sender]:
    """A sender with a connection of its own."""
    producer = bus.new_producer(bootstrap, client_id=client_id)
    try:
        await producer.start()
        yield Sender(producer)
    finally:
        await bus.stop(producer)


async def _tell(sent: Callable[[list[int]], Awaitable[None]], ids: list[int]) -> None:
    await sent(ids)
