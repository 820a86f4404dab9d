"""What a look is about, and what stands around it: members, letters, queries, answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.rules.authorisation import Letter, is_adult, who_must_sign
from data_sharing.rules.verification import Outcome, QueryKind
from data_sharing.tables.letters import authorisation, obligor
from data_sharing.tables.verifications import answer, application, query, verification, verification_member


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a look is about: a verification, an application that rests on one, or what one department is asked."""

    verification_id: UUID
    application_id: UUID
    household_id: UUID
    street: str
    applicant_subjects: frozenset[str]
    state: str
    valid_until: datetime | None
    data_sets: tuple[str, ...]
    person_ids: tuple[UUID, ...]
    refs: Mapping[str, str]
    """What the application calls each member: the name to the person's id."""
    obligor_id: UUID | None = None
    """Set where it is about an obligor and not about the household."""


@dataclass(frozen=True, kw_only=True)
class AskedCase(Case):
    """What one department is asked."""

    query_id: UUID
    department: str
    kind: QueryKind
    answer_by: datetime
    outcome: Outcome | None


async def case_of_query(tx: AsyncConnection, query_id: UUID) -> AskedCase | None:
    """The case of one department's query."""
    asked = (await tx.execute(sa.select(query).where(query.c.query_id == query_id))).one_or_none()
    if asked is None:
        return None
    about = await _about(tx, asked.verification_id, asked.application_id)
    if asked.obligor_id is not None:
        of_obligor = sa.select(obligor.c.person_id).where(obligor.c.obligor_id == asked.obligor_id)
        about["person_ids"] = ((await tx.execute(of_obligor)).scalar_one(),)
    about["data_sets"] = tuple(asked.data_sets)
    return AskedCase(
        **about,
        obligor_id=asked.obligor_id,
        query_id=query_id,
        department=asked.department,
        kind=asked.kind,
        answer_by=asked.answer_by,
        outcome=asked.outcome,
    )


async def case_of_verification(tx: AsyncConnection, verification_id: UUID) -> Case | None:
    """The case of a whole verification, under the first application that rests on it."""
    resting = sa.select(application.c.application_id).where(application.c.verification_id == verification_id)
    first = (await tx.execute(resting.order_by(application.c.application_id).limit(1))).scalar_one_or_none()
    return None if first is None else Case(**await _about(tx, verification_id, first))


async def case_of_application(tx: AsyncConnection, application_id: UUID) -> Case | None:
    """The case of an application's verification."""
    resting = sa.select(application.c.verification_id).where(application.c.application_id == application_id)
    verification_id = (await tx.execute(resting)).scalar_one_or_none()
    return None if verification_id is None else Case(**await _about(tx, verification_id, application_id))


async def _about(tx: AsyncConnection, verification_id: UUID, application_id: UUID) -> dict[str, Any]:
    """The fields of a Case, in one statement."""
    of_it = application.c.verification_id == verification.c.verification_id
    resting = application.alias("resting")
    subjects = sa.select(resting.c.applicant_subject).where(
        resting.c.verification_id == verification.c.verification_id,
        resting.c.applicant_subject.is_not(None),
        resting.c.applicant_is_known,
    )
    asked = sa.select(sa.func.unnest(query.c.data_sets)).where(
        query.c.verification_id == verification.c.verification_id, query.c.kind != "obligor"
    )
    persons = sa.select(verification_member.c.person_id).where(
        verification_member.c.verification_id == verification.c.verification_id
    )
    found = (
        await tx.execute(
            sa.select(
                *(verification.c[name] for name in ("household_id", "street", "state", "valid_until")),
                sa.func.array(subjects.scalar_subquery()).label("subjects"),
                sa.func.array(asked.order_by(query.c.query_id).scalar_subquery()).label("asked"),
                sa.func.array(persons.scalar_subquery()).label("persons"),
                application.c.refs,
            )
            .join(application, of_it)
            .where(application.c.application_id == application_id)
        )
    ).one()
    return {
        "verification_id": verification_id,
        "application_id": application_id,
        "household_id": found.household_id,
        "street": found.street,
        "applicant_subjects": frozenset(found.subjects),
        "state": found.state,
        "valid_until": found.valid_until,
        "data_sets": tuple(dict.fromkeys(found.asked)),
        "person_ids": tuple(found.persons),
        "refs": found.refs,
    }


async def query_rows(tx: AsyncConnection, verification_id: UUID) -> Sequence[sa.Row[Any]]:
    """Every query, the first round in the order of the departments' codes, then as they were asked."""
    found = (
        sa.select(query)
        .where(query.c.verification_id == verification_id)
        .order_by(query.c.asked_at, query.c.department, query.c.query_id)
    )
    return (await tx.execute(found)).all()


async def answer_rows(tx: AsyncConnection, queries: Sequence[sa.Row[Any]]) -> Mapping[UUID, list[dict[str, Any]]]:
    """The records of each department's newest answer, by query."""
    newest = sa.tuple_(answer.c.query_id, answer.c.version).in_([(row.query_id, row.version) for row in queries])
    return {row.query_id: row.records for row in await tx.execute(sa.select(answer).where(newest))}


async def refs_of_query(tx: AsyncConnection, case: AskedCase) -> frozenset[str]:
    """What the persons of a query are called in it."""
    if case.obligor_id is not None:
        found = sa.select(obligor.c.ref).where(obligor.c.obligor_id == case.obligor_id)
    else:
        found = sa.select(verification_member.c.ref).where(
            verification_member.c.verification_id == case.verification_id
        )
    return frozenset((await tx.execute(found)).scalars())


async def member_names(tx: AsyncConnection, verification_id: UUID, refs: Mapping[str, str]) -> dict[str, str]:
    """What a verification calls each member, and what an application calls the same person."""
    found = sa.select(verification_member.c.ref, verification_member.c.person_id).where(
        verification_member.c.verification_id == verification_id
    )
    own = {person_id: ref for ref, person_id in refs.items()}
    return {row.ref: own[str(row.person_id)] for row in await tx.execute(found)}


async def of_age(tx: AsyncConnection, application_id: UUID, on: date) -> frozenset[UUID]:
    """Who of an application is an adult that day, by what it declares; whose birth date is unknown is taken for one."""
    of_it = sa.select(application.c.declared, application.c.refs).where(application.c.application_id == application_id)
    found = (await tx.execute(of_it)).one()
    born = {member["id"]: member.get("birth_date") for member in found.declared["members"]}
    return frozenset(
        UUID(person_id)
        for ref, person_id in found.refs.items()
        if born.get(ref) is None or is_adult(date.fromisoformat(born[ref]), on)
    )


async def letters_of(
    tx: AsyncConnection, case: Case, *, asking_on: date | None = None
) -> tuple[frozenset[UUID], list[Letter]]:
    """Whose letters are needed to look at a case, and the newest letter of each who ever signed one. `asking_on`: where
    departments are asked anew, who came of age meanwhile must have signed too.
    """
    if case.obligor_id is not None:
        needed, capacity = frozenset(case.person_ids), "obligor"
    else:
        members = (
            await tx.execute(
                sa.select(verification_member).where(verification_member.c.verification_id == case.verification_id)
            )
        ).all()
        grown = frozenset() if asking_on is None else await of_age(tx, case.application_id, asking_on)
        signers = who_must_sign({member.ref: member.is_adult or member.person_id in grown for member in members})
        needed, capacity = frozenset(member.person_id for member in members if member.ref in signers), "member"
    newest = (
        sa.select(authorisation)
        .ext(distinct_on(authorisation.c.person_id))
        .where(
            authorisation.c.household_id == case.household_id,
            authorisation.c.capacity == capacity,
            authorisation.c.person_id.in_(needed),
        )
        .order_by(authorisation.c.person_id, authorisation.c.authorisation_id.desc())
    )
    return needed, [
        Letter(
            person_id=row.person_id,
            purposes=frozenset(row.purposes),
            fields=frozenset(row.fields),
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            ended_at=row.ended_at,
            end_reason=row.end_reason,
        )
        for row in await tx.execute(newest)
    ]
