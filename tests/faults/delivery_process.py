"""A process that dies at a chosen point of the way of an event; `test_delivery.py` starts it.

Arguments: what to do, the database, the broker, the topic, the consumer group.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import bus, inbox, outbox
from shared.clock import SystemClock
from shared.database import Database
from shared.events.intake import ApplicationSubmitted
from shared.inbox import Delivery
from shared.testing import SEAL_KEY

HOUSEHOLD_ID = UUID("01930000-0000-7000-8000-000000000001")


def die() -> None:
    """As a power failure would have it."""
    os.kill(os.getpid(), signal.SIGKILL)


async def die_instead_of_commit(client: AIOKafkaConsumer, offsets: Mapping[TopicPartition, int]) -> bool:
    """Takes the place of the commit of offsets; one at the beginning only asks whether we are a member."""
    if any(offsets.values()):
        die()
    return True


async def commit_and_die(database: Database) -> None:
    """The event is committed, and no relay has seen it."""
    async with database.transaction() as tx:
        await outbox.record(tx, ApplicationSubmitted.from_example(), at=SystemClock().now())
    die()


async def send_until_killed(database: Database, broker: str) -> None:
    """The parent kills it somewhere between a batch and its removal."""
    await outbox.Relay(database, broker, source="intake").run()


async def handle_and_die(database: Database, broker: str, group: str) -> None:
    """The effects are committed, the offsets are not."""

    async def write_effect(tx: AsyncConnection, delivery: Delivery[ApplicationSubmitted]) -> None:
        await tx.execute(
            text("insert into effect (event_id, key, number) values (:event_id, :key, :number)"),
            {"event_id": delivery.event_id, "key": delivery.event.key, "number": delivery.event.member_count},
        )

    bus.commit_offsets = die_instead_of_commit
    consumer = inbox.Consumer(
        database,
        broker,
        group=group,
        subscriptions={ApplicationSubmitted: write_effect},
        clock=SystemClock(),
        fetch_wait_ms=5,
    )
    await consumer.run()


async def main(what: str, url: str, broker: str, topic: str, group: str) -> None:
    """Do it."""
    ApplicationSubmitted.topic = topic
    database = Database(url, seal_key=SEAL_KEY)
    if what == "commit":
        await commit_and_die(database)
    elif what == "send":
        await send_until_killed(database, broker)
    else:
        await handle_and_die(database, broker, group)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
