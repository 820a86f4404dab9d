"""Who may read the access ledger and the rate of verification."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from data_sharing.api.callers import CatalogueDep, IndicatorReader, LedgerReader
from data_sharing.queries.accesses import access_page
from data_sharing.queries.indicators import verification_rate
from data_sharing.schemas.accesses import AccessPage
from data_sharing.schemas.verifications import VerificationRate
from shared.app import ClockDep, DatabaseDep
from shared.problems import plain_problem

router = APIRouter(prefix="/v1")


@router.get("/accesses", tags=["accesses"])
async def list_accesses(
    caller: LedgerReader,
    database: DatabaseDep,
    catalogue: CatalogueDep,
    household_id: Annotated[UUID | None, Query(description="审计、监察人员必填；居民查自己家的不填")] = None,
    cursor: Annotated[UUID | None, Query(description="上一页的 next_cursor")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AccessPage:
    """谁查过我：谁、何时、为何、看了什么、是否被拒绝。"""
    if caller.row_scope != "resident" and household_id is None:
        raise plain_problem(422, detail="请指明要查的家庭", field="query.household_id")
    async with database.transaction(caller) as tx:
        return await access_page(tx, catalogue, caller, household_id=household_id, before=cursor, limit=limit)


@router.get("/indicators/verification-rate", tags=["indicators"])
async def read_verification_rate(caller: IndicatorReader, database: DatabaseDep, clock: ClockDep) -> VerificationRate:
    """核对率，含分子、分母、免核对情形；街道人员看本街道的。"""
    async with database.transaction(caller) as tx:
        return await verification_rate(tx, now=clock.now())
