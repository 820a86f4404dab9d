"""Who may see which papers may be asked for, and ask a family for one."""

from uuid import UUID

from fastapi import APIRouter

from data_sharing.api.callers import Anyone, CaseReader, CatalogueDep, Clerk
from data_sharing.handlers import papers
from data_sharing.queries.cases import case_of_application
from data_sharing.queries.papers import paper_requests_of
from data_sharing.rules.papers import held
from data_sharing.schemas.papers import (
    PaperList,
    PaperOutcome,
    PaperRequest,
    PaperRequestList,
    PaperRequestView,
    PaperView,
    Supply,
)
from shared.app import ClockDep, DatabaseDep
from shared.idempotency import Claim, IdempotencyKey, once
from shared.papers import PAPERS
from shared.problems import not_found, problem_responses

router = APIRouter(prefix="/v1", tags=["papers"])


@router.get("/papers")
async def list_papers(_: Anyone, catalogue: CatalogueDep) -> PaperList:
    """材料清单：哪些可以要求群众提交，哪些由部门数据提供、不得要求提交。"""
    fields_of = held(catalogue)
    return PaperList(
        items=[
            PaperView(
                paper=paper.code,
                title=paper.title,
                may_be_asked_for=paper.code not in fields_of,
                supplied_by=[
                    Supply(
                        data_set=code,
                        department=catalogue.data_sets[code].department,
                        department_title=catalogue.departments[catalogue.data_sets[code].department],
                        fields=[field.path for field in fields_of[paper.code] if field.data_set == code],
                    )
                    for code in dict.fromkeys(field.data_set for field in fields_of.get(paper.code, ()))
                ],
            )
            for paper in PAPERS.values()
        ]
    )


@router.get("/applications/{application_id}/paper-requests", responses=problem_responses(404))
async def list_paper_requests(application_id: UUID, caller: CaseReader, database: DatabaseDep) -> PaperRequestList:
    """一件申请要求提交过的材料。"""
    async with database.transaction(caller) as tx:
        if await case_of_application(tx, application_id) is None:
            raise not_found("申请", application_id)
        return PaperRequestList(items=await paper_requests_of(tx, application_id))


@router.post("/applications/{application_id}/paper-requests", status_code=201, responses=problem_responses(404, 409))
async def ask_for_paper(
    application_id: UUID,
    body: PaperRequest,
    key: IdempotencyKey,
    caller: Clerk,
    database: DatabaseDep,
    clock: ClockDep,
    catalogue: CatalogueDep,
) -> PaperRequestView:
    """请群众提交一份材料。部门数据能够提供的，不予登记。"""
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, key, f"ask_for_paper {application_id}", body, PaperRequestView),
            lambda: papers.ask_for_paper(tx, caller, application_id, body, catalogue=catalogue, now=clock.now()),
        )


@router.post("/paper-requests/{paper_request_id}/outcome", responses=problem_responses(404, 409))
async def settle_paper(
    paper_request_id: UUID,
    body: PaperOutcome,
    key: IdempotencyKey,
    caller: Clerk,
    database: DatabaseDep,
    clock: ClockDep,
) -> PaperRequestView:
    """登记材料已收到，或不再需要。"""
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, key, f"settle_paper {paper_request_id}", body, PaperRequestView),
            lambda: papers.settle_paper(tx, caller, paper_request_id, body, now=clock.now()),
        )
