"""Who of the registry a report is about: by number, else by what is said of them (12.2)."""

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.persons import INDEX_FIELD, PERSON_NAME_FIELD
from data_sharing.handlers.registering import ADDRESS_FIELD, NAME_FIELD
from data_sharing.queries.registries import IS_OF_NOW
from data_sharing.rules.lead_matching import Candidate, Described, Known, are_alike, match
from data_sharing.schemas.leads import Match, ReportedSomebody
from data_sharing.tables.persons import person
from data_sharing.tables.registries import person_version
from shared.crypto import FieldCipher

_YEARS_OFF = 4
"""How wrong an age may be for somebody to come into question by where they live."""
_YEAR = timedelta(days=365.25)
_MOST_NAMESAKES = 500
_EVEN = 0.5
# The planner's estimate where the table is large: a count would read all of it for each report.
_POPULATION = sa.text("""
select case when reltuples > 100000 then reltuples::bigint
    else (select count(*) from person_version where valid_until is null) end
from pg_class where oid = 'person_version'::regclass
""")


@dataclass(frozen=True, kw_only=True)
class Found:
    """Who is meant. `person_id` where that is sure; `candidates` where an officer has to say."""

    match: Match
    person_id: UUID | None = None
    candidates: tuple[Candidate[UUID], ...] = ()


async def find_person(
    tx: AsyncConnection, about: ReportedSomebody, number: str | None, *, cipher: FieldCipher, on: date
) -> Found:
    """Look somebody up. `number`: checked, or None. Reads only."""
    if number is not None:
        return await _by_number(tx, about.name, number, cipher)
    if about.name is None:
        return Found(match="unknown")
    described = Described(
        name=about.name,
        on=on,
        sex=about.sex,
        birth_date=about.birth_date,
        age=about.age,
        street=about.street,
        address=about.address,
    )
    name_index = cipher.blind_index(about.name, field=NAME_FIELD)
    rows = await _in_question(tx, described, name_index)
    bear_the_name = (person_version.c.name_index == name_index, IS_OF_NOW)
    namesakes = (await tx.execute(sa.select(sa.func.count()).where(*bear_the_name))).scalar_one()
    population = (await tx.execute(_POPULATION)).scalar_one()
    finding = await asyncio.to_thread(
        lambda: match(described, (_known(row, cipher, namesakes) for row in rows), population=population)
    )
    if finding.verdict == "matched":
        return Found(match="matched", person_id=finding.candidates[0].key)
    return Found(match=finding.verdict, candidates=finding.candidates)


async def _by_number(tx: AsyncConnection, name: str | None, number: str, cipher: FieldCipher) -> Found:
    index = cipher.blind_index(number, field=INDEX_FIELD)
    found = await tx.execute(sa.select(person.c.person_id, person.c.name).where(person.c.identity_index == index))
    row = found.one_or_none()
    if row is None:
        return Found(match="unknown")
    if name is not None and not are_alike(name, cipher.decrypt(row.name, field=PERSON_NAME_FIELD)):
        # A slip in the number can be another person's number: the officer looks.
        return Found(match="unclear", candidates=(Candidate(key=row.person_id, chance=_EVEN),))
    return Found(match="exact", person_id=row.person_id)


async def _in_question(tx: AsyncConnection, described: Described, name_index: bytes) -> list[sa.Row[Any]]:
    """The living who bear the name, and those of about that age in the street."""
    living = (IS_OF_NOW, person_version.c.died_on.is_(None))
    columns = sa.select(person_version).where(*living)
    named = columns.where(person_version.c.name_index == name_index)
    if described.street is not None:
        named = named.order_by((person_version.c.street == described.street).desc().nulls_last())
    found = {row.person_id: row for row in await tx.execute(named.limit(_MOST_NAMESAKES))}
    born = described.birth_date or (None if described.age is None else described.on - described.age * _YEAR)
    if described.street is not None and born is not None:
        nearby = columns.where(
            person_version.c.street == described.street,
            person_version.c.birth_date.between(born - _YEARS_OFF * _YEAR, born + _YEARS_OFF * _YEAR),
        )
        found |= {row.person_id: row for row in await tx.execute(nearby)}
    return list(found.values())


def _known(row: sa.Row[Any], cipher: FieldCipher, namesakes: int) -> Known[UUID]:
    return Known(
        key=row.person_id,
        name=cipher.decrypt(row.name, field=NAME_FIELD),
        birth_date=row.birth_date,
        sex=row.sex,
        street=row.street,
        address=None if row.address is None else cipher.decrypt(row.address, field=ADDRESS_FIELD),
        namesakes=max(namesakes, 1),
    )
