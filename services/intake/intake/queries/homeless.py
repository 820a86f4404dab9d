"""Files of homeless persons: what is sealed in one, and what staff and services see."""

import json
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.queries.pages import Position, newest_first
from intake.rules.homeless import PERSON, HomelessState
from intake.schemas.homeless import (
    AidEntry,
    HomelessPersonFile,
    HomelessPersonHousehold,
    HomelessPersonPage,
    HomelessPersonSummary,
    StepEntry,
)
from intake.tables import homeless_person, homeless_person_aid, homeless_person_step
from shared.auth import Principal
from shared.crypto import FieldCipher
from shared.identity import mask_identity_number, mask_name
from shared.problems import not_found

_SUMMARY = [homeless_person.c[name] for name in HomelessPersonSummary.model_fields]


@dataclass(frozen=True, kw_only=True)
class Details:
    """What says who a homeless person is or might be."""

    place: str
    description: str
    condition: str
    name: str | None
    identity_number: str | None


def seal_details(details: Details, *, cipher: FieldCipher, row: UUID) -> bytes:
    """Encrypted for the file `row`: it cannot be read from another."""
    return cipher.encrypt(json.dumps(asdict(details), ensure_ascii=False), field=f"homeless_person.details/{row}")


def unseal_details(sealed: bytes, *, cipher: FieldCipher, row: UUID) -> Details:
    """The details again. Raises CannotDecrypt."""
    return Details(**json.loads(cipher.decrypt(sealed, field=f"homeless_person.details/{row}")))


async def find_homeless_person(
    tx: AsyncConnection, homeless_person_id: UUID, *, for_update: bool = False
) -> sa.Row[Any]:
    """The row of a file that the caller may see. Raises Problem 404."""
    query = sa.select(homeless_person).where(homeless_person.c.homeless_person_id == homeless_person_id)
    row = (await tx.execute(query.with_for_update() if for_update else query)).one_or_none()
    if row is None:
        raise not_found("流浪乞讨人员档案", homeless_person_id)
    return row


async def homeless_person_file(
    tx: AsyncConnection, homeless_person_id: UUID, *, cipher: FieldCipher
) -> HomelessPersonFile:
    """One file that the caller may see, with what was given and which steps were taken. Raises Problem 404."""
    row = await find_homeless_person(tx, homeless_person_id)
    details = unseal_details(row.details, cipher=cipher, row=homeless_person_id)
    given = await tx.execute(
        sa.select(*(homeless_person_aid.c[name] for name in AidEntry.model_fields))
        .where(homeless_person_aid.c.homeless_person_id == homeless_person_id)
        .order_by(homeless_person_aid.c.aid_id)
    )
    taken = await tx.execute(
        sa.select(*(homeless_person_step.c[name] for name in StepEntry.model_fields))
        .where(homeless_person_step.c.homeless_person_id == homeless_person_id)
        .order_by(homeless_person_step.c.step_id)
    )
    return HomelessPersonFile(
        **{name: getattr(row, name) for name in HomelessPersonSummary.model_fields},
        place=details.place,
        description=details.description,
        condition=details.condition,
        name=None if details.name is None else mask_name(details.name),
        identity_number=None if details.identity_number is None else mask_identity_number(details.identity_number),
        opened_by=row.opened_by,
        identified_by=row.identified_by,
        identified_at=row.identified_at,
        aid=[AidEntry.model_validate(entry) for entry in given.mappings()],
        steps=[StepEntry.model_validate(entry) for entry in taken.mappings()],
    )


async def homeless_person_household(tx: AsyncConnection, homeless_person_id: UUID) -> HomelessPersonHousehold:
    """The household file of a homeless person, and nothing that describes anybody. Raises Problem 404."""
    row = await find_homeless_person(tx, homeless_person_id)
    return HomelessPersonHousehold(
        homeless_person_id=homeless_person_id, street=row.street, household_id=row.household_id, person=PERSON
    )


async def homeless_person_page(
    tx: AsyncConnection,
    *,
    caller: Principal,
    street: str | None,
    state: HomelessState | None,
    after: Position | None,
    limit: int,
) -> HomelessPersonPage:
    """Files in the caller's scope, the newest first."""
    statement = sa.select(*_SUMMARY)
    if street is not None:
        statement = statement.where(homeless_person.c.street == street)
    if state is not None:
        statement = statement.where(homeless_person.c.state == state)
    rows, next_cursor = await newest_first(
        tx,
        statement,
        order=(homeless_person.c.opened_at, homeless_person.c.homeless_person_id),
        street=homeless_person.c.street,
        caller=caller,
        after=after,
        limit=limit,
    )
    return HomelessPersonPage(
        items=[HomelessPersonSummary.model_validate(row) for row in rows], next_cursor=next_cursor
    )
