"""Who may call intake: applications, household files, the time line."""

from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Request, Response

from intake.handlers.application import Desk, submit_application
from intake.handlers.household import register_household
from intake.queries.applications import application_detail, application_page, declaration
from intake.queries.households import household_file
from intake.queries.pages import Cursor, Limit, decode_cursor
from intake.queries.timeline import application_timeline, household_timeline
from intake.rules.application import DECLARATION_READER
from intake.schemas.application import (
    ApplicationDetail,
    ApplicationPage,
    ApplicationReceipt,
    ApplicationStatus,
    Declaration,
    Submission,
)
from intake.schemas.household import HouseholdFile, HouseholdRegistered, HouseholdRegistration
from intake.schemas.timeline import TimelinePage
from shared.app import DatabaseDep
from shared.auth import STAFF, Principal, Role, require
from shared.idempotency import IdempotencyKey
from shared.identity import StreetCode
from shared.problems import plain_problem, problem_responses

_log = structlog.get_logger(__name__)

router = APIRouter(prefix="/v1")


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


DeskDep = Annotated[Desk, Depends(_desk)]
Applicant = Annotated[Principal, Depends(require(Role.RESIDENT, Role.STREET_CLERK))]
Clerk = Annotated[Principal, Depends(require(Role.STREET_CLERK))]
Staff = Annotated[Principal, Depends(require(*STAFF))]
ResidentOrStaff = Annotated[Principal, Depends(require(Role.RESIDENT, *STAFF))]
StaffOrService = Annotated[Principal, Depends(require(*STAFF, Role.SERVICE))]
Service = Annotated[Principal, Depends(require(Role.SERVICE))]


@router.post("/applications", status_code=201, responses=problem_responses(409), summary="提交申请（一证两书）")
async def post_application(
    submission: Submission, key: IdempotencyKey, caller: Applicant, database: DatabaseDep, desk: DeskDep
) -> ApplicationReceipt:
    """Residents apply for themselves, clerks for people of their streets. Nothing but 一证两书 is asked for."""
    return await submit_application(database, caller=caller, submission=submission, idempotency_key=key, desk=desk)


@router.get("/applications", summary="申请列表")
async def get_applications(
    caller: Staff,
    database: DatabaseDep,
    street: StreetCode | None = None,
    status: ApplicationStatus | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ApplicationPage:
    """Applications in the caller's streets, the newest first."""
    after = decode_cursor(cursor)
    async with database.transaction(caller) as tx:
        return await application_page(tx, caller=caller, street=street, status=status, after=after, limit=limit)


@router.get("/applications/{application_id}", responses=problem_responses(404), summary="申请详情")
async def get_application(
    application_id: UUID, caller: ResidentOrStaff, database: DatabaseDep, desk: DeskDep
) -> ApplicationDetail:
    """One application with its members, masked."""
    async with database.transaction(caller) as tx:
        return await application_detail(tx, application_id, cipher=desk.cipher, today=desk.clock.today())


@router.get("/applications/{application_id}/timeline", responses=problem_responses(404), summary="办理进度")
async def get_application_timeline(
    application_id: UUID, caller: ResidentOrStaff, database: DatabaseDep, cursor: Cursor = None, limit: Limit = 50
) -> TimelinePage:
    """What happened to the application, the oldest first, in plain words."""
    after = decode_cursor(cursor)
    async with database.transaction(caller) as tx:
        return await application_timeline(tx, application_id, after=after, limit=limit)


@router.get(
    "/applications/{application_id}/declaration",
    responses=problem_responses(404),
    response_model_exclude_unset=True,
    summary="申报内容（仅供数据共享服务）",
)
async def get_declaration(application_id: UUID, caller: Service, database: DatabaseDep, desk: DeskDep) -> Declaration:
    """The only place that gives out identity numbers, to data-sharing alone. Facts not declared are absent, unknown
    ones null.
    """
    if caller.client_id != DECLARATION_READER:
        raise plain_problem(403, detail="申报内容只提供给数据共享服务")
    async with database.transaction(caller) as tx:
        found = await declaration(tx, application_id, cipher=desk.cipher)
    _log.info("declaration.read", application_id=str(application_id), client_id=caller.client_id)
    return found


@router.post(
    "/households",
    status_code=201,
    responses=problem_responses(409) | {200: {"model": HouseholdRegistered, "description": "该户已有档案"}},
    summary="为急难家庭建档",
)
async def post_household(
    registration: HouseholdRegistration,
    key: IdempotencyKey,
    caller: Clerk,
    database: DatabaseDep,
    desk: DeskDep,
    response: Response,
) -> HouseholdRegistered:
    """Opens a household's file before any application; the same persons keep the same file."""
    registered = await register_household(
        database, caller=caller, registration=registration, idempotency_key=key, desk=desk
    )
    if not registered.is_new:
        response.status_code = 200
    return registered


@router.get("/households/{household_id}", responses=problem_responses(404), summary="家庭档案（一户一档）")
async def get_household(
    household_id: UUID, caller: StaffOrService, database: DatabaseDep, desk: DeskDep
) -> HouseholdFile:
    """One household's file, masked."""
    async with database.transaction(caller) as tx:
        return await household_file(tx, household_id, cipher=desk.cipher, today=desk.clock.today())


@router.get("/households/{household_id}/timeline", responses=problem_responses(404), summary="家庭全部办理记录")
async def get_household_timeline(
    household_id: UUID, caller: ResidentOrStaff, database: DatabaseDep, cursor: Cursor = None, limit: Limit = 50
) -> TimelinePage:
    """Everything that happened to the household: applications, benefits, grants and referrals in one line."""
    after = decode_cursor(cursor)
    async with database.transaction(caller) as tx:
        return await household_timeline(tx, household_id, after=after, limit=limit)
