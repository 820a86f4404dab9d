"""Who somebody is: persons by the blind index of their number, once each, and whose login is whose."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.tables.persons import person, resident
from shared.crypto import FieldCipher
from shared.ids import new_id

NUMBER_FIELD = "person.identity_number"
INDEX_FIELD = "person.identity_index"
PERSON_NAME_FIELD = "person.name"
MEMBER_NAME_FIELD = "verification_member.name"
OBLIGOR_NAME_FIELD = "obligor.name"
GUARDIAN_NAME_FIELD = "authorisation.guardian_name"


@dataclass(frozen=True, kw_only=True)
class Named:
    """Somebody by name and number. `known_as` stands in for a number that a child does not have yet."""

    name: str
    identity_number: str | None
    known_as: str = ""


async def index_persons(
    tx: AsyncConnection, persons: Sequence[Named], *, cipher: FieldCipher, now: datetime
) -> list[UUID]:
    """The lasting id of each, in their order. Who is not known yet is from now on."""
    indexes = [cipher.blind_index(one.identity_number or one.known_as, field=INDEX_FIELD) for one in persons]
    rows: list[dict[str, Any]] = [
        {
            "person_id": new_id(),
            "identity_index": index,
            "identity_number": one.identity_number and cipher.encrypt(one.identity_number, field=NUMBER_FIELD),
            "name": cipher.encrypt(one.name, field=PERSON_NAME_FIELD),
            "first_seen_at": now,
        }
        for one, index in zip(persons, indexes, strict=True)
    ]
    # In one order, so that two applications with the same people cannot block each other.
    for row in sorted(rows, key=lambda row: row["identity_index"]):
        await tx.execute(insert(person).values(row).on_conflict_do_nothing(index_elements=["identity_index"]))
    found = await tx.execute(
        sa.select(person.c.identity_index, person.c.person_id).where(person.c.identity_index.in_(indexes))
    )
    ids = {row.identity_index: row.person_id for row in found}
    return [ids[index] for index in indexes]


async def link_resident(tx: AsyncConnection, subject: str, person_id: UUID, *, now: datetime) -> None:
    """This login is this person: the applicant's, linked when they apply."""
    values = {"person_id": person_id, "linked_at": now}
    await tx.execute(
        insert(resident)
        .values(subject=subject, **values)
        .on_conflict_do_update(index_elements=["subject"], set_=values)
    )


async def person_of_resident(tx: AsyncConnection, subject: str) -> UUID | None:
    """Who a login is; None for one that never applied."""
    found = sa.select(resident.c.person_id).where(resident.c.subject == subject)
    return (await tx.execute(found)).scalar_one_or_none()
