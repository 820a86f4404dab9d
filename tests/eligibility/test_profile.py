"""The multi-dimension assessment: dimensions, index, needs and measures; it ranks and suggests, and decides nothing."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from eligibility.rules import PARAMETERS, TOOLBOOK, assess
from eligibility.rules.engine.book import Benefit
from eligibility.rules.engine.toolbook import references
from eligibility.rules.policies import hardship
from eligibility.rules.profile import DIMENSIONS, NEEDS
from shared.parameters import Parameters

TODAY = date(2022, 12, 5)
HERE = {"region": "420106", "kind": "urban"}
HOMEOWNER = {"homes": 1}


def person(name: str, birth: str = "1980-01-01", relation: str = "applicant", **facts: Any) -> dict[str, Any]:
    return {"id": name, "relation": relation, "birth_date": birth, "registration": HERE, **facts}


def worker(monthly: str | None, name: str = "p1", **facts: Any) -> dict[str, Any]:
    return person(name, employment={"status": "employed"}, income=[{"kind": "wage", "monthly": monthly}], **facts)


def profile(*members: dict[str, Any], assets: Any = HOMEOWNER, on: date = TODAY, **household: Any) -> dict[str, Any]:
    given = {"street": "420106006", "members": list(members), "assets": assets, **household}
    found: dict[str, Any] = assess(given, on).as_json()["profile"]
    return found


def points(found: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {one["dimension"]: (one["low"], one["high"]) for one in found["dimensions"]}


def parts(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {part["rule"]: part for dimension in found["dimensions"] for part in dimension["parts"]}


def needs(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {need["need"]: need for need in found["needs"]}


@pytest.mark.clause("7.1")
def test_household_without_hardship_has_index_zero_and_no_need() -> None:
    found = profile(worker("9000.00"))
    assert found["index"] == {"low": 0, "high": 0}
    assert found["needs"] == found["unmet_needs"] == found["awaits"] == []


@pytest.mark.clause("7.1")
def test_every_dimension_adds_its_parts_up_to_its_limit() -> None:
    severe = {"category": "limb", "grade": 1, "certificate": True}
    found = profile(
        person("p1", employment={"status": "unemployed"}),
        person("p2", "1978-01-01", "spouse", disability=severe, self_care_failed=["walk"], serious_illness="leukaemia"),
        person("p3", "2010-01-01", "child", disability=severe, school={"stage": "primary"}),
        person("p4", "2012-01-01", "child"),
        person("p5", "1950-01-01", "mother"),
        rigid_spending_12m=[{"kind": "medical", "amount": "30000.00"}, {"kind": "education", "amount": "900.00"}],
        incident={"cause": "fire"},
    )
    # income 15+10+5; structure 2+2 minors, 2 elder, 2 large, 3 dependants; health 8+8 severe, 8 ill, 5 self-care;
    # work 5 nobody works, 2 jobless, 3 cannot; spending 3+2+10; cause 6+2+2+2+2
    assert points(found) == {
        "income": (30, 30),
        "structure": (10, 10),
        "health": (25, 25),
        "work": (10, 10),
        "spending": (15, 15),
        "cause": (10, 10),
    }
    assert found["index"] == {"low": 100, "high": 100}
    assert parts(found)["is_severely_disabled"]["persons"] == ["p2", "p3"]


@pytest.mark.clause("7.1")
@pytest.mark.clause("12.3.3")
def test_part_tells_its_points_their_parameter_and_the_values_that_made_it() -> None:
    found = profile(worker("1800.00"), person("p2", "2010-03-21", "child"))
    part = parts(found)["is_family_below_standard"]
    assert (part["says"], part["weight"], part["low"]) == ("家庭人均收入低于低保标准", 15, 15)
    assert part["values"] == [
        {"label": "家庭月收入", "value": "1,500.00 元"},
        {"label": "低保标准乘以家庭人口", "value": "1,820.00 元"},
    ]
    assert parts(found)["is_minor"]["values"] == [{"label": "出生日期", "value": "2010年3月21日", "member": "p2"}]
    assert PARAMETERS.value(part["parameter"], on=TODAY).assumed is True


@pytest.mark.clause("7.1")
def test_structure_knows_single_parents_whoever_applies() -> None:
    of_parent = profile(worker("9000.00"), person("p2", "2010-03-21", "child"))
    of_child = profile(person("p2", "2010-03-21"), worker("9000.00", relation="mother"))
    of_couple = profile(worker("9000.00"), person("p2", "2010-03-21", "child"), person("p3", relation="spouse"))
    assert "is_single_parent_family" in parts(of_parent)
    assert "is_single_parent_family" in parts(of_child)
    assert "is_single_parent_family" not in parts(of_couple)


@pytest.mark.clause("7.1")
def test_unknown_fact_leaves_the_index_an_interval_and_is_named() -> None:
    found = profile(worker(None, disability=None))
    assert found["index"]["low"] < found["index"]["high"]
    assert points(found)["income"] == (0, 30)
    assert points(found)["health"] == (0, 12)
    assert {entry["path"] for entry in found["awaits"]} == {"members[p1].income", "members[p1].disability"}
    assert parts(found)["is_severely_disabled"]["persons_awaiting"] == ["p1"]
    assert needs(found)["income"]["needed"] is None
    assert "dibao" in needs(found)["income"]["measures_awaiting"]


@pytest.mark.clause("7.1")
def test_need_has_reasons_and_the_policies_that_answer_it() -> None:
    found = profile(
        person("p1", employment={"status": "unemployed"}),
        person("p2", "2010-03-21", "child", school={"stage": "primary"}, diagnoses=["autism"]),
        assets={},
    )
    assert {name: need["measures"] for name, need in needs(found).items()} == {
        "income": ["dibao"],
        "rehabilitation": ["rehab_training_subsidy"],
        "employment": ["employment_assistance", "skills_training"],
        "education": ["education_aid"],
        "housing": ["public_rental_housing"],
    }
    (reason,) = needs(found)["education"]["reasons"]
    assert (reason["says"], reason["persons"]) == ("低收入家庭学生", ["p2"])
    assert found["unmet_needs"] == []


@pytest.mark.clause("7.1")
def test_need_that_no_policy_answers_for_this_household_is_unmet() -> None:
    found = profile(
        worker("9000.00", serious_illness="other"),
        person("p2", "1950-01-01", "mother", self_care_failed=["walk"]),
    )
    assert found["unmet_needs"] == ["medical", "care"]
    assert needs(found)["medical"]["measures"] == []


@pytest.mark.clause("7.1")
def test_orphan_at_the_rate_does_not_hide_the_hardship_of_the_home() -> None:
    dead = {"status": "dead"}
    found = profile(person("p2", "2013-09-01", school={"stage": "primary"}, father=dead, mother=dead))
    assert points(found)["income"] == (30, 30)
    assert needs(found)["income"]["measures"] == ["orphan"]
    assert "social_work" in needs(found)


@pytest.mark.clause("7.1")
def test_index_decides_nothing() -> None:
    given = json.loads((Path(__file__).parent / "cases" / "H07.json").read_text(encoding="utf-8"))
    heavy = Parameters.loads(
        "".join(
            f'{name}: {{unit: points, values: {{2022-09-08: {{value: "90", source: "district"}}}}}}\n'
            for dimension in DIMENSIONS
            for name in (dimension.at_most, *(part.weight for part in dimension.parts))
        ),
        file="heavy.yaml",
    )
    day = date.fromisoformat(given["as_of"])
    ordinary = assess(given["household"], day).as_json()
    other = assess(given["household"], day, PARAMETERS.replaced_by(heavy)).as_json()
    assert other["profile"]["index"]["low"] > ordinary["profile"]["index"]["low"]
    assert other["policies"] == ordinary["policies"]


@pytest.mark.clause("7.1")
def test_no_policy_asks_a_rule_of_the_profile() -> None:
    edition = TOOLBOOK.edition(TODAY)
    assert edition is not None
    of_profile = {draft.name for draft in hardship.book.drafts}
    asked = {
        name for rule in edition.rules.values() if rule.name not in of_profile for name in references(rule.tree)
    } | {
        name
        for policy in edition.policies
        for name in (policy.eligible, policy.amount, policy.persons, *policy.when_eligible.values())
        if name
    }
    assert not asked & of_profile


@pytest.mark.clause("7.1")
def test_limits_of_the_dimensions_make_a_hundred_and_every_weight_is_marked_assumed() -> None:
    limits = [PARAMETERS.value(dimension.at_most, on=TODAY) for dimension in DIMENSIONS]
    weights = [PARAMETERS.value(part.weight, on=TODAY) for dimension in DIMENSIONS for part in dimension.parts]
    assert sum(limit.value for limit in limits) == 100
    assert all(one.assumed for one in [*limits, *weights])


@pytest.mark.clause("7.1")
def test_every_policy_that_gives_something_answers_a_need() -> None:
    measures = {policy for need in NEEDS for policy in need.measures}
    for_every_elder = {"elderly_meal_subsidy", "elderly_accident_insurance"}
    gives = {policy.id for policy in TOOLBOOK.policies if policy.kind is not Benefit.IDENTIFICATION}
    assert measures == gives - for_every_elder


def test_before_the_first_day_of_the_policy_there_is_no_profile() -> None:
    assert profile(worker("9000.00"), on=date(2022, 9, 7)) is None
