"""Who may call intake: applications, household files, files of homeless persons, the time line."""

from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Request, Response

from intake.handlers.application import Desk, submit_application
from intake.handlers.homeless import file_homeless_person, identify_homeless_person
from intake.handlers.homeless_aid import record_aid, take_step
from intake.handlers.household import register_household
from intake.queries.applications import application_detail, application_page, declaration
from intake.queries.homeless import homeless_person_file, homeless_person_household, homeless_person_page
from intake.queries.households import household_file
from intake.queries.pages import Cursor, Limit, decode_cursor
from intake.queries.timeline import application_timeline, household_timeline
from intake.rules.application import DECLARATION_READER
from intake.rules.homeless import HomelessState
from intake.schemas.application import (
    ApplicationDetail,
    ApplicationPage,
    ApplicationReceipt,
    ApplicationStatus,
    Declaration,
    Submission,
)
from intake.schemas.homeless import (
    AidGiven,
    AidRecorded,
    HomelessPersonFile,
    HomelessPersonFiled,
    HomelessPersonFound,
    HomelessPersonHousehold,
    HomelessPersonIdentified,
    HomelessPersonPage,
    IdentityFound,
    StepRecorded,
    StepTaken,
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


@router.post(
    "/homeless-persons",
    status_code=201,
    responses=problem_responses(409) | {200: {"model": HomelessPersonFiled, "description": "此人在本街道已有档案"}},
    summary="为流浪乞讨人员建档",
)
async def post_homeless_person(
    found: HomelessPersonFound,
    key: IdempotencyKey,
    caller: Clerk,
    database: DatabaseDep,
    desk: DeskDep,
    response: Response,
) -> HomelessPersonFiled:
    """Opens the file of somebody who lives on the street, papers and name or not (clause 4.5.1)."""
    filed = await file_homeless_person(database, caller=caller, found=found, idempotency_key=key, desk=desk)
    if not filed.is_new:
        response.status_code = 200
    return filed


@router.get("/homeless-persons", summary="流浪乞讨人员档案列表")
async def get_homeless_persons(
    caller: Staff,
    database: DatabaseDep,
    street: StreetCode | None = None,
    state: HomelessState | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> HomelessPersonPage:
    """Files in the caller's streets, the newest first."""
    after = decode_cursor(cursor)
    async with database.transaction(caller) as tx:
        return await homeless_person_page(tx, caller=caller, street=street, state=state, after=after, limit=limit)


@router.get("/homeless-persons/{homeless_person_id}", responses=problem_responses(404), summary="流浪乞讨人员档案")
async def get_homeless_person(
    homeless_person_id: UUID, caller: Staff, database: DatabaseDep, desk: DeskDep
) -> HomelessPersonFile:
    """One file, name and number masked, with what was given and the way to the station or home."""
    async with database.transaction(caller) as tx:
        return await homeless_person_file(tx, homeless_person_id, cipher=desk.cipher)


@router.get(
    "/homeless-persons/{homeless_person_id}/household",
    responses=problem_responses(404),
    summary="流浪乞讨人员的家庭档案编号（仅供其他服务）",
)
async def get_homeless_person_household(
    homeless_person_id: UUID, caller: Service, database: DatabaseDep
) -> HomelessPersonHousehold:
    """The household file of one that the person has: ids, and nothing that describes anybody."""
    async with database.transaction(caller) as tx:
        return await homeless_person_household(tx, homeless_person_id)


@router.post(
    "/homeless-persons/{homeless_person_id}/aid",
    status_code=201,
    responses=problem_responses(404, 409),
    summary="登记提供的食物、衣物、被子",
)
async def post_aid(
    homeless_person_id: UUID, aid: AidGiven, key: IdempotencyKey, caller: Clerk, database: DatabaseDep, desk: DeskDep
) -> AidRecorded:
    """Writes down what was given (clause 4.5.1)."""
    return await record_aid(
        database, caller=caller, homeless_person_id=homeless_person_id, aid=aid, idempotency_key=key, desk=desk
    )


@router.post(
    "/homeless-persons/{homeless_person_id}/steps",
    status_code=201,
    responses=problem_responses(404, 409),
    summary="登记引导求助、护送返乡",
)
async def post_step(
    homeless_person_id: UUID, taken: StepTaken, key: IdempotencyKey, caller: Clerk, database: DatabaseDep, desk: DeskDep
) -> StepRecorded:
    """Writes down a step to the rescue station or home (clause 4.5.2)."""
    return await take_step(
        database, caller=caller, homeless_person_id=homeless_person_id, taken=taken, idempotency_key=key, desk=desk
    )


@router.post(
    "/homeless-persons/{homeless_person_id}/identity",
    responses=problem_responses(404, 409),
    summary="登记查明的身份",
)
async def post_identity(
    homeless_person_id: UUID,
    identity: IdentityFound,
    key: IdempotencyKey,
    caller: Clerk,
    database: DatabaseDep,
    desk: DeskDep,
) -> HomelessPersonIdentified:
    """Writes down who it is. What the reserve grants to the household of that person counts together from then on."""
    return await identify_homeless_person(
        database,
        caller=caller,
        homeless_person_id=homeless_person_id,
        identity=identity,
        idempotency_key=key,
        desk=desk,
    )
