"""Verifications and their facts, as those who ask may see them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.queries.cases import query_rows
from data_sharing.rules.catalogue import Catalogue
from data_sharing.schemas.verifications import (
    DepartmentState,
    DifferenceView,
    FactsView,
    FindingView,
    ProvenanceView,
    VerificationView,
)
from data_sharing.tables.verifications import report, verification, verification_member
from shared.clock import local_date


async def _newest_report(tx: AsyncConnection, verification_id: UUID) -> sa.Row[Any] | None:
    found = (
        sa.select(report).where(report.c.verification_id == verification_id).order_by(report.c.revision.desc()).limit(1)
    )
    return (await tx.execute(found)).one_or_none()


async def facts_view(tx: AsyncConnection, verification_id: UUID) -> FactsView:
    """The newest merged household of a completed verification."""
    found = (await tx.execute(sa.select(verification).where(verification.c.verification_id == verification_id))).one()
    newest = await _newest_report(tx, verification_id)
    assert newest is not None, "a completed verification has a report"
    members = await tx.execute(
        sa.select(verification_member).where(verification_member.c.verification_id == verification_id)
    )
    return FactsView(
        verification_id=verification_id,
        application_id=found.application_id,
        household_id=found.household_id,
        applicant_subject=found.applicant_subject,
        revision=newest.revision,
        as_of=local_date(newest.completed_at),
        valid_until=found.valid_until,
        not_answered=newest.not_answered,
        household=newest.household,
        provenance={path: ProvenanceView(**content) for path, content in newest.provenance.items()},
        person_ids={member.ref: member.person_id for member in members},
    )


async def verification_view(
    tx: AsyncConnection, verification_id: UUID, catalogue: Catalogue, *, now: datetime
) -> VerificationView:
    """How a verification stands, as the caller of the transaction may see it."""
    found = (await tx.execute(sa.select(verification).where(verification.c.verification_id == verification_id))).one()
    queries = await query_rows(tx, verification_id)
    newest = await _newest_report(tx, verification_id)
    departments = [
        DepartmentState(
            department=row.department,
            title=catalogue.departments.get(row.department, row.department),
            data_sets=row.data_sets,
            state=row.outcome or "not_answered",
            answered_at=row.answered_at,
            is_late=(row.answered_at or now) >= row.answer_by,
        )
        for row in queries
    ]
    return VerificationView(
        verification_id=verification_id,
        application_id=found.application_id,
        household_id=found.household_id,
        street=found.street,
        state=found.state,
        is_partial=found.state == "completed" and any(row.outcome in (None, "error") for row in queries),
        opened_at=found.opened_at,
        answer_by=found.answer_by,
        completed_at=found.completed_at,
        valid_until=found.valid_until,
        revision=found.revision,
        departments=departments,
        differences=[DifferenceView(**item) for item in (newest.differences if newest else [])],
        findings=[FindingView(**item) for item in (newest.findings if newest else [])],
    )
