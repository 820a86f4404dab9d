"""Files that end their reader end nothing else: the file is refused, and every other job goes on (12.1.1)."""

import asyncio
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from tests.data_sharing.conftest import Service
from tests.data_sharing.deliveries import announce, csv_file, number, parquet_file, send, standing

from data_sharing.handlers.batch_files import FileRefused
from data_sharing.handlers.preparing import Preparers
from data_sharing.jobs import JOBS
from shared.deadlines import Worker
from shared.testing import eventually

pytestmark = pytest.mark.clause("12.1.1")

WHOLE = parquet_file({"identity_number": [number(1)] * 50, "wage": [f"{at}.00" for at in range(50)]})
# A type in the stored Arrow schema that polars has no word for: it panics when it reads the footer.
ODD_TYPE = WHOLE.replace(b"AEAAAAAgAAAABFAAAAAAAAMT", b"AEAAAAAgAAAABFrAAAAAAAMT", 1)
# The header of a page is broken: it panics when it reads the rows.
BROKEN_PAGE = WHOLE[:58] + bytes([WHOLE[58] ^ 0x0D]) + WHOLE[59:]


def with_processes(service: Service) -> Preparers:
    """From now on pieces are prepared in a process of its own, which is for the caller to end."""
    preparers = Preparers(cipher=service.means.cipher, processes=1)
    service.means = replace(service.means, loader=replace(service.means.loader, preparers=preparers))
    return preparers


@pytest.mark.parametrize("content", [ODD_TYPE, BROKEN_PAGE], ids=["footer", "page"])
async def test_a_file_that_makes_the_reader_panic_is_refused_and_the_worker_goes_on(
    service: Service, content: bytes
) -> None:
    assert content != WHOLE
    batch = (await announce(service, content, rows=50, format="parquet")).json()
    assert (await send(service, batch, content)).status_code == 200
    worker = asyncio.create_task(Worker(service.database, service.clock, JOBS, service.means).run())

    async def is_over() -> bool:
        return worker.done() or (await standing(service, batch))["state"] == "refused"

    try:
        await eventually(is_over, within_seconds=20)
        assert not worker.done(), "no job of this service runs any more"
    finally:
        worker.cancel()
        with suppress(BaseException):
            await worker
    assert (await standing(service, batch))["refusal"]["code"] == "not_parquet"


@pytest.mark.parametrize("content", [ODD_TYPE, BROKEN_PAGE], ids=["footer", "page"])
async def test_one_that_makes_a_process_panic_is_refused_too(service: Service, content: bytes) -> None:
    preparers = with_processes(service)
    try:
        batch = (await announce(service, content, rows=50, format="parquet")).json()
        await send(service, batch, content)
        for _ in range(3):
            await service.run_due()
    finally:
        preparers.close()
    assert (await standing(service, batch))["state"] == "refused"


def end_the_process(path: Path) -> None:
    """Stands for a file that makes the library abort: some do, and no handler sees it."""
    path.read_bytes()
    os.abort()


def size_of(path: Path) -> int:
    return len(path.read_bytes())


async def test_one_that_ends_the_process_is_refused_and_others_are_read(service: Service, tmp_path: Path) -> None:
    preparers = with_processes(service)
    (tmp_path / "file").write_bytes(b"12345")
    try:
        ended, other = await asyncio.gather(
            preparers.apart(end_the_process, tmp_path / "file"),
            preparers.apart(size_of, tmp_path / "file"),
            return_exceptions=True,
        )
        assert isinstance(ended, FileRefused)
        assert (ended.code, other) == ("unreadable", 5)
        assert await preparers.apart(size_of, tmp_path / "file") == 5
    finally:
        preparers.close()


async def test_files_are_loaded_once_the_keys_fit_again(service: Service) -> None:
    preparers, cipher = with_processes(service), service.means.cipher
    content = csv_file("identity_number,wage", f"{number(1)},1.00")
    batch = (await announce(service, content, rows=1)).json()
    await send(service, batch, content)
    ring = cipher.ring
    try:
        cipher.close()  # as `Keeper` does while the database is away, or the key file does not fit
        await service.run_due()
        cipher.use(ring)
        for _ in range(3):
            await service.run_due()
        assert (await standing(service, batch))["state"] == "published"
    finally:
        preparers.close()
