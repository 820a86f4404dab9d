"""Raw connections, and rows that the code would never write."""

from collections.abc import Awaitable, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shared.ids import new_id
from shared.testing import let_in

from .conftest import STREET, Fund

ACCOUNTS = (
    "cash", "advances", "documented", "due_from_finance", "recoverable", "finance", "refilled_expense", "written_off",
)  # fmt: skip


async def raw(fund: Fund, *, scope: str = "service", streets: Iterable[str] = ()) -> asyncpg.Connection:
    """A connection as the run-time role, in this context."""
    connection = await asyncpg.connect(fund.urls.app.replace("+asyncpg", ""))
    await let_in(connection, scope=scope, streets=streets)
    return connection


async def append(
    connection: asyncpg.Connection,
    kind: str,
    moved: dict[str, int],
    *,
    cause: Any = None,
    corrects: Any = None,
    street: str = STREET,
    at: datetime = datetime(2022, 12, 5, 3, tzinfo=UTC),
) -> UUID:
    """Append a row that follows the last one of the street."""
    last = await connection.fetchrow("select * from transfer where street = $1 order by version desc limit 1", street)
    values: dict[str, Any] = {
        "street": street,
        "version": last["version"] + 1,
        "transfer_id": new_id(),
        "kind": kind,
        "cause_id": cause or new_id(),
        "actor": "raw",
        "posted_at": at,
        "corrects": corrects,
        "float_fen": last["float_fen"],
    }
    for account in ACCOUNTS:
        values[f"{account}_fen"] = moved.get(account, 0)
        values[f"{account}_after_fen"] = last[f"{account}_after_fen"] + moved.get(account, 0)
    await connection.execute(
        f"insert into transfer ({', '.join(values)}) values "  # noqa: S608 - names of columns, written above
        f"({', '.join(f'${number}' for number in range(1, len(values) + 1))})",
        *values.values(),
    )
    transfer_id: UUID = values["transfer_id"]
    return transfer_id


async def refusal(work: Awaitable[Any]) -> str:
    """The constraint by which the database refuses."""
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await work
    return str(refused.value.constraint_name)
