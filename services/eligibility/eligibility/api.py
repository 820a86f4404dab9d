"""Who may ask eligibility for what."""

import json
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from eligibility.handlers import assess, decide
from eligibility.queries import (
    assessment_row,
    assessment_view,
    benefits_of,
    decision_row,
    decision_view,
    latest_assessment_row,
    latest_decision_row,
    parameter_views,
)
from eligibility.rules import PARAMETERS, toolbook_entries, toolbook_version
from eligibility.rules.decisions import Override
from eligibility.schemas import (
    AssessmentResult,
    AssessmentView,
    BenefitList,
    ConfirmationRequest,
    DecisionView,
    ObjectionRequest,
    ObjectionView,
    ParameterList,
    PreviewRequest,
    ProposalRequest,
    ReturnRequest,
    Toolbook,
    ToolbookEntry,
)
from shared.app import ClockDep, DatabaseDep
from shared.auth import OVERSEERS, STAFF, Principal, Role, require
from shared.clock import Day
from shared.idempotency import IdempotencyKey, key_owner, once
from shared.problems import problem_responses

router = APIRouter(prefix="/v1")

Reader = Annotated[Principal, Depends(require(Role.RESIDENT, *STAFF, *OVERSEERS))]
Staff = Annotated[Principal, Depends(require(*STAFF))]
Clerk = Annotated[Principal, Depends(require(Role.STREET_CLERK))]
SecondOfficer = Annotated[Principal, Depends(require(Role.STREET_APPROVER, Role.DISTRICT_OFFICER))]
Anyone = Annotated[Principal, Depends(require(*Role))]


@router.post("/assessments/preview", tags=["assessments"])
async def preview(
    body: PreviewRequest, _: Annotated[Principal, Depends(require(*STAFF, Role.SERVICE))]
) -> AssessmentResult:
    """The answer of every policy for a household that is not on record. Nothing is stored."""
    return AssessmentResult.model_validate(assess.preview(body.household, body.as_of))


@router.get("/assessments/{assessment_id}", tags=["assessments"], responses=problem_responses(404))
async def read_assessment(assessment_id: UUID, caller: Reader, database: DatabaseDep) -> AssessmentView:
    """An assessment with the explanation of every policy."""
    async with database.transaction(caller) as tx:
        return assessment_view(await assessment_row(tx, assessment_id))


@router.get("/applications/{application_id}/assessment", tags=["assessments"], responses=problem_responses(404))
async def read_latest_assessment(application_id: UUID, caller: Reader, database: DatabaseDep) -> AssessmentView:
    """The newest assessment of a case."""
    async with database.transaction(caller) as tx:
        return assessment_view(await latest_assessment_row(tx, application_id))


@router.post(
    "/assessments/{assessment_id}/decisions",
    tags=["decisions"],
    status_code=201,
    responses=problem_responses(404, 409),
)
async def propose(
    assessment_id: UUID,
    body: ProposalRequest,
    key: IdempotencyKey,
    caller: Clerk,
    database: DatabaseDep,
    clock: ClockDep,
) -> DecisionView:
    """The clerk's comprehensive opinion: what is granted, what is refused, each with its reason (clause 8.1)."""
    async with database.transaction(caller) as tx:

        async def write() -> DecisionView:
            row = await assessment_row(tx, assessment_id)
            decision_id = await decide.propose_decision(
                tx,
                row=row,
                result=json.loads(row.result),
                comment=body.comment,
                overrides=[
                    Override(
                        policy=one.policy,
                        granted=one.outcome == "granted",
                        monthly_amount_fen=one.monthly_amount,
                        reason=one.reason,
                    )
                    for one in body.overrides
                ],
                caller=caller,
                now=clock.now(),
            )
            return await decision_view(tx, await decision_row(tx, decision_id), caller)

        return await once(
            tx,
            owner=key_owner(caller.client_id, caller.subject),
            key=key,
            operation=f"propose {assessment_id}",
            body=body,
            answer_type=DecisionView,
            write=write,
        )


@router.post("/decisions/{decision_id}/confirmation", tags=["decisions"], responses=problem_responses(404, 409))
async def confirm(
    decision_id: UUID, body: ConfirmationRequest, caller: SecondOfficer, database: DatabaseDep, clock: ClockDep
) -> DecisionView:
    """Another officer than the one who proposed it agrees."""
    async with database.transaction(caller) as tx:
        row = await decide.confirm_decision(
            tx, decision_id=decision_id, district_visit_on=body.district_visit_on, caller=caller, clock=clock
        )
        return await decision_view(tx, row, caller)


@router.post("/decisions/{decision_id}/return", tags=["decisions"], responses=problem_responses(404, 409))
async def send_back(
    decision_id: UUID, body: ReturnRequest, caller: SecondOfficer, database: DatabaseDep, clock: ClockDep
) -> DecisionView:
    """Another officer does not agree; the clerk proposes anew."""
    async with database.transaction(caller) as tx:
        row = await decide.return_decision(
            tx, decision_id=decision_id, reason=body.reason, caller=caller, now=clock.now()
        )
        return await decision_view(tx, row, caller)


@router.post(
    "/decisions/{decision_id}/objections", tags=["decisions"], status_code=201, responses=problem_responses(404, 409)
)
async def object_to(
    decision_id: UUID, body: ObjectionRequest, caller: Staff, database: DatabaseDep, clock: ClockDep
) -> ObjectionView:
    """An objection raised while the public notice hangs."""
    async with database.transaction(caller) as tx:
        objection_id, row = await decide.object_to_decision(
            tx, decision_id=decision_id, ground=body.ground, caller=caller, now=clock.now()
        )
        return ObjectionView(objection_id=objection_id, decision=await decision_view(tx, row, caller))


@router.get("/decisions/{decision_id}", tags=["decisions"], responses=problem_responses(404))
async def read_decision(decision_id: UUID, caller: Reader, database: DatabaseDep) -> DecisionView:
    """A decision, the reason of each measure, and the ways of appeal."""
    async with database.transaction(caller) as tx:
        return await decision_view(tx, await decision_row(tx, decision_id), caller)


@router.get("/applications/{application_id}/decision", tags=["decisions"], responses=problem_responses(404))
async def read_latest_decision(application_id: UUID, caller: Reader, database: DatabaseDep) -> DecisionView:
    """The newest decision of a case."""
    async with database.transaction(caller) as tx:
        return await decision_view(tx, await latest_decision_row(tx, application_id), caller)


@router.get("/households/{household_id}/benefits", tags=["benefits"])
async def read_benefits(household_id: UUID, caller: Reader, database: DatabaseDep) -> BenefitList:
    """The monthly benefits of a household that the caller may see."""
    async with database.transaction(caller) as tx:
        return BenefitList(items=list(await benefits_of(tx, household_id)))


@router.get("/parameters", tags=["toolbook"])
async def read_parameters(
    _: Anyone, on: Annotated[Day | None, Query(description="Only the values in force on this day")] = None
) -> ParameterList:
    """Amounts and limits with their first days and sources."""
    return ParameterList(items=parameter_views(PARAMETERS, on=on))


@router.get("/toolbook", tags=["toolbook"])
async def read_toolbook(_: Anyone) -> Toolbook:
    """Every policy, made from the rules that decide (clause 1.4)."""
    return Toolbook(
        toolbook_version=toolbook_version(),
        policies=[ToolbookEntry.model_validate(entry) for entry in toolbook_entries()],
    )
