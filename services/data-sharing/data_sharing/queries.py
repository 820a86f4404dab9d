"""Reads used twice, or that depend on who asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.rules.authorisation import Letter, who_must_sign
from data_sharing.rules.catalogue import Catalogue
from data_sharing.rules.verification import EXEMPT_POLICIES
from data_sharing.schemas import (
    AccessPage,
    AccessView,
    DepartmentState,
    DifferenceView,
    FactsView,
    FindingView,
    ProvenanceView,
    VerificationRate,
    VerificationView,
)
from data_sharing.tables import (
    access,
    answer,
    application,
    authorisation,
    query,
    report,
    verification,
    verification_member,
)
from shared.auth import Principal
from shared.clock import DISTRICT_TIMEZONE, local_date
from shared.identity import WUCHANG_STREETS


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a look is about: a verification, or the part of one that a department is asked."""

    verification_id: UUID
    application_id: UUID
    household_id: UUID
    street: str
    applicant_subject: str | None
    answer_by: datetime
    valid_until: datetime | None
    data_sets: tuple[str, ...]
    query_id: UUID | None = None
    department: str = ""


async def case_of_query(tx: AsyncConnection, query_id: UUID) -> Case | None:
    """The case of one department's query."""
    rows = await _case_rows(tx, query.c.query_id == query_id)
    if not rows:
        return None
    return _case(rows, query_id=query_id, department=rows[0].department)


async def case_of_verification(tx: AsyncConnection, verification_id: UUID) -> Case | None:
    """The case of a whole verification."""
    rows = await _case_rows(tx, verification.c.verification_id == verification_id)
    return _case(rows) if rows else None


async def case_of_application(tx: AsyncConnection, application_id: UUID) -> Case | None:
    """The case of an application's verification."""
    rows = await _case_rows(tx, verification.c.application_id == application_id)
    return _case(rows) if rows else None


async def _case_rows(tx: AsyncConnection, condition: sa.ColumnElement[bool]) -> Sequence[Any]:
    columns = [column for column in verification.c if column.name != "declared"]
    found = (
        sa.select(*columns, query.c.data_sets, query.c.department)
        .join(query, query.c.verification_id == verification.c.verification_id)
        .where(condition)
        .order_by(query.c.department)
    )
    return (await tx.execute(found)).all()


def _case(rows: Sequence[Any], *, query_id: UUID | None = None, department: str = "") -> Case:
    first = rows[0]
    return Case(
        verification_id=first.verification_id,
        application_id=first.application_id,
        household_id=first.household_id,
        street=first.street,
        applicant_subject=first.applicant_subject,
        answer_by=first.answer_by,
        valid_until=first.valid_until,
        data_sets=tuple(code for row in rows for code in row.data_sets),
        query_id=query_id,
        department=department,
    )


async def query_rows(tx: AsyncConnection, verification_id: UUID) -> Sequence[sa.Row[Any]]:
    """Every department's query, in the order of their codes."""
    found = sa.select(query).where(query.c.verification_id == verification_id).order_by(query.c.department)
    return (await tx.execute(found)).all()


async def answer_rows(tx: AsyncConnection, queries: Sequence[sa.Row[Any]]) -> Mapping[UUID, list[dict[str, Any]]]:
    """The records of each department's newest answer, by query."""
    newest = sa.tuple_(answer.c.query_id, answer.c.version).in_([(row.query_id, row.version) for row in queries])
    return {row.query_id: row.records for row in await tx.execute(sa.select(answer).where(newest))}


async def member_refs(tx: AsyncConnection, verification_id: UUID) -> frozenset[str]:
    """What the members are called inside the household."""
    found = sa.select(verification_member.c.ref).where(verification_member.c.verification_id == verification_id)
    return frozenset((await tx.execute(found)).scalars())


async def letters_of(tx: AsyncConnection, verification_id: UUID) -> tuple[frozenset[UUID], list[Letter]]:
    """Whose letters are needed, and the letters there are."""
    members = (
        await tx.execute(sa.select(verification_member).where(verification_member.c.verification_id == verification_id))
    ).all()
    signers = who_must_sign({member.ref: member.is_adult for member in members})
    needed = frozenset(member.person_id for member in members if member.ref in signers)
    rows = await tx.execute(sa.select(authorisation).where(authorisation.c.verification_id == verification_id))
    return needed, [
        Letter(
            person_id=row.person_id,
            purposes=frozenset(row.purposes),
            fields=frozenset(row.fields),
            valid_from=row.valid_from,
            valid_until=row.valid_until,
        )
        for row in rows
    ]


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


async def access_page(
    tx: AsyncConnection,
    catalogue: Catalogue,
    caller: Principal,
    *,
    household_id: UUID | None,
    before: UUID | None,
    limit: int,
) -> AccessPage:
    """Looks that the caller may read, the newest first: all of one household, or those at the resident's own."""
    found = sa.select(access).order_by(access.c.access_id.desc()).limit(limit + 1)
    is_resident = caller.row_scope == "resident"
    if is_resident:
        own = sa.select(verification.c.household_id).where(verification.c.applicant_subject == caller.subject)
        found = found.where(access.c.household_id.in_(own))
    if household_id is not None:
        found = found.where(access.c.household_id == household_id)
    if before is not None:
        found = found.where(access.c.access_id < before)
    rows = (await tx.execute(found)).all()
    return AccessPage(
        items=[_access_view(row, catalogue, with_subject=not is_resident) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].access_id) if len(rows) > limit else None,
    )


def _access_view(row: sa.Row[Any], catalogue: Catalogue, *, with_subject: bool) -> AccessView:
    who = _who(row, catalogue)
    purpose = catalogue.purpose_title(row.purpose)
    fields = [catalogue.field_title(path) for path in row.fields]
    at = row.accessed_at.astimezone(DISTRICT_TIMEZONE)
    verdict = "已提供" if row.outcome == "answered" else "已拒绝"
    return AccessView(
        access_id=row.access_id,
        at=row.accessed_at,
        who=who,
        subject=row.subject if with_subject else None,
        purpose=purpose,
        fields=fields,
        outcome=row.outcome,
        reason=row.reason,
        application_id=row.application_id,
        text=f"{at:%Y年%m月%d日 %H:%M}，{who}为“{purpose}”查询您家的{'、'.join(fields)}：{verdict}。",
    )


def _who(row: sa.Row[Any], catalogue: Catalogue) -> str:
    """The office or system that looked, never the name of an official."""
    if row.department is not None:
        return catalogue.departments.get(row.department, row.department)
    if row.caller_scope == "streets":
        return "、".join(WUCHANG_STREETS.get(street, street) for street in row.caller_streets) + "工作人员"
    if row.caller_scope == "district":
        return "审计监察人员" if row.purpose == "oversight" else "区级救助工作人员"
    if row.caller_scope == "resident":
        return "其他居民账号"
    return catalogue.clients.get(row.client_id, row.client_id)


async def verification_rate(tx: AsyncConnection, *, now: datetime) -> VerificationRate:
    """核对率 (12.3.1) over the applications that the caller of the transaction may see."""
    # Valid when it was decided, or, while it is not, now.
    judged_at = sa.func.coalesce(application.c.decided_at, now)
    verified = sa.and_(verification.c.completed_at <= judged_at, verification.c.valid_until > judged_at)
    exempt = sa.and_(
        sa.func.cardinality(application.c.requested) > 0, application.c.requested.contained_by(list(EXEMPT_POLICIES))
    )
    counts = sa.or_(
        application.c.decided_at.is_not(None),
        verification.c.completed_at.is_not(None),
        application.c.verify_by <= now,
    )

    def number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.count().filter(condition)

    found = (
        await tx.execute(
            sa.select(
                number(sa.and_(~exempt, counts, verified)).label("numerator"),
                number(sa.and_(~exempt, counts)).label("denominator"),
                number(sa.and_(~exempt, ~counts)).label("pending"),
                number(exempt).label("exempt"),
            ).select_from(
                application.outerjoin(verification, verification.c.application_id == application.c.application_id)
            )
        )
    ).one()
    return VerificationRate(
        numerator=found.numerator,
        denominator=found.denominator,
        rate=f"{found.numerator / found.denominator:.4f}" if found.denominator else None,
        pending=found.pending,
        exempt=found.exempt,
        exemptions=[
            "仅申请孤儿保障、事实无人抚养儿童保障的（不核对家庭经济状况）",
            "街道备用金先行救助（先救助、后核对，不经申请程序）",
        ],
        definition="分母：须核对且已决定、已完成核对或已过核对期限的申请；分子：其中决定时（未决定的，目前）核对有效的。",
    )
