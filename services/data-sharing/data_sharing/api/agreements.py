"""Who may read agreements and what was used of them: both sides, and those who oversee."""

from uuid import UUID

from fastapi import APIRouter

from data_sharing.api.callers import AgreementReader, CatalogueDep
from data_sharing.queries.agreements import agreement_detail, agreements_of
from data_sharing.schemas.agreements import AgreementDetail, AgreementList
from shared.app import ClockDep, DatabaseDep
from shared.problems import not_found, problem_responses

router = APIRouter(prefix="/v1", tags=["agreements"])


@router.get("/agreements")
async def list_agreements(
    caller: AgreementReader, database: DatabaseDep, clock: ClockDep, catalogue: CatalogueDep
) -> AgreementList:
    """共享协议及今日用量：提供方和使用方看自己的，区级和审计监察人员看全部。"""
    async with database.transaction(caller) as tx:
        return AgreementList(items=await agreements_of(tx, caller, catalogue, today=clock.today()))


@router.get("/agreements/{agreement_id}", responses=problem_responses(404))
async def read_agreement(
    agreement_id: UUID, caller: AgreementReader, database: DatabaseDep, clock: ClockDep, catalogue: CatalogueDep
) -> AgreementDetail:
    """一份共享协议，及每日用量。"""
    async with database.transaction(caller) as tx:
        found = await agreement_detail(tx, caller, agreement_id, catalogue, today=clock.today())
    if found is None:
        raise not_found("共享协议", agreement_id)
    return found
