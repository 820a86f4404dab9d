"""Standards: entered by one district officer, tried on the record, confirmed by another, brought to benefits."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from eligibility.api.callers import DistrictOfficer, DistrictReader
from eligibility.handlers import standards
from eligibility.handlers.shadow import start_shadow_run
from eligibility.queries.standards import (
    latest_shadow_run_row,
    recomputation_page,
    shadow_run_view,
    standard_row,
    standard_view,
    standard_views,
)
from eligibility.rules.standards import Standard
from eligibility.schemas.standards import (
    ParameterName,
    RecomputationPage,
    ShadowRunView,
    StandardConfirmation,
    StandardList,
    StandardRequest,
    StandardReturn,
    StandardView,
)
from shared.app import ClockDep, DatabaseDep
from shared.idempotency import Claim, IdempotencyKey, once
from shared.problems import problem_responses

router = APIRouter(prefix="/v1", tags=["standards"])


@router.post("/standards", status_code=201, responses=problem_responses(409))
async def propose(
    body: StandardRequest, key: IdempotencyKey, caller: DistrictOfficer, database: DatabaseDep, clock: ClockDep
) -> StandardView:
    """A value of a parameter from a first day on, with its document (clause 3.2). Another officer confirms it."""
    async with database.transaction(caller) as tx:

        async def write() -> StandardView:
            standard_id = await standards.propose_standard(
                tx,
                new=Standard(body.parameter, body.plain_value, body.first_day, body.document_number, body.issued_on),
                unit=body.unit,
                note=body.note,
                is_correction=body.correction,
                lower_is_meant=body.lower_value_confirmed,
                caller=caller,
                clock=clock,
            )
            return standard_view(await standard_row(tx, standard_id))

        return await once(tx, Claim(caller, key, "propose standard", body, StandardView), write)


@router.post("/standards/{standard_id}/shadow-run", status_code=202, responses=problem_responses(404, 409))
async def try_out(
    standard_id: UUID, key: IdempotencyKey, caller: DistrictOfficer, database: DatabaseDep, clock: ClockDep
) -> ShadowRunView:
    """Try a proposed standard on every household on record. Nothing is changed; GET shows progress and result."""
    async with database.transaction(caller) as tx:

        async def write() -> ShadowRunView:
            row = await start_shadow_run(tx, standard_id=standard_id, caller=caller, now=clock.now())
            return await shadow_run_view(tx, row)

        return await once(tx, Claim(caller, key, f"shadow run {standard_id}", "", ShadowRunView), write)


@router.post("/standards/{standard_id}/confirmation", responses=problem_responses(404, 409))
async def confirm(
    standard_id: UUID, body: StandardConfirmation, caller: DistrictOfficer, database: DatabaseDep, clock: ClockDep
) -> StandardView:
    """Another officer than the one who proposed it agrees: the value stands, and running benefits follow."""
    async with database.transaction(caller) as tx:
        row = await standards.confirm_standard(
            tx, standard_id=standard_id, comment=body.comment, caller=caller, clock=clock
        )
        return standard_view(row)


@router.post("/standards/{standard_id}/return", responses=problem_responses(404, 409))
async def send_back(
    standard_id: UUID, body: StandardReturn, caller: DistrictOfficer, database: DatabaseDep
) -> StandardView:
    """The proposal is not followed."""
    async with database.transaction(caller) as tx:
        row = await standards.return_standard(tx, standard_id=standard_id, reason=body.reason, caller=caller)
        return standard_view(row)


@router.get("/standards")
async def read_standards(
    caller: DistrictReader,
    database: DatabaseDep,
    parameter: Annotated[ParameterName | None, Query(description="Only of this parameter")] = None,
) -> StandardList:
    """Every standard that officers entered, the newest first. Packaged values are in GET /v1/parameters."""
    async with database.transaction(caller) as tx:
        return StandardList(items=await standard_views(tx, parameter=parameter))


@router.get("/standards/{standard_id}", responses=problem_responses(404))
async def read_standard(standard_id: UUID, caller: DistrictReader, database: DatabaseDep) -> StandardView:
    """A standard and where it stands."""
    async with database.transaction(caller) as tx:
        return standard_view(await standard_row(tx, standard_id))


@router.get("/standards/{standard_id}/shadow-run", responses=problem_responses(404))
async def read_shadow_run(standard_id: UUID, caller: DistrictReader, database: DatabaseDep) -> ShadowRunView:
    """The newest shadow run of a standard: progress, and who enters, who leaves, what it costs."""
    async with database.transaction(caller) as tx:
        return await shadow_run_view(tx, await latest_shadow_run_row(tx, standard_id))


@router.get("/standards/{standard_id}/recomputation", responses=problem_responses(404))
async def read_recomputation(
    standard_id: UUID,
    caller: DistrictReader,
    database: DatabaseDep,
    cursor: Annotated[UUID | None, Query(description="`next_cursor` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> RecomputationPage:
    """Old and new amount of every running benefit since the first day of a standard, and what is paid back."""
    async with database.transaction(caller) as tx:
        row = await standard_row(tx, standard_id)
        return await recomputation_page(tx, since=row.first_day, cursor=cursor, limit=limit)
