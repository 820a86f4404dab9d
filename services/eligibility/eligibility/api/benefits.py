"""Benefits in payment, what changes about them, and who is heard before."""

from uuid import UUID

from fastapi import APIRouter

from eligibility.api.acting import acting
from eligibility.api.callers import Clerk, Reader, SecondOfficer, Staff
from eligibility.handlers import benefit_changes, hearings
from eligibility.handlers.benefit_changes import ChangeProposal
from eligibility.queries.benefit_changes import change_row, change_view
from eligibility.queries.benefits import benefit_detail, benefit_row, benefits_of
from eligibility.rules.benefits import Change
from eligibility.schemas.benefits import (
    BenefitDetail,
    BenefitList,
    ChangeRequest,
    ChangeReturnRequest,
    ChangeView,
    HearingRequest,
    StatementRequest,
)
from shared.app import ClockDep, DatabaseDep
from shared.idempotency import Claim, IdempotencyKey, once
from shared.problems import problem_responses

router = APIRouter(prefix="/v1", tags=["benefits"])


@router.get("/households/{household_id}/benefits")
async def read_benefits(household_id: UUID, caller: Reader, database: DatabaseDep) -> BenefitList:
    """The monthly benefits of a household that the caller may see."""
    async with database.transaction(caller) as tx:
        return BenefitList(items=list(await benefits_of(tx, household_id)))


@router.get("/benefits/{benefit_id}", responses=problem_responses(404))
async def read_benefit(benefit_id: UUID, caller: Reader, database: DatabaseDep, clock: ClockDep) -> BenefitDetail:
    """A benefit with what is owed for it, from which day, and every change."""
    async with database.transaction(caller) as tx:
        return await benefit_detail(tx, await benefit_row(tx, benefit_id), caller=caller, on=clock.today())


@router.post("/benefits/{benefit_id}/changes", status_code=201, responses=problem_responses(404, 409))
async def propose(
    benefit_id: UUID,
    body: ChangeRequest,
    key: IdempotencyKey,
    caller: Clerk,
    database: DatabaseDep,
    clock: ClockDep,
) -> ChangeView:
    """Propose to adjust, suspend, resume or end a benefit, or to let it go on for a grace period."""
    async with acting(database, caller, lambda tx: benefit_row(tx, benefit_id)) as tx:

        async def write() -> ChangeView:
            row = await benefit_changes.propose_change(
                tx,
                benefit_id=benefit_id,
                proposal=ChangeProposal(
                    kind=Change(body.kind),
                    cause=body.cause,
                    reason=body.reason,
                    from_on=body.from_on,
                    amount_fen=body.monthly_amount,
                    person_refs=body.persons,
                    until_on=body.until_on,
                    extension_reason=body.extension_reason,
                ),
                caller=caller,
                clock=clock,
            )
            return await change_view(tx, row, caller)

        return await once(tx, Claim(caller, key, f"propose change {benefit_id}", body, ChangeView), write)


@router.get("/benefit-changes/{change_id}", responses=problem_responses(404))
async def read_change(change_id: UUID, caller: Reader, database: DatabaseDep) -> ChangeView:
    """A change of a benefit, with the hearing before it."""
    async with database.transaction(caller) as tx:
        return await change_view(tx, await change_row(tx, change_id), caller)


@router.post("/benefit-changes/{change_id}/confirmation", responses=problem_responses(404, 409))
async def confirm(change_id: UUID, caller: SecondOfficer, database: DatabaseDep, clock: ClockDep) -> ChangeView:
    """Another officer than the one who proposed it agrees: the change is made."""
    async with acting(database, caller, lambda tx: change_row(tx, change_id)) as tx:
        row = await benefit_changes.confirm_change(tx, change_id=change_id, caller=caller, clock=clock)
        return await change_view(tx, row, caller)


@router.post("/benefit-changes/{change_id}/return", responses=problem_responses(404, 409))
async def send_back(
    change_id: UUID, body: ChangeReturnRequest, caller: SecondOfficer, database: DatabaseDep
) -> ChangeView:
    """Another officer does not agree: the benefit goes on as it is."""
    async with acting(database, caller, lambda tx: change_row(tx, change_id)) as tx:
        row = await benefit_changes.return_change(tx, change_id=change_id, reason=body.reason, caller=caller)
        return await change_view(tx, row, caller)


@router.post("/benefit-changes/{change_id}/hearing", responses=problem_responses(404, 409))
async def open_hearing(
    change_id: UUID, body: HearingRequest, caller: Staff, database: DatabaseDep, clock: ClockDep
) -> ChangeView:
    """The recipient was told what is planned, and may speak; silence for the named days waives it."""
    async with acting(database, caller, lambda tx: change_row(tx, change_id)) as tx:
        row = await hearings.open_hearing(
            tx, change_id=change_id, notice_given_on=body.notice_given_on, caller=caller, clock=clock
        )
        return await change_view(tx, row, caller)


@router.post("/benefit-changes/{change_id}/hearing/statement", responses=problem_responses(404, 409))
async def record_statement(
    change_id: UUID, body: StatementRequest, caller: Staff, database: DatabaseDep, clock: ClockDep
) -> ChangeView:
    """What the recipient said."""
    async with acting(database, caller, lambda tx: change_row(tx, change_id)) as tx:
        row = await hearings.record_statement(
            tx, change_id=change_id, heard_on=body.heard_on, statement=body.statement, caller=caller, clock=clock
        )
        return await change_view(tx, row, caller)
