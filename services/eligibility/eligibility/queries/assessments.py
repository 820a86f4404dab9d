"""Assessments that the caller may see."""

import json
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.schemas.assessments import AssessmentResult, AssessmentView
from eligibility.tables import assessment
from shared.problems import not_found


async def assessment_row(tx: AsyncConnection, assessment_id: UUID) -> sa.Row[Any]:
    """An assessment that the caller may see. Raises Problem 404."""
    row = (await tx.execute(sa.select(assessment).where(assessment.c.assessment_id == assessment_id))).one_or_none()
    if row is None:
        raise not_found("评估", assessment_id)
    return row


async def latest_assessment_row(tx: AsyncConnection, application_id: UUID) -> sa.Row[Any]:
    """The newest assessment of a case that the caller may see. Raises Problem 404."""
    statement = (
        sa.select(assessment)
        .where(assessment.c.application_id == application_id)
        .order_by(assessment.c.assessed_at.desc(), assessment.c.assessment_id.desc())
        .limit(1)
    )
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise not_found("评估，申请", application_id)
    return row


async def newest_assessment_of(tx: AsyncConnection, household_id: UUID) -> sa.Row[Any] | None:
    """The newest assessment of a household that the caller may see, whatever it applied for."""
    statement = (
        sa.select(assessment)
        .where(assessment.c.household_id == household_id)
        .order_by(assessment.c.assessed_at.desc(), assessment.c.assessment_id.desc())
        .limit(1)
    )
    return (await tx.execute(statement)).one_or_none()


async def household_case(tx: AsyncConnection, household_id: UUID) -> sa.Row[Any]:
    """The newest assessment of a household of which the caller may see one. Raises Problem 404."""
    newest = await newest_assessment_of(tx, household_id)
    if newest is None:
        raise not_found("家庭", household_id)
    return newest


def assessment_view(row: sa.Row[Any]) -> AssessmentView:
    """The row as callers see it."""
    return AssessmentView(
        assessment_id=row.assessment_id,
        application_id=row.application_id,
        household_id=row.household_id,
        street=row.street,
        requested=row.requested,
        assessed_at=row.assessed_at,
        result=AssessmentResult.model_validate(json.loads(row.result)),
    )
