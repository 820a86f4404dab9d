"""Who may see how a verification stands, and its facts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from data_sharing.api.callers import CaseReader, CatalogueDep, Service
from data_sharing.handlers import looking
from data_sharing.schemas.verifications import FactsView, VerificationView
from shared.app import ClockDep, DatabaseDep
from shared.problems import problem_responses

router = APIRouter(prefix="/v1")


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
