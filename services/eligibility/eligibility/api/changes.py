"""What happens in families, and what a reassessment suggests."""

from uuid import UUID

from fastapi import APIRouter

from eligibility.api.acting import acting
from eligibility.api.callers import StaffOrOverseer, StaffOrService
from eligibility.handlers.changes import report_change
from eligibility.queries.assessments import household_case
from eligibility.queries.changes import household_change_view, household_changes, open_suggestions
from eligibility.rules.changes import HouseholdChange
from eligibility.schemas.changes import HouseholdChangeList, HouseholdChangeRequest, HouseholdChangeView
from shared.app import ClockDep, DatabaseDep
from shared.idempotency import Claim, IdempotencyKey, once
from shared.money import format_yuan
from shared.problems import problem_responses

router = APIRouter(prefix="/v1", tags=["changes"])


@router.post("/households/{household_id}/changes", status_code=201, responses=problem_responses(404, 409))
async def report(
    household_id: UUID,
    body: HouseholdChangeRequest,
    key: IdempotencyKey,
    caller: StaffOrService,
    database: DatabaseDep,
    clock: ClockDep,
) -> HouseholdChangeView:
    """Tell what happened in a family: it is assessed anew. Nothing about its benefits changes by that alone."""
    async with acting(database, caller, lambda tx: household_case(tx, household_id)) as tx:

        async def write() -> HouseholdChangeView:
            row = await report_change(
                tx,
                household_id=household_id,
                change=HouseholdChange(
                    kind=body.kind,
                    happened_on=body.happened_on,
                    person_ref=body.person,
                    relation=body.relation,
                    monthly_wage=None if body.monthly_wage is None else format_yuan(body.monthly_wage),
                    street=body.street,
                ),
                source=body.source,
                caller=caller,
                clock=clock,
            )
            return household_change_view(row)

        return await once(tx, Claim(caller, key, f"report change {household_id}", body, HouseholdChangeView), write)


@router.get("/households/{household_id}/changes")
async def read_changes(household_id: UUID, caller: StaffOrOverseer, database: DatabaseDep) -> HouseholdChangeList:
    """What happened in the family, the newest first, and what officers should look at since."""
    async with database.transaction(caller) as tx:
        return HouseholdChangeList(
            items=list(await household_changes(tx, household_id)),
            suggestions=list(await open_suggestions(tx, household_id)),
        )
