"""Household files as staff see them, and the files that the persons of a household are in."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.queries import persons as sealed
from intake.rules.persons import KnownHousehold, households_of
from intake.schemas.household import HouseholdApplication, HouseholdFile
from intake.tables import application, household, household_member
from shared.crypto import FieldCipher
from shared.problems import not_found

_SHOWN_APPLICATIONS = 100


async def household_file(tx: AsyncConnection, household_id: UUID, *, cipher: FieldCipher, today: date) -> HouseholdFile:
    """One file that the caller may see, masked, with its applications. Raises Problem 404."""
    row = (await tx.execute(sa.select(household).where(household.c.household_id == household_id))).one_or_none()
    if row is None:
        raise not_found("家庭档案", household_id)
    persons = sealed.unseal(row.persons, cipher=cipher, column=sealed.HOUSEHOLD_PERSONS, row=household_id)
    applications = await tx.execute(
        sa.select(application.c.application_id, application.c.status, application.c.submitted_at)
        .where(application.c.household_id == household_id)
        .order_by(application.c.submitted_at.desc(), application.c.application_id.desc())
        .limit(_SHOWN_APPLICATIONS)
    )
    return HouseholdFile(
        household_id=household_id,
        street=row.street,
        registered_at=row.registered_at,
        members=sealed.masked(persons, today=today),
        applications=[HouseholdApplication.model_validate(found) for found in applications.mappings()],
    )


async def known_households(tx: AsyncConnection, members: Iterable[bytes]) -> list[KnownHousehold]:
    """The files that these persons, by blind index, are in now."""
    rows = await tx.execute(_KNOWN_HOUSEHOLDS, {"members": list(members)})
    return households_of((row.household_id, row.registered_at, row.identity_index) for row in rows)


# One array, not a list of parameters: the statement is the same for every number of members.
_MEMBERS = sa.any_(sa.bindparam("members", type_=ARRAY(sa.LargeBinary)))
_KNOWN_HOUSEHOLDS = (
    sa.select(household.c.household_id, household.c.registered_at, household_member.c.identity_index)
    .join(household_member, household_member.c.household_id == household.c.household_id)
    .where(
        household.c.household_id.in_(
            sa.select(household_member.c.household_id).where(household_member.c.identity_index == _MEMBERS)
        )
    )
)
