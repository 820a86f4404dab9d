"""A snapshot laid out for the kernel: households of one size side by side, in batches that fit the processor's cache.

Households without any unknown fact come first: their batches are exact. The layout is made once for a snapshot, and any
number of assessments run on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import polars as pl

from eligibility.rules.engine import days
from eligibility.rules.engine.expressions import Scope, Unit
from eligibility.rules.engine.vectors import OPEN, UNKNOWN_TRUTH, Band, Codes, Exact, Value
from eligibility.rules.facts.columns import FIELDS, Field
from eligibility.rules.facts.snapshot import Snapshot

BATCH_PERSONS: Final = 65_536
"""A column of them takes half a MiB: it stays in the processor's cache, and Python's part of the work is small."""

_CODED: Final = (Unit.WORD, Unit.DATE)
_NOTHING_KNOWN: Final = Codes(np.int32(0), np.False_)


class Vocabulary:
    """Words by number; no word is 0."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {"": 0}

    def code(self, word: str) -> int:
        """The number of a word, a new one if need be."""
        return self._codes.setdefault(word, len(self._codes))


@dataclass(frozen=True, slots=True)
class Stored:
    """One fact of everybody, in the order of the layout. `known` is None where it is known of everybody; a number that
    is not lies between `low` and `high`.
    """

    unit: Unit
    values: Exact
    known: Exact | None = None
    low: Exact | None = None
    high: Exact | None = None

    def piece(self, start: int, *shape: int) -> Value | Codes:
        """The part that a batch holds."""
        span = slice(start, start + int(np.prod(shape)))
        values = self.values[span].reshape(shape)
        known = None if self.known is None else self.known[span].reshape(shape)
        if known is not None and known.all():
            known = None
        if self.unit in _CODED:
            return Codes(values, known)
        if known is None:
            return values
        if self.low is None or self.high is None:
            return Band(values & known, values | ~known)
        return Band(self.low[span].reshape(shape), self.high[span].reshape(shape))


@dataclass(frozen=True, slots=True)
class PopulationBatch:
    """Some households of one size (see `kernel.Batch`), and where they stand in the snapshot."""

    population: Population
    members: int
    households: int
    first_household: int
    first_person: int

    def fact(self, scope: Scope, name: str) -> Value | Codes:
        """A column: (member, household) of persons, (household) of households."""
        stored = self.population.stored[scope].get(name)
        if stored is None:
            return _nothing_known(scope, name)
        if scope == "person":
            return stored.piece(self.first_person, self.members, self.households)
        return stored.piece(self.first_household, self.households)

    def word(self, word: str) -> int:
        """The number that stands for a word."""
        return self.population.vocabulary.code(word)

    @property
    def household_rows(self) -> Exact:
        """Rows of the snapshot in which its households begin."""
        return self.population.household_rows[self.first_household : self.first_household + self.households]

    @property
    def person_rows(self) -> Exact:
        """Rows of the snapshot, of (member, household)."""
        span = slice(self.first_person, self.first_person + self.members * self.households)
        return self.population.person_rows[span].reshape(self.members, self.households)


class Population:
    """Everybody in a snapshot, laid out."""

    def __init__(self, snapshot: Snapshot, *, batch_persons: int = BATCH_PERSONS) -> None:
        rows = snapshot.rows
        starts = snapshot.first_rows
        sizes = np.diff(np.append(starts, rows.height))
        is_complete = _complete(snapshot, starts)
        order = np.lexsort((sizes, ~is_complete))
        self.household_rows = starts[order]
        self.person_rows = np.empty(rows.height, dtype=np.int32)
        self.vocabulary = Vocabulary()
        self.batches: list[PopulationBatch] = []
        self.stored: Mapping[Scope, dict[str, Stored]] = {"person": {}, "household": {}}
        first_person = 0
        for begin, end in _runs(sizes[order], is_complete[order], batch_persons):
            members = int(sizes[order[begin]])
            batch = PopulationBatch(self, members, end - begin, begin, first_person)
            batch.person_rows[:] = self.household_rows[begin:end] + np.arange(members)[:, None]
            self.batches.append(batch)
            first_person += members * (end - begin)
        for field in snapshot.fields:
            at = self.household_rows if field.scope == "household" else self.person_rows
            self.stored[field.scope][field.name] = _store(rows, field, at, self.vocabulary)

    @property
    def households(self) -> int:
        return len(self.household_rows)

    @property
    def persons(self) -> int:
        return len(self.person_rows)


def _complete(snapshot: Snapshot, starts: Exact) -> Exact:
    """Which households have no unknown fact, but for those that are unknown of everybody."""
    columns = [snapshot.rows.get_column(field.name) for field in snapshot.fields]
    some = [column.name for column in columns if 0 < column.null_count() < len(column)]
    if not some:
        return np.ones(len(starts), dtype=np.bool_)
    has_unknown = snapshot.rows.select(pl.any_horizontal(pl.col(some).is_null())).to_series().to_numpy()
    return ~np.logical_or.reduceat(has_unknown, starts)


def _runs(sizes: Exact, is_complete: Exact, batch_persons: int) -> Iterator[tuple[int, int]]:
    """Households from, until, that make one batch: of one size, all complete or none."""
    changes = np.flatnonzero((np.diff(sizes) != 0) | (np.diff(is_complete) != 0)) + 1
    for begin, end in pairwise([0, *changes.tolist(), len(sizes)]):
        step = max(1, batch_persons // int(sizes[begin])) if end > begin else 1
        for first in range(begin, end, step):
            yield first, min(first + step, end)


def _store(rows: pl.DataFrame, field: Field, at: Exact, vocabulary: Vocabulary) -> Stored:
    column = rows.get_column(field.name)
    known = None if column.null_count() == 0 else column.is_not_null().to_numpy()[at]
    if field.unit is Unit.WORD:
        return Stored(field.unit, _word_codes(column, vocabulary)[at], known)
    if field.unit is Unit.DATE:
        number = column.dt.year().cast(pl.Int32) * days.YEAR + column.dt.month().cast(pl.Int32) * days.MONTH
        return Stored(field.unit, (number + column.dt.day()).fill_null(0).to_numpy()[at], known)
    if field.unit is Unit.TRUTH:
        return Stored(field.unit, column.fill_null(value=False).to_numpy()[at], known)
    values = column.cast(pl.Int64).fill_null(0).to_numpy()[at]
    if known is None:
        return Stored(field.unit, values)
    most = OPEN if field.unknown_most is None else field.unknown_most
    ends = [_end(rows, f"{field.name}_low", 0, at), _end(rows, f"{field.name}_high", most, at)]
    return Stored(field.unit, values, known, *(np.where(known, values, end) for end in ends))


def _end(rows: pl.DataFrame, name: str, otherwise: Any, at: Exact) -> Exact:
    if name not in rows.columns:
        return np.int64(otherwise)
    return rows.get_column(name).cast(pl.Int64).fill_null(otherwise).to_numpy()[at]


def _word_codes(column: pl.Series, vocabulary: Vocabulary) -> Exact:
    if not isinstance(column.dtype, pl.Enum):
        column = column.cast(pl.Enum(column.cast(pl.String).drop_nulls().unique()))
    words = column.dtype.categories.to_list() if isinstance(column.dtype, pl.Enum) else []
    codes = np.array([vocabulary.code(word) for word in words] or [0], dtype=np.int32)
    return codes[column.to_physical().fill_null(0).to_numpy()]


def _nothing_known(scope: Scope, name: str) -> Value | Codes:
    field = FIELDS[scope][name]
    if field.unit in _CODED:
        return _NOTHING_KNOWN
    if field.unit is Unit.TRUTH:
        return UNKNOWN_TRUTH
    most: Any = OPEN if field.unknown_most is None else field.unknown_most
    return Band(np.int64(0), most)
