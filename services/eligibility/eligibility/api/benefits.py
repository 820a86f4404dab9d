"""Benefits in payment."""

from uuid import UUID

from fastapi import APIRouter

from eligibility.api.callers import Reader
from eligibility.queries.benefits import benefits_of
from eligibility.schemas.benefits import BenefitList
from shared.app import DatabaseDep

router = APIRouter(tags=["benefits"])


@router.get("/households/{household_id}/benefits")
async def read_benefits(household_id: UUID, caller: Reader, database: DatabaseDep) -> BenefitList:
    """The monthly benefits of a household that the caller may see."""
    async with database.transaction(caller) as tx:
        return BenefitList(items=list(await benefits_of(tx, household_id)))
