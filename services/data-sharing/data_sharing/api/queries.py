"""Who may see and answer what a department is asked."""

from uuid import UUID

from fastapi import APIRouter

from data_sharing.api.callers import CatalogueDep, CipherDep, Service
from data_sharing.handlers import answering, looking
from data_sharing.schemas.queries import AnswerReceipt, AnswerRequest, QueryView
from shared.app import ClockDep, DatabaseDep
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
