"""Deliveries whose loading is interrupted: the same comes out in the end (12.1.1)."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from multiprocessing import active_children

import asyncpg
import psutil
import pytest
from sqlalchemy import text
from tests.data_sharing.conftest import Service
from tests.data_sharing.deliveries import announce, csv_file, current, deliver, number, rejects, send, settle, standing

from data_sharing.handlers.preparing import Preparers
from data_sharing.jobs import JOBS
from shared.deadlines import Worker
from shared.testing import eventually

pytestmark = pytest.mark.clause("12.1.1")

ROWS = 60
FILE = csv_file(
    "identity_number,wage",
    *(f"{number(at)},{'wrong' if at % 10 == 0 else f'{at}.00'}" for at in range(1, ROWS - 1)),
    f"{number(1)},1.00",
    f"{number(31)},31.00",
)
LOADED = [(at, {"wage": f"{at}.00"}) for at in range(1, ROWS - 1) if at % 10]
REJECTED = {at: ["wage:unusable"] for at in range(10, ROWS, 10)} | {59: ["row:repeated"], 60: ["row:repeated"]}


@pytest.fixture
async def by_steps(service: Service) -> AsyncIterator[Service]:
    """A step is some ten rows, so that this file takes several."""
    service.means = replace(service.means, loader=replace(service.means.loader, piece_bytes=100, step_rows=10))
    yield service
    service.means.loader.preparers.close()


@asynccontextmanager
async def rejects_locked(service: Service) -> AsyncIterator[None]:
    """Nobody can write a reject meanwhile."""
    owner = await asyncpg.connect(driver_url(service.urls.owner))
    async with owner.transaction():
        await owner.execute("lock table batch_reject in share mode")
        yield
    await owner.close()


async def one_step(service: Service) -> int:
    """What is due is tried once."""
    return await Worker(service.database, service.clock, JOBS, service.means).run_due()


def driver_url(url: str) -> str:
    return url.replace("+asyncpg", "")


async def received(service: Service) -> dict[str, object]:
    batch = (await announce(service, FILE, rows=ROWS)).json()
    assert (await send(service, batch, FILE)).status_code == 200
    return dict(batch)


async def is_whole(service: Service, batch: dict[str, object]) -> None:
    stands = await standing(service, batch)
    assert (stands["state"], stands["loaded_rows"], stands["rejected_rows"]) == (
        "published",
        len(LOADED),
        len(REJECTED),
    )
    assert await current(service) == LOADED
    assert await rejects(service, batch) == REJECTED


async def test_progress_shows_and_nothing_counts_before_the_end(by_steps: Service) -> None:
    batch = await received(by_steps)
    seen = []
    while await one_step(by_steps):
        stands = await standing(by_steps, batch)
        seen.append(stands["checked_rows"])
        if stands["state"] == "loading":
            assert await current(by_steps) == []
            assert stands["checked_rows"] == stands["loaded_rows"] + stands["rejected_rows"]
    assert seen == sorted(seen)
    assert len(set(seen)) > 3
    await is_whole(by_steps, batch)


async def test_a_job_that_is_cancelled_in_the_middle_goes_on_where_the_last_step_ended(by_steps: Service) -> None:
    batch = await received(by_steps)
    await one_step(by_steps)
    before = await standing(by_steps, batch)
    assert 0 < before["checked_rows"] < ROWS
    async with rejects_locked(by_steps):
        # Rows are copied and rejects cannot be noted: there it is cancelled.
        step = asyncio.create_task(one_step(by_steps))
        await eventually(lambda: _waits(by_steps))
        step.cancel()
        with pytest.raises(asyncio.CancelledError):
            await step
    assert await standing(by_steps, batch) == before
    await settle(by_steps)
    await is_whole(by_steps, batch)


async def test_a_database_that_ends_the_connection_changes_nothing(by_steps: Service) -> None:
    batch = await received(by_steps)
    await one_step(by_steps)
    async with rejects_locked(by_steps):
        step = asyncio.create_task(one_step(by_steps))
        await eventually(lambda: _waits(by_steps))
        connection = await asyncpg.connect(driver_url(by_steps.urls.app))
        ended = await connection.fetch(
            "select pg_terminate_backend(pid) as is_ended from pg_stat_activity where wait_event_type = 'Lock'"
            " and datname = current_database()"
        )
        assert [row["is_ended"] for row in ended] == [True]
        await connection.close()
        await step
    await settle(by_steps)
    await is_whole(by_steps, batch)


async def test_processes_check_as_the_thread_does_and_one_that_is_killed_is_replaced(by_steps: Service) -> None:
    preparers = Preparers(cipher=by_steps.means.cipher, processes=2)
    by_steps.means = replace(by_steps.means, loader=replace(by_steps.means.loader, preparers=preparers))
    batch = await received(by_steps)
    await one_step(by_steps)
    assert (await standing(by_steps, batch))["checked_rows"] > 0
    for process in active_children():
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        psutil.wait_procs([psutil.Process(process.pid)], timeout=5)
    await settle(by_steps)
    await is_whole(by_steps, batch)


async def test_a_file_that_proves_too_short_leaves_nothing_of_its_first_steps(by_steps: Service) -> None:
    batch = (await announce(by_steps, FILE, rows=ROWS + 1)).json()
    await send(by_steps, batch, FILE)
    await one_step(by_steps)
    assert (await standing(by_steps, batch))["rejected_rows"] > 0
    await settle(by_steps)
    stands = await standing(by_steps, batch)
    assert (stands["state"], stands["refusal"]["code"]) == ("refused", "row_count_differs")
    assert (stands["checked_rows"], stands["loaded_rows"], stands["rejected_rows"]) == (0, 0, 0)
    assert (await rejects(by_steps, batch), await current(by_steps)) == ({}, [])


async def test_a_file_that_is_lost_is_refused_and_may_come_again(by_steps: Service) -> None:
    batch = await received(by_steps)
    by_steps.means.loader.files.path(batch["batch_id"]).unlink()  # type: ignore[arg-type]  # the id as text will do
    await settle(by_steps)
    assert (await standing(by_steps, batch))["refusal"]["code"] == "file_lost"
    again = await deliver(by_steps, FILE, rows=ROWS)
    await is_whole(by_steps, again)


async def _waits(service: Service) -> bool:
    async with service.database.transaction() as tx:
        found = await tx.execute(
            text(
                "select exists (select from pg_locks join pg_class on oid = relation"
                " where relname = 'batch_reject' and not granted)"
            )
        )
        return bool(found.scalar())
