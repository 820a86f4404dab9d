"""Households written as a population snapshot, for tests."""

from collections.abc import Mapping
from math import inf
from typing import Any

import polars as pl

from eligibility.rules.engine.expressions import Scope, Unit
from eligibility.rules.engine.spans import Span
from eligibility.rules.facts.columns import FIELDS
from eligibility.rules.facts.records import Facts

KINDS = {Unit.FEN: pl.Int64, Unit.COUNT: pl.Int64, Unit.TRUTH: pl.Boolean, Unit.DATE: pl.Date, Unit.WORD: pl.String}


def table_of(households: Mapping[str, Facts], receiving: Mapping[str, list[str]] | None = None) -> pl.DataFrame:
    """The rows of these households, by id; persons are named `<household>.<member>`. `receiving` by such a name."""
    rows = []
    for household_id, facts in households.items():
        for person in facts.people:
            person_id = f"{household_id}.{person.id}"
            row: dict[str, Any] = {"household_id": household_id, "person_id": person_id}
            row |= _columns("person", person) | _columns("household", facts.household)
            if receiving is not None:
                row["receiving"] = receiving.get(person_id, [])
            rows.append(row)
    schema: dict[str, Any] = {"household_id": pl.String, "person_id": pl.String}
    for fields in FIELDS.values():
        for name, field in fields.items():
            schema[name] = KINDS[field.unit]
            if field.unit in (Unit.FEN, Unit.COUNT):
                schema |= {f"{name}_low": pl.Int64, f"{name}_high": pl.Int64}
    if receiving is not None:
        schema["receiving"] = pl.List(pl.String)
    return pl.DataFrame(rows, schema=schema)


def _columns(scope: Scope, record: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in FIELDS[scope]:
        value = getattr(record, name)
        found[name] = None if isinstance(value, Span) else value
        if isinstance(value, Span):
            found |= {f"{name}_low": value.low, f"{name}_high": None if value.high == inf else value.high}
    return found
