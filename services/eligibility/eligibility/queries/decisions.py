"""Decisions that the caller may see."""

import json
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.rules.decisions import APPEAL_ROUTES
from eligibility.schemas.decisions import DecisionView, MeasureView
from eligibility.tables import application, assessment, decision, measure
from shared.auth import Principal, Role
from shared.problems import not_found


async def decision_row(tx: AsyncConnection, decision_id: UUID, *, locked: bool = False) -> sa.Row[Any]:
    """A decision that the caller may see. Raises Problem 404."""
    statement = sa.select(decision).where(decision.c.decision_id == decision_id)
    row = (await tx.execute(statement.with_for_update() if locked else statement)).one_or_none()
    if row is None:
        raise not_found("决定", decision_id)
    return row


async def latest_decision_row(tx: AsyncConnection, application_id: UUID) -> sa.Row[Any]:
    """The newest decision of a case that the caller may see. Raises Problem 404."""
    statement = (
        sa.select(decision)
        .where(decision.c.application_id == application_id)
        .order_by(decision.c.proposed_at.desc(), decision.c.decision_id.desc())
        .limit(1)
    )
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise not_found("决定，申请", application_id)
    return row


async def decision_view(tx: AsyncConnection, row: sa.Row[Any], caller: Principal) -> DecisionView:
    """The decision with its measures. Residents do not see who handled it."""
    shows_officers = caller.roles != {Role.RESIDENT}
    found = await tx.execute(
        sa.select(measure, assessment.c.result)
        .join(decision, decision.c.decision_id == measure.c.decision_id)
        .join(assessment, assessment.c.assessment_id == decision.c.assessment_id)
        .where(measure.c.decision_id == row.decision_id)
        .order_by(measure.c.policy)
    )
    measures = found.all()
    policies: dict[str, Any] = json.loads(measures[0].result)["policies"] if measures else {}
    decided = {one.policy for one in measures}
    return DecisionView(
        decision_id=row.decision_id,
        assessment_id=row.assessment_id,
        application_id=row.application_id,
        household_id=row.household_id,
        street=row.street,
        state=row.state,
        outcome=row.outcome,
        measures=[
            MeasureView(
                policy=one.policy,
                title=policies[one.policy]["title"],
                outcome=one.outcome,
                monthly_amount=one.monthly_amount_fen,
                persons=one.person_refs,
                reason=one.reason,
                differs_from_assessment=one.differs_from_assessment,
            )
            for one in measures
        ],
        differs_from_assessment=row.differs_from_assessment,
        proposed_by=row.proposed_by if shows_officers else None,
        confirmed_by=row.confirmed_by if shows_officers else None,
        decide_by=await _decide_by(tx, row.application_id),
        resolution_number=row.resolution_number,
        notice_ends_on=row.notice_ends_on,
        in_force_at=row.in_force_at,
        on_request=[
            answer["title"]
            for policy, answer in policies.items()
            if answer["eligible"] and answer["on_request"] and policy not in decided
        ],
        appeal_routes=list(APPEAL_ROUTES) if any(one.outcome == "refused" for one in measures) else [],
    )


async def _decide_by(tx: AsyncConnection, application_id: UUID) -> date | None:
    found = await tx.execute(sa.select(application.c.decide_by).where(application.c.application_id == application_id))
    return found.scalar_one_or_none()
