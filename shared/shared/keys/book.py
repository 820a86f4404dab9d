"""What the database remembers of its keys, read and written."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.crypto import KeyRing
from shared.keys.columns import EncryptedColumn
from shared.keys.rules import Book, KnownKey, Progress

_LOCK = sa.text("select pg_advisory_xact_lock(1801812341)")
_NOW = sa.text("select clock_timestamp()")
_KEYS = sa.text(
    "select key_id, check_value, held_since, written_since, used_until, retired_at from encryption_key order by key_id"
)
_INDEX_KEYS = sa.text("select check_value from blind_index_key order by layer")
_COLUMNS = sa.text(
    "select table_name || '.' || column_name as name, began_at, position, seen, counts, counted_from, counted_at"
    " from encrypted_column"
)
_MEET_KEY = sa.text(
    "insert into encryption_key (key_id, check_value, held_since, used_until)"
    " values (:key_id, :check_value, :now, :used_until) on conflict (key_id) do nothing"
)
# Of a key that one replica has not read yet, no other may write values.
_HELD = sa.text(
    "update encryption_key set held_since = case when key_id = any(:key_ids) then cast(:now as timestamptz) end"
    " where (held_since is null) = (key_id = any(:key_ids))"
)
_MEET_INDEX_KEY = sa.text(
    "insert into blind_index_key (layer, check_value) values (:layer, :check_value) on conflict (layer) do nothing"
)
_WRITE_WITH = sa.text("update encryption_key set written_since = :now, used_until = :now where key_id = :key_id")
# Whoever uses a key that was retired needs it again.
_USED = sa.text(
    "update encryption_key set used_until = greatest(used_until, :now), retired_at = null where key_id = any(:key_ids)"
)
_RETIRE = sa.text("update encryption_key set retired_at = :now where key_id = any(:key_ids)")
_AT = "where table_name = :table_name and column_name = :column_name"
_GO_ON = sa.text(f"update encrypted_column set began_at = :began_at, position = :position, seen = :seen {_AT}")  # noqa: S608  # two names from above
_COUNTED = sa.text(
    "update encrypted_column set began_at = null, position = null, seen = '{}', counts = :counts,"  # noqa: S608  # as above
    f" counted_from = :began_at, counted_at = :now {_AT}"
).bindparams(sa.bindparam("counts", type_=JSONB))


async def open_book(tx: AsyncConnection, columns: Sequence[EncryptedColumn]) -> Book:
    """What is remembered, for whoever will write to it: another one waits until this transaction ends."""
    await tx.execute(_LOCK)
    return await read_book(tx, columns)


async def read_book(tx: AsyncConnection, columns: Sequence[EncryptedColumn]) -> Book:
    """What is remembered. Raises LookupError for a column that no migration named."""
    now: datetime = (await tx.execute(_NOW)).scalar_one()
    keys = [KnownKey(**row) for row in (await tx.execute(_KEYS)).mappings()]
    index_check_values = (await tx.execute(_INDEX_KEYS)).scalars().all()
    rows = {row.name: row for row in await tx.execute(_COLUMNS)}
    missing = [column.name for column in columns if column.name not in rows]
    if missing:
        raise LookupError(f"no migration says that {', '.join(missing)} is encrypted")
    return Book(
        now=now,
        keys=keys,
        index_check_values=index_check_values,
        columns=[_progress(rows[column.name]) for column in columns],
    )


def _progress(row: sa.Row[Any]) -> Progress:
    return Progress(
        column=row.name,
        began_at=row.began_at,
        position=row.position,
        seen=_by_key(row.seen) or {},
        counts=_by_key(row.counts),
        counted_from=row.counted_from,
        counted_at=row.counted_at,
    )


def _by_key(kept: Any) -> dict[int, int] | None:
    document = json.loads(kept) if isinstance(kept, str) else kept
    return None if document is None else {int(key_id): count for key_id, count in document.items()}


async def meet(tx: AsyncConnection, ring: KeyRing, book: Book) -> None:
    """Remember the keys of a ring. Of the very first ring nobody knows which were used before: all may have been."""
    if not book.index_check_values:
        for layer, check_value in enumerate(ring.index_check_values(), start=1):
            await tx.execute(_MEET_INDEX_KEY, {"layer": layer, "check_value": check_value})
    known = {key.key_id for key in book.keys}
    for key_id, check_value in ring.check_values().items():
        if key_id not in known:
            used_until = None if known else book.now
            values = {"key_id": key_id, "check_value": check_value, "now": book.now, "used_until": used_until}
            await tx.execute(_MEET_KEY, values)
    await tx.execute(_HELD, {"key_ids": list(ring.keys), "now": book.now})


async def write_with(tx: AsyncConnection, key_id: int, *, now: datetime) -> None:
    """From now on new values are written with this key."""
    await tx.execute(_WRITE_WITH, {"key_id": key_id, "now": now})


async def note_use(tx: AsyncConnection, key_ids: Iterable[int], *, now: datetime) -> None:
    """These keys are written with, or values under them were met."""
    await tx.execute(_USED, {"key_ids": sorted(key_ids), "now": now})


async def retire(tx: AsyncConnection, key_ids: Sequence[int], *, now: datetime) -> None:
    """Nothing stands under these keys any more."""
    await tx.execute(_RETIRE, {"key_ids": list(key_ids), "now": now})


async def go_on(
    tx: AsyncConnection,
    column: EncryptedColumn,
    *,
    began_at: datetime,
    position: Sequence[str],
    seen: Mapping[int, int],
) -> None:
    """The round through a column goes on after this row."""
    values = {"began_at": began_at, "position": list(position), "seen": dict(seen)}
    await tx.execute(_GO_ON.bindparams(sa.bindparam("seen", type_=JSONB)), {**values, **_where(column)})


async def note_counts(
    tx: AsyncConnection, column: EncryptedColumn, *, began_at: datetime, counts: Mapping[int, int], now: datetime
) -> None:
    """The round through a column is over and left this many values under each key."""
    await tx.execute(_COUNTED, {"began_at": began_at, "counts": dict(counts), "now": now, **_where(column)})


def _where(column: EncryptedColumn) -> dict[str, str]:
    return {"table_name": column.table_name, "column_name": column.column.name}
