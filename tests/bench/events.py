"""Events through outbox, broker and inbox, against the bare broker in the same run.

Every round measures each way once, so that a busy machine slows all of them alike; medians are compared. The last line
is one JSON object. Run: `python -m tests.bench.events`, with DOUDI_TEST_BROKER=kafka for Apache Kafka.
"""

import asyncio
import json
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from doudi.broker import Broker, create_topics, new_broker
from doudi.postgres import Postgres
from shared import bus, inbox, outbox
from shared.clock import SystemClock
from shared.database import Caller, Database
from shared.events.contract import Envelope, HouseholdEvent
from shared.ids import new_id
from shared.migrations import run_platform
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

ROUNDS = 5
EVENTS = 40_000
HOUSEHOLDS = 2_000
PARTITIONS = 6
PACED_PER_SECOND = 1_000
PACED_SECONDS = 8
SEQUENCE_FIELD = "member_count"


class Counted(HouseholdEvent, topic="intake", type="bench.counted.v1", clause=""):
    """An event whose number grows by one within its household, so that losses and reorders show."""

    number: int
    filler: str = "x" * 160


class TimedDatabase(Database):
    """Tells when the effects of a transaction were committed."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.uncommitted: list[UUID] = []
        self.committed_at: dict[UUID, float] = {}

    @asynccontextmanager
    async def transaction(self, caller: Caller | None = None) -> AsyncIterator[AsyncConnection]:
        async with super().transaction(caller) as tx:
            yield tx
        now = time.perf_counter()
        self.committed_at.update(dict.fromkeys(self.uncommitted, now))
        self.uncommitted.clear()
