"""Public emergencies that raise the limit."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from emergency_fund.api.callers import Reader
from emergency_fund.handlers import emergencies as handlers
from emergency_fund.queries.emergencies import emergencies
from emergency_fund.schemas.emergencies import EmergencyDeclaration, EmergencyEnd, EmergencyView
from shared.app import ClockDep, DatabaseDep
from shared.auth import Principal, Role, require
from shared.idempotency import IdempotencyKey
from shared.problems import problem_responses

router = APIRouter(prefix="/v1/emergencies", tags=["emergencies"])

DistrictOfficer = Annotated[Principal, Depends(require(Role.DISTRICT_OFFICER))]


@router.post("", status_code=201, responses=problem_responses(409))
async def declare_emergency(
    body: EmergencyDeclaration, key: IdempotencyKey, caller: DistrictOfficer, database: DatabaseDep, clock: ClockDep
) -> EmergencyView:
    """Declare a public emergency for streets and days, with the multiple to which their limit is raised (4.4.2)."""
    return await handlers.declare(database, clock, caller, key, body)


@router.post("/{emergency_id}/confirmation", responses=problem_responses(404, 409))
async def confirm_emergency(
    emergency_id: UUID, key: IdempotencyKey, caller: DistrictOfficer, database: DatabaseDep, clock: ClockDep
) -> EmergencyView:
    """Put in force what another officer declared."""
    return await handlers.confirm(database, clock, caller, emergency_id, key)


@router.post("/{emergency_id}/end", responses=problem_responses(404, 409))
async def end_emergency(
    emergency_id: UUID,
    body: EmergencyEnd,
    key: IdempotencyKey,
    caller: DistrictOfficer,
    database: DatabaseDep,
    clock: ClockDep,
) -> EmergencyView:
    """End it before its last day: the limit is the ordinary one from today."""
    return await handlers.end(database, clock, caller, emergency_id, key, body)


@router.get("")
async def read_emergencies(caller: Reader, database: DatabaseDep) -> list[EmergencyView]:
    """Every emergency that was declared, the newest first."""
    async with database.transaction(caller) as tx:
        return await emergencies(tx)
