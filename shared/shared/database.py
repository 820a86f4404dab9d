"""Connections and transactions. The only module that commits.

Every transaction carries who asks, transaction-locally, so that row-level security can decide. A transaction
without a caller runs as the service itself.
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


_SET_CONTEXT = text(
    "select set_config('app.scope', :scope, true), set_config('app.subject', :subject, true), "
    "set_config('app.streets', :streets, true), set_config('app.department', :department, true)"
)


class Database:
    """One service's database, as its run-time role."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self._engine: AsyncEngine = create_async_engine(
            url, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=False, pool_timeout=10
        )

    @property
    def engine(self) -> AsyncEngine:
        """For connections that live long, such as the relay's. Their owner handles their transactions."""
        return self._engine

    @asynccontextmanager
    async def transaction(self, caller: Caller | None = None) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed when the block ends well, rolled back when it raises."""
        async with self._engine.connect() as connection:
            await set_context(connection, caller)
            yield connection
            await connection.commit()

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


async def set_context(connection: AsyncConnection, caller: Caller | None) -> None:
    """Say for the running transaction who asks; row-level security reads it. None is the service itself."""
    if caller is None:
        context = {"scope": "service", "subject": "", "streets": "", "department": ""}
    else:
        context = {
            "scope": caller.row_scope,
            "subject": caller.subject,
            "streets": ",".join(sorted(caller.streets)),
            "department": caller.department or "",
        }
    await connection.execute(_SET_CONTEXT, context)
