"""Who may ask for agreements, decide on them, and read them with what was used: both sides, and those who oversee."""

from uuid import UUID

from fastapi import APIRouter

from data_sharing.api.callers import AgreementAsker, AgreementDecider, AgreementReader, CatalogueDep
from data_sharing.handlers import agreements
from data_sharing.queries.agreements import agreement_detail, agreements_of
from data_sharing.schemas.agreements import AgreementDetail, AgreementList, AgreementRequest, StepRequest
from shared.app import ClockDep, DatabaseDep
from shared.idempotency import Claim, IdempotencyKey, once
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


@router.post("/agreements", status_code=201, responses=problem_responses(409))
async def ask_for_agreement(
    body: AgreementRequest,
    key: IdempotencyKey,
    caller: AgreementAsker,
    database: DatabaseDep,
    clock: ClockDep,
    catalogue: CatalogueDep,
) -> AgreementDetail:
    """申请共享：写明依据、用途、信息项、期限和每日次数。无条件的1个工作日、有条件的10个工作日内答复。"""
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, key, "ask_for_agreement", body, AgreementDetail),
            lambda: agreements.ask_for_agreement(tx, caller, body, catalogue=catalogue, now=clock.now()),
        )


@router.post("/agreements/{agreement_id}/steps", responses=problem_responses(404, 409))
async def take_step(
    agreement_id: UUID,
    body: StepRequest,
    key: IdempotencyKey,
    caller: AgreementDecider,
    database: DatabaseDep,
    clock: ClockDep,
    catalogue: CatalogueDep,
) -> AgreementDetail:
    """提供部门延期答复、同意、拒绝、暂停、恢复或终止。申请人不能审批自己的申请。"""
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, key, f"take_step {agreement_id}", body, AgreementDetail),
            lambda: agreements.take_step(tx, caller, agreement_id, body, catalogue=catalogue, now=clock.now()),
        )
