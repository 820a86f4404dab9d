"""The seal as a service lives with it: other keys, a change of keys, sessions that somebody spoilt, and who comes next
on the same connection.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from fastapi import FastAPI
from pydantic import SecretStr, ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from doudi.apart import run_apart
from doudi.databases import DatabaseUrls
from doudi.repository import REPOSITORY
from shared.app import Foundation, create_app
from shared.database import Database, SealRefused, driver_connection
from shared.migrations import migrate
from shared.seal import SealKey, context_of
from shared.settings import ServiceSettings
from shared.testing import SEAL_KEY, client_of

ANOTHER_KEY = SealKey(b"another key, also of 32 bytes...")


@dataclass(frozen=True)
class Clerk:
    """A clerk of one street."""

    subject: str = "clerk-1"
    row_scope: str = "streets"
    streets: frozenset[str] = frozenset({"420106006"})
    department: str | None = None


@pytest.fixture
async def database(bare_database: DatabaseUrls) -> AsyncIterator[Database]:
    """One connection, so that each transaction meets what the one before left."""
    database = Database(bare_database.app, seal_key=SEAL_KEY, pool_size=1)
    yield database
    await database.close()


async def scope(database: Database, key: SealKey | None = None) -> str | None:
    async with database.transaction() as tx:
        return str((await tx.execute(text("select caller_scope()"))).scalar_one())


def settings(url: str, key: str) -> ServiceSettings:
    return ServiceSettings(
        database_url=SecretStr(url),
        seal_key=SecretStr(key),
        kafka_bootstrap="127.0.0.1:1",
        token_issuer="http://127.0.0.1:1",
        client_id="test",
        client_secret=SecretStr("secret"),
    )


def app_of(url: str, key: SealKey) -> tuple[FastAPI, Foundation]:
    chosen = settings(url, key.secret.hex())
    foundation = Foundation.of(chosen)
    app = create_app(service="test", title="test", settings=chosen, foundation=foundation, routers=[], background=[])
    return app, foundation


async def test_a_service_with_another_key_is_not_ready_and_says_why(bare_database: DatabaseUrls) -> None:
    app, foundation = app_of(bare_database.app, ANOTHER_KEY)
    async with client_of(app) as http:
        answer = await http.get("/readyz")
    assert answer.status_code == 503
    assert "DOUDI_SEAL_KEY" in answer.json()["detail"]
    with pytest.raises(SealRefused, match=r"knows no seal key .* DOUDI_SEAL_KEY .* migrate again"):
        await scope(foundation.database)
    await foundation.close()
    app, foundation = app_of(bare_database.app, SEAL_KEY)
    async with client_of(app) as http:
        assert (await http.get("/readyz")).status_code == 200
    await foundation.close()


@pytest.mark.parametrize("key", ["", "secret", "ab" * 31, "zz" * 32])
def test_a_key_that_cannot_be_one_is_refused_at_the_start_and_not_told(key: str) -> None:
    with pytest.raises(ValidationError, match="openssl rand -hex 32") as refused:
        settings("postgresql+asyncpg://nowhere", key)
    assert not key or key not in str(refused.value)
    assert SEAL_KEY.secret.hex() not in repr(SEAL_KEY)


async def test_keys_change_without_a_pause(database_for: Callable[[str], DatabaseUrls]) -> None:
    urls = database_for("oversight")
    directory = REPOSITORY / "services" / "oversight" / "migrations"
    old, new = (Database(urls.app, seal_key=key) for key in (SEAL_KEY, ANOTHER_KEY))
    migrated = _migrator(directory, urls.owner)
    migrated(SEAL_KEY, ANOTHER_KEY)
    assert [await scope(old), await scope(new)] == ["service", "service"]
    migrated(ANOTHER_KEY)
    assert await scope(new) == "service"
    late = Database(urls.app, seal_key=SEAL_KEY)
    with pytest.raises(SealRefused):
        await scope(late)
    with pytest.raises(ValueError, match="at least one"):
        migrated()
    for database in (old, new, late):
        await database.close()


def _migrator(directory: Path, owner_url: str) -> Callable[..., None]:
    def migrated(*keys: SealKey) -> None:
        run_apart(lambda: migrate(directory, owner_url, seal_keys=keys))

    return migrated


async def test_a_session_that_was_spoilt_costs_one_transaction(database: Database) -> None:
    for spoil in (
        "select open_session('{key}')",
        "select use_seal(1000000)",
        "commit; discard sequences; begin",
        "set search_path = ''",
    ):
        async with database.transaction(Clerk()) as tx:
            await (await driver_connection(tx)).execute(spoil.format(key=SEAL_KEY.key_id))
        failed = 0
        try:
            await scope(database)
        except (SealRefused, DBAPIError, asyncpg.PostgresError):
            failed += 1
        assert (failed, await scope(database)) == (1, "service"), spoil


async def test_what_the_service_said_is_void_for_the_next_on_its_connection(database: Database) -> None:
    async with database.transaction() as tx:
        said = (await tx.execute(text("select current_setting('app.context')"))).scalar_one()
        number = (await tx.execute(text("select pg_backend_pid()"))).scalar_one()
    async with database.transaction(Clerk()) as tx:
        assert (await tx.execute(text("select pg_backend_pid()"))).scalar_one() == number
        driver = await driver_connection(tx)
        assert await driver.fetchval("select caller_scope()") == "streets"
        await driver.execute("savepoint s")
        await driver.execute("select set_config('app.context', $1, true)", said)
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await driver.fetchval("select caller_scope()")
        await driver.execute("rollback to s")


async def test_nobody_can_put_a_statement_in_the_place_of_ours(database: Database) -> None:
    """Prepared statements outlive their transaction: a known name could be taken for the next caller."""
    async with database.transaction(Clerk()) as tx:
        await tx.execute(text("select 1"))
        driver = await driver_connection(tx)
        for guess in range(200):
            for name in (f"__asyncpg_stmt_{guess:x}__", f"stmt_{guess}"):
                with pytest.raises(asyncpg.InvalidSQLStatementNameError):
                    await driver.execute(f"savepoint s; deallocate {name}")
                await driver.execute("rollback to s")


async def test_callers_at_once_do_not_get_into_each_others_context(bare_database: DatabaseUrls) -> None:
    database = Database(bare_database.app, seal_key=SEAL_KEY, pool_size=3)

    async def ask(number: int) -> None:
        caller = Clerk(subject=f"clerk-{number}", streets=frozenset({str(number)}))
        async with database.transaction(caller) as tx:
            await asyncio.sleep(0)
            row = (await tx.execute(text("select caller_subject(), caller_streets()"))).one()
        assert tuple(row) == (caller.subject, [str(number)])

    await asyncio.gather(*(ask(number) for number in range(60)))
    await database.close()


@pytest.mark.parametrize("scope", ["resident", "department"])
def test_streets_count_only_for_those_who_have_some(scope: str) -> None:
    assert context_of(scope=scope, streets=["420106006"]) == context_of(scope=scope)
