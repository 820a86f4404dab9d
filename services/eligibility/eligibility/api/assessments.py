"""Assessments: the answer of the whole toolbook for one household."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from eligibility.api.callers import Overseer, Reader
from eligibility.handlers import assess
from eligibility.queries.assessments import assessment_row, assessment_view, latest_assessment_row
from eligibility.queries.replay import replayed
from eligibility.schemas.assessments import (
    AssessmentResult,
    AssessmentView,
    DifferenceView,
    PreviewRequest,
    ReplayView,
)
from shared.app import DatabaseDep
from shared.auth import STAFF, Principal, Role, require
from shared.problems import problem_responses

router = APIRouter(prefix="/v1", tags=["assessments"])


@router.post("/assessments/preview")
async def preview(
    body: PreviewRequest,
    caller: Annotated[Principal, Depends(require(*STAFF, Role.SERVICE))],
    database: DatabaseDep,
) -> AssessmentResult:
    """The answer of every policy for a household that is not on record. Nothing is stored."""
    async with database.transaction(caller) as tx:
        answer = await assess.preview(tx, household=body.household, as_of=body.as_of)
        return AssessmentResult.model_validate(answer)


@router.get("/assessments/{assessment_id}", responses=problem_responses(404))
async def read_assessment(assessment_id: UUID, caller: Reader, database: DatabaseDep) -> AssessmentView:
    """An assessment with the explanation of every policy."""
    async with database.transaction(caller) as tx:
        return assessment_view(await assessment_row(tx, assessment_id))


@router.post("/assessments/{assessment_id}/replay", responses=problem_responses(404, 409))
async def replay_assessment(assessment_id: UUID, caller: Overseer, database: DatabaseDep) -> ReplayView:
    """Run an assessment again under the rules, values, calendar and facts of its day, and compare. Keeps nothing."""
    async with database.transaction(caller) as tx:
        again = await replayed(tx, assessment_id)
    return ReplayView(
        assessment_id=assessment_id,
        toolbook_version=again.toolbook_version,
        parameters_version=again.parameters_version,
        calendar_version=again.calendar_version,
        same_bytes=again.replayed == again.recorded,
        differences=[
            DifferenceView(path=one.path, recorded=one.recorded, replayed=one.replayed, only_words=one.is_of_words)
            for one in again.differences
        ],
    )


@router.get("/applications/{application_id}/assessment", responses=problem_responses(404))
async def read_latest_assessment(application_id: UUID, caller: Reader, database: DatabaseDep) -> AssessmentView:
    """The newest assessment of a case."""
    async with database.transaction(caller) as tx:
        return assessment_view(await latest_assessment_row(tx, application_id))
