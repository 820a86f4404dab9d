"""Verifications and their facts, as those who ask may see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.queries.cases import Case, query_rows
from data_sharing.queries.objections import objections_of
from data_sharing.rules.catalogue import Catalogue
from data_sharing.schemas.verifications import (
    DepartmentState,
    DifferenceView,
    FactsView,
    FindingView,
    ObligorView,
    ProvenanceView,
    VerificationView,
)
from data_sharing.tables.verifications import application, report, verification
from shared.clock import local_date


async def newest_report(tx: AsyncConnection, application_id: UUID) -> sa.Row[Any] | None:
    """What was known of an application at the newest completion of its verification."""
    found = sa.select(report).where(report.c.application_id == application_id)
    return (await tx.execute(found.order_by(report.c.revision.desc()).limit(1))).one_or_none()


async def facts_view(tx: AsyncConnection, application_id: UUID) -> FactsView:
    """The newest merged household of an application whose verification is completed."""
    newest = (
        sa.select(
            report,
            *(application.c[name] for name in ("household_id", "applicant_subject", "refs")),
            verification.c.valid_until,
        )
        .join(application, application.c.application_id == report.c.application_id)
        .join(verification, verification.c.verification_id == report.c.verification_id)
        .where(report.c.application_id == application_id)
        .order_by(report.c.revision.desc())
        .limit(1)
    )
    found = (await tx.execute(newest)).one()
    return FactsView(
        verification_id=found.verification_id,
        application_id=application_id,
        household_id=found.household_id,
        applicant_subject=found.applicant_subject,
        revision=found.revision,
        as_of=local_date(found.completed_at),
        valid_until=found.valid_until,
        not_answered=found.not_answered,
        household=found.household,
        provenance={path: ProvenanceView(**content) for path, content in found.provenance.items()},
        person_ids=found.refs,
    )


async def verification_view(
    tx: AsyncConnection,
    case: Case,
    catalogue: Catalogue,
    *,
    obligors: Sequence[ObligorView],
    beside: Sequence[FindingView],
    now: datetime,
) -> VerificationView:
    """How a verification stands, as the caller of the transaction may see it.

    obligors, beside: what only the service may read, and the caller may be shown.
    """
    found = (
        await tx.execute(sa.select(verification).where(verification.c.verification_id == case.verification_id))
    ).one()
    queries = [row for row in await query_rows(tx, case.verification_id) if row.kind != "obligor"]
    newest = await newest_report(tx, case.application_id)
    departments = [
        DepartmentState(
            department=row.department,
            title=catalogue.departments.get(row.department, row.department),
            kind=row.kind,
            data_sets=row.data_sets,
            state=row.outcome or "not_answered",
            answered_at=row.answered_at,
            is_late=(row.answered_at or now) >= row.answer_by,
            reason=row.reason,
            file_as_of=row.file_as_of,
        )
        for row in queries
    ]
    return VerificationView(
        verification_id=case.verification_id,
        application_id=case.application_id,
        household_id=found.household_id,
        street=found.street,
        state=found.state,
        is_partial=found.state == "completed"
        and any(row.kind == "first" and row.outcome in (None, "error") for row in queries),
        opened_at=found.opened_at,
        answer_by=found.answer_by,
        completed_at=found.completed_at,
        valid_until=found.valid_until,
        revision=found.revision,
        departments=departments,
        differences=[DifferenceView(**item) for item in (newest.differences if newest else [])],
        findings=[*(FindingView(**item) for item in (newest.findings if newest else [])), *beside],
        objections=await objections_of(tx, case.verification_id),
        obligors=list(obligors),
    )
