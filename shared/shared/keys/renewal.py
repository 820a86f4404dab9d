"""Values under an older key are written again under the one of now: some rows of one column, in one transaction.

Nothing newer is overwritten: a ciphertext is replaced only where it still stands, and a row that somebody is writing is
left for another round.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.crypto import CannotDecrypt, FieldCipher, key_id_of
from shared.keys import book as remembered
from shared.keys.columns import EncryptedColumn
from shared.keys.rules import Book, Progress

_RENEW = sa.text(
    "select renew_values(:of_table, :of_column, cast(:places as text[]), cast(:olds as bytea[]),"
    " cast(:news as bytea[]))"
)
_UNREADABLE = -1
"""Stands for the key of what is no ciphertext of ours."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Renewal:
    """One value that can be written again."""

    row: sa.Row[Any]
    key_id: int
    value: bytes


async def renew_page(
    tx: AsyncConnection, column: EncryptedColumn, progress: Progress, book: Book, *, cipher: FieldCipher, rows: int
) -> None:
    """The next rows of a column. `book` is open in this transaction; the keys of `cipher` write with what it says."""
    page = (await tx.execute(column.page(progress.position, rows=rows))).all()
    renewals, left = await asyncio.to_thread(_renewed, column, page, cipher)
    done: set[int] = set()
    if renewals:
        values = {
            "of_table": column.table_name,
            "of_column": column.column.name,
            "places": [one.row.place for one in renewals],
            "olds": [one.row.value for one in renewals],
            "news": [one.value for one in renewals],
        }
        done = {at - 1 for at in (await tx.execute(_RENEW, values)).scalars()}
    left.update(one.key_id for at, one in enumerate(renewals) if at not in done)
    left[cipher.ring.current] += len(done)
    met = {one.key_id for one in renewals} | {key_id for key_id in left if key_id != cipher.ring.current}
    if met:
        await remembered.note_use(tx, met, now=book.now)
    seen = Counter(progress.seen) + left
    began_at = progress.began_at or book.now
    if len(page) == rows:
        await remembered.go_on(tx, column, began_at=began_at, position=page[-1].at, seen=seen)
    else:
        await remembered.note_counts(tx, column, began_at=began_at, counts=seen, now=book.now)


def _renewed(
    column: EncryptedColumn, page: Sequence[sa.Row[Any]], cipher: FieldCipher
) -> tuple[list[_Renewal], Counter[int]]:
    """What is to be written again, and how many values are left as they are, by key id."""
    current = cipher.ring.current
    renewals: list[_Renewal] = []
    left: Counter[int] = Counter()
    for row in page:
        key_id = _UNREADABLE
        try:
            key_id = key_id_of(row.value)
            if key_id != current:
                field = column.field_of(row.at[0])
                renewals.append(
                    _Renewal(row, key_id, cipher.encrypt(cipher.decrypt(row.value, field=field), field=field))
                )
                continue
        except CannotDecrypt as error:
            _log.error("keys.value_unreadable", column=column.name, key_id=key_id, error=str(error))
        left[key_id] += 1
    return renewals, left
