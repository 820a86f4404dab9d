"""Who lives on the street gets a file, with or without papers and name, and who they are is written into it once it is
found out. Clause 4.5.1.

Each has a household file of their own, a household of one: whatever is done for a household can be done for them. It
stays theirs when they are found to belong to another household: their time line is not for the family to read.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.handlers.application import Desk
from intake.handlers.checks import refuse_findings
from intake.handlers.persons import household_changed
from intake.queries import persons as sealed
from intake.queries.homeless import Details, find_homeless_person, seal_details, unseal_details
from intake.queries.persons import IDENTITY_NUMBER, NamedPerson, Persons
from intake.rules import homeless
from intake.rules.homeless import HomelessState
from intake.rules.persons import Finding, Person, identified
from intake.schemas.homeless import (
    HomelessPersonFiled,
    HomelessPersonFound,
    HomelessPersonIdentified,
    IdentityFound,
)
from intake.tables import homeless_person, household, household_member, timeline_entry
from shared import outbox
from shared.auth import Principal, own_street
from shared.clock import local_date
from shared.database import Database
from shared.events import Event
from shared.events import intake as events
from shared.idempotency import Answer, Claim, once
from shared.ids import new_id
from shared.problems import Problem

# Two clerks who file one person at once wait for each other: else both would find no file.
_LOCK = sa.text("select pg_advisory_xact_lock(hashtextextended('homeless ' || encode(:index, 'hex'), 0))")


@dataclass(frozen=True)
class _Known:
    """The number of a person, and how the person is found by it."""

    person: Person
    index: bytes


async def file_homeless_person(
    database: Database, *, caller: Principal, found: HomelessPersonFound, idempotency_key: str, desk: Desk
) -> HomelessPersonFiled:
    """Open a file, or find the one that this person has in this street. Raises Problem 403, 409 or 422."""
    own_street(caller, found.street)
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, idempotency_key, "file_homeless_person", found, HomelessPersonFiled),
            lambda: _file(tx, caller=caller, found=found, desk=desk),
        )


async def _file(
    tx: AsyncConnection, *, caller: Principal, found: HomelessPersonFound, desk: Desk
) -> HomelessPersonFiled:
    now = desk.clock.now()
    refuse_future(found.found_on, today=local_date(now), field="body.found_on")
    known = None if found.identity_number is None else _known(found.identity_number, desk=desk)
    if known is not None and (before := await _file_in_street(tx, known, found.street)) is not None:
        return HomelessPersonFiled(
            homeless_person_id=before.homeless_person_id, household_id=before.household_id, is_new=False
        )
    homeless_person_id, household_id = new_id(), new_id()
    await tx.execute(
        sa.insert(household).values(
            household_id=household_id,
            street=found.street,
            persons=_household_of_one(household_id, found.name, known, desk=desk),
            registered_at=now,
        )
    )
    identity = {} if known is None else await _identity(tx, known, household_id, caller=caller, desk=desk)
    details = Details(
        place=found.place,
        description=found.description,
        condition=found.condition,
        name=found.name,
        identity_number=None if known is None else known.person.identity_number,
    )
    await tx.execute(
        sa.insert(homeless_person).values(
            homeless_person_id=homeless_person_id,
            street=found.street,
            household_id=household_id,
            state=HomelessState.ON_STREET,
            found_on=found.found_on,
            details=seal_details(details, cipher=desk.cipher, row=homeless_person_id),
            opened_by=caller.subject,
            opened_at=now,
            **identity,
        )
    )
    await add_line(tx, household_id, "homeless_person_filed", homeless.FILED_LINE, desk=desk)
    ids: dict[str, Any] = {
        "household_id": household_id,
        "homeless_person_id": homeless_person_id,
        "street": found.street,
    }
    told: list[Event] = [events.HomelessPersonFiled(**ids)]
    if identity:
        home = identity["identified_household_id"]
        told.append(events.HomelessPersonIdentified(**ids, identified_household_id=home))
    await outbox.record(tx, *told, at=now)
    return HomelessPersonFiled(homeless_person_id=homeless_person_id, household_id=household_id, is_new=True)


async def identify_homeless_person(
    database: Database,
    *,
    caller: Principal,
    homeless_person_id: UUID,
    identity: IdentityFound,
    idempotency_key: str,
    desk: Desk,
) -> HomelessPersonIdentified:
    """Write down who it is, and which household that person is in. Raises Problem 404, 409 or 422."""
    return await write_to_file(
        database,
        caller,
        homeless_person_id,
        operation="identify_homeless_person",
        key=idempotency_key,
        body=identity,
        answer_type=HomelessPersonIdentified,
        write=lambda tx: _identify(tx, caller=caller, homeless_person_id=homeless_person_id, found=identity, desk=desk),
    )


async def _identify(
    tx: AsyncConnection, *, caller: Principal, homeless_person_id: UUID, found: IdentityFound, desk: Desk
) -> HomelessPersonIdentified:
    file = await find_homeless_person(tx, homeless_person_id, for_update=True)
    if file.identity_index is not None:
        raise Problem(
            409,
            "already_identified",
            "此人的身份已经查明",
            f"档案 {homeless_person_id} 的身份已于 {local_date(file.identified_at)} 登记",
            field="homeless_person_id",
            value=homeless_person_id,
            way_out="请核对档案编号；登记有误的，请报区民政局处理",
        )
    known = _known(found.identity_number, desk=desk)
    identity = await _identity(tx, known, file.household_id, caller=caller, desk=desk)
    before = unseal_details(file.details, cipher=desk.cipher, row=homeless_person_id)
    details = replace(before, name=found.name, identity_number=known.person.identity_number)
    await tx.execute(
        sa.update(homeless_person)
        .where(homeless_person.c.homeless_person_id == homeless_person_id)
        .values(details=seal_details(details, cipher=desk.cipher, row=homeless_person_id), **identity)
    )
    await tx.execute(
        sa.update(household)
        .where(household.c.household_id == file.household_id)
        .values(persons=_household_of_one(file.household_id, found.name, known, desk=desk))
    )
    await add_line(tx, file.household_id, "homeless_person_identified", homeless.IDENTIFIED_LINE, desk=desk)
    identified_event = events.HomelessPersonIdentified(
        household_id=file.household_id,
        homeless_person_id=homeless_person_id,
        street=file.street,
        identified_household_id=identity["identified_household_id"],
    )
    await outbox.record(tx, identified_event, at=desk.clock.now())
    return HomelessPersonIdentified(
        homeless_person_id=homeless_person_id, identified_household_id=identity["identified_household_id"]
    )


async def write_to_file(
    database: Database,
    caller: Principal,
    homeless_person_id: UUID,
    *,
    operation: str,
    key: str,
    body: BaseModel,
    answer_type: type[Answer],
    write: Callable[[AsyncConnection], Awaitable[Answer]],
) -> Answer:
    """Write to a file, once for a key. As the service itself, like every write of intake: so the caller is checked
    first. Raises Problem 404 for a file outside of the caller's streets, and what `write` raises.
    """
    async with database.transaction(caller) as tx:
        await find_homeless_person(tx, homeless_person_id)
    async with database.transaction() as tx:
        return await once(
            tx, Claim(caller, key, f"{operation} {homeless_person_id}", body, answer_type), lambda: write(tx)
        )


def _known(identity_number: str, *, desk: Desk) -> _Known:
    """The person with this number. Raises Problem 422 for a number that is none."""
    alone = Person(
        ref=homeless.PERSON,
        id_type="identity_card",
        identity_number=identity_number,
        relation="applicant",
        birth_date=None,
        sex=None,
    )
    (person,), findings = identified([alone], today=desk.clock.today())
    refuse_findings(
        [
            Finding(field=finding.field.rpartition(".")[2], code=finding.code, message=finding.message)
            for finding in findings
        ],
        within="body",
    )
    assert person.identity_number is not None, "a number that is none was refused"
    return _Known(person, desk.cipher.blind_index(person.identity_number, field=IDENTITY_NUMBER))


async def _file_in_street(tx: AsyncConnection, known: _Known, street: str) -> Any:
    """The first file of the person in a street. In another street they get another: its clerks see their own only.

    Nobody else files the person until `tx` ends.
    """
    await tx.execute(_LOCK, {"index": known.index})
    query = (
        sa.select(homeless_person.c.homeless_person_id, homeless_person.c.household_id)
        .where(homeless_person.c.identity_index == known.index, homeless_person.c.street == street)
        .order_by(homeless_person.c.opened_at, homeless_person.c.homeless_person_id)
        .limit(1)
    )
    return (await tx.execute(query)).one_or_none()


async def _identity(
    tx: AsyncConnection, known: _Known, household_id: UUID, *, caller: Principal, desk: Desk
) -> dict[str, Any]:
    """What the file says of an identity that is found: the household that the person is in, else their own from now on.

    Raises Problem 409 where the person is filed elsewhere in the same moment.
    """
    member = household_member.c
    where = sa.select(member.household_id).where(member.identity_index == known.index)
    home: UUID | None = (await tx.execute(where)).scalar_one_or_none()
    if home is None:
        filed = await tx.execute(
            insert_or(household_member)
            .values(identity_index=known.index, household_id=household_id)
            .on_conflict_do_nothing()
            .returning(member.household_id)
        )
        home = filed.scalar_one_or_none()
        if home is None:
            raise household_changed()
    return {
        "identity_index": known.index,
        "identified_household_id": home,
        "identified_by": caller.subject,
        "identified_at": desk.clock.now(),
    }


def _household_of_one(household_id: UUID, name: str | None, known: _Known | None, *, desk: Desk) -> bytes:
    birth_date = None if known is None else known.person.birth_date
    person = NamedPerson(
        id=homeless.PERSON,
        name=homeless.UNNAMED if name is None else name,
        id_type="none" if known is None else "identity_card",
        identity_number=None if known is None else known.person.identity_number,
        relation="applicant",
        birth_date=None if birth_date is None else birth_date.isoformat(),
    )
    return sealed.seal(Persons(members=[person]), cipher=desk.cipher, column=sealed.HOUSEHOLD_PERSONS, row=household_id)


async def add_line(tx: AsyncConnection, household_id: UUID, kind: str, line: str, *, desk: Desk) -> None:
    """Add what happened to the time line of the household of one."""
    await tx.execute(
        sa.insert(timeline_entry).values(
            event_id=new_id(), household_id=household_id, at=desk.clock.now(), kind=kind, text=line
        )
    )


def refuse_future(day: date, *, today: date, field: str) -> None:
    """Raises Problem 422 for a day that has not come."""
    if day > today:
        raise Problem(
            422,
            "day_in_future",
            "日期不能晚于今天",
            f"今天是 {today}，填写的是 {day}",
            field=field,
            value=day,
            way_out="请核对日期",
        )
