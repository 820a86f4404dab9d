"""Households of a snapshot as facts, for whoever wants their reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from math import inf
from operator import itemgetter
from typing import Any

from eligibility.rules.engine.expressions import Scope, Unit
from eligibility.rules.engine.spans import between
from eligibility.rules.facts.columns import FIELDS, HOUSEHOLD_ID, PERSON_ID, Field
from eligibility.rules.facts.records import Facts, HouseholdFacts, PersonFacts
from eligibility.rules.facts.snapshot import Snapshot


def households_of(snapshot: Snapshot) -> Iterator[tuple[str, Facts]]:
    """Each household's id and its facts. Persons are named as in the snapshot."""
    for household_id, rows in groupby(snapshot.rows.iter_rows(named=True), key=itemgetter(HOUSEHOLD_ID)):
        yield household_id, _facts(list(rows), snapshot.as_of)


def _facts(rows: Sequence[Mapping[str, Any]], as_of: date) -> Facts:
    household = HouseholdFacts(**_values("household", rows[0]))
    people = [PersonFacts(id=row[PERSON_ID], **_values("person", row)) for row in rows]
    return Facts(as_of, household, tuple(sorted(people, key=lambda person: person.id)))


def _values(scope: Scope, row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(field, row) for name, field in FIELDS[scope].items()}


def _value(field: Field, row: Mapping[str, Any]) -> Any:
    value: bool | int | str | date | None = row.get(field.name)
    if value is not None or field.unit not in (Unit.FEN, Unit.COUNT):
        return value
    least, most = row.get(f"{field.name}_low"), row.get(f"{field.name}_high")
    if most is None:
        most = inf if field.unknown_most is None else field.unknown_most
    return between(least or 0, most)
