"""What is due is done at least once, takes effect exactly once, and is never forgotten."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from doudi.databases import DatabaseUrls
from shared import bus, deadlines, outbox
from shared.database import Database
from shared.deadlines import LeaseLost, Work, Worker
from shared.events import Envelope
from shared.events.intake import HouseholdRegistered
from shared.ids import new_id
from shared.testing import SEAL_KEY, FixedClock, eventually, running

NOON = datetime(2022, 12, 1, 4, tzinfo=UTC)
Job = Callable[[Work, Any], Awaitable[None]]


@pytest.fixture
async def database(bare_database: DatabaseUrls) -> AsyncIterator[Database]:
    database = Database(bare_database.app, seal_key=SEAL_KEY, pool_size=20)
    yield database
    await database.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


async def schedule(database: Database, subject: str, *, due_at: datetime = NOON, **payload: Any) -> None:
    async with database.transaction() as tx:
        await deadlines.schedule(tx, kind="job", subject=subject, due_at=due_at, payload=payload)


async def write_effect(work: Work, _: object) -> None:
    async with work.transaction() as tx:
        await tx.execute(text("insert into effect (key) values (:subject)"), {"subject": work.subject})


async def effects(database: Database) -> list[str]:
    async with database.transaction() as tx:
        return list((await tx.execute(text("select key from effect order by id"))).scalars())


async def rows(database: Database) -> list[Any]:
    async with database.transaction() as tx:
        return list((await tx.execute(text("select * from deadline order by subject"))).all())


async def end_pauses(database: Database) -> None:
    """As if leases and pauses had passed."""
    async with database.transaction() as tx:
        await tx.execute(text("update deadline set blocked_until = now() - interval '1 second'"))


def worker(database: Database, clock: FixedClock, job: Job = write_effect) -> Worker[None]:
    return Worker(database, clock, {"job": job}, None)


async def test_a_job_runs_when_business_time_has_come(database: Database, clock: FixedClock) -> None:
    await schedule(database, "later", due_at=NOON + timedelta(days=7))
    await schedule(database, "now", answer=42)
    seen: list[Work] = []

    async def look(work: Work, _: object) -> None:
        seen.append(work)
        await write_effect(work, None)

    assert await worker(database, clock, look).run_due() == 1
    clock.advance(timedelta(days=7))
    assert await worker(database, clock, look).run_due() == 1
    assert await effects(database) == ["now", "later"]
    assert await rows(database) == []
    assert (seen[0].payload, seen[0].attempt, seen[0].now, seen[0].due_at) == ({"answer": 42}, 1, NOON, NOON)


async def test_a_later_call_moves_a_deadline(database: Database, clock: FixedClock) -> None:
    await schedule(database, "one")
    await schedule(database, "one", due_at=NOON + timedelta(hours=1))
    assert await worker(database, clock).run_due() == 0
    clock.advance(timedelta(hours=1))
    assert await worker(database, clock).run_due() == 1


async def test_ensure_leaves_what_is_there(database: Database, clock: FixedClock) -> None:
    await schedule(database, "one")
    async with database.transaction() as tx:
        for subject in ("one", "two"):
            await deadlines.ensure(tx, kind="job", subject=subject, due_at=NOON + timedelta(hours=1))
    assert [row.due_at for row in await rows(database)] == [NOON, NOON + timedelta(hours=1)]


async def test_a_cancelled_deadline_is_forgotten(database: Database, clock: FixedClock) -> None:
    await schedule(database, "one")
    async with database.transaction() as tx:
        await deadlines.cancel(tx, kind="job", subject="one")
        await deadlines.cancel(tx, kind="job", subject="unknown")
    assert await worker(database, clock).run_due() == 0


async def test_a_job_that_writes_nothing_is_done(database: Database, clock: FixedClock) -> None:
    async def look(work: Work, _: object) -> None:
        assert work.subject == "one"

    await schedule(database, "one")
    assert await worker(database, clock, look).run_due() == 1
    assert await rows(database) == []


async def test_a_job_may_schedule_itself_again(database: Database, clock: FixedClock) -> None:
    async def come_again(work: Work, _: object) -> None:
        async with work.transaction() as tx:
            await tx.execute(text("insert into effect (key) values (:subject)"), {"subject": work.subject})
            await deadlines.schedule(tx, kind=work.kind, subject=work.subject, due_at=work.due_at + timedelta(days=1))

    await schedule(database, "daily")
    for day in range(3):
        assert await worker(database, clock, come_again).run_due() == 1, day
        assert await worker(database, clock, come_again).run_due() == 0, day
        clock.advance(timedelta(days=1))
    assert await effects(database) == ["daily"] * 3


async def test_a_failing_job_is_tried_again_after_growing_pauses(database: Database, clock: FixedClock) -> None:
    attempts: list[int] = []

    async def fail_twice(work: Work, _: object) -> None:
        attempts.append(work.attempt)
        async with work.transaction() as tx:
            await tx.execute(text("insert into effect (key) values ('written')"))
            if work.attempt < 3:
                raise LookupError("no person 张三 420199198001011234")

    await schedule(database, "one")
    pauses = []
    for _ in range(2):
        assert await worker(database, clock, fail_twice).run_due() == 1
        assert await worker(database, clock, fail_twice).run_due() == 0
        (row,) = await rows(database)
        assert row.last_error.startswith("LookupError")
        assert "张三" not in row.last_error
        async with database.transaction() as tx:
            pause = await tx.execute(
                text("select extract(epoch from :blocked_until - now())"), {"blocked_until": row.blocked_until}
            )
            pauses.append(float(pause.scalar_one()))
        await end_pauses(database)
    assert await worker(database, clock, fail_twice).run_due() == 1
    assert attempts == [1, 2, 3]
    assert pauses[0] < pauses[1]
    assert await effects(database) == ["written"]


async def test_who_lost_the_lease_writes_nothing(database: Database, clock: FixedClock) -> None:
    """A slow worker's lease ends, another one does the work, then the slow one goes on."""
    lost: list[LeaseLost] = []

    async def sleep_long(work: Work, _: object) -> None:
        await end_pauses(database)
        assert await worker(database, clock).run_due() == 1
        try:
            await write_effect(work, None)
        except LeaseLost as error:
            lost.append(error)
            raise

    await schedule(database, "one")
    assert await worker(database, clock, sleep_long).run_due() == 1
    assert len(lost) == 1
    assert await effects(database) == ["one"]


@pytest.mark.parametrize("says_so", [True, False])
async def test_a_long_job_goes_on_as_long_as_its_steps_end(
    database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, *, says_so: bool
) -> None:
    """An attempt has one second here; four steps of 0.4 s take longer."""
    monkeypatch.setattr(deadlines, "LEASE_SECONDS", 2.0)
    monkeypatch.setattr(deadlines, "_LEASE_MARGIN_SECONDS", 1.0)

    async def in_steps(work: Work, _: object) -> None:
        for _ in range(4):
            await asyncio.sleep(0.4)
            if says_so:
                await work.prolong()
        assert await worker(database, clock).run_due() == 0, "nobody else may try"
        await write_effect(work, None)

    await schedule(database, "one")
    assert await worker(database, clock, in_steps).run_due() == 1
    assert await effects(database) == (["one"] if says_so else [])
    assert [row.last_error.partition(" ")[0] for row in await rows(database)] == ([] if says_so else ["TimeoutError"])


async def test_a_long_job_ends_where_its_lease_is_lost(database: Database, clock: FixedClock) -> None:
    went_on = False

    async def meets_another(work: Work, _: object) -> None:
        nonlocal went_on
        await end_pauses(database)
        assert await worker(database, clock).run_due() == 1
        await work.prolong()
        went_on = True

    await schedule(database, "one")
    assert await worker(database, clock, meets_another).run_due() == 1
    assert (went_on, await effects(database)) == (False, ["one"])


@pytest.mark.parametrize("change", ["moved", "cancelled"])
async def test_who_runs_while_the_deadline_changes_writes_nothing(
    database: Database, clock: FixedClock, change: str
) -> None:
    async def change_meanwhile(work: Work, _: object) -> None:
        if change == "moved":
            await schedule(database, "one", due_at=NOON + timedelta(hours=1))
        else:
            async with database.transaction() as tx:
                await deadlines.cancel(tx, kind="job", subject="one")
        await write_effect(work, None)

    await schedule(database, "one")
    assert await worker(database, clock, change_meanwhile).run_due() == 1
    assert await effects(database) == []
    clock.advance(timedelta(hours=1))
    assert await worker(database, clock).run_due() == (1 if change == "moved" else 0)


async def test_a_job_has_one_transaction(database: Database, clock: FixedClock) -> None:
    async def twice(work: Work, _: object) -> None:
        await write_effect(work, None)
        with pytest.raises(RuntimeError, match="already finished"):
            await write_effect(work, None)

    await schedule(database, "one")
    assert await worker(database, clock, twice).run_due() == 1
    assert await effects(database) == ["one"]


async def test_three_replicas_do_everything_once(database: Database, clock: FixedClock) -> None:
    subjects = [f"{number:03}" for number in range(200)]
    async with database.transaction() as tx:
        for subject in subjects:
            await deadlines.schedule(tx, kind="job", subject=subject, due_at=NOON)
    started: list[str] = []

    async def count(work: Work, _: object) -> None:
        started.append(work.subject)
        await write_effect(work, None)

    replicas = [worker(database, clock, count) for _ in range(3)]
    async with running(*replicas):
        await eventually(lambda: _all_done(database))
        assert all(replica.healthy() for replica in replicas)
    assert sorted(await effects(database)) == subjects
    assert sorted(started) == subjects


async def _all_done(database: Database) -> bool:
    return await rows(database) == []


async def test_a_worker_that_is_stopped_gives_back_what_it_holds(database: Database, clock: FixedClock) -> None:
    began = asyncio.Event()

    async def hang(work: Work, _: object) -> None:
        began.set()
        await asyncio.Event().wait()

    await schedule(database, "one")
    async with running(worker(database, clock, hang)):
        await began.wait()
    assert await worker(database, clock).run_due() == 1
    assert await effects(database) == ["one"]


async def test_only_jobs_that_the_worker_knows_are_claimed(database: Database, clock: FixedClock) -> None:
    async with database.transaction() as tx:
        await deadlines.schedule(tx, kind="of a newer version", subject="one", due_at=NOON)
    assert await worker(database, clock).run_due() == 0
    assert len(await rows(database)) == 1


async def test_a_job_goes_on_with_the_cause_of_its_deadline(database: Database, clock: FixedClock) -> None:
    cause = bus.Cause(new_id(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")

    async def publish(work: Work, _: object) -> None:
        async with work.transaction() as tx:
            await outbox.record(tx, HouseholdRegistered.from_example(), at=work.now)

    with bus.caused_by(cause, span="handle"):
        await schedule(database, "one")
    await worker(database, clock, publish).run_due()
    async with database.transaction() as tx:
        recorded = Envelope.from_json((await tx.execute(text("select body from outbox"))).scalar_one())
    assert recorded.causation_id == cause.causation_id
    assert recorded.traceparent is not None
    assert recorded.traceparent.split("-")[1] == "0af7651916cd43dd8448eb211c80319c"


async def test_what_fails_again_and_again_takes_its_turn_after_what_is_due(
    database: Database, clock: FixedClock
) -> None:
    """Jobs that hang on a neighbour are the oldest for ever: they must not take every place."""
    for number in range(20):
        await schedule(database, f"hanging-{number:02}", due_at=NOON - timedelta(hours=1))

    async def hang(work: Work, _: object) -> None:
        if work.subject.startswith("hanging"):
            raise TimeoutError
        await write_effect(work, None)

    runner = worker(database, clock, hang)
    for _ in range(3):
        await runner.run_due()
    await end_pauses(database)
    await schedule(database, "late", due_at=NOON - timedelta(minutes=1))
    await runner.run_due()
    assert await effects(database) == ["late"]
    await runner.run_due()
    tried = {row.subject: row.attempt for row in await rows(database)}
    assert max(tried.values()) == 2, "and all that failed come again, in their turn"


async def test_what_failed_is_not_put_off_for_ever_by_what_is_new(database: Database, clock: FixedClock) -> None:
    await schedule(database, "failed", due_at=NOON - timedelta(hours=1))

    async def fail(work: Work, _: object) -> None:
        if work.subject == "failed" and work.attempt == 1:
            raise TimeoutError
        await write_effect(work, None)

    runner = worker(database, clock, fail)
    await runner.run_due()
    async with database.transaction() as tx:
        # Business time is the real one here, as in production.
        await tx.execute(text("update deadline set blocked_until = :noon"), {"noon": NOON})
    for number in range(30):
        await schedule(database, f"new-{number:02}", due_at=NOON + timedelta(seconds=number))
    clock.advance(timedelta(minutes=1))
    await runner.run_due()
    assert "failed" in await effects(database)
