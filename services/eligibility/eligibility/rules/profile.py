"""Multi-dimension assessment: a hardship index with its parts, needs, and the measures that answer them. Clause 7.1.

It ranks and suggests; no policy asks it. Its conditions are rules of the book, so that an unknown fact leaves the index
an interval and is named. Weights are dated parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from eligibility.rules.engine.explanation import Explainer
from eligibility.rules.engine.expressions import Unit
from eligibility.rules.engine.interpreter import HOUSEHOLD, Frame
from eligibility.rules.engine.toolbook import Edition
from eligibility.rules.engine.wording import shown
from eligibility.rules.facts.records import HOUSEHOLD_COLUMNS, PERSON_COLUMNS


@dataclass(frozen=True, slots=True)
class Part:
    """Points for a condition: once for a household, for each member of whom a condition of a person holds.

    `shows` names the facts or rules whose values are told beside it.
    """

    rule: str
    shows: tuple[str, ...]

    @property
    def weight(self) -> str:
        """The parameter with the points."""
        return f"hardship_points_{self.rule}"


@dataclass(frozen=True, slots=True)
class Dimension:
    """Parts that are added up to a limit, the parameter `at_most`."""

    id: str
    title: str
    parts: tuple[Part, ...]

    @property
    def at_most(self) -> str:
        """The parameter with the most points that the dimension can give."""
        return f"hardship_at_most_{self.id}"


@dataclass(frozen=True, slots=True)
class Need:
    """What a household lacks where one of `reasons` (rules) holds, and the policies that answer it."""

    id: str
    title: str
    reasons: tuple[str, ...]
    measures: tuple[str, ...]


DIMENSIONS: Final = (
    Dimension(
        "income",
        "收入",
        (
            Part("is_family_below_standard", ("family_income", "family_standard")),
            Part("is_family_below_margin", ("family_income", "family_standard")),
            Part("is_family_below_average", ("family_income", "family_members")),
        ),
    ),
    Dimension(
        "structure",
        "家庭人口结构",
        (
            Part("is_minor", ("birth_date",)),
            Part("is_elder", ("birth_date",)),
            Part("is_large_family", ("family_members",)),
            Part("is_single_parent_family", ("family_members",)),
            Part("is_burdened_by_dependants", ("family_members",)),
        ),
    ),
    Dimension(
        "health",
        "健康状况",
        (
            Part("is_severely_disabled", ("disability", "disability_grade")),
            Part("is_less_severely_disabled", ("disability", "disability_grade")),
            Part("is_seriously_ill", ("serious_illness",)),
            Part("has_impaired_self_care", ("self_care_failed",)),
        ),
    ),
    Dimension(
        "work",
        "劳动能力和劳动条件",
        (
            Part("is_without_work", ()),
            Part("is_jobless", ("employment",)),
            Part("cannot_work", ("employment", "disability")),
        ),
    ),
    Dimension(
        "spending",
        "刚性支出",
        (
            Part("has_rigid_spending", ("rigid_total",)),
            Part("has_medical_spending", ("rigid_medical",)),
            Part("is_family_crushed_by_spending", ("rigid_total", "family_income")),
        ),
    ),
    Dimension(
        "cause",
        "致困原因",
        (
            Part("is_in_emergency", ("incident_cause",)),
            Part("has_child_without_parents", ()),
            Part("has_seriously_ill_member", ()),
            Part("has_disabled_member", ()),
            Part("has_jobless_member", ()),
            Part("has_education_spending", ("rigid_education",)),
        ),
    ),
)

# What every elder gets (meals, accident insurance) answers none of these: it would hide that care is missing.
NEEDS: Final = (
    Need(
        "emergency",
        "急难",
        ("is_in_emergency",),
        ("temporary_assistance", "disaster_relief_goods", "disaster_insurance", "worker_temporary_care"),
    ),
    Need(
        "income",
        "收入",
        ("is_family_below_margin", "is_family_crushed_by_spending", "has_child_without_parents"),
        (
            "tekun", "dibao", "single_person_dibao", "dibao_grace", "orphan", "defacto_unattended_child",
            "disability_living_allowance", "special_support_payment", "worker_aid", "temporary_assistance",
            "charity_special_aid",
        ),
    ),
    Need(
        "medical",
        "医疗",
        ("is_seriously_ill", "has_medical_spending"),
        (
            "medical_assistance", "premium_subsidy", "supplementary_illness_insurance", "disability_insurance",
            "special_family_health", "bereaved_care_parcel", "family_doctor", "worker_serious_illness_aid",
            "worker_temporary_care", "charity_special_aid",
        ),
    ),
    Need(
        "care",
        "照护",
        ("has_impaired_self_care", "is_severely_disabled", "is_elder_alone"),
        (
            "service_assistance", "elderly_service_subsidy", "elderly_home_services", "home_adaptation",
            "weekly_visit", "elderly_home_place", "special_family_home_care", "severe_disability_home_service",
            "multi_disability_care_subsidy", "severe_disability_nursing_allowance",
        ),
    ),
    Need("rehabilitation", "康复", ("is_disabled_child",), ("rehab_training_subsidy", "rehab_living_allowance")),
    Need(
        "employment",
        "就业",
        ("is_jobless",),
        (
            "employment_assistance", "skills_training", "disabled_employment_support",
            "disabled_social_insurance_subsidy", "disabled_startup_subsidy",
        ),
    ),
    Need(
        "education",
        "教育",
        ("is_pupil_in_need", "has_education_spending"),
        ("education_aid", "disabled_tuition_subsidy"),
    ),
    Need(
        "housing",
        "住房",
        ("is_without_home_in_need", "is_struck_by_disaster"),
        ("public_rental_housing", "disaster_insurance"),
    ),
    Need(
        "social_work",
        "心理、社工",
        ("has_child_without_parents", "has_mental_disability", "is_elder_alone"),
        ("service_assistance", "guardian_award", "weekly_visit", "legal_aid"),
    ),
)  # fmt: skip


def profile(edition: Edition, frame: Frame, explainer: Explainer, answers: Mapping[str, bool | None]) -> dict[str, Any]:
    """The profile of a household as JSON. `answers` are the toolbook's, by policy: true, false, or null for unknown."""
    found = _Conditions(edition, frame)
    dimensions = [_dimension(dimension, found) for dimension in DIMENSIONS]
    needs = [told for need in NEEDS if (told := _need(need, found, answers))]
    return {
        "index": {bound: sum(dimension[bound] for dimension in dimensions) for bound in ("low", "high")},
        "dimensions": dimensions,
        "needs": needs,
        "unmet_needs": [need["need"] for need in needs if need["needed"] and not need["measures"]],
        "awaits": found.awaits(explainer),
    }


_HOUSEHOLD_ONLY: Final = (HOUSEHOLD,)


class _Conditions:
    """The conditions of one household: of whom each holds, and of whom that is unknown. Each is looked at once."""

    def __init__(self, edition: Edition, frame: Frame) -> None:
        self.edition = edition
        self.frame = frame
        self._people: Sequence[int] = range(len(frame.people))
        self._found: dict[str, tuple[list[int], list[int]]] = {}

    def of(self, rule: str) -> tuple[list[int], list[int]]:
        """Where a rule holds, and where it is unknown: members by their place, or HOUSEHOLD."""
        found = self._found.get(rule)
        if found is None:
            step, frame = self.edition.values[rule], self.frame
            places = self._people if self.edition.scopes[rule] == "person" else _HOUSEHOLD_ONLY
            truths = [step(frame, who) for who in places]
            held = [who for who, truth in zip(places, truths, strict=True) if truth] if True in truths else []
            unknown = (
                [who for who, truth in zip(places, truths, strict=True) if truth is None] if None in truths else []
            )
            found = self._found[rule] = held, unknown
        return found

    def told(self, rule: str) -> dict[str, Any]:
        """A condition in words, with the members of whom it holds or is unknown."""
        held, unknown = self.of(rule)
        entry: dict[str, Any] = {"rule": rule, "says": self.edition.rules[rule].says}
        for key, places in (("persons", held), ("persons_awaiting", unknown)):
            if places and places[0] != HOUSEHOLD:
                entry[key] = [self.frame.people[who].id for who in places]
        return entry

    def number(self, parameter: str) -> int:
        """The points that a parameter gives on the day."""
        value = self.frame.numbers.get(parameter)
        return self.frame.parameter(parameter, 1) if value is None else value

    def values(self, part: Part) -> list[dict[str, str]]:
        """What a part shows, of each member of whom it holds."""
        shows = [(name, *_place(self.edition, name)) for name in part.shows]
        entries = []
        for who in self.of(part.rule)[0]:
            for name, label, unit, of_person in shows:
                if name in self.edition.values:
                    value = self.edition.values[name](self.frame, who)
                else:
                    value = getattr(self.frame.people[who] if of_person else self.frame.household, name)
                entry = {"label": label, "value": shown(value, unit, 1, "")}
                entries.append(entry if who == HOUSEHOLD else {**entry, "member": self.frame.people[who].id})
        return entries

    def awaits(self, explainer: Explainer) -> list[dict[str, str]]:
        """The unknown facts on which the conditions looked at hang, each once."""
        awaited = {
            (entry["path"], entry["fact"]): entry
            for rule, (_, unknown) in self._found.items()
            for who in unknown
            for entry in explainer.awaiting.facts(rule, who)
        }
        return [awaited[key] for key in sorted(awaited)]


@lru_cache(maxsize=256)
def _place(edition: Edition, name: str) -> tuple[str, Unit, bool]:
    """Label and unit of a rule or fact, and whether it is a fact of a person."""
    if name in edition.rules:
        return edition.rules[name].says, edition.units[name], False
    of_person = name in PERSON_COLUMNS
    column = PERSON_COLUMNS[name] if of_person else HOUSEHOLD_COLUMNS[name]
    return column.label, column.unit, of_person


def _dimension(dimension: Dimension, found: _Conditions) -> dict[str, Any]:
    parts, low, high = [], 0, 0
    for part in dimension.parts:
        held, unknown = found.of(part.rule)
        if not held and not unknown:
            continue
        weight = found.number(part.weight)
        points = {"low": weight * len(held), "high": weight * (len(held) + len(unknown))}
        entry = {**found.told(part.rule), "parameter": part.weight, "weight": weight, **points}
        if values := found.values(part):
            entry["values"] = values
        parts.append(entry)
        low += points["low"]
        high += points["high"]
    at_most = found.number(dimension.at_most)
    return {
        "dimension": dimension.id,
        "title": dimension.title,
        "low": min(low, at_most),
        "high": min(high, at_most),
        "at_most": at_most,
        "parts": parts,
    }


def _need(need: Need, found: _Conditions, answers: Mapping[str, bool | None]) -> dict[str, Any] | None:
    held = [rule for rule in need.reasons if found.of(rule)[0]]
    unknown = [rule for rule in need.reasons if found.of(rule)[1]]
    if not held and not unknown:
        return None
    entry: dict[str, Any] = {
        "need": need.id,
        "title": need.title,
        "needed": bool(held) or None,
        "reasons": [found.told(rule) for rule in held or unknown],
        "measures": [policy for policy in need.measures if answers.get(policy)],
    }
    if awaiting := [policy for policy in need.measures if answers.get(policy, False) is None]:
        entry["measures_awaiting"] = awaiting
    return entry
