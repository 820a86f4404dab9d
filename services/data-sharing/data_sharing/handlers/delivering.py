"""A department announces a file of a data set it owns, then sends it; loading is a job of its own (12.1.1)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.batch_files import BatchFiles, Received
from data_sharing.handlers.loading import LOAD_JOB
from data_sharing.queries.batches import batch_view, current_batch
from data_sharing.rules.batches import REFUSALS
from data_sharing.rules.catalogue import Catalogue
from data_sharing.schemas.batches import BatchView, Manifest
from data_sharing.tables.registries import batch
from shared import deadlines
from shared.auth import Principal
from shared.clock import Clock, local_date
from shared.database import Database
from shared.idempotency import Claim, once
from shared.ids import new_id
from shared.problems import FieldError, Problem, not_found, plain_problem

FILE_TYPES = {
    "csv": ("text/csv", "application/octet-stream"),
    "parquet": ("application/vnd.apache.parquet", "application/octet-stream"),
}


async def announce_batch(
    database: Database,
    caller: Principal,
    manifest: Manifest,
    key: str,
    *,
    catalogue: Catalogue,
    files: BatchFiles,
    clock: Clock,
) -> BatchView:
    """Take a manifest; the first batch again for a file that was announced before.

    Raises Problem 403, 409 and 422.
    """
    now = clock.now()
    _check_owner(caller, manifest, catalogue)
    _check_manifest(manifest, files, today=local_date(now))
    async with database.transaction() as tx:

        async def write() -> BatchView:
            return await _announced(tx, caller, manifest, now=now)

        return await once(tx, Claim(caller, key, "announce_batch", manifest, BatchView), write)


async def receive_file(
    database: Database,
    caller: Principal,
    batch_id: UUID,
    content: AsyncIterator[bytes],
    media_type: str,
    *,
    files: BatchFiles,
    clock: Clock,
) -> BatchView:
    """Write the file of a batch to disk and have it loaded. A file that was received is not replaced.

    Raises Problem 404, 415, and 422 for a file that is not the announced one, which leaves the batch as it was.
    """
    async with database.transaction(caller) as tx:
        row = (await tx.execute(sa.select(batch).where(batch.c.batch_id == batch_id))).first()
    if row is None or row.department != caller.department:
        raise not_found("数据文件", batch_id)
    if row.state != "announced":
        return batch_view(row)
    accepted = FILE_TYPES[row.format]
    if media_type not in accepted:
        raise plain_problem(
            415,
            detail="文件的内容类型应为 " + " 或 ".join(accepted),
            way_out="请注明文件的内容类型后重新上传",
            field="header.Content-Type",
            value=media_type or "（未注明）",
        )
    received = await files.receive(_at_most(content, row.size_bytes))
    try:
        _check_file(received, row.size_bytes, row.checksum)
        return await _keep(database, received, batch_id, files=files, now=clock.now())
    finally:
        await asyncio.to_thread(received.path.unlink, missing_ok=True)


async def _announced(tx: AsyncConnection, caller: Principal, manifest: Manifest, *, now: datetime) -> BatchView:
    of_data_set = batch.c.data_set == manifest.data_set
    same = sa.select(batch).where(of_data_set, batch.c.checksum == manifest.checksum, batch.c.state != "refused")
    known = (await tx.execute(same.with_for_update())).first()
    if known is not None and known.state != "announced":
        return batch_view(known)
    current = await current_batch(tx, manifest.data_set)
    if current is not None and current.as_of > manifest.as_of:
        title, way_out = REFUSALS["older_than_current"]
        raise Problem(
            409,
            "older_than_current",
            title,
            f"文件日期 {manifest.as_of}，现行数据日期 {current.as_of}",
            field="body.as_of",
            value=manifest.as_of,
            way_out=way_out,
        )
    if known is not None:
        # Nothing came of it yet: what is said last counts.
        changed = sa.update(batch).where(batch.c.batch_id == known.batch_id).values(**manifest.model_dump())
        return batch_view((await tx.execute(changed.returning(batch))).one())
    await tx.execute(
        insert(batch)
        .values(
            batch_id=new_id(),
            department=caller.department,
            state="announced",
            announced_at=now,
            **manifest.model_dump(),
        )
        .on_conflict_do_nothing()
    )
    # Of two at once, one wrote it and both are answered with it.
    return batch_view((await tx.execute(same)).one())


async def _keep(
    database: Database, received: Received, batch_id: UUID, *, files: BatchFiles, now: datetime
) -> BatchView:
    async with database.transaction() as tx:
        found = sa.select(batch).where(batch.c.batch_id == batch_id)
        row = (await tx.execute(found.with_for_update())).one()
        if row.state == "announced":
            await asyncio.to_thread(files.keep, received, batch_id)
            await tx.execute(
                sa.update(batch).where(batch.c.batch_id == batch_id).values(state="received", received_at=now)
            )
            await deadlines.schedule(tx, kind=LOAD_JOB, subject=str(batch_id), due_at=now)
            row = (await tx.execute(found)).one()
        return batch_view(row)


async def _at_most(content: AsyncIterator[bytes], size_bytes: int) -> AsyncIterator[bytes]:
    """Stops reading a body that is longer than announced."""
    seen = 0
    async for chunk in content:
        seen += len(chunk)
        if seen > size_bytes:
            raise _differs([_size_error(f"超过 {size_bytes}", size_bytes)])
        yield chunk


def _check_owner(caller: Principal, manifest: Manifest, catalogue: Catalogue) -> None:
    layout = catalogue.files.get(manifest.data_set)
    if layout is None:
        raise Problem(
            422,
            "unknown_data_set",
            "目录中没有这个数据集",
            f"目录中没有数据集 {manifest.data_set}",
            field="body.data_set",
            value=manifest.data_set,
            way_out="请填写目录（GET /v1/data-sets）中本部门的数据集",
        )
    if caller.department != layout.department:
        raise plain_problem(
            403,
            detail=f"数据集 {manifest.data_set} 由{catalogue.departments[layout.department]}提供",
            way_out="请由提供该数据集的部门申报",
        )


def _check_manifest(manifest: Manifest, files: BatchFiles, *, today: date) -> None:
    wrong: list[tuple[str, object, str]] = []
    if manifest.as_of > today:
        wrong.append(("as_of", manifest.as_of, f"日期不得晚于今日 {today}"))
    if manifest.rows > files.limit_rows:
        wrong.append(("rows", manifest.rows, f"一个文件至多 {files.limit_rows} 行"))
    if manifest.size_bytes > files.limit_bytes:
        wrong.append(("size_bytes", manifest.size_bytes, f"一个文件至多 {files.limit_bytes} 字节"))
    if wrong:
        errors = [
            FieldError(field=f"body.{name}", code="out_of_range", value=str(value), message=message)
            for name, value, message in wrong
        ]
        detail = "；".join(message for _, _, message in wrong)
        raise plain_problem(422, detail=detail, errors=errors)


def _check_file(received: Received, size_bytes: int, checksum: str) -> None:
    errors = []
    if received.size_bytes != size_bytes:
        errors.append(_size_error(str(received.size_bytes), size_bytes))
    if received.checksum != checksum:
        message = f"SM3 校验值应为 {checksum}，收到的是 {received.checksum}"
        errors.append(FieldError(field="body.checksum", code="checksum_differs", value=None, message=message))
    if errors:
        raise _differs(errors)


def _size_error(value: str, size_bytes: int) -> FieldError:
    return FieldError(
        field="body.size_bytes", code="size_differs", value=value, message=f"清单所列的大小是 {size_bytes} 字节"
    )


def _differs(errors: list[FieldError]) -> Problem:
    return Problem(
        422,
        "file_differs",
        "文件与清单不符",
        "；".join(error.message for error in errors),
        errors=errors,
        way_out="请核对文件是否完整，重新上传；清单有误的，请重新申报",
    )
