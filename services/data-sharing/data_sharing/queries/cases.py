"""What a look is about, and what stands around it: members, letters, queries, answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.rules.authorisation import Letter, who_must_sign
from data_sharing.tables.verifications import (
    answer,
    authorisation,
    query,
    verification,
    verification_member,
)


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
