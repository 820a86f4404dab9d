"""Cursors: where a page ends, opaque to callers."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query

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


def _invalid_cursor() -> Problem:
    return Problem(
        422,
        "invalid_cursor",
        "翻页位置无法识别",
        field="query.cursor",
        way_out="请原样使用上一页答复中的 next_cursor，或去掉 cursor 从第一页开始",
    )
