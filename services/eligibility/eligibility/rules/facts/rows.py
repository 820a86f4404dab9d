"""One household of a snapshot as facts, for whoever wants its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from math import inf
from typing import Any

from eligibility.rules.engine.expressions import Scope, Unit
from eligibility.rules.engine.spans import between
from eligibility.rules.facts.columns import FIELDS, PERSON_ID, Field
from eligibility.rules.facts.records import Facts, HouseholdFacts, PersonFacts
from eligibility.rules.facts.snapshot import Snapshot


def facts_of(snapshot: Snapshot, first_row: int, members: int) -> Facts:
    """The facts of the household whose rows begin there. A person is named as in the snapshot."""
    rows = snapshot.rows.slice(first_row, members).to_dicts()
    street = _value(FIELDS["household"]["street"], rows[0])
    household = HouseholdFacts(district=street and street[:6], **_values("household", rows[0]))
    people = [PersonFacts(id=row[PERSON_ID], **_values("person", row)) for row in rows]
    return Facts(snapshot.as_of, household, tuple(sorted(people, key=lambda person: person.id)))


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
