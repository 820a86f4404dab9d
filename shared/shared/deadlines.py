"""Deadlines: what must be done at or after a point in business time, at least once, and in effect exactly once.

A deadline is scheduled in the transaction of its cause. A worker claims it under a lease, runs its job, and the
job's own transaction finishes it. Not a general task queue: one kind and subject exist once.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import structlog
from prometheus_client import Counter, Histogram
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import bus
from shared.clock import Clock
from shared.database import Database, driver_connection
from shared.ids import new_id

ClientsT = TypeVar("ClientsT")

LEASE_SECONDS = 60.0
"""Only after this long may another worker try what one has claimed. A job is cancelled a little earlier. One that
takes longer is made of steps and says after each that it goes on (`Work.prolong`).
"""
_LEASE_MARGIN_SECONDS = 5.0
_CONCURRENT_JOBS = 8
_HEALTHY_SECONDS = 60.0
_PAUSE_SECONDS = 1.0
_POLL_SECONDS = 0.02
_IDLE_POLL_SECONDS = 0.05
_FIRST_RETRY_SECONDS = 0.2
_LONGEST_RETRY_SECONDS = 60.0

_SCHEDULE = (
    "select schedule_deadlines($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::uuid[], $6::text[], $7)"
)
_CANCEL = text("select cancel_deadline(:kind, :subject)")
_FINISH = text("delete from deadline where kind = :kind and subject = :subject and lease = :lease returning 1")
# What failed goes to the back: jobs that hang on a neighbour would else be the oldest for ever, and take all places.
_CLAIM = """
with due as materialized (
    select kind, subject from deadline
    where kind = any($3::text[]) and due_at <= $4 and (blocked_until is null or blocked_until <= now())
    order by coalesce(blocked_until, due_at) limit $5
    for update skip locked
)
update deadline
set lease = $1, blocked_until = now() + make_interval(secs => $2), attempt = attempt + 1
from due where deadline.kind = due.kind and deadline.subject = due.subject
returning deadline.kind, deadline.subject, payload::text, due_at, attempt, causation_id, traceparent
"""
_PROLONG = text(
    "update deadline set blocked_until = now() + make_interval(secs => :seconds)"
    " where kind = :kind and subject = :subject and lease = :lease returning 1"
)
_PUT_BACK = text(
    "update deadline set lease = null, blocked_until = now() + make_interval(secs => :pause_seconds),"
    " last_error = :last_error where kind = :kind and subject = :subject and lease = :lease"
)

_log = structlog.get_logger(__name__)
_handled = Counter("doudi_deadline_handled_total", "Deadlines by outcome of one attempt", ["kind", "outcome"])
_lateness = Histogram(
    "doudi_deadline_late_seconds",
    "Business time from the deadline to the start of its job",
    ["kind"],
    buckets=(0.05, 0.1, 0.5, 1, 5, 30, 120, 600, 3600, 86400),
)


class LeaseLost(RuntimeError):
    """Another worker took the deadline, or it was moved or cancelled: this attempt must write nothing."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """Have the job `kind` run for `subject` at or after `due_at`. `payload` is JSON without personal data."""

    kind: str
    subject: str
    due_at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)
    cause: bus.Cause = field(default_factory=bus.current_cause)


async def schedule(
    tx: AsyncConnection, *, kind: str, subject: str, due_at: datetime, payload: Mapping[str, Any] | None = None
) -> None:
    """Schedule one. A later call for the same two moves it; an attempt that is running then loses its lease."""
    await schedule_all(tx, [Deadline(kind, subject, due_at, payload or {})])


async def schedule_all(tx: AsyncConnection, wanted: Sequence[Deadline]) -> None:
    """The same for many, no two of the same kind and subject."""
    await _schedule(tx, wanted, moves=True)


async def ensure(
    tx: AsyncConnection, *, kind: str, subject: str, due_at: datetime, payload: Mapping[str, Any] | None = None
) -> None:
    """Like `schedule`, but leaves one that is already there as it is: for recurring jobs at start-up."""
    await ensure_all(tx, [Deadline(kind, subject, due_at, payload or {})])


async def ensure_all(tx: AsyncConnection, wanted: Sequence[Deadline]) -> None:
    """The same for many, no two of the same kind and subject."""
    await _schedule(tx, wanted, moves=False)


async def _schedule(tx: AsyncConnection, wanted: Sequence[Deadline], *, moves: bool) -> None:
    if not wanted:
        return
    driver = await driver_connection(tx)
    await driver.execute(
        _SCHEDULE,
        [one.kind for one in wanted],
        [one.subject for one in wanted],
        [one.due_at for one in wanted],
        [json.dumps(dict(one.payload)) for one in wanted],
        [one.cause.causation_id for one in wanted],
        [one.cause.traceparent for one in wanted],
        moves,
    )


async def cancel(tx: AsyncConnection, *, kind: str, subject: str) -> None:
    """Forget a deadline; nothing happens when there is none."""
    await tx.execute(_CANCEL, {"kind": kind, "subject": subject})


class Work:
    """One attempt at one deadline."""

    def __init__(
        self,
        database: Database,
        *,
        kind: str,
        subject: str,
        due_at: datetime,
        now: datetime,
        payload: Mapping[str, Any] | None = None,
        attempt: int = 1,
        lease: UUID,
    ) -> None:
        self.kind = kind
        self.subject = subject
        self.payload: Mapping[str, Any] = payload or {}
        self.due_at = due_at
        self.attempt = attempt
        self.now = now
        self._database = database
        self._lease = lease
        self._limit: asyncio.Timeout | None = None
        self._finished = False

    @property
    def finished(self) -> bool:
        """Whether the transaction that finishes the deadline has committed."""
        return self._finished

    @asynccontextmanager
    async def limited(self) -> AsyncIterator[None]:
        """Cancel what runs inside a little before the lease ends. Raises TimeoutError."""
        async with asyncio.timeout(LEASE_SECONDS - _LEASE_MARGIN_SECONDS) as self._limit:
            yield

    async def prolong(self) -> None:
        """A step of a long job is done: the next one has the time of a whole lease, so that only a step that hangs is
        cut off. Raises LeaseLost when the deadline is no longer this attempt's.
        """
        values = {"kind": self.kind, "subject": self.subject, "lease": self._lease, "seconds": LEASE_SECONDS}
        async with self._database.transaction() as tx:
            if (await tx.execute(_PROLONG, values)).scalar() is None:
                raise _lost(self.kind)
        if self._limit is not None:
            self._limit.reschedule(asyncio.get_running_loop().time() + LEASE_SECONDS - _LEASE_MARGIN_SECONDS)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """The transaction in which the job writes, as the service itself; it also finishes the deadline, so it is
        opened once.

        Raises LeaseLost when the deadline is no longer this attempt's. Inside, the same kind and subject may be
        scheduled again.
        """
        if self._finished:
            raise RuntimeError(f"the deadline {self.kind} was already finished by an earlier transaction")
        async with self._database.transaction() as tx:
            finished = await tx.execute(_FINISH, {"kind": self.kind, "subject": self.subject, "lease": self._lease})
            if finished.scalar() is None:
                raise _lost(self.kind)
            yield tx
        self._finished = True


def _lost(kind: str) -> LeaseLost:
    return LeaseLost(f"the deadline {kind} was taken over, moved or cancelled")


Job = Callable[[Work, ClientsT], Awaitable[None]]
Jobs = Mapping[str, Job[ClientsT]]


@dataclass(frozen=True)
class _Claim:
    """What one replica may try, until the lease ends."""

    work: Work
    lease: UUID
    cause: bus.Cause


class Worker(Generic[ClientsT]):
    """Runs the jobs of one service. Any number of replicas may run."""

    def __init__(self, database: Database, clock: Clock, jobs: Jobs[ClientsT], clients: ClientsT) -> None:
        self._database = database
        self._clock = clock
        self._jobs = jobs
        self._clients = clients
        self._kinds = sorted(jobs)
        self._places = asyncio.Semaphore(_CONCURRENT_JOBS)
        self._polled_at = float("-inf")

    async def run(self) -> None:
        """Claim and run what is due, for ever. Cancelled, it gives back what it holds."""
        while True:
            try:
                async with self._database.own_connection() as connection, asyncio.TaskGroup() as attempts:
                    await self._poll(connection, attempts)
            except Exception as error:
                # Whatever the database did, the worker outlives it.
                _log.warning("worker.begins_anew", error=bus.error_code(error))
            await asyncio.sleep(_PAUSE_SECONDS)

    async def run_due(self) -> int:
        """Run what is due now, one after the other; returns how many were tried."""
        async with self._database.own_connection() as connection:
            claims = await self._claim(connection, limit=_CONCURRENT_JOBS)
        for claim in claims:
            await self._attempt(claim)
        return len(claims)

    def healthy(self) -> bool:
        """Whether it asks for what is due."""
        return time.monotonic() - self._polled_at < _HEALTHY_SECONDS

    async def _poll(self, connection: Any, attempts: asyncio.TaskGroup) -> None:
        running: set[asyncio.Task[None]] = set()
        pause = _POLL_SECONDS
        while True:
            claims = await self._claim(connection, limit=_CONCURRENT_JOBS - len(running))
            self._polled_at = time.monotonic()
            for claim in claims:
                task = attempts.create_task(self._attempt(claim))
                running.add(task)
                task.add_done_callback(running.discard)
            if len(running) == _CONCURRENT_JOBS:
                await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                continue
            pause = _POLL_SECONDS if claims else min(pause * 1.2, _IDLE_POLL_SECONDS)
            await asyncio.sleep(pause)

    async def _claim(self, connection: Any, *, limit: int) -> list[_Claim]:
        now = self._clock.now()
        lease = new_id()
        rows = await connection.fetch(_CLAIM, lease, LEASE_SECONDS, self._kinds, now, limit)
        return [
            _Claim(
                Work(
                    self._database,
                    kind=row["kind"],
                    subject=row["subject"],
                    due_at=row["due_at"],
                    now=now,
                    payload=json.loads(row["payload"]),
                    attempt=row["attempt"],
                    lease=lease,
                ),
                lease,
                bus.Cause(row["causation_id"], row["traceparent"]),
            )
            for row in sorted(rows, key=lambda row: (row["due_at"], row["kind"], row["subject"]))
        ]

    async def _attempt(self, claim: _Claim) -> None:
        work = claim.work
        _lateness.labels(work.kind).observe((work.now - work.due_at).total_seconds())
        try:
            with bus.caused_by(claim.cause, span=f"do {work.kind}"):
                async with work.limited():
                    await self._jobs[work.kind](work, self._clients)
                if not work.finished:
                    async with work.transaction():
                        # The job had nothing to write.
                        pass
        except LeaseLost:
            _handled.labels(work.kind, "lease_lost").inc()
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:
            # A job may raise anything, a library in Rust its panic too.
            if bus.is_asked_to_stop():
                await self._put_back(claim, pause_seconds=0, last_error="stopped")
                raise
            pause_seconds = min(_FIRST_RETRY_SECONDS * 2 ** min(work.attempt - 1, 20), _LONGEST_RETRY_SECONDS)
            last_error = f"{type(error).__name__} {bus.error_code(error)} at {bus.place_of(error)}"
            _handled.labels(work.kind, "failed").inc()
            _log.warning("worker.job_failed", kind=work.kind, attempt=work.attempt, error=last_error)
            await self._put_back(claim, pause_seconds=pause_seconds, last_error=last_error)
        else:
            _handled.labels(work.kind, "done").inc()

    async def _put_back(self, claim: _Claim, *, pause_seconds: float, last_error: str) -> None:
        values = {
            "kind": claim.work.kind,
            "subject": claim.work.subject,
            "lease": claim.lease,
            "pause_seconds": pause_seconds,
            "last_error": last_error,
        }
        try:
            async with self._database.transaction() as tx:
                await tx.execute(_PUT_BACK, values)
        except Exception as error:
            # Then the lease ends by itself.
            _log.warning("worker.cannot_put_back", kind=claim.work.kind, error=bus.error_code(error))
