"""An application is heard of, and its declaration becomes persons, letters and a verification to rest on (1.2)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.clients import Declaration, DeclaredPerson
from data_sharing.handlers.letters import Signed, end_letters_of_leavers, keep_letters, plan_end
from data_sharing.handlers.persons import MEMBER_NAME_FIELD, Named, index_persons, link_resident
from data_sharing.handlers.resting import Resting, lock_household, rest
from data_sharing.rules import authorisation as letters
from data_sharing.rules import verification as course
from data_sharing.rules.catalogue import Catalogue
from data_sharing.rules.targets import facts_only
from data_sharing.tables.verifications import application, verification_member
from shared import deadlines
from shared.clock import local_date
from shared.crypto import FieldCipher
from shared.events.eligibility import DecisionConfirmed
from shared.events.intake import ApplicationSubmitted
from shared.inbox import Delivery
from shared.working_days import WorkingCalendar

OPEN_JOB = "open_verification"


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
    if event.outcome == "granted":
        # By now officers know who applied, also where somebody else had applied for the household before.
        known = sa.update(application).where(application.c.application_id == event.application_id)
        await tx.execute(known.values(applicant_is_known=True))
        await _link_applicant(tx, event.application_id, now=delivery.now)
    else:
        # While it was undecided the letters stood on after the last benefit.
        await plan_end(tx, event.household_id, now=delivery.now)


async def open_verification(
    tx: AsyncConnection, declaration: Declaration, *, catalogue: Catalogue, cipher: FieldCipher, now: datetime
) -> None:
    """Join the verification of the same persons that is open or holds; else open one and ask every department.

    Does nothing for an application that has one already.
    """
    await lock_household(tx, declaration.household_id)
    if await _has_verification(tx, declaration.application_id):
        return
    members = {member["id"]: member for member in declaration.household["members"]}
    born = {declared.ref: _birth_date(members[declared.ref], declared) for declared in declaration.persons}
    # A member without a birth date is taken for an adult: a letter too many harms less than one too few.
    adults = {ref: day is None or letters.is_adult(day, local_date(now)) for ref, day in born.items()}
    named = [
        Named(
            name=declared.name,
            identity_number=declared.identity_number,
            known_as=f"{declaration.household_id}/{declared.name}/{born[declared.ref]}",
        )
        for declared in declaration.persons
    ]
    person_ids = dict(zip(born, await index_persons(tx, named, cipher=cipher, now=now), strict=True))
    await end_letters_of_leavers(tx, declaration.household_id, staying=set(person_ids.values()), now=now)
    await _keep_letters(tx, declaration, person_ids, adults, catalogue=catalogue, cipher=cipher, now=now)
    resting = Resting(
        application_id=declaration.application_id,
        household_id=declaration.household_id,
        street=declaration.street,
        persons=frozenset(person_ids.values()),
    )
    receipt = await rest(
        tx,
        resting,
        lambda verification_id: _keep_members(tx, verification_id, declaration, person_ids, adults, cipher=cipher),
        catalogue=catalogue,
        now=now,
        applicant_subject=declaration.applicant_subject,
        applicant_is_known=await _is_known(tx, declaration),
        declared=_declared_facts(declaration),
        refs={ref: str(person_id) for ref, person_id in person_ids.items()},
    )
    # Where it joined one that was there: who came of age since.
    grown = [person_ids[ref] for ref, is_adult in adults.items() if is_adult]
    await tx.execute(
        sa.update(verification_member)
        .where(
            verification_member.c.verification_id == receipt.verification_id,
            verification_member.c.person_id.in_(grown),
            ~verification_member.c.is_adult,
        )
        .values(is_adult=True)
    )
    await _link_applicant(tx, declaration.application_id, now=now)


async def _has_verification(tx: AsyncConnection, application_id: UUID) -> bool:
    found = sa.select(application.c.verification_id).where(application.c.application_id == application_id)
    return (await tx.execute(found)).scalar_one() is not None


async def _keep_members(
    tx: AsyncConnection,
    verification_id: UUID,
    declaration: Declaration,
    person_ids: Mapping[str, UUID],
    adults: Mapping[str, bool],
    *,
    cipher: FieldCipher,
) -> None:
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


async def _is_known(tx: AsyncConnection, declaration: Declaration) -> bool:
    """Whether officers know who applies: not where somebody else applied for the household before, whose file this
    opens, until it is granted something. As intake has it.
    """
    applied, before = application.alias("applied"), application.alias("before")
    by_another = sa.exists().where(
        before.c.household_id == applied.c.household_id,
        before.c.submitted_at < applied.c.submitted_at,
        before.c.applicant_subject.is_distinct_from(declaration.applicant_subject),
    )
    known = sa.select(sa.or_(applied.c.applicant_is_known, ~by_another))
    found = await tx.execute(known.where(applied.c.application_id == declaration.application_id))
    return bool(found.scalar_one())


async def _link_applicant(tx: AsyncConnection, application_id: UUID, *, now: datetime) -> None:
    """The login that applied is the applicant, where officers know that."""
    of_it = sa.select(application).where(application.c.application_id == application_id)
    applied = (await tx.execute(of_it)).one()
    if applied.applicant_subject is None or applied.declared is None or not applied.applicant_is_known:
        return
    applicants = [member["id"] for member in applied.declared["members"] if member["relation"] == "applicant"]
    if applicants:
        person_id = UUID(applied.refs[applicants[0]])
        await link_resident(tx, applied.applicant_subject, person_id, now=now)


async def _keep_letters(
    tx: AsyncConnection,
    declaration: Declaration,
    person_ids: Mapping[str, UUID],
    adults: Mapping[str, bool],
    *,
    catalogue: Catalogue,
    cipher: FieldCipher,
    now: datetime,
) -> None:
    """One letter per adult who signed; where a guardian signed, one per minor."""
    needed = letters.who_must_sign(adults)
    by_guardian = declaration.guardian_name is not None and not any(adults.values())
    signed = Signed(
        household_id=declaration.household_id,
        capacity="member",
        signed_on=declaration.signed_on,
        guardian_name=declaration.guardian_name if by_guardian else None,
        recorded_by=declaration.applicant_subject or "intake",
    )
    signers = needed if by_guardian else needed & declaration.signed_by
    await keep_letters(
        tx, signed, [person_ids[ref] for ref in sorted(signers)], catalogue=catalogue, cipher=cipher, now=now
    )
