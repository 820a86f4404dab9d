"""Who in a population is entitled to what, and does not get it; and who gets what they may no longer be entitled to.

Clause 6.1, 国办发〔2023〕39号. A match becomes a lead for people to follow, never a grant: nobody enters a benefit
without an application, an investigation and a confirmation (民发〔2021〕57号 art. 28).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl

from eligibility.rules.engine import vectors
from eligibility.rules.engine.calendar import ANNOUNCED, Calendar
from eligibility.rules.engine.kernel import Answer, Kernel
from eligibility.rules.engine.toolbook import Edition
from eligibility.rules.facts.columns import HOUSEHOLD_ID, PERSON_ID, RECEIVING
from eligibility.rules.facts.population import Population, PopulationBatch
from eligibility.rules.facts.snapshot import Snapshot, SnapshotInvalid
from eligibility.rules.policies import TOOLBOOK
from shared.parameters import Parameters

POLICY: Final = "policy"
HOUSEHOLD: Final = "household"
PERSON: Final = "person"

Progress = Callable[[float], None]
"""Is told the share that is done, from 0 to 1."""

_POLICIES: Final = pl.Enum([policy.id for policy in TOOLBOOK.policies])
_NO_AMOUNT: Final = -1
_Rows: TypeAlias = tuple[Any, Any, Any, Any]


def _silent(_share: float) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Matches:
    """The answers that are not no, by rows of the snapshot: a household's is its first. A null in `eligible` or
    `included` hangs on an unknown fact.
    """

    households: pl.DataFrame
    """household, policy, eligible, amount_fen (null where there is none, or where it hangs on an unknown fact)."""
    persons: pl.DataFrame
    """household, person, policy, included: whom the answer is for."""


@dataclass(frozen=True, slots=True)
class Screening:
    """What a screening found: household_id, policy, and the ids of the persons concerned (none: the household)."""

    leads: pl.DataFrame
    """Entitled, and not all of them receive it."""
    reviews: pl.DataFrame
    """They receive it, and the rules no longer say so."""
    undecided: int
    """Households with a policy that hangs on an unknown fact."""


def screen(
    snapshot: Snapshot, parameters: Parameters, *, calendar: Calendar = ANNOUNCED, progress: Progress = _silent
) -> Screening:
    """Screen everybody in a snapshot. `progress` is told the share that is done, from 0 to 1.

    Raises SnapshotInvalid where nothing is known of running benefits, and ParameterMissing.
    """
    if RECEIVING not in snapshot.rows.columns:
        raise SnapshotInvalid([f"{RECEIVING}: the column is missing: who receives what decides what is a lead"])
    edition = TOOLBOOK.edition(snapshot.as_of)
    matches = (
        match(snapshot, edition, parameters, calendar=calendar, progress=progress) if edition else _gathered([], [], [])
    )
    received = _received(snapshot)
    # Where it is not known what somebody receives, nobody can say what is missing.
    unsure = received.filter(pl.col(POLICY).is_null()).select(HOUSEHOLD).unique()
    running = received.drop_nulls(POLICY)
    entitled = matches.households.filter("eligible").join(unsure, on=HOUSEHOLD, how="anti")
    return Screening(
        leads=_named(_leads(entitled, matches.persons, running), snapshot),
        reviews=_named(_reviews(matches, running), snapshot),
        undecided=matches.households.filter(pl.col("eligible").is_null()).get_column(HOUSEHOLD).n_unique(),
    )


def match(
    snapshot: Snapshot,
    edition: Edition,
    parameters: Parameters,
    *,
    calendar: Calendar = ANNOUNCED,
    progress: Progress = _silent,
) -> Matches:
    """Every answer for everybody in a snapshot, but those that are no. Raises ParameterMissing."""
    kernel = _kernel(edition)
    population = Population(snapshot)
    households: list[_Rows] = []
    persons: list[_Rows] = []
    done = 0
    for batch in population.batches:
        for code, answer in enumerate(kernel.answers(batch, parameters, snapshot.as_of, calendar)):
            _take_answer(batch, code, answer, households, persons)
        done += batch.members * batch.households
        progress(done / population.persons)
    return _gathered([policy.id for policy in edition.policies], households, persons)


@lru_cache(maxsize=8)
def _kernel(edition: Edition) -> Kernel:
    return Kernel(edition)


def _take_answer(
    batch: PopulationBatch, code: int, answer: Answer, households: list[_Rows], persons: list[_Rows]
) -> None:
    surely, possibly = vectors.low(answer.eligible), vectors.high(answer.eligible)
    at = np.flatnonzero(possibly)
    if not len(at):
        return
    amount = np.where(answer.has_amount[at], answer.amount_fen[at], _NO_AMOUNT)
    households.append((batch.household_rows[at], np.full(len(at), code, np.int32), surely[at], amount))
    included, maybe = vectors.low(answer.persons), vectors.high(answer.persons)
    member, column = np.nonzero(maybe)
    if len(column):
        rows = batch.person_rows[member, column]
        first = batch.household_rows[column]
        persons.append((first, np.full(len(column), code, np.int32), included[member, column], rows))


def _gathered(policies: list[str], households: list[_Rows], persons: list[_Rows]) -> Matches:
    names = pl.Series(policies, dtype=_POLICIES)

    def table(parts: list[_Rows], truth: str, further: str, kind: type[pl.DataType]) -> pl.DataFrame:
        columns: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)] if parts else [[]] * 4
        schema: dict[str, Any] = {HOUSEHOLD: pl.Int32, POLICY: pl.Int32, truth: pl.Boolean, further: kind}
        found = pl.DataFrame(dict(zip(schema, columns, strict=True)), schema=schema)
        return found.with_columns(
            names.gather(found.get_column(POLICY)).alias(POLICY),
            pl.when(truth).then(pl.lit(value=True)).alias(truth),
        )

    return Matches(
        table(households, "eligible", "amount_fen", pl.Int64).with_columns(
            pl.col("amount_fen").replace(_NO_AMOUNT, None)
        ),
        table(persons, "included", PERSON, pl.Int32),
    )


def _received(snapshot: Snapshot) -> pl.DataFrame:
    """household, person, policy: one row for each benefit, with null where it is not known what somebody receives.

    What is no policy of the toolbook says nothing here.
    """
    rows = snapshot.rows
    starts = snapshot.first_rows
    sizes = np.diff(np.append(starts, rows.height))
    return (
        pl.DataFrame({HOUSEHOLD: np.repeat(starts, sizes), PERSON: np.arange(rows.height, dtype=np.int32)})
        .with_columns(rows.get_column(RECEIVING).alias(POLICY))
        .filter(pl.col(POLICY).is_null() | (pl.col(POLICY).list.len() > 0))
        .explode(POLICY)
        .filter(pl.col(POLICY).is_null() | pl.col(POLICY).is_in(_POLICIES.categories.to_list()))
        .with_columns(pl.col(POLICY).cast(_POLICIES))
    )


def _leads(entitled: pl.DataFrame, persons: pl.DataFrame, running: pl.DataFrame) -> pl.DataFrame:
    both = [HOUSEHOLD, POLICY]
    meant = persons.filter("included").join(entitled, on=both, how="semi")
    uncovered = meant.join(running, on=[PERSON, POLICY], how="anti").select(HOUSEHOLD, POLICY, PERSON)
    whole = entitled.join(meant, on=both, how="anti").join(running, on=both, how="anti")
    return pl.concat([uncovered, whole.select(HOUSEHOLD, POLICY, pl.lit(None, pl.Int32).alias(PERSON))])


def _reviews(matches: Matches, running: pl.DataFrame) -> pl.DataFrame:
    """Persons who receive a policy and are not, and cannot be, among those it is for."""
    both = [HOUSEHOLD, POLICY]
    of_households = matches.households.join(matches.persons, on=both, how="anti")
    return (
        running.select(HOUSEHOLD, POLICY, PERSON)
        .join(matches.persons, on=[PERSON, POLICY], how="anti")
        .join(of_households, on=both, how="anti")
    )


def _named(found: pl.DataFrame, snapshot: Snapshot) -> pl.DataFrame:
    """Rows of the snapshot as the ids that stand there."""
    ids = snapshot.rows.select(HOUSEHOLD_ID, PERSON_ID)
    return (
        found.select(
            ids.get_column(HOUSEHOLD_ID).gather(found.get_column(HOUSEHOLD)),
            pl.col(POLICY),
            ids.get_column(PERSON_ID).gather(found.get_column(PERSON)).alias("persons"),
        )
        .group_by(HOUSEHOLD_ID, POLICY)
        .agg(pl.col("persons").drop_nulls().sort())
        .sort(HOUSEHOLD_ID, POLICY)
    )
