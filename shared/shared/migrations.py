"""Migrations: how a service's alembic environment runs, and the tables that `shared` brings to each service.

A `platform_NNNN` or `keys_NNNN` function never changes once released; a later change is a new function that a
service's next migration calls.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from alembic import command, context
from alembic.config import Config
from alembic.operations import Operations
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared.seal import SealKey

_FORGET_KEYS = sa.text("delete from seal_key where key_id <> all(:kept)")
_WRITE_KEY = sa.text(
    "insert into seal_key (key_id, inner_pad, outer_pad) values (:key_id, :inner_pad, :outer_pad)"
    " on conflict (key_id) do nothing"
)
_PLATFORM_0001 = (Path(__file__).parent / "platform_0001.sql").read_text(encoding="utf-8")
_KEYS_0001 = (Path(__file__).parent / "keys_0001.sql").read_text(encoding="utf-8")
_KEYS_0002 = (Path(__file__).parent / "keys_0002.sql").read_text(encoding="utf-8")
_NAME_COLUMN = sa.text("insert into encrypted_column (table_name, column_name) values (:table_name, :column_name)")


def migrate(directory: Path, owner_url: str, *, seal_keys: Sequence[SealKey]) -> None:
    """Bring the database at `owner_url` (postgresql+asyncpg, the owner role) to the newest version in `directory`, and
    have it accept these seal keys and no others. To change a key: migrate with the old and the new one, restart the
    service with the new one, migrate with the new one alone.
    """
    if not seal_keys:
        raise ValueError("a database that knows no seal key answers nobody: give seal_keys at least one")
    config = Config()
    config.set_main_option("script_location", str(directory))
    config.attributes["owner_url"] = owner_url
    config.attributes["seal_keys"] = seal_keys
    command.upgrade(config, "head")


def run_environment() -> None:
    """What each service's `migrations/env.py` calls."""
    config = context.config
    owner_url = config.attributes.get("owner_url") or context.get_x_argument(as_dictionary=True)["url"]
    asyncio.run(_run(owner_url, config.attributes.get("seal_keys")))


async def _run(owner_url: str, seal_keys: Sequence[SealKey] | None) -> None:
    engine = create_async_engine(owner_url, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_upgrade)
    if seal_keys is not None:
        async with engine.begin() as connection:
            await connection.run_sync(write_seal_keys, seal_keys)
    await engine.dispose()


def _upgrade(connection: Connection) -> None:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def write_seal_keys(connection: Connection, seal_keys: Sequence[SealKey]) -> None:
    """Have the database accept these keys and no others."""
    connection.execute(_FORGET_KEYS, {"kept": [key.key_id for key in seal_keys]})
    for key in seal_keys:
        # As parameters: the text of a statement can be seen while it runs.
        inner_pad, outer_pad = key.pads
        connection.execute(_WRITE_KEY, {"key_id": key.key_id, "inner_pad": inner_pad, "outer_pad": outer_pad})


def platform_0001(op: Operations) -> None:
    """The seal, outbox, inbox, deadlines and idempotency keys, with the rights of the run-time role.

    The run-time role is named after the owner: `intake_owner` gives `intake_app`.
    """
    run_sql(op, _PLATFORM_0001)


def keys_0001(op: Operations) -> None:
    """What `shared.keys` remembers of keys, and the one way to write ciphertext again."""
    run_sql(op, _KEYS_0001)


def keys_0002(op: Operations) -> None:
    """Keys of the blind index in layers."""
    run_sql(op, _KEYS_0002)


def name_encrypted(op: Operations, *columns: str) -> None:
    """Say which columns hold ciphertext (`person.name`), in tables that have row-level security already."""
    connection = op.get_bind()
    connection.execute(sa.text("select act_as_service()"))
    for column in columns:
        table_name, _, column_name = column.partition(".")
        connection.execute(_NAME_COLUMN, {"table_name": table_name, "column_name": column_name})


def run_sql(op: Operations, sql: str) -> None:
    """Run a script of several statements in the migration's transaction; `{app}` stands for the run-time role."""
    connection = op.get_bind()
    owner = connection.execute(sa.text("select current_user")).scalar_one()
    script = sql.replace("{app}", owner.removesuffix("_owner") + "_app")
    # The driver's own execute: a prepared statement, as SQLAlchemy makes, holds one command only.
    adapted = connection.connection.dbapi_connection
    assert adapted is not None, "an open connection has a driver connection"
    adapted.run_async(lambda driver_connection: driver_connection.execute(script))
