"""Who may report a family in trouble, see leads, follow them and end them."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from data_sharing.api.callers import (
    CipherDep,
    DistrictOfficer,
    IndicatorReader,
    LeadFollower,
    LeadHandler,
    LeadReader,
    LeadSender,
)
from data_sharing.handlers import lead_batches, lead_looking, lead_reports, leads
from data_sharing.queries.lead_indicator import lead_indicator
from data_sharing.queries.leads import lead_page, report_view
from data_sharing.schemas.leads import (
    ContactRequest,
    LeadBatch,
    LeadBatchAnswer,
    LeadDetail,
    LeadIndicator,
    LeadPage,
    LeadReport,
    LeadReportView,
    LeadStateName,
    LeadView,
    OutcomeRequest,
    PersonRequest,
    StreetRequest,
)
from shared.app import ClockDep, DatabaseDep
from shared.clock import Day
from shared.idempotency import Claim, IdempotencyKey, once
from shared.identity import StreetCode
from shared.problems import not_found, plain_problem, problem_responses

router = APIRouter(prefix="/v1", tags=["leads"])


@router.post("/lead-reports", status_code=201, responses=problem_responses(409))
async def report_somebody(
    body: LeadReport,
    key: IdempotencyKey,
    caller: LeadSender,
    database: DatabaseDep,
    clock: ClockDep,
    cipher: CipherDep,
) -> LeadReportView:
    """报送一名困难群众：公安、应急、热线按本单位途径，街道按社区走访、群众举报。同一人的并入已有线索。"""

    async def write() -> LeadReportView:
        return (await lead_reports.receive(tx, caller, body, cipher=cipher, now=clock.now())).view

    async with database.transaction() as tx:
        return await once(tx, Claim(caller, key, "report_somebody", body, LeadReportView), write)


@router.post("/lead-reports/batch", responses=problem_responses(409))
async def report_several(
    body: LeadBatch,
    key: IdempotencyKey,
    caller: LeadSender,
    database: DatabaseDep,
    clock: ClockDep,
    cipher: CipherDep,
) -> LeadBatchAnswer:
    """成批报送，至多200条。格式不符的整批退回；内容有误的单条退回并说明原因，其余照收。"""
    return await lead_batches.receive_all(database, caller, body, key, cipher=cipher, clock=clock)


@router.get("/lead-reports/{report_id}", responses=problem_responses(404))
async def read_report_of_somebody(report_id: UUID, caller: LeadSender, database: DatabaseDep) -> LeadReportView:
    """报送单位查看办理情况：是否已联系、结果如何，不含家庭信息。"""
    async with database.transaction() as tx:
        if not await lead_reports.is_sender(tx, caller, report_id):
            raise not_found("报送", report_id)
        return await report_view(tx, report_id)


@router.get("/leads")
async def list_leads(
    caller: LeadReader,
    database: DatabaseDep,
    clock: ClockDep,
    state: Annotated[LeadStateName | None, Query(description="办理状态")] = None,
    street: Annotated[StreetCode | None, Query(description="街道代码")] = None,
    before: Annotated[UUID | None, Query(description="上一页的 next_cursor")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> LeadPage:
    """线索清单，新的在前，不含个人信息：街道看本街道的，部门看告知本部门的，区级看全部。"""
    async with database.transaction(caller) as tx:
        return await lead_page(tx, state=state, street=street, before=before, limit=limit, now=clock.now())


@router.get("/leads/{lead_id}", responses=problem_responses(404))
async def read_lead(
    lead_id: UUID,
    caller: LeadReader,
    database: DatabaseDep,
    clock: ClockDep,
    cipher: CipherDep,
    view: Annotated[
        Literal["masked", "full"], Query(description="full 须持该线索的 unmask 权限，并单独留痕")
    ] = "masked",
) -> LeadDetail:
    """一条线索：报送情况、比对结果、联系经过。每次查看都会记录。"""
    is_masked = view == "masked"
    return await lead_looking.look_at_lead(database, caller, lead_id, masked=is_masked, cipher=cipher, clock=clock)


@router.post("/leads/{lead_id}/contacts", status_code=201, responses=problem_responses(404, 409))
async def note_contact(
    lead_id: UUID,
    body: ContactRequest,
    key: IdempotencyKey,
    caller: LeadFollower,
    database: DatabaseDep,
    clock: ClockDep,
) -> LeadView:
    """登记一次联系。见面或通话后，首次联系的期限停止计算。"""
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, key, f"note_contact {lead_id}", body, LeadView),
            lambda: leads.note_contact(tx, caller, lead_id, body, now=clock.now()),
        )


@router.post("/leads/{lead_id}/person", responses=problem_responses(404, 409))
async def choose_person(
    lead_id: UUID,
    body: PersonRequest,
    key: IdempotencyKey,
    caller: LeadHandler,
    database: DatabaseDep,
    clock: ClockDep,
) -> LeadView:
    """在候选人中确认是谁；都不是的填 null。"""
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, key, f"choose_person {lead_id}", body, LeadView),
            lambda: leads.choose_person(tx, caller, lead_id, body, now=clock.now()),
        )


@router.post("/leads/{lead_id}/street", responses=problem_responses(404, 409))
async def assign_street(
    lead_id: UUID,
    body: StreetRequest,
    key: IdempotencyKey,
    caller: DistrictOfficer,
    database: DatabaseDep,
    clock: ClockDep,
) -> LeadView:
    """区民政局落实到街道，或改由其他街道办理。期限照算。"""
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, key, f"assign_street {lead_id}", body, LeadView),
            lambda: leads.assign_street(tx, caller, lead_id, body, now=clock.now()),
        )


@router.post("/leads/{lead_id}/outcome", responses=problem_responses(404, 409))
async def close_lead(
    lead_id: UUID,
    body: OutcomeRequest,
    key: IdempotencyKey,
    caller: LeadHandler,
    database: DatabaseDep,
    clock: ClockDep,
) -> LeadView:
    """办结。线索本身不给予待遇；不实的线索，个人信息在30日后清除。"""
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, key, f"close_lead {lead_id}", body, LeadView),
            lambda: leads.close_lead(tx, caller, lead_id, body, now=clock.now()),
        )


@router.get("/indicators/leads", tags=["indicators"])
async def read_lead_indicator(
    caller: IndicatorReader,
    database: DatabaseDep,
    clock: ClockDep,
    first_on: Annotated[Day, Query(description="第一日")],
    last_on: Annotated[Day, Query(description="最后一日")],
) -> LeadIndicator:
    """线索及时联系率，以及比对和办理结果。"""
    if last_on < first_on:
        raise plain_problem(422, detail="最后一日不能早于第一日", field="query.last_on", value=last_on)
    async with database.transaction(caller) as tx:
        return await lead_indicator(tx, first_on=first_on, last_on=last_on, now=clock.now())
