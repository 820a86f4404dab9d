"""The members that came in, as rules judge them, as they are sealed, and as they are found again."""

from collections.abc import Sequence
from datetime import date

from intake.queries.persons import IDENTITY_NUMBER, NamedPerson
from intake.rules.persons import Finding, Person, identified
from intake.schemas.application import Member
from intake.schemas.household import PersonInTrouble
from shared.crypto import FieldCipher
from shared.problems import Problem


def identify(members: Sequence[Member | PersonInTrouble], *, today: date) -> tuple[list[Person], list[Finding]]:
    """The members with number, birth date and sex made whole, and everything wrong with them."""
    persons = [
        Person(
            ref=member.id,
            id_type=member.id_type,
            identity_number=member.identity_number,
            relation=member.relation,
            birth_date=member.birth_date,
            sex=member.sex,
        )
        for member in members
    ]
    return identified(persons, today=today)


def with_names(members: Sequence[Member | PersonInTrouble], persons: Sequence[Person]) -> list[NamedPerson]:
    """Who the members are, to be sealed."""
    return [
        NamedPerson(
            id=person.ref,
            name=member.name,
            id_type=person.id_type,
            identity_number=person.identity_number,
            relation=person.relation,
            birth_date=None if person.birth_date is None else person.birth_date.isoformat(),
        )
        for member, person in zip(members, persons, strict=True)
    ]


def member_indexes(persons: Sequence[Person], cipher: FieldCipher) -> list[bytes]:
    """Blind indexes of the numbers, sorted: every transaction locks members in one order."""
    return sorted(
        cipher.blind_index(person.identity_number, field=IDENTITY_NUMBER)
        for person in persons
        if person.identity_number is not None
    )


def household_changed() -> Problem:
    """409 for members who were filed elsewhere in the same moment."""
    return Problem(
        409,
        "household_changed",
        "家庭成员的档案刚刚发生变化",
        "同一时刻有另一件办理涉及相同的家庭成员",
        way_out="请使用同一幂等键原样重试",
    )
