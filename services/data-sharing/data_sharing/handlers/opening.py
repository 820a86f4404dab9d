"""A verification is opened: persons indexed, letters kept, every department that holds a fact asked (1.2)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.clients import Declaration, DeclaredPerson
from data_sharing.rules import authorisation as letters
from data_sharing.rules import verification as course
from data_sharing.rules.catalogue import Catalogue
from data_sharing.rules.targets import facts_only
from data_sharing.tables.persons import person, resident
from data_sharing.tables.verifications import application, authorisation, query, verification, verification_member
from shared import deadlines, outbox
from shared.clock import end_of_day, local_date, start_of_day
from shared.crypto import FieldCipher
from shared.events.data_sharing import VerificationRequested
from shared.events.eligibility import DecisionConfirmed
from shared.events.intake import ApplicationSubmitted
from shared.ids import new_id
from shared.inbox import Delivery
from shared.working_days import WorkingCalendar

OPEN_JOB = "open_verification"
CLOSE_JOB = "close_verification"

NUMBER_FIELD = "person.identity_number"
INDEX_FIELD = "person.identity_index"
PERSON_NAME_FIELD = "person.name"
MEMBER_NAME_FIELD = "verification_member.name"
GUARDIAN_NAME_FIELD = "authorisation.guardian_name"


async def plan_verification(tx: AsyncConnection, delivery: Delivery[ApplicationSubmitted]) -> None:
    """Remember the application for the rate; its declaration is fetched as soon as a worker is free."""
    event = delivery.event
    values = {
        "requested": list(event.requested),
        "submitted_at": delivery.time,
        "verify_by": course.answer_by(delivery.time, WorkingCalendar()),
    }
    await tx.execute(
        insert(application)
        .values(application_id=event.application_id, household_id=event.household_id, street=event.street, **values)
        .on_conflict_do_update(index_elements=["application_id"], set_=values)
    )
    await deadlines.schedule(tx, kind=OPEN_JOB, subject=str(event.application_id), due_at=delivery.now)


async def note_decision(tx: AsyncConnection, delivery: Delivery[DecisionConfirmed]) -> None:
    """A decision without a completed verification must show in the rate (12.3.1), whatever arrives first."""
    event = delivery.event
    await tx.execute(
        insert(application)
        .values(
            application_id=event.application_id,
            household_id=event.household_id,
            street=event.street,
            requested=[],
            submitted_at=delivery.time,
            verify_by=delivery.time,
            decided_at=delivery.time,
        )
        .on_conflict_do_update(index_elements=["application_id"], set_={"decided_at": delivery.time})
    )


async def open_verification(
    tx: AsyncConnection, declaration: Declaration, *, catalogue: Catalogue, cipher: FieldCipher, now: datetime
) -> None:
    """Store who and what was declared and ask every department. Does nothing for an application already asked for."""
    verification_id = new_id()
    members = {member["id"]: member for member in declaration.household["members"]}
    born = {declared.ref: _birth_date(members[declared.ref], declared) for declared in declaration.persons}
    # A member without a birth date is taken for an adult: a letter too many harms less than one too few.
    adults = {ref: day is None or letters.is_adult(day, local_date(now)) for ref, day in born.items()}
    answer_by = course.answer_by(now, WorkingCalendar())
    opened = await tx.execute(
        insert(verification)
        .values(
            verification_id=verification_id,
            application_id=declaration.application_id,
            household_id=declaration.household_id,
            street=declaration.street,
            applicant_subject=declaration.applicant_subject,
            declared=_declared_facts(declaration),
            state="open",
            opened_at=now,
            answer_by=answer_by,
            revision=0,
        )
        .on_conflict_do_nothing(index_elements=["application_id"])
    )
    if opened.rowcount == 0:
        return
    person_ids = await _index_persons(tx, declaration, born, cipher=cipher, now=now)
    await tx.execute(
        insert(verification_member),
        [
            {
                "verification_id": verification_id,
                "ref": declared.ref,
                "person_id": person_ids[declared.ref],
                "name": cipher.encrypt(declared.name, field=MEMBER_NAME_FIELD),
                "is_adult": adults[declared.ref],
            }
            for declared in declaration.persons
        ],
    )
    await _link_resident(tx, declaration, person_ids, now=now)
    await _keep_letters(tx, declaration, verification_id, person_ids, adults, catalogue=catalogue, cipher=cipher)
    await _ask_departments(tx, declaration, verification_id, answer_by, catalogue=catalogue, now=now)
    await deadlines.schedule(tx, kind=CLOSE_JOB, subject=str(verification_id), due_at=answer_by)


def _declared_facts(declaration: Declaration) -> dict[str, Any]:
    """The declared household without names and numbers; what the number says of birth and sex is filled in."""
    numbers = {declared.ref: declared.identity_number for declared in declaration.persons}
    facts = facts_only(declaration.household)
    for member in facts["members"]:
        number = numbers[member["id"]]
        if number is not None:
            in_number = {
                "birth_date": f"{number[6:10]}-{number[10:12]}-{number[12:14]}",
                "sex": "M" if int(number[16]) % 2 else "F",
            }
            member.update({key: value for key, value in in_number.items() if member.get(key) is None})
    return facts


def _birth_date(member: Mapping[str, Any], declared: DeclaredPerson) -> date | None:
    if declared.identity_number is not None:
        return date.fromisoformat(declared.identity_number[6:14])
    text = member.get("birth_date")
    return None if text is None else date.fromisoformat(text)


async def _index_persons(
    tx: AsyncConnection,
    declaration: Declaration,
    born: Mapping[str, date | None],
    *,
    cipher: FieldCipher,
    now: datetime,
) -> dict[str, UUID]:
    """The lasting id of each person, by ref. Who has no number is known within the household only."""
    indexes = {}
    for declared in declaration.persons:
        identity = declared.identity_number or f"{declaration.household_id}/{declared.name}/{born[declared.ref]}"
        indexes[declared.ref] = cipher.blind_index(identity, field=INDEX_FIELD)
    rows: list[dict[str, Any]] = [
        {
            "person_id": new_id(),
            "identity_index": indexes[declared.ref],
            "identity_number": declared.identity_number
            and cipher.encrypt(declared.identity_number, field=NUMBER_FIELD),
            "name": cipher.encrypt(declared.name, field=PERSON_NAME_FIELD),
            "first_seen_at": now,
        }
        for declared in declaration.persons
    ]
    # In one order, so that two applications with the same people cannot block each other.
    for row in sorted(rows, key=lambda row: row["identity_index"]):
        await tx.execute(insert(person).values(row).on_conflict_do_nothing(index_elements=["identity_index"]))
    found = await tx.execute(
        sa.select(person.c.identity_index, person.c.person_id).where(person.c.identity_index.in_(indexes.values()))
    )
    ids = {row.identity_index: row.person_id for row in found}
    return {ref: ids[index] for ref, index in indexes.items()}


async def _link_resident(
    tx: AsyncConnection, declaration: Declaration, person_ids: Mapping[str, UUID], *, now: datetime
) -> None:
    applicants = [member["id"] for member in declaration.household["members"] if member["relation"] == "applicant"]
    if declaration.applicant_subject is None or not applicants:
        return
    values = {"person_id": person_ids[applicants[0]], "linked_at": now}
    await tx.execute(
        insert(resident)
        .values(subject=declaration.applicant_subject, **values)
        .on_conflict_do_update(index_elements=["subject"], set_=values)
    )


async def _keep_letters(
    tx: AsyncConnection,
    declaration: Declaration,
    verification_id: UUID,
    person_ids: Mapping[str, UUID],
    adults: Mapping[str, bool],
    *,
    catalogue: Catalogue,
    cipher: FieldCipher,
) -> None:
    """One letter per adult who signed; where a guardian signed, one per minor."""
    needed = letters.who_must_sign(adults)
    by_guardian = declaration.guardian_name is not None and not any(adults.values())
    signed = needed if by_guardian else needed & declaration.signed_by
    if not signed:
        return
    until = course.add_months(declaration.signed_on, catalogue.letter_months)
    await tx.execute(
        insert(authorisation),
        [
            {
                "authorisation_id": new_id(),
                "verification_id": verification_id,
                "person_id": person_ids[ref],
                "purposes": list(catalogue.letter_purposes),
                "fields": list(catalogue.verified_field_paths),
                "guardian_name": cipher.encrypt(declaration.guardian_name or "", field=GUARDIAN_NAME_FIELD)
                if by_guardian
                else None,
                "valid_from": start_of_day(declaration.signed_on),
                "valid_until": end_of_day(until),
            }
            for ref in sorted(signed)
        ],
    )


async def _ask_departments(
    tx: AsyncConnection,
    declaration: Declaration,
    verification_id: UUID,
    answer_by: datetime,
    *,
    catalogue: Catalogue,
    now: datetime,
) -> None:
    asked = [
        VerificationRequested(
            household_id=declaration.household_id,
            application_id=declaration.application_id,
            verification_id=verification_id,
            query_id=new_id(),
            department=department,
            data_sets=data_sets,
            answer_by=answer_by,
        )
        for department, data_sets in catalogue.by_department.items()
    ]
    columns = ("query_id", "verification_id", "application_id", "household_id", "department", "answer_by")
    await tx.execute(
        insert(query),
        [
            {**{name: getattr(event, name) for name in columns}, "data_sets": list(event.data_sets), "version": 0}
            for event in asked
        ],
    )
    await outbox.record(tx, *asked, at=now)
