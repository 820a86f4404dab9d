"""Writes in which the whole household counts, wherever it lives."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.auth import Principal
from shared.database import Database


@asynccontextmanager
async def acting(
    database: Database, caller: Principal, find: Callable[[AsyncConnection], Awaitable[object]]
) -> AsyncIterator[AsyncConnection]:
    """A transaction of the service itself, once `find` has found in one of the caller's what is written to: `find`
    raises Problem 404 for what is outside of the caller's streets.

    A household that moved has benefits, and officers who stepped back from it, in a street that the caller does not
    see: looked for as the caller, they would be granted and asked a second time.
    """
    async with database.transaction(caller) as tx:
        await find(tx)
    async with database.transaction() as tx:
        yield tx
