"""The relay: sends what is in the outbox and moves it to what was sent."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import structlog
from prometheus_client import Counter, Gauge

from shared import bus
from shared.clock import SystemClock
from shared.database import Database
from shared.outbox.lead import LeadLost, check_lead, try_lead
from shared.outbox.sending import Sender, started_sender

KEPT_DAYS = 92
"""How long sent events are kept to fill a broker again."""

_PAGE_ROWS = 2_500
_SWEEP_ROWS = 100_000
_BUSY_POLL_SECONDS = 0.002
_IDLE_POLL_SECONDS = 0.025
_STANDBY_POLL_SECONDS = 0.25
_FIRST_RETRY_SECONDS = 0.1
_LONGEST_RETRY_SECONDS = 5.0
_HEALTHY_SECONDS = 30.0
_MAINTENANCE_SECONDS = 3600.0
_MEASURE_SECONDS = 5.0
_SETTLE_SECONDS = 0.25

_READ = "select id, topic, key, body from outbox where id > $1 order by id limit $2"
_MOVE = """
with sent as (delete from outbox where id = any($1::bigint[]) returning id, event_id, topic, key, body, recorded_at)
insert into outbox_sent (sent_on, id, event_id, topic, key, body, recorded_at)
select $2, id, event_id, topic, key, body, recorded_at from sent
"""
_SNAPSHOT = """
select pg_snapshot_xmin(pg_current_snapshot())::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint
"""
_MEASURE = """
select (select count(*) from (select from outbox limit 100000) as waiting),
    (select extract(epoch from clock_timestamp() - recorded_at)::float from outbox order by id limit 1)
"""
_MAINTAIN = "select maintain_outbox_sent($1, 7, $2)"

_log = structlog.get_logger(__name__)
_sent = Counter("doudi_outbox_sent_total", "Events that the broker acknowledged", ["source"])
_unsent = Gauge("doudi_outbox_unsent", "Events that wait in the outbox, counted up to 100,000", ["source"])
_oldest = Gauge("doudi_outbox_oldest_seconds", "Age of the oldest event in the outbox", ["source"])


class Relay:
    """Sends what is in the outbox. Any number of replicas may run; one leads.

    It keeps two connections of the pool. They must reach PostgreSQL itself, or a pooler in session mode: the lead is a
    lock of the session.
    """

    def __init__(self, database: Database, bootstrap: str, *, source: str) -> None:
        """`source` names the service in logs and metrics."""
        self._database = database
        self._bootstrap = bootstrap
        self._source = source
        self._succeeded_at = float("-inf")

    async def run(self) -> None:
        """Send, for ever. Whatever fails, it begins anew."""
        pause = _FIRST_RETRY_SECONDS
        while True:
            began = time.monotonic()
            try:
                await self._stand_by_and_lead()
            except LeadLost:
                pause = _FIRST_RETRY_SECONDS
            except (Exception, asyncio.CancelledError) as error:
                # Whatever broker or database did, the relay outlives it.
                if bus.is_asked_to_stop():
                    raise
                _log.warning(
                    "relay.begins_anew", source=self._source, error=bus.error_code(error), at=bus.place_of(error)
                )
                lasted = time.monotonic() - began > _LONGEST_RETRY_SECONDS
                pause = _FIRST_RETRY_SECONDS if lasted else min(pause * 2, _LONGEST_RETRY_SECONDS)
            await asyncio.sleep(pause)

    def healthy(self) -> bool:
        """Whether it sends what there is, or stands by while another one does."""
        return time.monotonic() - self._succeeded_at < _HEALTHY_SECONDS

    async def _stand_by_and_lead(self) -> None:
        async with self._database.own_connection() as reader:
            while not await try_lead(reader):
                self._succeeded_at = time.monotonic()
                await asyncio.sleep(_STANDBY_POLL_SECONDS)
            # Without statistics the planner might read all of a long backlog for its first page.
            await reader.execute("set enable_seqscan = off; set enable_sort = off")
            async with (
                self._database.own_connection() as mover,
                started_sender(self._bootstrap, client_id=f"{self._source}-relay") as sender,
            ):
                _log.info("relay.leads", source=self._source)
                await self._lead(_Sweeper(reader, mover, sender))

    async def _lead(self, sweeper: "_Sweeper") -> None:
        pause = _BUSY_POLL_SECONDS
        maintained_at = measured_at = float("-inf")
        while True:
            count = await sweeper.sweep()
            now = self._succeeded_at = time.monotonic()
            if count:
                _sent.labels(self._source).inc(count)
            if now - maintained_at > _MAINTENANCE_SECONDS:
                maintained_at = now
                await sweeper.maintain()
            if now - measured_at > _MEASURE_SECONDS:
                measured_at = now
                unsent, oldest_seconds = await sweeper.measure()
                _unsent.labels(self._source).set(unsent)
                _oldest.labels(self._source).set(oldest_seconds)
            pause = _BUSY_POLL_SECONDS if count else min(pause * 1.2, _IDLE_POLL_SECONDS)
            if count < _PAGE_ROWS:
                await asyncio.sleep(pause)


class _Sweeper:
    """The leader's work on the outbox: read a page, send it, move it."""

    def __init__(self, reader: Any, mover: Any, sender: Sender) -> None:
        self._reader = reader
        self._mover = mover
        self._sender = sender
        # No unsent row is, or will be, at or below the floor: the scan need not pass the dead rows there.
        self._floor = 0
        self._highest_id = 0
        self._settling: tuple[int, int] | None = None
        self._settled = False
        self._looked_at = 0.0

    async def sweep(self) -> int:
        """Send what waits in the order of ids, or the first of a long backlog; returns how many there were. Raises
        when anything was not sent.
        """
        await check_lead(self._reader)
        rows = await self._reader.fetch(_READ, self._floor, _PAGE_ROWS)
        await self._settle(lowest_id=rows[0][0] if rows else None)
        if not rows:
            return 0
        async with aclosing(_one(rows) if len(rows) < _PAGE_ROWS else self._backlog()) as pages:
            return await self._sender.send(pages, sent=self._move)

    async def maintain(self) -> None:
        """Make the partitions of the coming days and drop those that are too old."""
        today = SystemClock().today()
        await self._mover.execute(_MAINTAIN, today, today - timedelta(days=KEPT_DAYS))

    async def measure(self) -> tuple[int, float]:
        """How many events wait, and for how many seconds the first of them."""
        unsent, oldest_seconds = await self._reader.fetchrow(_MEASURE)
        return unsent, oldest_seconds or 0.0

    async def _backlog(self) -> AsyncGenerator[Sequence[Any]]:
        """Pages of one snapshot: a later one could hold an event whose predecessor, with a lower id, we passed by.

        The next page is read while one is being sent.
        """
        async with self._reader.transaction(isolation="repeatable_read", readonly=True):
            await check_lead(self._reader)
            cursor = await self._reader.cursor(_READ, self._floor, _SWEEP_ROWS)
            upcoming = asyncio.create_task(cursor.fetch(_PAGE_ROWS))
            try:
                while rows := await upcoming:
                    upcoming = asyncio.create_task(cursor.fetch(_PAGE_ROWS))
                    yield rows
            finally:
                await asyncio.wait([upcoming])

    async def _move(self, ids: list[int]) -> None:
        if ids:
            await self._mover.execute(_MOVE, ids, SystemClock().today())
            self._highest_id = max(self._highest_id, ids[-1])

    async def _settle(self, *, lowest_id: int | None) -> None:
        """Raise the floor to an id seen earlier, once every transaction that may hold a lower id has ended *and* a
        later read has found nothing at or below it.

        `record_events` makes a transaction show before it takes an id: so whoever holds an id below one that was seen
        is older than `xmax` of a snapshot taken afterwards.
        """
        if self._settled and self._settling and (lowest_id is None or lowest_id > self._settling[0]):
            self._floor = self._settling[0]
            self._settling, self._settled = None, False
        now = time.monotonic()
        if self._settled or now - self._looked_at < _SETTLE_SECONDS or self._highest_id == self._floor:
            return
        self._looked_at = now
        xmin, xmax = await self._reader.fetchrow(_SNAPSHOT)
        if self._settling is None:
            self._settling = (self._highest_id, xmax)
        elif xmin >= self._settling[1]:
            self._settled = True


async def _one(rows: Sequence[Any]) -> AsyncGenerator[Sequence[Any]]:
    yield rows
