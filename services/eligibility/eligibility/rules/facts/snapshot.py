"""A population snapshot (see `columns`) is read and checked: rows that cannot be, and the households they belong to,
are put aside with the reason; the rest is screened, and the totals add up.

A household of which one row is bad is put aside whole: without that member every sum about it would be wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from eligibility.rules.engine.expressions import Unit
from eligibility.rules.facts.columns import FIELDS, HOUSEHOLD_ID, PERSON_ID, RECEIVING, Field
from eligibility.rules.facts.contract import MOST_PEOPLE
from eligibility.rules.facts.reading import OLDEST_YEARS
from eligibility.rules.facts.records import NEVER

_NEEDED: Final = (HOUSEHOLD_ID, PERSON_ID, "relation", "birth_date", "street")
_ID_FORM: Final = r"^[A-Za-z0-9_.:-]{1,64}$"
_BOUNDS: Final = ("_low", "_high")
_ROW: Final = "_row"
_FOUND_AT_MOST: Final = 80

_TYPES: Final[Mapping[Unit, tuple[type[pl.DataType], ...]]] = {
    Unit.FEN: (pl.Int64, pl.Int32, pl.UInt32, pl.Int16, pl.UInt16),
    Unit.COUNT: (pl.Int64, pl.Int32, pl.UInt32, pl.Int16, pl.UInt16, pl.Int8, pl.UInt8),
    Unit.TRUTH: (pl.Boolean,),
    Unit.DATE: (pl.Date,),
    Unit.WORD: (pl.String, pl.Categorical, pl.Enum),
}


class SnapshotInvalid(ValueError):
    """The file is no snapshot. `problems` names column, what was found and what is expected of each fault."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The rows that can be screened, those of a household next to each other, and those put aside."""

    as_of: date
    rows: pl.DataFrame
    fields: tuple[Field, ...]
    """Facts that the snapshot has. All others are unknown of everybody."""
    rejected: pl.DataFrame
    """`row` (from 0), household_id, person_id, column, found, expected; one line for each fault."""

    @cached_property
    def first_rows(self) -> Any:
        """The row in which each household begins, as an array."""
        return _first_rows(self.rows)

    @property
    def unknown_columns(self) -> tuple[str, ...]:
        """Facts that the snapshot does not have."""
        had = {one.name for one in self.fields}
        return tuple(sorted(name for fields in FIELDS.values() for name in fields if name not in had))


def read_snapshot(source: Path | BytesIO, as_of: date, *, households: Collection[str] | None = None) -> Snapshot:
    """Read one Parquet file, or some households of it. Raises SnapshotInvalid where it as a whole cannot be used."""
    try:
        table = pl.scan_parquet(source)
        if households is not None:
            table = table.filter(pl.col(HOUSEHOLD_ID).is_in(pl.lit(pl.Series(list(households)).implode())))
        rows = table.collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise SnapshotInvalid([f"no Parquet file that can be read: {error}"]) from error
    return check_snapshot(rows, as_of)


def check_snapshot(table: pl.DataFrame, as_of: date) -> Snapshot:
    """Check a table that was read. Raises SnapshotInvalid where it as a whole cannot be used."""
    fields = _fields_of(table)
    rows = _with_neighbours(table.with_row_index(_ROW))
    checks = list(_checks(rows, fields, as_of))
    faults = rows.select(check.is_bad.alias(str(number)) for number, check in enumerate(checks))
    is_bad = faults.select(pl.any_horizontal(pl.all())).to_series()
    bad_households = rows.get_column(HOUSEHOLD_ID).filter(is_bad).drop_nulls().unique()
    # A row without a household takes no other row along.
    aside = is_bad | rows.get_column(HOUSEHOLD_ID).is_in(bad_households.implode()).fill_null(value=False)
    rejected = [_lines(rows.filter(faults.get_column(str(number))), check) for number, check in enumerate(checks)]
    rejected.append(_lines(rows.filter(aside & ~is_bad), _NEIGHBOUR))
    return Snapshot(as_of, rows.filter(~aside).drop(_ROW), fields, pl.concat(rejected).sort("row", maintain_order=True))


@dataclass(frozen=True, slots=True)
class _Check:
    """One way in which a row can be bad."""

    column: str
    is_bad: pl.Expr
    expected: str


_NEIGHBOUR: Final = _Check(HOUSEHOLD_ID, pl.lit(value=True), "no other row of the household to be put aside")


def _fields_of(table: pl.DataFrame) -> tuple[Field, ...]:
    schema = table.schema
    known = {name: field for fields in FIELDS.values() for name, field in fields.items()}
    numbers = {name for name, field in known.items() if field.unit in (Unit.FEN, Unit.COUNT)}
    allowed = {HOUSEHOLD_ID, PERSON_ID, RECEIVING, *known, *(name + end for name in numbers for end in _BOUNDS)}
    problems = [f"{name}: the column is missing" for name in _NEEDED if name not in schema]
    problems += [f"{name}: unknown column, see the facts contract" for name in schema if name not in allowed]
    for name, kind in schema.items():
        types = _expected_types(name, known)
        if types and not isinstance(kind, types):
            words = " or ".join(one.__name__ for one in types[:2])
            problems.append(f"{name}: found {kind}, expected {words}")
    if problems:
        raise SnapshotInvalid(problems)
    return tuple(field for name, field in known.items() if name in schema)


def _expected_types(name: str, known: Mapping[str, Field]) -> tuple[type[pl.DataType], ...]:
    if name in (HOUSEHOLD_ID, PERSON_ID):
        return (pl.String,)
    if name == RECEIVING:
        return (pl.List,)
    field = known.get(name.removesuffix("_low").removesuffix("_high")) or known.get(name)
    return _TYPES[field.unit] if field else ()


def _with_neighbours(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of a household next to each other, as they mostly are already."""
    ids = rows.get_column(HOUSEHOLD_ID)
    if ids.rle_id().n_unique() == ids.n_unique():
        return rows
    return rows.sort(HOUSEHOLD_ID, maintain_order=True)


def _checks(rows: pl.DataFrame, fields: Sequence[Field], as_of: date) -> Iterator[_Check]:
    for name in (HOUSEHOLD_ID, PERSON_ID):
        bad = ~pl.col(name).str.contains(_ID_FORM).fill_null(value=False)
        yield _Check(name, bad, "an id of letters, digits, _ . : - (at most 64)")
    yield _Check(PERSON_ID, pl.col(PERSON_ID).is_duplicated(), "a person only once")
    household = pl.col(HOUSEHOLD_ID).rle_id()
    first_row = pl.Series(_first_rows(rows)[rows.get_column(HOUSEHOLD_ID).rle_id().to_numpy()])
    size = pl.len().over(household)
    yield _Check(HOUSEHOLD_ID, size > MOST_PEOPLE, f"at most {MOST_PEOPLE} members")
    applicants = (pl.col("relation") == "applicant").sum().over(household)
    yield _Check("relation", applicants > 1, "one applicant in a household")
    for field in fields:
        yield _Check(field.name, _is_outside(field, rows.schema, as_of), field.expected)
        if field.scope == "household":
            # The first row of the household, by position: cheaper than a window for each column.
            same = pl.col(field.name).eq_missing(pl.col(field.name).gather(first_row))
            yield _Check(field.name, ~same, "the same in all rows of a household")


def _first_rows(rows: pl.DataFrame) -> Any:
    ids = rows.get_column(HOUSEHOLD_ID).rle_id()
    return (ids != ids.shift(1)).fill_null(value=True).arg_true().to_numpy().astype(np.int32)


def _is_outside(field: Field, schema: pl.Schema, as_of: date) -> pl.Expr:
    value = pl.col(field.name)
    if field.unit in (Unit.FEN, Unit.COUNT):
        outside = [~value.is_between(field.least, field.most)]
        ends = [name for end in _BOUNDS if (name := field.name + end) in schema]
        outside += [~pl.col(name).is_between(0, field.most) for name in ends]
        if len(ends) == len(_BOUNDS):
            outside.append(pl.col(ends[0]) > pl.col(ends[1]))
        return pl.any_horizontal(outside).fill_null(value=False)
    if field.unit is Unit.DATE:
        oldest = date(as_of.year - OLDEST_YEARS, 1, 1)
        inside = value.is_between(oldest, as_of)
        if field.name != "birth_date":
            inside |= value == NEVER
        return (~inside).fill_null(value=False)
    if field.unit is Unit.WORD and field.words:
        return (~value.cast(pl.String).is_in(field.words)).fill_null(value=False)
    if field.unit is Unit.WORD and field.form:
        return (~value.cast(pl.String).str.contains(field.form)).fill_null(value=False)
    return pl.lit(value=False)


def _lines(rows: pl.DataFrame, check: _Check) -> pl.DataFrame:
    """What is wrong with these rows, as a clerk reads it."""
    return rows.select(
        pl.col(_ROW).alias("row"),
        HOUSEHOLD_ID,
        PERSON_ID,
        pl.lit(check.column).alias("column"),
        pl.col(check.column).cast(pl.String, strict=False).str.slice(0, _FOUND_AT_MOST).alias("found"),
        pl.lit(check.expected).alias("expected"),
    )
