"""A transaction says who asks, ends as its block ends, and leaves a connection that the next one can use."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from doudi.databases import Cluster, DatabaseUrls
from shared.database import Caller, CommitRefused, Database
from shared.problems import install_problem_handlers
from shared.testing import SEAL_KEY, client_of, problem_code


@dataclass(frozen=True)
class Asking:
    """A caller as row-level security sees it."""

    row_scope: str = "resident"
    subject: str = "resident-1"
    streets: frozenset[str] = frozenset()
    department: str | None = None


@pytest.fixture
async def database(bare_database: DatabaseUrls) -> AsyncIterator[Database]:
    """One connection, so that each transaction meets what the one before left."""
    database = Database(bare_database.app, seal_key=SEAL_KEY, pool_size=1)
    yield database
    await database.close()


async def context(tx: AsyncConnection) -> dict[str, Any]:
    """Who asks, as PostgreSQL sees it."""
    found = await tx.execute(
        text(
            "select caller_scope() as scope, caller_subject() as subject, caller_streets() as streets,"
            " caller_department() as department"
        )
    )
    return dict(found.mappings().one())


async def add_effect(tx: AsyncConnection) -> None:
    await tx.execute(text("insert into effect (key) values ('here')"))


async def effects(database: Database) -> int:
    async with database.transaction() as tx:
        return int((await tx.execute(text("select count(*) from effect"))).scalar_one())


@pytest.mark.parametrize("subject", ["resident-1", "o'brien", "\\'; rollback; --", "居民😀", '"', "$$"])
async def test_who_asks_is_said_as_it_stands(database: Database, subject: str) -> None:
    caller = Asking(
        row_scope="streets", subject=subject, streets=frozenset({"420106002", "420106001"}), department="tax"
    )
    async with database.transaction(caller) as tx:
        assert await context(tx) == {
            "scope": "streets",
            "subject": subject,
            "streets": ["420106001", "420106002"],
            "department": "tax",
        }


@pytest.mark.parametrize("caller", [None, Asking()])
async def test_nothing_is_left_of_the_caller_before(database: Database, caller: Caller | None) -> None:
    async with database.transaction(Asking(row_scope="district", subject="officer", department="tax")):
        pass
    async with database.transaction(caller) as tx:
        found = await context(tx)
    assert (found["scope"], found["department"]) == ("service" if caller is None else "resident", None)


async def test_a_connection_of_its_own_is_the_services_and_takes_that_with_it(database: Database) -> None:
    async with database.own_connection() as connection:
        assert await connection.fetchval("select caller_scope()") == "service"
    async with database.engine.connect() as another:
        assert (await another.execute(text("select caller_scope()"))).scalar_one() is None


@pytest.mark.parametrize("value", ["line\nbreak", "nul\0"])
async def test_a_caller_who_could_be_read_as_another_is_refused(database: Database, value: str) -> None:
    with pytest.raises(ValueError, match="no line break"):
        async with database.transaction(Asking(subject=value)):
            pass


async def test_a_block_that_ends_well_is_kept_and_one_that_raises_is_not(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as tx:
            await add_effect(tx)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await effects(database) == 0
    async with database.transaction() as tx:
        await add_effect(tx)
    assert await effects(database) == 1


async def test_a_cancelled_block_keeps_nothing(database: Database) -> None:
    at_work = asyncio.Event()

    async def work() -> None:
        async with database.transaction() as tx:
            await add_effect(tx)
            at_work.set()
            await tx.execute(text("select pg_sleep(60)"))

    task = asyncio.create_task(work())
    await at_work.wait()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await effects(database) == 0


async def test_an_error_that_was_caught_inside_is_not_taken_for_a_commit(database: Database) -> None:
    async def carry_on() -> None:
        async with database.transaction() as tx:
            await add_effect(tx)
            with pytest.raises(DBAPIError):
                await tx.execute(text("select 1 / 0"))

    with pytest.raises(CommitRefused, match="ROLLBACK"):
        await carry_on()
    assert await effects(database) == 0


async def test_a_connection_that_the_server_ended_is_replaced(database: Database, cluster: Cluster) -> None:
    async with database.transaction() as tx:
        pid = (await tx.execute(text("select pg_backend_pid()"))).scalar_one()
    cluster.execute(f"select pg_terminate_backend({pid}, 5000)")
    await asyncio.sleep(0.05)  # until the end of the connection has reached us
    assert await effects(database) == 0
    assert await effects(database) == 0


async def test_a_connection_that_ends_inside_a_block_fails_that_block_only(
    database: Database, cluster: Cluster
) -> None:
    async def lose_the_connection() -> None:
        async with database.transaction() as tx:
            await add_effect(tx)
            pid = (await tx.execute(text("select pg_backend_pid()"))).scalar_one()
            cluster.execute(f"select pg_terminate_backend({pid}, 5000)")
            await add_effect(tx)

    with pytest.raises(DBAPIError):
        await lose_the_connection()
    assert await effects(database) == 0


async def test_a_request_that_gets_no_connection_is_asked_to_come_again(bare_database: DatabaseUrls) -> None:
    app = FastAPI()
    install_problem_handlers(app)
    database = Database(bare_database.app, seal_key=SEAL_KEY, pool_size=1, pool_timeout_seconds=0.1)

    @app.get("/")
    async def ask() -> str:
        async with database.transaction():
            return "answered"

    async with client_of(app) as http, database.transaction(), database.transaction():
        answer = await http.get("/")
    assert (answer.status_code, problem_code(answer)) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "1"
    await database.close()
