"""Assessments: the answer of the whole toolbook for one household."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from eligibility.api.callers import Reader
from eligibility.handlers import assess
from eligibility.queries.assessments import assessment_row, assessment_view, latest_assessment_row
from eligibility.schemas.assessments import AssessmentResult, AssessmentView, PreviewRequest
from shared.app import DatabaseDep
from shared.auth import STAFF, Principal, Role, require
from shared.problems import problem_responses

router = APIRouter(tags=["assessments"])


@router.post("/assessments/preview")
async def preview(
    body: PreviewRequest, _: Annotated[Principal, Depends(require(*STAFF, Role.SERVICE))]
) -> AssessmentResult:
    """The answer of every policy for a household that is not on record. Nothing is stored."""
    return AssessmentResult.model_validate(assess.preview(body.household, body.as_of))


@router.get("/assessments/{assessment_id}", responses=problem_responses(404))
async def read_assessment(assessment_id: UUID, caller: Reader, database: DatabaseDep) -> AssessmentView:
    """An assessment with the explanation of every policy."""
    async with database.transaction(caller) as tx:
        return assessment_view(await assessment_row(tx, assessment_id))


@router.get("/applications/{application_id}/assessment", responses=problem_responses(404))
async def read_latest_assessment(application_id: UUID, caller: Reader, database: DatabaseDep) -> AssessmentView:
    """The newest assessment of a case."""
    async with database.transaction(caller) as tx:
        return assessment_view(await latest_assessment_row(tx, application_id))
