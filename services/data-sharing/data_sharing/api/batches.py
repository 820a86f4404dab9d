"""Who may deliver files, and who may see how deliveries stand."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from data_sharing.api.callers import BatchReader, CatalogueDep, FilesDep, Service
from data_sharing.handlers import delivering
from data_sharing.queries.batches import batch_page, find_batch, reject_page
from data_sharing.schemas.batches import BatchPage, BatchView, Manifest, RejectPage
from data_sharing.schemas.values import Code
from shared.app import ClockDep, DatabaseDep
from shared.idempotency import IdempotencyKey
from shared.problems import not_found, problem_responses

router = APIRouter(prefix="/v1")


@router.post("/batches", tags=["batches"], responses=problem_responses(409))
async def announce_batch(
    body: Manifest,
    caller: Service,
    key: IdempotencyKey,
    database: DatabaseDep,
    catalogue: CatalogueDep,
    files: FilesDep,
    clock: ClockDep,
) -> BatchView:
    """部门申报将要上传的数据文件。同一数据集的同一文件再次申报，答复仍是第一次的。"""
    return await delivering.announce_batch(database, caller, body, key, catalogue=catalogue, files=files, clock=clock)


@router.put("/batches/{batch_id}/file", tags=["batches"], responses=problem_responses(404, 415))
async def receive_file(
    batch_id: UUID, request: Request, caller: Service, database: DatabaseDep, files: FilesDep, clock: ClockDep
) -> BatchView:
    """上传申报的文件。请求内容即文件本身；CSV 用 UTF-8 编码，首行为列名，一行一条。

    内容类型为 text/csv、application/vnd.apache.parquet 或 application/octet-stream。与清单不符的不收，可以重新上传；
    已收到的不再替换。
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return await delivering.receive_file(
        database, caller, batch_id, request.stream(), media_type, files=files, clock=clock
    )


@router.get("/batches/{batch_id}", tags=["batches"], responses=problem_responses(404))
async def read_batch(batch_id: UUID, caller: BatchReader, database: DatabaseDep) -> BatchView:
    """一次文件提供的进度：已检查、入库、退回的行数。"""
    async with database.transaction(caller) as tx:
        found = await find_batch(tx, batch_id)
    if found is None:
        raise not_found("数据文件", batch_id)
    return found


@router.get("/batches", tags=["batches"])
async def list_batches(
    caller: BatchReader,
    database: DatabaseDep,
    data_set: Annotated[Code | None, Query(description="只看一个数据集")] = None,
    cursor: Annotated[UUID | None, Query(description="上一页的 next_cursor")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> BatchPage:
    """各次文件提供，最新的在前。部门只看到本部门的。"""
    async with database.transaction(caller) as tx:
        return await batch_page(tx, data_set=data_set, before=cursor, limit=limit)


@router.get("/batches/{batch_id}/rejects", tags=["batches"], responses=problem_responses(404))
async def list_rejects(
    batch_id: UUID,
    caller: BatchReader,
    database: DatabaseDep,
    after: Annotated[int, Query(ge=0, le=2_147_483_647, description="上一页的 next_cursor")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> RejectPage:
    """退回的行：行号和原因代码，不含行中内容。"""
    async with database.transaction(caller) as tx:
        if await find_batch(tx, batch_id) is None:
            raise not_found("数据文件", batch_id)
        return await reject_page(tx, batch_id, after=after, limit=limit)
