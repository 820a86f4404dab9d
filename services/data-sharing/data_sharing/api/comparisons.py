"""Who may see what saved comparisons find, run one, and say what came of it."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.api.callers import ComparisonReader, ComparisonsDep, DistrictOfficer
from data_sharing.handlers import comparing
from data_sharing.queries.comparisons import due_at, hit_page, last_runs, open_hits, runs_of
from data_sharing.rules.comparisons import Comparison
from data_sharing.schemas.comparisons import (
    ComparisonList,
    ComparisonView,
    HitDetail,
    HitOutcome,
    HitPage,
    HitView,
    RunList,
)
from data_sharing.schemas.values import Code
from shared import deadlines
from shared.app import ClockDep, DatabaseDep
from shared.idempotency import Claim, IdempotencyKey, once
from shared.problems import not_found, problem_responses

router = APIRouter(prefix="/v1", tags=["comparisons"])


@router.get("/comparisons")
async def list_comparisons(_: ComparisonReader, database: DatabaseDep, comparisons: ComparisonsDep) -> ComparisonList:
    """已保存的数据比对：比什么、依据、多久一次、结果如何。比对结果只是线索，不是决定。"""
    async with database.transaction() as tx:
        return ComparisonList(items=[await _view(tx, one) for one in comparisons.values()])


@router.get("/comparisons/{comparison}/runs", responses=problem_responses(404))
async def list_runs(
    comparison: Code,
    caller: ComparisonReader,
    database: DatabaseDep,
    comparisons: ComparisonsDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> RunList:
    """一项比对的历次运行。"""
    if comparison not in comparisons:
        raise not_found("数据比对", comparison)
    async with database.transaction(caller) as tx:
        return RunList(items=await runs_of(tx, comparison, limit=limit))


@router.post("/comparisons/{comparison}/runs", status_code=202, responses=problem_responses(404, 409))
async def run_now(
    comparison: Code,
    key: IdempotencyKey,
    caller: DistrictOfficer,
    database: DatabaseDep,
    clock: ClockDep,
    comparisons: ComparisonsDep,
) -> ComparisonView:
    """立即比对一次。数据共享协议不允许的，记录为未获准。"""
    if comparison not in comparisons:
        raise not_found("数据比对", comparison)

    async def write() -> ComparisonView:
        await deadlines.schedule(tx, kind=comparing.RUN_JOB, subject=comparison, due_at=clock.now())
        return await _view(tx, comparisons[comparison])

    async with database.transaction() as tx:
        return await once(tx, Claim(caller, key, f"run_comparison {comparison}", "", ComparisonView), write)


@router.get("/comparison-hits")
async def list_hits(
    caller: ComparisonReader,
    database: DatabaseDep,
    comparison: Annotated[Code | None, Query(description="比对代码")] = None,
    state: Annotated[Literal["open", "gone", "settled"] | None, Query(description="状态")] = None,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="上一页的 next_cursor")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> HitPage:
    """比对结果清单，新的在前，不含比对的内容。"""
    async with database.transaction(caller) as tx:
        return await hit_page(tx, comparison=comparison, state=state, before=before, limit=limit)


@router.get("/comparison-hits/{hit_id}", responses=problem_responses(404))
async def read_hit(
    hit_id: UUID,
    caller: ComparisonReader,
    database: DatabaseDep,
    clock: ClockDep,
    comparisons: ComparisonsDep,
) -> HitDetail:
    """一条比对结果及其内容，不含姓名和证件号码；每次查看都会记录。"""
    return await comparing.look_at_hit(database, caller, hit_id, comparisons=comparisons, clock=clock)


@router.post("/comparison-hits/{hit_id}/outcome", responses=problem_responses(404, 409))
async def settle_hit(
    hit_id: UUID,
    body: HitOutcome,
    key: IdempotencyKey,
    caller: DistrictOfficer,
    database: DatabaseDep,
    clock: ClockDep,
) -> HitView:
    """登记核实结果。待遇的变更另依程序决定，不由此产生。"""
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, key, f"settle_hit {hit_id}", body, HitView),
            lambda: comparing.settle_hit(tx, caller, hit_id, body, now=clock.now()),
        )


async def _view(tx: AsyncConnection, comparison: Comparison) -> ComparisonView:
    counts, runs = await open_hits(tx), await last_runs(tx, [comparison.code])
    return ComparisonView(
        comparison=comparison.code,
        title=comparison.title,
        basis=comparison.basis,
        finds=comparison.finds,
        every=comparison.every,
        fields=list(comparison.fields),
        open_hits=counts.get(comparison.code, 0),
        next_run_at=await due_at(tx, comparing.RUN_JOB, comparison.code),
        last_run=runs.get(comparison.code),
    )
