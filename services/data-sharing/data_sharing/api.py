"""Who may ask data-sharing for what."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from data_sharing.handlers import answering, looking
from data_sharing.queries import access_page, verification_rate
from data_sharing.rules.catalogue import Catalogue
from data_sharing.schemas import (
    AccessPage,
    AnswerReceipt,
    AnswerRequest,
    DataSetList,
    DataSetView,
    FactsView,
    FieldView,
    QueryView,
    VerificationRate,
    VerificationView,
)
from shared.app import ClockDep, DatabaseDep
from shared.auth import OVERSEERS, STAFF, Principal, Role, require
from shared.crypto import FieldCipher
from shared.problems import plain_problem, problem_responses

router = APIRouter(prefix="/v1")

Anyone = Annotated[Principal, Depends(require(*Role))]
Service = Annotated[Principal, Depends(require(Role.SERVICE))]
CaseReader = Annotated[Principal, Depends(require(Role.RESIDENT, *STAFF, *OVERSEERS))]
LedgerReader = Annotated[Principal, Depends(require(Role.RESIDENT, *OVERSEERS))]
IndicatorReader = Annotated[Principal, Depends(require(*STAFF, *OVERSEERS, Role.OPS))]


async def _catalogue(request: Request) -> Catalogue:
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue


async def _cipher(request: Request) -> FieldCipher:
    cipher: FieldCipher = request.app.state.cipher
    return cipher


CatalogueDep = Annotated[Catalogue, Depends(_catalogue)]
CipherDep = Annotated[FieldCipher, Depends(_cipher)]


@router.get("/data-sets", tags=["catalogue"])
async def list_data_sets(_: Anyone, catalogue: CatalogueDep) -> DataSetList:
    """目录：各部门有哪些数据集、字段，以及每个字段核实什么。"""
    return DataSetList(
        items=[
            DataSetView(
                code=data_set.code,
                title=data_set.title,
                department=data_set.department,
                department_title=catalogue.departments[data_set.department],
                refreshed=data_set.refreshed,
                fields=[
                    FieldView(
                        name=field.name, title=field.title, sensitivity=field.sensitivity, verifies=field.verifies
                    )
                    for field in data_set.fields.values()
                ],
            )
            for data_set in catalogue.data_sets.values()
        ]
    )


@router.get("/queries/{query_id}", tags=["queries"], responses=problem_responses(404))
async def read_query(
    query_id: UUID,
    caller: Service,
    database: DatabaseDep,
    clock: ClockDep,
    catalogue: CatalogueDep,
    cipher: CipherDep,
) -> QueryView:
    """一个部门要核对的人员。仅限该部门，且授权书有效；每次查看都会记录。"""
    return await looking.look_at_query(
        database, caller, query_id=query_id, catalogue=catalogue, cipher=cipher, clock=clock
    )


@router.put("/queries/{query_id}/answer", tags=["queries"], responses=problem_responses(404, 409))
async def answer_query(
    query_id: UUID,
    body: AnswerRequest,
    caller: Service,
    database: DatabaseDep,
    clock: ClockDep,
    catalogue: CatalogueDep,
) -> AnswerReceipt:
    """部门的答复。相同的答复可以重复提交；核对完成前可以更正。"""
    return await answering.answer_query(
        database, caller, query_id=query_id, body=body, catalogue=catalogue, clock=clock
    )


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


@router.get("/accesses", tags=["accesses"])
async def list_accesses(
    caller: LedgerReader,
    database: DatabaseDep,
    catalogue: CatalogueDep,
    household_id: Annotated[UUID | None, Query(description="审计、监察人员必填；居民查自己家的不填")] = None,
    cursor: Annotated[UUID | None, Query(description="上一页的 next_cursor")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AccessPage:
    """谁查过我：谁、何时、为何、看了什么、是否被拒绝。"""
    if caller.row_scope != "resident" and household_id is None:
        raise plain_problem(422, detail="请指明要查的家庭", field="query.household_id")
    async with database.transaction(caller) as tx:
        return await access_page(tx, catalogue, caller, household_id=household_id, before=cursor, limit=limit)


@router.get("/indicators/verification-rate", tags=["indicators"])
async def read_verification_rate(caller: IndicatorReader, database: DatabaseDep, clock: ClockDep) -> VerificationRate:
    """核对率，含分子、分母、免核对情形；街道人员看本街道的。"""
    async with database.transaction(caller) as tx:
        return await verification_rate(tx, now=clock.now())
