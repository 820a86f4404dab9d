"""Who may see and answer what a department is asked, and who may ask for more."""

from uuid import UUID

from fastapi import APIRouter

from data_sharing.api.callers import CatalogueDep, CipherDep, Clerk, Service
from data_sharing.handlers import answering, looking, on_request
from data_sharing.schemas.on_request import OnRequestReceipt, OnRequestRequest
from data_sharing.schemas.queries import AnswerReceipt, AnswerRequest, QueryView
from shared.app import ClockDep, DatabaseDep
from shared.idempotency import IdempotencyKey
from shared.problems import problem_responses

router = APIRouter(prefix="/v1")


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


@router.post(
    "/applications/{application_id}/queries", status_code=202, tags=["queries"], responses=problem_responses(404, 409)
)
async def ask_on_request(
    application_id: UUID,
    body: OnRequestRequest,
    key: IdempotencyKey,
    caller: Clerk,
    database: DatabaseDep,
    clock: ClockDep,
    catalogue: CatalogueDep,
) -> OnRequestReceipt:
    """按需查询：在核对之外，就授权书另行载明的数据集说明理由后查询。被拒绝的同样留痕。"""
    return await on_request.ask_on_request(
        database, caller, application_id, body, key, catalogue=catalogue, clock=clock
    )
