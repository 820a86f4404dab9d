"""Names and identity numbers at rest: sealed as one value per row, opened for masking and for the declaration."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

from intake.rules.persons import age_on
from intake.schemas.application import MaskedMember
from shared.crypto import FieldCipher
from shared.identity import mask_identity_number, mask_name

APPLICATION_PERSONS = "application.persons"
HOUSEHOLD_PERSONS = "household.persons"
IDENTITY_NUMBER = "identity_number"
"""The field that blind indexes are made for, the same in every table, so that a person is found in all of them."""


@dataclass(frozen=True, kw_only=True)
class NamedPerson:
    """One member with what says who it is."""

    id: str
    name: str
    id_type: str
    identity_number: str | None
    relation: str
    birth_date: str | None
    """ISO date."""


@dataclass(frozen=True, kw_only=True)
class Persons:
    """The members of one household, and the guardian who signed for them where none is of age."""

    members: Sequence[NamedPerson]
    guardian_name: str | None = None


def seal(persons: Persons, *, cipher: FieldCipher, column: str, row: UUID) -> bytes:
    """Encrypted for one column of one row: it cannot be read from another."""
    return cipher.encrypt(json.dumps(asdict(persons), ensure_ascii=False), field=f"{column}/{row}")


def unseal(sealed: bytes, *, cipher: FieldCipher, column: str, row: UUID) -> Persons:
    """The members again. Raises CannotDecrypt."""
    document = json.loads(cipher.decrypt(sealed, field=f"{column}/{row}"))
    return Persons(
        members=[NamedPerson(**member) for member in document["members"]], guardian_name=document["guardian_name"]
    )


def masked(persons: Persons, *, today: date) -> list[MaskedMember]:
    """The members as staff and residents see them."""
    return [
        MaskedMember.model_validate(
            {
                "id": person.id,
                "name": mask_name(person.name),
                "id_type": person.id_type,
                "identity_number": person.identity_number and mask_identity_number(person.identity_number),
                "relation": person.relation,
                "age": person.birth_date and age_on(date.fromisoformat(person.birth_date), today),
            }
        )
        for person in persons.members
    ]
