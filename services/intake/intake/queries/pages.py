"""Pages: where one ends is a cursor, opaque to callers."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import Query
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.auth import Principal
from shared.problems import Problem

PAGE_LIMIT = 100

Cursor = Annotated[str | None, Query(max_length=200, description="上一页答复中的 next_cursor，原样传回")]
Limit = Annotated[int, Query(ge=1, le=PAGE_LIMIT, description="每页条数")]


@dataclass(frozen=True)
class Position:
    """The last row of a page."""

    at: datetime
    id: UUID


def encode_cursor(position: Position) -> str:
    """The position as callers carry it."""
    return base64.urlsafe_b64encode(f"{position.at.isoformat()}|{position.id}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> Position | None:
    """The position again. Raises Problem 422 `invalid_cursor` for a cursor that is none of ours."""
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        at, _, row_id = text.partition("|")
        position = Position(datetime.fromisoformat(at), UUID(row_id))
    except (ValueError, binascii.Error) as error:
        raise _invalid_cursor() from error
    if position.at.tzinfo is None:
        raise _invalid_cursor()
    return position


async def newest_first(
    tx: AsyncConnection,
    statement: sa.Select[Any],
    *,
    order: tuple[sa.Column[datetime], sa.Column[UUID]],
    street: sa.Column[str],
    caller: Principal,
    after: Position | None,
    limit: int,
) -> tuple[Sequence[sa.RowMapping], str | None]:
    """A page of rows in the caller's scope, and where the next one begins; None where there is none.

    order: the columns that `statement` selects and a position is made of. street: the column of the row's street.
    """
    at, row_id = order
    if caller.row_scope == "streets":
        # Row-level security says the same; said here too, the index serves.
        statement = statement.where(street.in_(sorted(caller.streets)))
    if after is not None:
        statement = statement.where(sa.tuple_(at, row_id) < sa.tuple_(sa.literal(after.at), sa.literal(after.id)))
    found = await tx.execute(statement.order_by(at.desc(), row_id.desc()).limit(limit + 1))
    rows = found.mappings().all()
    last = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], None if last is None else encode_cursor(Position(last[at], last[row_id]))


def _invalid_cursor() -> Problem:
    return Problem(
        422,
        "invalid_cursor",
        "翻页位置无法识别",
        field="query.cursor",
        way_out="请原样使用上一页答复中的 next_cursor，或去掉 cursor 从第一页开始",
    )
