"""Reading a household: every fault is found, with its place, what stood there and what is expected."""

from datetime import date
from typing import Any

import pytest

from eligibility.rules import FactsInvalid, read_case
from eligibility.rules.engine.spans import Span
from eligibility.rules.facts.contract import read_facts
from eligibility.rules.facts.records import NEVER

TODAY = date(2022, 10, 10)
PERSON = {"id": "p1", "relation": "applicant", "birth_date": "1977-05-12"}


def household(person: dict[str, Any] | None = None, **keys: Any) -> dict[str, Any]:
    return {"street": "420106009", "members": [{**PERSON, **(person or {})}], **keys}


@pytest.mark.parametrize(
    ("given", "path", "expected"),
    [
        (household(colour="red"), "colour", "one of the keys"),
        (household({"wage": "2000.00"}), "members[0].wage", "one of the keys"),
        (household({"birth_date": "1977-02-30"}), "members[0].birth_date", "a date such as"),
        (household({"birth_date": "2022-10-11"}), "members[0].birth_date", "not after the day"),
        (household({"birth_date": "1850-01-01"}), "members[0].birth_date", "less than 130 years"),
        (household({"birth_date": 19770512}), "members[0].birth_date", "a date such as"),
        (household({"relation": "uncle"}), "members[0].relation", "one of applicant"),
        (household({"income": [{"kind": "wage", "monthly": "-1.00"}]}), "members[0].income[0].monthly", "not negative"),
        (household({"income": [{"kind": "wage", "monthly": "1.005"}]}), "members[0].income[0].monthly", "2 decimals"),
        (household({"income": [{"kind": "wage", "monthly": 2000}]}), "members[0].income[0].monthly", "decimal string"),
        (household({"income": [{"kind": "wage", "monthly": 20.5}]}), "members[0].income[0].monthly", "decimal string"),
        (household({"income": [{"kind": "gift", "monthly": "1"}]}), "members[0].income[0].kind", "one of wage"),
        (household({"income": [{"kind": "wage"}]}), "members[0].income[0].monthly", "a value or null"),
        (household({"income": "2000"}), "members[0].income", "a list"),
        (household({"disability": {"category": "limb", "grade": 5}}), "members[0].disability.grade", "from 1 to 4"),
        (household({"lives_alone": "yes"}), "members[0].lives_alone", "true, false or null"),
        (household({"self_care_failed": ["eat", "eat"]}), "members[0].self_care_failed[1]", "only once"),
        (household(assets={"financial": 0}), "assets.financial", "decimal string"),
        (household(street="Wuchang"), "street", "9 digits"),
        (household(incident={"cause": "fire", "on": "2022-12-01"}), "incident.on", "not after the day"),
        (household(receiving=[{"policy": "dibao"}, {"policy": "dibao"}]), "receiving[1].policy", "only once"),
        (
            household(receiving=[{"policy": "dibao", "shares": {"p9": "1"}}]),
            "receiving[0].shares.p9",
            "one of the keys p1",
        ),
        ({"members": []}, "members", "1 to 50"),
        ({"members": [PERSON, PERSON]}, "members[1].id", "a person only once"),
        ({"members": [PERSON, {**PERSON, "id": "p2"}]}, "members", "one applicant"),
        ({"members": [{**PERSON, "id": None}]}, "members[0].id", "an id"),
        ([], "", "an object"),
    ],
)
def test_fault_is_named_with_place_value_and_expectation(given: Any, path: str, expected: str) -> None:
    with pytest.raises(FactsInvalid) as error:
        read_facts(given, TODAY)
    found = [finding for finding in error.value.findings if finding.path == path]
    assert found, error.value.findings
    assert expected in found[0].expected


def test_all_faults_are_found_at_once() -> None:
    given = household({"relation": "uncle", "sex": "X"}, street="1", colour="red")
    with pytest.raises(FactsInvalid) as error:
        read_facts(given, TODAY)
    assert {finding.path for finding in error.value.findings} == {
        "members[0].relation",
        "members[0].sex",
        "street",
        "colour",
    }
    assert {finding["code"] for finding in error.value.as_json()} == {"invalid_value", "unknown_key"}


def test_absent_is_nothing_and_null_is_unknown() -> None:
    nothing = read_facts(household(), TODAY)
    assert nothing.people[0].wage == 0
    assert nothing.people[0].disability == ""
    assert nothing.people[0].employment_since == NEVER
    assert nothing.household.financial == 0
    assert nothing.household.incident is False
    unknown = read_facts(household({"income": None, "disability": None}, assets=None, incident=None), TODAY)
    assert unknown.people[0].wage == Span()
    assert unknown.people[0].disability is None
    assert unknown.household.financial == Span()
    assert unknown.household.incident is None


def test_income_of_unknown_kind_may_be_any_kind() -> None:
    facts = read_facts(household({"income": [{"kind": None, "monthly": "100.00"}]}), TODAY)
    assert facts.people[0].wage == Span(0, 10000)
    assert facts.people[0].assistance == Span(0, 10000)


def test_dibao_without_shares_is_shared_equally() -> None:
    given = household(receiving=[{"policy": "dibao", "monthly_amount": "100.01"}])
    given["members"].append({"id": "p2", "relation": "child", "birth_date": "2010-01-01"})
    assert [person.dibao_share for person in read_facts(given, TODAY).people] == [5000, 5000]


def test_remarks_are_allowed_and_decide_nothing() -> None:
    assert read_facts(household({"relation_note": "grandmother"}), TODAY) == read_facts(household(), TODAY)


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ([], ""),
        ({"household": {}}, "as_of"),
        ({"as_of": "2022-10-10"}, "household"),
        ({"as_of": "2022-13-01"}, "as_of"),
    ],
)
def test_case_without_day_or_household_is_refused(content: Any, path: str) -> None:
    with pytest.raises(FactsInvalid) as error:
        read_case(content)
    assert path in {finding.path for finding in error.value.findings}
