"""The base registries, with what held before; and what a delivered file says of a household."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.schemas.registries import LegalEntityVersionView, LegalEntityView
from data_sharing.tables.persons import person
from data_sharing.tables.registries import legal_entity_version, person_version, register_record
from data_sharing.tables.verifications import verification_member

IS_OF_NOW: Final = person_version.c.valid_until.is_(None)
VERSION_OF_NOW: Final = (person_version.c.person_id == person.c.person_id) & IS_OF_NOW
"""What the base registry says of a person now, for joining it to `person`."""


async def legal_entity(tx: AsyncConnection, credit_code: str) -> LegalEntityView | None:
    """A legal entity; None where no delivery named it."""
    found = (
        sa.select(legal_entity_version)
        .where(legal_entity_version.c.credit_code == credit_code)
        .order_by(legal_entity_version.c.valid_from.desc())
    )
    rows = (await tx.execute(found)).all()
    if not rows:
        return None
    names = LegalEntityVersionView.model_fields
    versions = [LegalEntityVersionView(**{name: getattr(row, name) for name in names}) for row in rows]
    return LegalEntityView(credit_code=credit_code, versions=versions)


async def members_in_batch(tx: AsyncConnection, batch_id: UUID, verification_id: UUID) -> Sequence[sa.Row[Any, Any]]:
    """Rows of one delivery about the members of a verification: `ref` and `fields`. A member may have several.

    The batch is named, so that one part of the table is read and no other.
    """
    found = (
        sa.select(verification_member.c.ref, register_record.c.fields)
        .join(person, person.c.person_id == verification_member.c.person_id)
        .join(register_record, register_record.c.identity_index == person.c.identity_index)
        .where(verification_member.c.verification_id == verification_id, register_record.c.batch_id == batch_id)
        .order_by(verification_member.c.ref, register_record.c.row_number)
    )
    return (await tx.execute(found)).all()
