"""Many rows in one statement, each column as one array: a row then costs no round trip and almost no parsing."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database import driver_connection

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy says no types


async def insert_rows(tx: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, which all name the same columns, in this order. Not for columns that are arrays or JSON."""
    if not rows:
        return
    columns = tuple(rows[0])
    driver = await driver_connection(tx)
    await driver.execute(_insert(table, columns), *([row[column] for row in rows] for column in columns))


@cache
def _insert(table: Table, columns: tuple[str, ...]) -> str:
    arrays = ", ".join(
        f"${at}::{table.c[column].type.compile(_DIALECT)}[]" for at, column in enumerate(columns, start=1)
    )
    return f"insert into {table.name} ({', '.join(columns)}) select * from unnest({arrays})"  # noqa: S608 - names of tables and columns
