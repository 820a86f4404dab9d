"""A made-up Wuchang: streets by size, families by generation, ages, wages, illnesses, disabilities and benefits.

For demonstrations and benchmarks. Nobody in it exists: persons are numbers. The same seed makes the same population,
in the columns of `eligibility.rules.facts.columns`. The shares are rough figures of a large Chinese city; nothing is
decided by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import numpy as np
import polars as pl

from eligibility.rules.engine.expressions import Unit
from eligibility.rules.facts.columns import FIELDS
from eligibility.rules.facts.records import NEVER

STREETS: Final[Mapping[str, int]] = {
    "420106001": 12, "420106002": 15, "420106003": 16, "420106005": 8, "420106006": 4, "420106007": 4, "420106008": 9,
    "420106009": 12, "420106010": 8, "420106011": 24, "420106012": 17, "420106013": 5, "420106014": 2, "420106015": 6,
}  # fmt: skip
"""The 14 streets by their number of communities (2023), which stands for their size."""

_SIZES: Final = {1: 0.25, 2: 0.28, 3: 0.25, 4: 0.13, 5: 0.06, 6: 0.02, 7: 0.006, 8: 0.003, 12: 0.001}
_DIBAO_STANDARD_FEN: Final = 91_000

Array = Any


class _People:
    """Columns that grow fact by fact: those not set are declared as nothing."""

    def __init__(self, scope: str, count: int) -> None:
        self.count = count
        self._fields = FIELDS[scope]  # type: ignore[index]  # one of the two scopes
        self._columns: dict[str, Array] = {}
        self._unknown: dict[str, Array] = {}

    def __setitem__(self, name: str, values: Array) -> None:
        assert name in self._fields, f"there is no fact {name!r}"
        self._columns[name] = values

    def __getitem__(self, name: str) -> Array:
        return self._columns[name]

    def forget(self, name: str, where: Array) -> None:
        """Let a fact be unknown of some."""
        self._unknown[name] = where

    def series(self) -> dict[str, pl.Series]:
        """All facts of the scope, as columns of a snapshot."""
        found = {}
        for name, field in self._fields.items():
            values = self._columns.get(name)
            if values is None:
                values = np.full(self.count, _NOTHING[field.unit])
            column = _series(name, field.unit, values, field.words)
            unknown = self._unknown.get(name)
            if unknown is not None:
                column = column.zip_with(~pl.Series(unknown), pl.Series([None], dtype=column.dtype))
            found[name] = column
        return found


_EPOCH: Final = date(1970, 1, 1)
_NEVER_DAYS: Final = (NEVER - _EPOCH).days
_NOTHING: Final[Mapping[Unit, Any]] = {
    Unit.FEN: 0, Unit.COUNT: 0, Unit.TRUTH: False, Unit.DATE: _NEVER_DAYS, Unit.WORD: "",
}  # fmt: skip


def _series(name: str, unit: Unit, values: Array, words: tuple[str, ...]) -> pl.Series:
    if unit is Unit.DATE:
        return pl.Series(name, np.asarray(values, dtype=np.int32)).cast(pl.Date)
    if unit is Unit.WORD:
        column = pl.Series(name, values, dtype=pl.String)
        return column.cast(pl.Enum(words or column.unique().sort()))
    kind = {Unit.FEN: pl.Int64, Unit.COUNT: pl.Int16, Unit.TRUTH: pl.Boolean}[unit]
    return pl.Series(name, values).cast(kind)


def make_population(*, persons: int, seed: int, on: date) -> pl.DataFrame:
    """About so many persons, in whole households, as they are on a day. The last household makes the number exact."""
    chance = np.random.default_rng(seed)
    sizes = _sizes(persons, chance)
    household = np.repeat(np.arange(len(sizes)), sizes)
    place = np.arange(persons) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    members, homes = _People("person", persons), _People("household", len(sizes))
    _families(members, chance, household=household, place=place, sizes=sizes, on=on)
    _work(members, chance, on=on)
    _health(members, chance, on=on)
    _estate(homes, members, chance, household=household, on=on)
    receiving = _benefits(homes, members, chance, household=household, sizes=sizes, on=on)
    _forget(homes, members, chance, household=household)
    columns = {
        "household_id": _ids(seed, household),
        "person_id": _ids(seed + 1, np.arange(persons)),
        **members.series(),
        **{name: column.gather(household) for name, column in homes.series().items()},
        "receiving": receiving,
    }
    return pl.DataFrame([column.alias(name) for name, column in columns.items()])


def _ids(seed: int, numbers: Array) -> pl.Series:
    """UUIDs that say that they are made up: counted, in a block of their own for each seed."""
    block = f"{seed % 10**8:08d}-0000-7000-8000-"
    return pl.select(pl.lit(block) + pl.Series(numbers).cast(pl.String).str.zfill(12)).to_series()


def _sizes(persons: int, chance: np.random.Generator) -> Array:
    mean = sum(size * share for size, share in _SIZES.items())
    draws = chance.choice(list(_SIZES), size=int(persons / mean * 1.1) + 50, p=list(_SIZES.values()))
    ends = np.cumsum(draws)
    count = int(np.searchsorted(ends, persons)) + 1
    sizes = draws[:count]
    sizes[-1] -= ends[count - 1] - persons
    return sizes


def _families(
    members: _People, chance: np.random.Generator, *, household: Array, place: Array, sizes: Array, on: date
) -> None:
    """Applicant and spouse of one generation, then a child, parents, more children and others."""
    head_age = np.clip(chance.normal(52, 15, len(sizes)), 20, 95)[household]
    order = np.array(["applicant", "spouse", "child", "father", "mother", "child", "grandchild", "sibling"])
    relation = np.where(place < len(order), order[np.minimum(place, len(order) - 1)], "other")
    # Of two people, one in three is a parent with a child.
    alone_with_child = (np.repeat(sizes, sizes) == 2) & (place == 1) & (chance.random(len(place)) < 0.33)[household]
    relation = np.where(alone_with_child, "child", relation)
    shift = {"spouse": (-2, 3), "child": (-27, 4), "father": (26, 3), "mother": (24, 3), "grandchild": (-53, 3),
             "sibling": (0, 6), "other": (-10, 12)}  # fmt: skip
    age = head_age.copy()
    for word, (mean, spread) in shift.items():
        here = relation == word
        age[here] = head_age[here] + chance.normal(mean, spread, here.sum())
    age = np.clip(age, 0, 104)
    members["relation"] = relation
    members["birth_date"] = (on - _EPOCH).days - (age * 365.2425).astype(np.int32) - chance.integers(0, 300, len(age))
    members["sex"] = np.where(
        np.isin(relation, ["father", "mother"]), np.where(relation == "father", "M", "F"), _either(chance, len(age))
    )
    stays = chance.random(len(sizes))[household]
    members["region"] = np.where(stays < 0.82, "420106", np.where(stays < 0.9, "420111", "421100"))
    members["registration_kind"] = np.where(stays < 0.93, "urban", "rural")
    members["living_here_since"] = (on - _EPOCH).days - chance.integers(30, 9000, len(sizes))[household]
    members["residence_permit"] = stays >= 0.95
    members["lives_alone"] = np.repeat(sizes, sizes) == 1
    years = _years(members, on)
    stages = [(3, "kindergarten"), (6, "primary"), (12, "junior_secondary"), (15, "senior_secondary"),
              (18, "undergraduate"), (22, "")]  # fmt: skip
    school = np.full(len(age), "", dtype="<U22")
    for first, stage in stages:
        school[years >= first] = stage
    school[(years >= 18) & (years < 22) & (chance.random(len(age)) < 0.4)] = ""
    members["school"] = school
    is_minor = years < 18
    for parent in ("father", "mother"):
        fate = chance.random(len(age))
        status = np.full(len(age), "alive", dtype="<U20")
        for limit, word in ((0.006, "out_of_contact"), (0.004, "imprisoned"), (0.002, "dead")):
            status[is_minor & (fate < limit)] = word
        members[parent] = status
        members[f"{parent}_months"] = np.where(np.isin(status, ["out_of_contact", "imprisoned"]), 14, 0)


def _years(members: _People, on: date) -> Array:
    return (((on - _EPOCH).days - members["birth_date"]) / 365.2425).astype(np.int32)


def _either(chance: np.random.Generator, count: int) -> Array:
    return np.where(chance.random(count) < 0.5, "M", "F")


def _work(members: _People, chance: np.random.Generator, *, on: date) -> None:
    years, count = _years(members, on), members.count
    draw = chance.random(count)
    status = np.full(count, "", dtype="<U14")
    working_age = (years >= 18) & (years < 60) & (members["school"] == "")
    for limit, word in ((1.0, "employed"), (0.28, "flexible"), (0.16, "self_employed"), (0.1, "unemployed"),
                        (0.03, "unable")):  # fmt: skip
        status[working_age & (draw < limit)] = word
    status[(years >= 60)] = "retired"
    status[members["school"] != ""] = "student"
    earns = np.isin(status, ["employed", "flexible", "self_employed"])
    wage = np.exp(chance.normal(np.log(520_000), 0.65, count)).astype(np.int64)
    members["employment"] = status
    members["employment_since"] = np.where(
        status == "", _NEVER_DAYS, (on - _EPOCH).days - chance.integers(1, 4000, count)
    )
    members["wage"] = np.where(earns & (status != "self_employed"), wage, 0)
    members["business"] = np.where(status == "self_employed", wage, 0)
    has_pension = (status == "retired") & (chance.random(count) < 0.86)
    members["pension"] = np.where(has_pension, np.exp(chance.normal(np.log(280_000), 0.4, count)), 0).astype(np.int64)
    members["central_base_pension"] = np.where((status == "retired") & ~has_pension, 12_300, 0)
    members["unemployment_benefit"] = np.where((status == "unemployed") & (chance.random(count) < 0.2), 180_000, 0)


def _health(members: _People, chance: np.random.Generator, *, on: date) -> None:
    years, count = _years(members, on), members.count
    is_disabled = chance.random(count) < np.where(years >= 60, 0.09, 0.025)
    kinds = ["limb", "hearing", "sight", "mental", "intellectual", "multiple", "speech"]
    members["disability"] = np.where(
        is_disabled, chance.choice(kinds, count, p=[0.45, 0.17, 0.14, 0.1, 0.08, 0.04, 0.02]), ""
    )
    members["disability_grade"] = np.where(is_disabled, chance.integers(1, 5, count), 0)
    members["disability_certificate"] = is_disabled & (chance.random(count) < 0.8)
    members["autism"] = (years < 15) & (chance.random(count) < 0.007)
    is_ill = chance.random(count) < 0.004 + years * 0.00015
    illnesses = ["malignant_tumour", "kidney_failure", "coronary_surgery", "leukaemia", "organ_transplant", "other"]
    members["serious_illness"] = np.where(is_ill, chance.choice(illnesses, count), "")
    members["diagnosed_on"] = np.where(is_ill, (on - _EPOCH).days - chance.integers(1, 1500, count), _NEVER_DAYS)
    needs_care = (years >= 70) & (chance.random(count) < (years - 65) * 0.012)
    members["self_care_failed"] = np.where(needs_care, chance.integers(1, 7, count), 0)
    members["obligors_declared"] = (years >= 60) & (chance.random(count) < 0.02)


def _estate(homes: _People, members: _People, chance: np.random.Generator, *, household: Array, on: date) -> None:
    count = homes.count
    homes["street"] = chance.choice(list(STREETS), count, p=np.array(list(STREETS.values())) / sum(STREETS.values()))
    income = np.bincount(household, weights=members["wage"] + members["business"] + members["pension"])
    saved = np.exp(chance.normal(1.6, 1.2, count))
    homes["financial"] = (income * saved).astype(np.int64)
    homes["vehicles"] = (income > 900_000) & (chance.random(count) < 0.5)
    homes["dearest_vehicle"] = np.where(homes["vehicles"], chance.integers(2_000_000, 30_000_000, count), 0)
    homes["homes"] = np.minimum((income / 700_000 * chance.random(count) + 0.7).astype(np.int16), 3)
    is_ill = np.bincount(household, weights=members["serious_illness"] != "") > 0
    medical = np.where(is_ill, np.exp(chance.normal(np.log(3_000_000), 0.8, count)), 0)
    pupils = np.bincount(household, weights=members["school"] != "")
    homes["rigid_medical"] = medical.astype(np.int64)
    homes["rigid_education"] = (pupils * 300_000).astype(np.int64)
    homes["rigid_total"] = homes["rigid_medical"] + homes["rigid_education"]
    struck = chance.random(count) < 0.0004
    homes["incident"] = struck
    homes["incident_cause"] = np.where(
        struck, chance.choice(["fire", "traffic_accident", "serious_illness"], count), ""
    )
    homes["incident_on"] = np.where(struck, (on - _EPOCH).days - 5, _NEVER_DAYS)
    homes["near_relatives"] = (chance.random(count) < 0.001).astype(np.int16)
    homes["special_family"] = chance.random(count) < 0.01
    homes["lost_only_child"] = homes["special_family"] & (chance.random(count) < 0.4)


def _benefits(
    homes: _People, members: _People, chance: np.random.Generator, *, household: Array, sizes: Array, on: date
) -> pl.Series:
    """Most poor families have dibao, and some that are no longer poor; old and disabled people have theirs."""
    counted = members["wage"] + members["business"] + members["pension"] + members["unemployment_benefit"]
    income = np.bincount(household, weights=counted)
    gap = _DIBAO_STANDARD_FEN * sizes - income
    receives = ((gap > 0) & (chance.random(homes.count) < 0.7)) | (chance.random(homes.count) < 0.002)
    amount = np.where(receives, np.maximum(gap, 10_000), 0).astype(np.int64)
    homes["receives_dibao"] = receives
    homes["dibao_monthly"] = amount
    members["dibao_share"] = (amount // sizes)[household]
    years = _years(members, on)
    has = {
        "dibao": receives[household],
        "elderly_meal_subsidy": (years >= 60) & (chance.random(members.count) < 0.8),
        "elderly_accident_insurance": (years >= 60) & (chance.random(members.count) < 0.9),
        "disability_insurance": members["disability_certificate"] & (chance.random(members.count) < 0.95),
    }
    words = [pl.when(pl.Series(mask)).then(pl.lit(policy)) for policy, mask in has.items()]
    return pl.select(pl.concat_list(words).list.drop_nulls()).to_series()


def _forget(homes: _People, members: _People, chance: np.random.Generator, *, household: Array) -> None:
    """Some registers have not answered: a deposit, a wage, a grade."""
    homes.forget("financial", chance.random(homes.count) < 0.02)
    members.forget("wage", (chance.random(homes.count) < 0.01)[household])
    members.forget("disability_grade", chance.random(members.count) < 0.002)
