"""A received file is checked row by row and loaded, some hundred thousand rows a step, then published (12.1.1).

Each step is one transaction and says where the next begins, so that a job that was killed goes on where the last whole
step ended. Records stand in a part of their own until the batch is published: nobody reads half a file.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.batch_files import BatchFiles, FileRefused, Piece, csv_pieces, parquet_pieces
from data_sharing.handlers.erasing import ERASE_JOB
from data_sharing.handlers.preparing import Prepared, Preparers
from data_sharing.handlers.registering import (
    PersonRows,
    forget_staged,
    register_entities,
    register_persons,
    stage_persons,
)
from data_sharing.queries.batches import current_batch
from data_sharing.rules.catalogue import Catalogue, FileLayout
from data_sharing.rules.rows import repeated
from data_sharing.tables.registries import batch, batch_reject
from shared import deadlines, outbox
from shared.clock import local_date
from shared.crypto import FieldCipher
from shared.database import driver_connection
from shared.events.data_sharing import BatchPublished, BatchRefused

LOAD_JOB = "load_batch"

_BEFORE = sa.text(
    "select 1 from batch where data_set = :data_set and (state = 'loading'"
    " or state = 'published' and exists (select from person_delivery as staged where staged.batch_id = batch.batch_id))"
)
"""A delivery of the data set that is being loaded, or not yet taken over by the base registry."""
_REJECTS = (
    "insert into batch_reject (batch_id, row_number, reasons)"
    " select $1, row_number, string_to_array(reasons, ' ')"
    " from unnest($2::integer[], $3::text[]) as rejected (row_number, reasons)"
)


@dataclass(frozen=True, kw_only=True)
class Loader:
    """What loading needs besides the database."""

    files: BatchFiles
    catalogue: Catalogue
    cipher: FieldCipher
    preparers: Preparers
    superseded_days: int
    """How long the records of a delivery are kept once the next one counts."""
    piece_bytes: int = 2 * 1024 * 1024
    """What is checked at a time."""
    step_rows: int = 500_000
    step_persons: int = 60_000
    """As `step_rows`, of a base registry: names and addresses are encrypted one by one, and a step must end well before
    its lease.
    """


@dataclass
class _Step:
    """What the parts of one step add up to."""

    position: int
    checked: int = 0
    is_last: bool = False
    """No row is left after it."""
    marks: list[int] = field(default_factory=list)
    rejected: list[tuple[int, list[str]]] = field(default_factory=list)
    persons: list[PersonRows] = field(default_factory=list)


async def load_batch(tx: AsyncConnection, batch_id: UUID, loader: Loader, *, now: datetime) -> None:
    """One step of a batch, and the next one planned. In the end the base registry of persons takes over what differs,
    some at a time, and the file is removed.
    """
    row = (await tx.execute(sa.select(batch).where(batch.c.batch_id == batch_id).with_for_update())).one()
    if row.state in {"published", "refused"}:
        if await register_persons(tx, batch_id, as_of=row.as_of, now=now, at_most=loader.step_persons):
            await deadlines.schedule(tx, kind=LOAD_JOB, subject=str(batch_id), due_at=now)
            return
        await asyncio.to_thread(loader.files.forget, batch_id)
        await _wake_next(tx, row, now=now)
        return
    if row.state == "received" and not await _begin(tx, row):
        # The one before it wakes this one.
        return
    await _go_on(tx, row, loader, now=now)
    await deadlines.schedule(tx, kind=LOAD_JOB, subject=str(batch_id), due_at=now)


async def _go_on(tx: AsyncConnection, row: sa.Row[Any], loader: Loader, *, now: datetime) -> None:
    """Load some more rows; publish or refuse the batch when there are none."""
    layout = loader.catalogue.files[row.data_set]
    await tx.execute(sa.text("savepoint before_step"))
    try:
        step = await _load_step(tx, row, layout, loader, today=local_date(now))
        row = await _note_progress(tx, row, step)
        if step.is_last:
            await _publish(tx, row, layout, superseded_days=loader.superseded_days, now=now)
    except FileRefused as refused:
        await tx.execute(sa.text("rollback to savepoint before_step"))
        await _refuse(tx, row, refused, now=now)


async def _note_progress(tx: AsyncConnection, row: sa.Row[Any], step: _Step) -> sa.Row[Any]:
    """The batch as it stands after a step. Raises FileRefused where its rows are not as many as announced."""
    checked = row.checked_rows + step.checked
    if checked > row.rows or (step.is_last and checked < row.rows):
        found = f"{checked} 行" if step.is_last else "多于此数"
        raise FileRefused("row_count_differs", f"清单 {row.rows} 行，文件 {found}")
    progress = {
        "position": step.position,
        "checked_rows": checked,
        "loaded_rows": row.loaded_rows + len(step.marks),
        "rejected_rows": row.rejected_rows + len(step.rejected),
    }
    noted = sa.update(batch).where(batch.c.batch_id == row.batch_id).values(progress).returning(batch)
    after: sa.Row[Any] = (await tx.execute(noted)).one()
    return after


async def _begin(tx: AsyncConnection, row: sa.Row[Any]) -> bool:
    """Make room for the records, unless another delivery of the data set is being loaded: they go one by one, because
    a base registry takes what differs from the one before.
    """
    await _lock_data_set(tx, row.data_set)
    if (await tx.execute(_BEFORE, {"data_set": row.data_set})).first() is not None:
        return False
    await tx.execute(sa.update(batch).where(batch.c.batch_id == row.batch_id).values(state="loading"))
    await tx.execute(sa.text("select make_batch_part(:batch)"), {"batch": row.batch_id})
    return True


async def _load_step(
    tx: AsyncConnection, row: sa.Row[Any], layout: FileLayout, loader: Loader, *, today: date
) -> _Step:
    driver = await driver_connection(tx)
    step = _Step(position=row.position)
    seen = await asyncio.to_thread(loader.files.marks, row.batch_id, row.loaded_rows)
    async with aclosing(_lines(_prepared(row, layout, loader, step, today=today), step, seen)) as lines:
        await driver.copy_to_table(
            f"register_record_{row.batch_id.hex}",
            source=lines,
            columns=("row_number", "identity_index", "fields"),
            format="csv",
        )
    await asyncio.to_thread(loader.files.add_marks, row.batch_id, row.loaded_rows, step.marks)
    if step.rejected:
        numbers, reasons = [number for number, _ in step.rejected], [" ".join(why) for _, why in step.rejected]
        await driver.execute(_REJECTS, row.batch_id, numbers, reasons)
    for persons in step.persons:
        await stage_persons(driver, row.batch_id, persons, loader.cipher)
    return step


async def _prepared(
    row: sa.Row[Any], layout: FileLayout, loader: Loader, step: _Step, *, today: date
) -> AsyncGenerator[Prepared]:
    """Pieces of one step, in their order; those that follow are made ready while one is on its way to the database."""
    pieces = await _pieces(row, layout, loader)
    enough = row.checked_rows + (loader.step_persons if layout.registry == "persons" else loader.step_rows)
    coming: deque[asyncio.Task[Prepared]] = deque()
    try:
        has_more = True
        while True:
            while has_more and len(coming) < loader.preparers.ahead:
                piece = await asyncio.to_thread(next, pieces, None)
                if piece is None or piece.first_row > enough:
                    has_more, step.is_last = False, piece is None
                    break
                coming.append(asyncio.create_task(loader.preparers.prepare(piece, layout, today)))
            if not coming:
                return
            yield await coming.popleft()
    finally:
        for task in coming:
            task.cancel()
        await asyncio.gather(*coming, return_exceptions=True)


async def _pieces(row: sa.Row[Any], layout: FileLayout, loader: Loader) -> Iterator[Piece]:
    path = loader.files.path(row.batch_id)
    if row.format == "csv":
        rows_before, piece_bytes = row.checked_rows, loader.piece_bytes
        return csv_pieces(path, layout, position=row.position, rows_before=rows_before, piece_bytes=piece_bytes)
    footer = await loader.preparers.footer(path)
    return parquet_pieces(path, layout, footer, rows_before=row.checked_rows)


async def _lines(prepared: AsyncGenerator[Prepared], step: _Step, seen: set[int]) -> AsyncGenerator[bytes]:
    """Lines for COPY. What else there is of them goes to the step."""
    async with aclosing(prepared) as pieces:
        async for one in pieces:
            lines, marks = one.lines, one.marks
            again = set(repeated(marks, seen))
            if again:
                kept = [line for at, line in enumerate(lines.split(b"\n")[:-1]) if at not in again]
                lines = b"".join(line + b"\n" for line in kept)
                marks = [mark for at, mark in enumerate(marks) if at not in again]
            step.position = one.piece.position
            step.checked += one.piece.count
            step.marks += marks
            step.rejected += one.rejected
            step.rejected += [(one.row_numbers[at], ["row:repeated"]) for at in sorted(again)]
            if one.persons is not None:
                step.persons.append(one.persons.without(again))
            yield lines


async def _publish(
    tx: AsyncConnection, row: sa.Row[Any], layout: FileLayout, *, superseded_days: int, now: datetime
) -> None:
    """The batch counts from now on, and the one before it no longer: for every reader at once."""
    await _lock_data_set(tx, row.data_set)
    before = await current_batch(tx, row.data_set)
    if before is not None and before.as_of > row.as_of:
        raise FileRefused("older_than_current", f"文件 {row.as_of}，现行数据 {before.as_of}")
    if before is not None:
        await tx.execute(sa.update(batch).where(batch.c.batch_id == before.batch_id).values(superseded_at=now))
        erase_at = now + timedelta(days=superseded_days)
        await deadlines.schedule(tx, kind=ERASE_JOB, subject=str(before.batch_id), due_at=erase_at)
    await tx.execute(
        sa.update(batch).where(batch.c.batch_id == row.batch_id).values(state="published", published_at=now)
    )
    await tx.execute(sa.text("select join_batch_part(:batch)"), {"batch": row.batch_id})
    if layout.registry == "legal_entities":
        await register_entities(tx, row.batch_id, as_of=row.as_of, now=now)
    published = BatchPublished(
        batch_id=row.batch_id,
        data_set=row.data_set,
        department=row.department,
        as_of=row.as_of,
        rows=row.rows,
        loaded_rows=row.loaded_rows,
        rejected_rows=row.rejected_rows,
        superseded=None if before is None else before.batch_id,
    )
    await outbox.record(tx, published, at=now)


async def _refuse(tx: AsyncConnection, row: sa.Row[Any], why: FileRefused, *, now: datetime) -> None:
    """The whole file is refused: nothing of it stays but the reason."""
    await tx.execute(sa.text("select drop_batch_part(:batch)"), {"batch": row.batch_id})
    await forget_staged(tx, row.batch_id)
    await tx.execute(sa.delete(batch_reject).where(batch_reject.c.batch_id == row.batch_id))
    nothing = dict.fromkeys(("checked_rows", "loaded_rows", "rejected_rows"), 0)
    await tx.execute(
        sa.update(batch)
        .where(batch.c.batch_id == row.batch_id)
        .values(state="refused", refusal=why.code, refused_what=why.what, **nothing)
    )
    refused = BatchRefused(
        batch_id=row.batch_id, data_set=row.data_set, department=row.department, as_of=row.as_of, reason=why.code
    )
    await outbox.record(tx, refused, at=now)


async def _wake_next(tx: AsyncConnection, row: sa.Row[Any], *, now: datetime) -> None:
    waiting = sa.select(batch.c.batch_id).where(
        batch.c.data_set == row.data_set, batch.c.state == "received", batch.c.batch_id != row.batch_id
    )
    for (batch_id,) in (await tx.execute(waiting.order_by(batch.c.as_of, batch.c.received_at))).all():
        await deadlines.schedule(tx, kind=LOAD_JOB, subject=str(batch_id), due_at=now)


async def _lock_data_set(tx: AsyncConnection, data_set: str) -> None:
    await tx.execute(sa.text("select pg_advisory_xact_lock(hashtextextended(:name, 1))"), {"name": data_set})
