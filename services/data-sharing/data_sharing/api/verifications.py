"""Who may see how a verification stands, its report and its facts, object to it, and have it renewed."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from data_sharing.api.callers import CaseHandler, CaseReader, CatalogueDep, CipherDep, Renewer, Service
from data_sharing.handlers import looking, objections, renewing, reporting
from data_sharing.schemas.objections import ObjectionRequest, ObjectionView
from data_sharing.schemas.reports import ReportView
from data_sharing.schemas.verifications import FactsView, VerificationReceipt, VerificationView
from shared.app import ClockDep, DatabaseDep
from shared.idempotency import Claim, IdempotencyKey, once
from shared.problems import problem_responses

router = APIRouter(prefix="/v1")


@router.get("/verifications/{verification_id}", tags=["verifications"], responses=problem_responses(404))
async def read_verification(
    verification_id: UUID, caller: CaseReader, database: DatabaseDep, clock: ClockDep, catalogue: CatalogueDep
) -> VerificationView:
    """一次核对的进展和结果。"""
    return await looking.look_at_verification(
        database, caller, verification_id=verification_id, catalogue=catalogue, clock=clock
    )


@router.get("/applications/{application_id}/verification", tags=["verifications"], responses=problem_responses(404))
async def read_application_verification(
    application_id: UUID, caller: CaseReader, database: DatabaseDep, clock: ClockDep, catalogue: CatalogueDep
) -> VerificationView:
    """一件申请的核对进展和结果。"""
    return await looking.look_at_verification(
        database, caller, application_id=application_id, catalogue=catalogue, clock=clock
    )


@router.get("/applications/{application_id}/facts", tags=["facts"], responses=problem_responses(404, 409))
async def read_facts(
    application_id: UUID,
    purpose: Annotated[
        str, Query(pattern=r"^[a-z_]{1,40}$", description="用途，须为授权书所载", examples=["assessment"])
    ],
    caller: Service,
    database: DatabaseDep,
    clock: ClockDep,
    catalogue: CatalogueDep,
) -> FactsView:
    """核实后的家庭事实及其来源，不含姓名和身份证号码；每次查看都会记录。"""
    return await looking.look_at_facts(
        database, caller, application_id=application_id, purpose=purpose, catalogue=catalogue, clock=clock
    )


@router.get(
    "/applications/{application_id}/verification/report", tags=["verifications"], responses=problem_responses(404, 409)
)
async def read_report(
    application_id: UUID,
    caller: CaseReader,
    database: DatabaseDep,
    clock: ClockDep,
    catalogue: CatalogueDep,
    cipher: CipherDep,
    view: Annotated[
        Literal["masked", "full"], Query(description="full 须持该申请的 unmask 权限，并单独留痕")
    ] = "masked",
) -> ReportView:
    """核对报告：核对了谁、依据谁的授权、各部门如何答复、有效期。居民看到的是脱敏本。"""
    return await reporting.read_report(
        database, caller, application_id, masked=view == "masked", catalogue=catalogue, cipher=cipher, clock=clock
    )


@router.post(
    "/applications/{application_id}/objections",
    status_code=201,
    tags=["verifications"],
    responses=problem_responses(404, 409),
)
async def raise_objection(
    application_id: UUID,
    body: ObjectionRequest,
    key: IdempotencyKey,
    caller: CaseHandler,
    database: DatabaseDep,
    clock: ClockDep,
    catalogue: CatalogueDep,
) -> ObjectionView:
    """对核对结果提出异议：由数据部门在10个工作日内复核。"""
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, key, f"raise_objection {application_id}", body, ObjectionView),
            lambda: objections.raise_objection(tx, caller, application_id, body, catalogue=catalogue, now=clock.now()),
        )


@router.post(
    "/applications/{application_id}/verifications",
    status_code=202,
    tags=["verifications"],
    responses=problem_responses(404, 409),
)
async def renew_verification(
    application_id: UUID,
    key: IdempotencyKey,
    caller: Renewer,
    database: DatabaseDep,
    clock: ClockDep,
    catalogue: CatalogueDep,
) -> VerificationReceipt:
    """核对过期后重新发起。仍有效或进行中的不重复发起；授权书须有效。"""
    return await renewing.renew_verification(database, caller, application_id, key, catalogue=catalogue, clock=clock)
