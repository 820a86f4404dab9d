"""Who may have a population snapshot: the service that screens, and the district."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse

from data_sharing.api.callers import SnapshotReader, SnapshotsDep, only_screening
from data_sharing.handlers.snapshots import ask_for_snapshot, open_snapshot
from data_sharing.queries.snapshots import snapshot_row, snapshot_view, snapshots
from data_sharing.schemas.snapshots import SnapshotList, SnapshotView
from shared.app import ClockDep, DatabaseDep
from shared.idempotency import Claim, IdempotencyKey, once
from shared.problems import not_found, problem_responses

router = APIRouter(prefix="/v1", tags=["snapshots"])


@router.post("/snapshots", status_code=202, responses=problem_responses(409))
async def ask(key: IdempotencyKey, caller: SnapshotReader, database: DatabaseDep, clock: ClockDep) -> SnapshotView:
    """生成人口快照，供主动发现筛查：只含假名编号和筛查所需事实，不含姓名、证件号码和地址。"""
    only_screening(caller)
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, key, "ask_for_snapshot", "", SnapshotView),
            lambda: ask_for_snapshot(tx, caller, now=clock.now()),
        )


@router.get("/snapshots")
async def list_snapshots(
    caller: SnapshotReader, database: DatabaseDep, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> SnapshotList:
    """人口快照清单，新的在前。"""
    only_screening(caller)
    async with database.transaction() as tx:
        return SnapshotList(items=await snapshots(tx, limit=limit))


@router.get("/snapshots/{snapshot_id}", responses=problem_responses(404))
async def read_snapshot(snapshot_id: UUID, caller: SnapshotReader, database: DatabaseDep) -> SnapshotView:
    """一份人口快照的情况。"""
    only_screening(caller)
    async with database.transaction() as tx:
        row = await snapshot_row(tx, snapshot_id)
    if row is None:
        raise not_found("人口快照", snapshot_id)
    return snapshot_view(row)


@router.get(
    "/snapshots/{snapshot_id}/file",
    responses={
        200: {"content": {"application/vnd.apache.parquet": {}}, "description": "Parquet"},
        **problem_responses(404, 409),
    },
    response_class=FileResponse,
)
async def download(
    snapshot_id: UUID, caller: SnapshotReader, database: DatabaseDep, clock: ClockDep, kept: SnapshotsDep
) -> FileResponse:
    """下载一份人口快照；每次下载都会记录。"""
    only_screening(caller)
    path = await open_snapshot(database, caller, snapshot_id, snapshots=kept, clock=clock)
    return FileResponse(path, media_type="application/vnd.apache.parquet", filename=f"{snapshot_id}.parquet")
