"""Connections and transactions. The only module that commits.

Every transaction carries who asks, transaction-locally, so that row-level security can decide. A transaction
without a caller runs as the service itself.

SQLAlchemy leaves transactions to us (AUTOCOMMIT), so that beginning one and saying who asks is one round trip.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine


class Caller(Protocol):
    """Who asks, as the policies of row-level security see it. `shared.auth.Principal` is one."""

    @property
    def subject(self) -> str: ...

    @property
    def row_scope(self) -> str:
        """`district`, `streets`, `department` or `resident`: the widest that the roles allow."""
        ...

    @property
    def streets(self) -> frozenset[str]: ...

    @property
    def department(self) -> str | None: ...


class CommitRefused(RuntimeError):
    """PostgreSQL rolled back instead: an error of a statement in the transaction was caught and not raised on."""


class Database:
    """One service's database, as its run-time role."""

    def __init__(self, url: str, *, pool_size: int = 10, pool_timeout_seconds: float = 10) -> None:
        self._engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=pool_timeout_seconds,
            isolation_level="AUTOCOMMIT",
            pool_reset_on_return=None,
        )

    @property
    def engine(self) -> AsyncEngine:
        """For connections that live long, such as the relay's. Their owner handles their transactions."""
        return self._engine

    @asynccontextmanager
    async def transaction(self, caller: Caller | None = None) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed when the block ends well, rolled back when it raises. Raises CommitRefused."""
        async with self._engine.connect() as connection:
            driver = await driver_connection(connection)
            if driver.is_closed():
                # The server was restarted since: the pool connects anew.
                await connection.invalidate()
                driver = await driver_connection(connection)
            try:
                await driver.execute(_begin(caller))
                yield connection
                ended = await driver.execute("commit")
            except BaseException:
                await _roll_back(connection, driver)
                raise
            if ended != "COMMIT":
                raise CommitRefused(f"the transaction ended with {ended}")

    @asynccontextmanager
    async def own_connection(self) -> AsyncIterator[Any]:
        """The driver's own connection, outside any transaction: for session locks and for statements that are asked
        all the time. It is closed in the end, and its locks and settings with it.
        """
        async with self._engine.connect() as connection:
            try:
                yield await driver_connection(connection)
            finally:
                await connection.invalidate()

    async def is_reachable(self) -> bool:
        """Whether a trivial query is answered."""
        async with self._engine.connect() as connection:
            answer: int = (await connection.execute(text("select 1"))).scalar_one()
            return answer == 1

    async def close(self) -> None:
        """Give all connections back."""
        await self._engine.dispose()


async def driver_connection(connection: AsyncConnection) -> Any:
    """The asyncpg connection below, in the same transaction: for the few statements that must be fast."""
    raw = await connection.get_raw_connection()
    return raw.driver_connection


def _begin(caller: Caller | None) -> str:
    """Begin a transaction and say for it who asks; row-level security reads it. None is the service itself."""
    if caller is None:
        return _BEGIN_AS_SERVICE
    return _begin_as(
        scope=caller.row_scope,
        subject=caller.subject,
        streets=",".join(sorted(caller.streets)),
        department=caller.department or "",
    )


def _begin_as(**context: str) -> str:
    # Several statements in one round trip take no parameters; hexadecimal digits need no quoting, whatever they mean.
    settings = (
        f"set_config('app.{name}', convert_from(decode('{value.encode().hex()}', 'hex'), 'UTF8'), true)"
        for name, value in context.items()
    )
    return f"begin; select {', '.join(settings)}"


_BEGIN_AS_SERVICE = _begin_as(scope="service", subject="", streets="", department="")


async def _roll_back(connection: AsyncConnection, driver: Any) -> None:
    """No connection goes back to the pool in a transaction: one that cannot roll back now is thrown away."""
    try:
        await driver.execute("rollback")
    except Exception:
        await connection.invalidate()
    except BaseException:
        # Cancelled again: the server rolls back when it finds the connection gone.
        driver.terminate()
        raise
