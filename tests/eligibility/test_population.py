"""The rules over a whole population mean what they mean for one household, unknown facts included."""

import json
import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.eligibility.snapshots import table_of
from tests.eligibility.test_assessment_properties import SLOW, cases, hidden, places

from doudi.population import make_population
from eligibility.rules import PARAMETERS, TOOLBOOK
from eligibility.rules.assessment import assess_facts
from eligibility.rules.facts.columns import FIELDS
from eligibility.rules.facts.contract import read_facts
from eligibility.rules.facts.records import Facts
from eligibility.rules.facts.rows import households_of
from eligibility.rules.facts.snapshot import Snapshot, check_snapshot, read_snapshot
from eligibility.rules.screening import match

Answers = dict[tuple[str, str], tuple[bool | None, int | None, frozenset[str], frozenset[str]]]
"""By household and policy: eligible, amount, persons, persons not decided yet. What is no is left out."""


def by_the_population(snapshot: Snapshot) -> Answers:
    edition = TOOLBOOK.edition(snapshot.as_of)
    assert edition is not None
    found = match(snapshot, edition, PARAMETERS)
    ids = snapshot.rows.select("household_id", "person_id").rows()
    persons: dict[Any, dict[bool | None, set[str]]] = defaultdict(lambda: {True: set(), None: set()})
    for household, policy, included, person in found.persons.rows():
        persons[household, policy][included].add(ids[person][1])
    answers: Answers = {}
    for household, policy, eligible, amount_fen in found.households.rows():
        whom = persons[household, policy]
        answers[ids[household][0], policy] = (eligible, amount_fen, frozenset(whom[True]), frozenset(whom[None]))
    return answers


def one_by_one(households: Iterable[tuple[str, Facts]], *, prefix: bool) -> Answers:
    answers: Answers = {}
    for household_id, facts in households:
        for policy, result in assess_facts(facts).results.items():
            if result.eligible is not False:
                persons, awaiting = (
                    frozenset(f"{household_id}.{one}" if prefix else one for one in group)
                    for group in (result.persons, result.persons_awaiting)
                )
                answers[household_id, policy] = (result.eligible, result.amount_fen, persons, awaiting)
    return answers


@pytest.mark.clause("6.1", "12.3.3")
@SLOW
@given(cases(), st.data())
def test_every_policy_answers_a_population_as_it_answers_one_household(
    case: tuple[dict[str, Any], date], data: st.DataObject
) -> None:
    household, as_of = case
    masked = hidden(household, data.draw(st.lists(st.sampled_from(list(places(household))), max_size=6)))
    facts = {"known": read_facts(household, as_of), "partly": read_facts(masked, as_of)}
    snapshot = check_snapshot(table_of(facts), as_of)
    assert snapshot.rejected.is_empty()
    assert by_the_population(snapshot) == one_by_one(facts.items(), prefix=True)


@pytest.mark.clause("6.1")
@pytest.mark.parametrize("day", ["2022-09-08", "2022-12-01", "2023-05-01", "2026-03-01"])
def test_a_large_population_is_answered_as_its_households_one_by_one(day: str, tmp_path: Path) -> None:
    as_of = date.fromisoformat(day)
    table = make_population(persons=6_000, seed=11, on=as_of)
    chance = random.Random(day)
    # Every fact is unknown of some, and a few of everybody.
    for scope_fields in FIELDS.values():
        for name in scope_fields:
            unknown = pl.Series([chance.random() < 0.01 for _ in range(table.height)])
            if name in FIELDS["household"]:
                unknown = unknown.gather(first_of_household(table))
            table = table.with_columns(pl.when(~unknown).then(pl.col(name)).alias(name))
    table = table.drop("lost_only_child", "home_teaching")
    table.write_parquet(tmp_path / "snapshot.parquet")
    snapshot = read_snapshot(tmp_path / "snapshot.parquet", as_of)
    assert snapshot.rejected.is_empty()
    assert snapshot.unknown_columns == ("home_teaching", "lost_only_child")
    expected = one_by_one(households_of(snapshot), prefix=False)
    assert by_the_population(snapshot) == expected
    assert {policy for _, policy in expected} >= {"dibao", "tekun", "rigid_expenditure", "weekly_visit"}
    assert any(answer[0] is None for answer in expected.values())


def first_of_household(table: pl.DataFrame) -> pl.Series:
    return table.select(pl.int_range(pl.len()).first().over("household_id")).to_series()


@pytest.mark.parametrize("scope", ["person", "household"])
def test_null_is_unknown_in_the_snapshot_as_in_the_contract(scope: Any) -> None:
    member = {"id": "p1", "relation": "applicant", "birth_date": "1970-01-01"}
    nothing_known = dict.fromkeys(
        (
            *("sex", "registration", "living_here_since", "residence_permit", "employment", "income", "disability"),
            *("diagnoses", "serious_illness", "diagnosed_on", "self_care_failed", "lives_alone", "school", "father"),
            *("mother", "obligors"),
        )
    )
    rest = ("assets", "rigid_spending_12m", "receiving", "incident", "requested_amount", "near_relatives_in_office")
    household = {"street": "420106009", "members": [{**member, **nothing_known}], **dict.fromkeys(rest)}
    facts = read_facts(household, date(2022, 10, 10))
    table = table_of({"h": facts})
    bare = table.drop([name for name in table.columns if name.endswith(("_low", "_high"))])
    ((_, read),) = households_of(check_snapshot(bare, facts.as_of))
    pairs = {"person": (facts.people[0], read.people[0]), "household": (facts.household, read.household)}
    written, found = pairs[scope]
    for name in FIELDS[scope]:
        assert getattr(found, name) == getattr(written, name), name


def test_every_word_of_the_contract_is_checked_in_a_snapshot() -> None:
    unchecked = [
        name
        for fields in FIELDS.values()
        for name, field in fields.items()
        if field.unit == "word" and not field.words and not field.form
    ]
    assert unchecked == []


def test_worked_households_get_in_a_population_what_is_expected_of_them() -> None:
    found = Path(__file__).parent.glob("cases/*.json")
    for case in [json.loads(path.read_text(encoding="utf-8")) for path in sorted(found)]:
        as_of = date.fromisoformat(case["as_of"])
        snapshot = check_snapshot(table_of({"h": read_facts(case["household"], as_of)}), as_of)
        answers = by_the_population(snapshot)
        for policy, expected in case["expect"].items():
            eligible = answers.get(("h", policy), (False, None, frozenset(), frozenset()))[0]
            assert eligible is expected.get("eligible", eligible), (case["id"], policy)
