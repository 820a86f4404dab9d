"""Connections and transactions. The only module that commits.

Every transaction carries who asks, transaction-locally and under a seal, so that row-level security can decide
(decision 18). A transaction without a caller runs as the service itself.

SQLAlchemy leaves transactions to us (AUTOCOMMIT), so that beginning one and saying who asks is one round trip.
"""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.seal import SealKey, context_of, sealed

_FORGET = "reset all; select pg_advisory_unlock_all()"
_OPEN_SESSION = "select public.open_session($1)"
# The states of our own refusal, and of a session whose memory was thrown away.
_REFUSED = {"28000", "55000"}


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


class SealRefused(RuntimeError):
    """The database does not believe this process; nothing was read or written."""


class _Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """Gives its prepared statements names that nobody guesses. They stay when a transaction ends, and SQL run in one
    could otherwise put a statement of its own in the place of ours, for the next caller to execute.
    """

    def _get_unique_id(self, prefix: str) -> str:
        return f"{prefix}_{secrets.token_hex(16)}"


@dataclass
class _Session:
    """What one connection's seals are made for."""

    secret: bytes
    seals: int = 0


class Database:
    """One service's database, as its run-time role."""

    def __init__(self, url: str, *, seal_key: SealKey, pool_size: int = 10, pool_timeout_seconds: float = 10) -> None:
        self._seal_key = seal_key
        self._sessions: WeakKeyDictionary[Any, _Session] = WeakKeyDictionary()
        self._engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=pool_timeout_seconds,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
            pool_reset_on_return=None,
            connect_args={"connection_class": _Connection},
        )

    @property
    def engine(self) -> AsyncEngine:
        """For connections that live long, such as the relay's. Their owner handles their transactions."""
        return self._engine

    @asynccontextmanager
    async def transaction(self, caller: Caller | None = None) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed when the block ends well, rolled back when it raises.

        Raises CommitRefused, and SealRefused when the database knows another key.
        """
        context = _SERVICE if caller is None else _context(caller)
        async with self._engine.connect() as connection:
            driver = await driver_connection(connection)
            if driver.is_closed():
                # The server was restarted since: the pool connects anew.
                await connection.invalidate()
                driver = await driver_connection(connection)
            try:
                await self._enter(connection, driver, context, first="begin; ")
                yield connection
                ended = await driver.execute("commit")
            except BaseException as error:
                if isinstance(error, DBAPIError | asyncpg.PostgresError):
                    # Somebody's SQL may have spoilt the session.
                    self._sessions.pop(driver, None)
                await _roll_back(connection, driver)
                raise
            if ended != "COMMIT":
                self._sessions.pop(driver, None)
                raise CommitRefused(f"the transaction ended with {ended}")

    @asynccontextmanager
    async def own_connection(self) -> AsyncIterator[Any]:
        """The driver's own connection, outside any transaction and as the service itself: for session locks and for
        statements that are asked all the time. It is closed in the end, and its locks and settings with it.
        """
        async with self._engine.connect() as connection:
            try:
                driver = await driver_connection(connection)
                await self._enter(connection, driver, _SERVICE, for_session=True)
                yield driver
            finally:
                await connection.invalidate()

    async def is_reachable(self) -> bool:
        """Whether the database answers and believes us. Raises SealRefused, which says the way out."""
        async with self.transaction() as tx:
            answer: str | None = (await tx.execute(text("select caller_scope()"))).scalar_one()
            return answer == "service"

    async def close(self) -> None:
        """Give all connections back."""
        await self._engine.dispose()

    async def _enter(
        self, connection: AsyncConnection, driver: Any, context: str, *, first: str = "", for_session: bool = False
    ) -> None:
        """Say who asks, in the same round trip as `first`; row-level security believes it for the seal."""
        try:
            session = await self._session(driver)
            session.seals += 1
            said = sealed(context, session_secret=session.secret, number=session.seals)
            # Several statements in one round trip take no parameters.
            await driver.execute(
                f"{first}select public.use_seal({session.seals}),"
                f" set_config('app.context', {_literal(said)}, {not for_session})"
            )
        except Exception as error:
            if getattr(error, "sqlstate", None) not in _REFUSED:
                raise
            await connection.invalidate()
            raise SealRefused(
                f"the database does not accept our seal ({error}). If this goes on, its keys are not ours: give this"
                " service in DOUDI_SEAL_KEY a key that its migration wrote, or migrate again with the key it has"
            ) from error

    async def _session(self, driver: Any) -> _Session:
        """This connection's session, opened at its first use, and anew when something went wrong in it."""
        session = self._sessions.get(driver)
        if session is None:
            await driver.execute(_FORGET)
            nonce = await driver.fetchval(_OPEN_SESSION, self._seal_key.key_id)
            session = self._sessions[driver] = _Session(self._seal_key.session_secret(nonce))
        return session


async def driver_connection(connection: AsyncConnection) -> Any:
    """The asyncpg connection below, in the same transaction: for the few statements that must be fast."""
    known = connection.sync_connection
    if known is None or known.invalidated:
        return (await connection.get_raw_connection()).driver_connection
    # It is there already: SQLAlchemy's way to it would cost a switch of greenlets, more than the seal.
    return known.connection.driver_connection


def _literal(said: str) -> str:
    """Text in SQL. Not plain where quotes, encodings or settings of the session could give it another meaning:
    hexadecimal digits need no quoting.
    """
    if said.isascii() and "'" not in said and "\\" not in said:
        return f"'{said}'"
    return f"convert_from(decode('{said.encode().hex()}', 'hex'), 'UTF8')"


def _context(caller: Caller) -> str:
    return context_of(
        scope=caller.row_scope,
        subject=caller.subject,
        department=caller.department or "",
        streets=caller.streets,
    )


_SERVICE = context_of(scope="service")


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
