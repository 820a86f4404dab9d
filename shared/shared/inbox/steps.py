"""How polled messages are cut into steps, each of which takes effect at one go."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiokafka.structs import ConsumerRecord

from shared.inbox.dead_letters import replayed_letter
from shared.inbox.delivery import Batch, Delivery, Inbox, Single

_BATCH_EVENTS = 1_000
_BREATH_RECORDS = 200


@dataclass
class Step:
    """Records that are handled together. Without a handler it is one record that is no event, or nothing at all."""

    topic: str
    handler: Batch | Single | None = None
    error: Exception | None = None
    records: list[ConsumerRecord] = field(default_factory=list)
    deliveries: list[Delivery[Any]] = field(default_factory=list)
    skipped: int = 0
    """Records before these that nobody subscribed to."""

    def takes(self, handler: Batch | Single | None) -> bool:
        """Whether the next record, which has this handler, may join."""
        return isinstance(handler, Batch) and handler is self.handler and len(self.records) < _BATCH_EVENTS


def read_steps(inbox: Inbox, records: Sequence[ConsumerRecord], *, now: datetime) -> Iterator[Step | None]:
    """The work that records of one partition make, in order; neighbours that one batch handler takes go together. None
    now and then, so that others may run.
    """
    step = Step(records[0].topic)
    for index, record in enumerate(records, 1):
        if index % _BREATH_RECORDS == 0:
            yield None
        handler, delivery, error = _read(inbox, record, now)
        if handler is None and error is None:
            step.skipped += 1
            continue
        if step.records and not step.takes(handler):
            yield step
            step = Step(record.topic)
        step.handler, step.error = handler, error
        step.records.append(record)
        if delivery is not None:
            step.deliveries.append(delivery)
    yield step


def _read(
    inbox: Inbox, record: ConsumerRecord, now: datetime
) -> tuple[Batch | Single | None, Delivery[Any] | None, Exception | None]:
    try:
        letter_id = replayed_letter(record, group=inbox.group) if record.headers else None
        found = inbox.read(record.topic, record.value, now=now, letter_id=letter_id)
    except Exception as error:
        # Whatever is wrong with a message that is no event of ours, it must not stop the partition.
        return None, None, error
    return (None, None, None) if found is None else (*found, None)


async def next_step(steps: Iterator[Step | None]) -> Step | None:
    """Read on until a step is complete, and let others run meanwhile; None at the end."""
    for step in steps:
        if step is not None:
            return step
        await asyncio.sleep(0)
    return None


def merge(lanes: Sequence[Sequence[Step]]) -> list[Iterable[Step | None]]:
    """One lane with one step, where one batch handler takes all: few records are not worth many transactions."""
    steps = [step for lane in lanes for step in lane]
    handlers = {step.handler for step in steps if step.records}
    handler = handlers.pop() if len(handlers) == 1 else None
    if not isinstance(handler, Batch):
        return list(lanes)
    merged = Step(steps[0].topic, handler)
    for step in steps:
        merged.records += step.records
        merged.deliveries += step.deliveries
        merged.skipped += step.skipped
    return [[merged]]
