"""Who may call a department: its own officers, and those who look at how the whole district works."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request

from departments.handlers.referrals import accept_referral, complete_referral, return_referral
from departments.handlers.registers import put_records
from departments.handlers.replenishments import answer_replenishment
from departments.queries import (
    open_work_items,
    referral_row,
    referral_view,
    referrals,
    register_views,
    replenishments,
    verification_queries,
)
from departments.rules.offices import Office
from departments.schemas import (
    CompletionRequest,
    QueryList,
    QueryState,
    ReferralList,
    ReferralState,
    ReferralView,
    RegisterBatch,
    RegisterBatchAnswer,
    RegisterList,
    RegisterView,
    ReplenishmentAnswerRequest,
    ReplenishmentList,
    ReplenishmentState,
    ReplenishmentView,
    ReturnRequest,
    WorkItemList,
)
from shared.app import ClockDep, DatabaseDep
from shared.auth import OVERSEERS, Principal, Role, require
from shared.crypto import FieldCipher
from shared.idempotency import IdempotencyKey
from shared.problems import not_found, plain_problem, problem_responses

router = APIRouter(prefix="/v1")

_READERS = (Role.DEPARTMENT_OFFICER, Role.DISTRICT_OFFICER, *OVERSEERS)
_DISTRICT_WIDE = frozenset({Role.DISTRICT_OFFICER, *OVERSEERS})

Officer = Annotated[Principal, Depends(require(Role.DEPARTMENT_OFFICER))]
Reader = Annotated[Principal, Depends(require(*_READERS))]
Cursor = Annotated[UUID | None, Query(description="`next_cursor` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]
DataSetCode = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,60}$", examples=["individual_income"])]


async def _office(request: Request) -> Office:
    office: Office = request.app.state.office
    return office


async def _cipher(request: Request) -> FieldCipher:
    cipher: FieldCipher = request.app.state.cipher
    return cipher


OfficeDep = Annotated[Office, Depends(_office)]
CipherDep = Annotated[FieldCipher, Depends(_cipher)]


def _own_officer(caller: Principal, office: Office) -> None:
    """Raises Problem 403 for an officer of another department."""
    if Role.DEPARTMENT_OFFICER not in caller.roles or caller.department != office.code:
        raise plain_problem(403, detail=f"只有{office.department.name}的工作人员可以办理")


def _own_reader(caller: Principal, office: Office) -> None:
    """Raises Problem 403 for an officer of another department who does not look at the whole district."""
    if not caller.roles & _DISTRICT_WIDE:
        _own_officer(caller, office)


def _held(office: Office, data_set: str) -> str:
    """Raises Problem 404 for a data set that this department does not hold."""
    if data_set not in office.department.data_sets:
        raise not_found(f"{office.department.name}的数据集", data_set)
    return data_set


def _funds_reserves(office: Office) -> None:
    """Raises Problem 404 where this department funds no street reserve."""
    if office.department.reserves is None:
        raise plain_problem(404, detail=f"{office.department.name}不承担街道备用金的补充")


@router.get("/referrals", responses=problem_responses())
async def list_referrals(
    caller: Reader,
    office: OfficeDep,
    database: DatabaseDep,
    state: ReferralState | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ReferralList:
    """The department's referrals, oldest first."""
    _own_reader(caller, office)
    async with database.transaction(caller) as tx:
        return await referrals(tx, state=state, cursor=cursor, limit=limit)


@router.get("/referrals/{referral_id}", responses=problem_responses(404))
async def get_referral(referral_id: UUID, caller: Reader, office: OfficeDep, database: DatabaseDep) -> ReferralView:
    """One referral, with what can be done next."""
    _own_reader(caller, office)
    async with database.transaction(caller) as tx:
        return referral_view(await referral_row(tx, referral_id))


@router.post("/referrals/{referral_id}/acceptance", responses=problem_responses(404, 409))
async def post_acceptance(
    referral_id: UUID,
    caller: Officer,
    office: OfficeDep,
    database: DatabaseDep,
    clock: ClockDep,
    key: IdempotencyKey,
) -> ReferralView:
    """Take the referral on. Publishes ReferralAccepted."""
    _own_officer(caller, office)
    return await accept_referral(
        database, caller=caller, office=office, referral_id=referral_id, key=key, now=clock.now()
    )


@router.post("/referrals/{referral_id}/return", responses=problem_responses(404, 409))
async def post_return(
    referral_id: UUID,
    body: ReturnRequest,
    caller: Officer,
    office: OfficeDep,
    database: DatabaseDep,
    clock: ClockDep,
    key: IdempotencyKey,
) -> ReferralView:
    """Send the referral back to the street. Publishes ReferralReturned with the code, not with the text."""
    _own_officer(caller, office)
    return await return_referral(database, caller=caller, referral_id=referral_id, body=body, key=key, now=clock.now())


@router.post("/referrals/{referral_id}/completion", responses=problem_responses(404, 409))
async def post_completion(
    referral_id: UUID,
    body: CompletionRequest,
    caller: Officer,
    office: OfficeDep,
    database: DatabaseDep,
    clock: ClockDep,
    key: IdempotencyKey,
) -> ReferralView:
    """Report what was done. Publishes ReferralCompleted with result and amount, without note and details."""
    _own_officer(caller, office)
    return await complete_referral(
        database, caller=caller, referral_id=referral_id, body=body, key=key, now=clock.now()
    )


@router.get("/work-items", responses=problem_responses())
async def list_work_items(caller: Reader, office: OfficeDep, database: DatabaseDep, clock: ClockDep) -> WorkItemList:
    """What this department has to do, the most urgent first."""
    _own_reader(caller, office)
    async with database.transaction(caller) as tx:
        return WorkItemList(items=await open_work_items(tx, now=clock.now()))


@router.get("/registers", responses=problem_responses())
async def list_registers(caller: Officer, office: OfficeDep, database: DatabaseDep) -> RegisterList:
    """The registers that this department holds, with how much is in them."""
    _own_officer(caller, office)
    async with database.transaction(caller) as tx:
        return RegisterList(items=await register_views(tx, sorted(office.department.data_sets)))


@router.get("/registers/{data_set}", responses=problem_responses(404))
async def get_register(
    data_set: DataSetCode, caller: Officer, office: OfficeDep, database: DatabaseDep
) -> RegisterView:
    """How much one register holds."""
    _own_officer(caller, office)
    async with database.transaction(caller) as tx:
        (view,) = await register_views(tx, [_held(office, data_set)])
        return view


@router.put("/registers/{data_set}/records", responses=problem_responses(404))
async def put_register_records(
    data_set: DataSetCode,
    body: RegisterBatch,
    caller: Officer,
    office: OfficeDep,
    cipher: CipherDep,
    database: DatabaseDep,
    clock: ClockDep,
) -> RegisterBatchAnswer:
    """Insert or replace up to 1000 records; all of the batch or nothing."""
    _own_officer(caller, office)
    return await put_records(
        database,
        caller=caller,
        office=office,
        cipher=cipher,
        data_set=_held(office, data_set),
        body=body,
        now=clock.now(),
    )


@router.get("/queries", responses=problem_responses())
async def list_queries(
    caller: Reader,
    office: OfficeDep,
    database: DatabaseDep,
    state: QueryState | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> QueryList:
    """Queries of verification and how each was answered, oldest first."""
    _own_reader(caller, office)
    async with database.transaction(caller) as tx:
        return await verification_queries(tx, state=state, cursor=cursor, limit=limit)


@router.get("/replenishments", responses=problem_responses(404))
async def list_replenishments(
    caller: Reader,
    office: OfficeDep,
    database: DatabaseDep,
    state: ReplenishmentState | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ReplenishmentList:
    """The street reserves' requests for money, oldest first. Only where the department funds them."""
    _own_reader(caller, office)
    _funds_reserves(office)
    async with database.transaction(caller) as tx:
        return await replenishments(tx, state=state, cursor=cursor, limit=limit)


@router.post("/replenishments/{replenishment_id}/answer", responses=problem_responses(404, 409))
async def post_replenishment_answer(
    replenishment_id: UUID,
    body: ReplenishmentAnswerRequest,
    caller: Officer,
    office: OfficeDep,
    database: DatabaseDep,
    clock: ClockDep,
    key: IdempotencyKey,
) -> ReplenishmentView:
    """Grant all, a part or nothing, once. Publishes ReplenishmentAnswered."""
    _own_officer(caller, office)
    _funds_reserves(office)
    return await answer_replenishment(
        database, caller=caller, replenishment_id=replenishment_id, body=body, key=key, now=clock.now()
    )
