"""Values are written again under a new key: killed in the middle, beside deliveries, in short steps."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.data_sharing.conftest import Service
from tests.data_sharing.deliveries import announce, number
from tests.data_sharing.keys.vault import KEY_SETTINGS, Vault

from data_sharing.handlers.persons import INDEX_FIELD
from data_sharing.handlers.registering import person_rows, register_persons, stage_persons
from doudi.repository import REPOSITORY
from shared.database import driver_connection
from shared.deadlines import Worker
from shared.ids import new_id
from shared.testing import eventually

pytestmark = pytest.mark.clause("12.1.2")

PROCESS = Path(__file__).with_name("renewing_process.py")
PERSONS = 300


@pytest.fixture
def start(vault: Vault) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts a process that renews; all are killed in the end."""
    children: list[subprocess.Popen[bytes]] = []

    def start_one() -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "tests.data_sharing.keys.renewing_process",
            vault.service.urls.app,
            str(vault.path),
        ]
        children.append(subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL))
        return children[-1]

    yield start_one
    for child in children:
        child.kill()
        child.wait()


async def put_persons(service: Service) -> None:
    """Many persons, as the service writes them."""
    cipher = service.means.cipher
    rows = [
        {
            "id": new_id(),
            "index": cipher.blind_index(str(at), field="person.identity_index"),
            "number": cipher.encrypt(str(at), field="person.identity_number"),
            "name": cipher.encrypt(f"张{at}", field="person.name"),
            "now": datetime.now(UTC),
        }
        for at in range(PERSONS)
    ]
    async with service.database.transaction() as tx:
        await tx.execute(text("insert into person values (:id, :index, :number, :name, :now)"), rows)


async def names(service: Service) -> set[str]:
    cipher = service.means.cipher
    async with service.database.transaction() as tx:
        values = (await tx.execute(text("select name from person"))).scalars().all()
    return {cipher.decrypt(value, field="person.name") for value in values}


async def test_killed_again_and_again_it_goes_on_where_it_was(
    service: Service, vault: Vault, start: Callable[[], subprocess.Popen[bytes]]
) -> None:
    await put_persons(service)
    expected = {f"张{at}" for at in range(PERSONS)}
    vault.write(1, 2, current=2)
    renewed = 0
    for _ in range(3):
        child = start()
        before = renewed

        async def some_are_renewed(more_than: int = before) -> bool:
            return (await vault.values()).get(2, 0) > more_than + 20

        await eventually(some_are_renewed)
        child.kill()
        child.wait()
        renewed = (await vault.values())[2]
        assert (await vault.values())[1] + renewed == 2 * PERSONS
        assert renewed < 2 * PERSONS, "it was killed in the middle"
        await vault.own.keeper.check()
        assert await names(service) == expected
        async with service.database.transaction() as tx:
            # As if the lease of the dead had run out.
            await tx.execute(text("update deadline set blocked_until = null"))
    start()

    async def old_key_is_free() -> bool:
        return any(key.state == "retired" for key in (await vault.own.keeper.report()).keys)

    await eventually(old_key_is_free)
    assert await vault.values() == {2: 2 * PERSONS}
    vault.write(2, current=2)
    await vault.own.keeper.check()
    assert (await vault.own.keeper.report()).fault is None
    assert await names(service) == expected


async def stage(service: Service) -> UUID:
    """Rows of a household register wait to be taken over, as loading leaves them between two steps."""
    announced = await announce(service, b"x", rows=3, data_set="household_register")
    batch_id = UUID(announced.json()["batch_id"])
    cipher = service.means.cipher
    numbers = [number(at) for at in (1, 2, 3)]
    cells = pl.DataFrame(
        {
            "identity_number": numbers,
            "name": ["李1", "李2", "李3"],
            "birth_date": ["1977-05-12"] * 3,
            "sex": ["M", "F", "M"],
            "address": ["和平路1号", None, "和平路3号"],
        }
    )
    rows = person_rows(cells, cipher.blind_indexes(numbers, field=INDEX_FIELD), cipher)
    async with service.database.transaction() as tx:
        await stage_persons(await driver_connection(tx), batch_id, rows, cipher)
    return batch_id


async def take_over(tx: AsyncConnection, batch_id: UUID) -> None:
    await register_persons(tx, batch_id, as_of=date(2022, 10, 9), now=datetime(2022, 10, 10, tzinfo=UTC), at_most=1000)


@pytest.mark.clause("12.1.1")
async def test_what_was_staged_before_is_taken_over_under_the_new_key(service: Service, vault: Vault) -> None:
    batch_id = await stage(service)
    vault.write(1, 2, current=2)
    await vault.finish()
    async with service.database.transaction() as tx:
        await take_over(tx, batch_id)
    assert set(await vault.values()) == {2}
    assert await names(service) == {"李1", "李2", "李3"}


@pytest.mark.clause("12.1.1")
async def test_what_is_being_taken_over_meanwhile_is_found_where_it_goes(service: Service, vault: Vault) -> None:
    """Staged ciphertext of the old key is copied by a transaction that commits behind the round."""
    batch_id = await stage(service)
    vault.write(1, 2, current=2)
    async with service.database.transaction() as tx:
        await take_over(tx, batch_id)
        await asyncio.sleep(KEY_SETTINGS["key_settle_seconds"])
        for _ in range(20):
            await vault.step()
        assert not (await vault.own.keeper.report()).is_finished
    await vault.finish()
    assert set(await vault.values()) == {2}
    vault.write(2, current=2)
    await vault.own.keeper.check()
    assert await names(service) == {"李1", "李2", "李3"}


async def test_a_step_is_short_and_everybody_else_comes_between(service: Service, vault: Vault) -> None:
    await put_persons(service)
    vault.write(1, 2, current=2)
    await vault.own.keeper.check()
    await asyncio.sleep(KEY_SETTINGS["key_settle_seconds"])
    await vault.own.keeper.check()
    seen = []
    for _ in range(4):
        async with service.database.transaction() as tx:
            await tx.execute(text("update deadline set due_at = '2020-01-01'"))
        jobs = vault.own.jobs
        await Worker(service.database, service.clock, jobs, service.means).run_due()
        seen.append((await vault.values()).get(2, 0))
    assert all(after - before <= KEY_SETTINGS["key_renewal_rows"] for before, after in pairwise(seen))
