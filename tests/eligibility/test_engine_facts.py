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


def family(*kin: tuple[str, str | None]) -> dict[str, Any]:
    given = household()
    given["members"] += [
        {"id": f"p{at}", "relation": relation, "birth_date": born} for at, (relation, born) in enumerate(kin, start=2)
    ]
    return given


@pytest.mark.parametrize(
    ("given", "path", "expected"),
    [
        (household(colour="red"), "colour", "one of the keys"),
        (household({"wage": "2000.00"}), "members[0].wage", "one of the keys"),
        (household({"birth_date": "1977-02-30"}), "members[0].birth_date", "a date such as"),
        (household({"birth_date": "2022-10-11"}), "members[0].birth_date", "not after the day"),
        (household({"birth_date": "1850-01-01"}), "members[0].birth_date", "less than 130 years"),
        (household({"birth_date": 19770512}), "members[0].birth_date", "a date such as"),
        (household({"birth_date": "1977-13-01"}), "members[0].birth_date", "a date such as"),
        (household({"birth_date": "77-05-12"}), "members[0].birth_date", "a date such as"),
        (household({"diagnosed_on": "1977-05-11"}), "members[0].diagnosed_on", "not before the birth, 1977-05-12"),
        (household({"living_here_since": "1970-01-01"}), "members[0].living_here_since", "not before the birth"),
        (
            household({"employment": {"status": "employed", "since": "1970-01-01"}}),
            "members[0].employment.since",
            "not before the birth",
        ),
        (
            household({"residence_permit": {"issued": "2022-10-11"}}),
            "members[0].residence_permit.issued",
            "not after the day",
        ),
        (household({"relation": "uncle"}), "members[0].relation", "one of applicant"),
        (household({"income": [{"kind": "wage", "monthly": "-1.00"}]}), "members[0].income[0].monthly", "not negative"),
        (household({"income": [{"kind": "wage", "monthly": "1.005"}]}), "members[0].income[0].monthly", "2 decimals"),
        (household({"income": [{"kind": "wage", "monthly": "2000元"}]}), "members[0].income[0].monthly", "yuan as"),
        (
            household({"income": [{"kind": "wage", "monthly": "2,000"}]}),
            "members[0].income[0].monthly",
            "decimal string",
        ),
        (household({"income": [{"kind": "wage", "monthly": "2e3"}]}), "members[0].income[0].monthly", "decimal string"),
        (household({"income": [{"kind": "wage", "yearly": "9"}]}), "members[0].income[0].yearly", "one of the keys"),
        (household({"income": [{"kind": "wage", "monthly": 2000}]}), "members[0].income[0].monthly", "decimal string"),
        (household({"income": [{"kind": "wage", "monthly": 20.5}]}), "members[0].income[0].monthly", "decimal string"),
        (household({"income": [{"kind": "gift", "monthly": "1"}]}), "members[0].income[0].kind", "one of wage"),
        (household({"income": [{"kind": "wage"}]}), "members[0].income[0].monthly", "a value or null"),
        (household({"income": "2000"}), "members[0].income", "a list"),
        (household({"disability": {"category": "limb", "grade": 5}}), "members[0].disability.grade", "from 1 to 4"),
        (
            household({"disability": {"category": "limb", "grade": "1"}}),
            "members[0].disability.grade",
            "a whole number",
        ),
        (household({"father": {"status": "detained", "months": -1}}), "members[0].father.months", "from 0 to 1200"),
        (
            household(rigid_spending_12m=[{"kind": "medical", "amount": "-5"}]),
            "rigid_spending_12m[0].amount",
            "not negative",
        ),
        (household(requested_amount="0.001"), "requested_amount", "at most 2 decimals"),
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


@pytest.mark.parametrize(
    ("kin", "path", "expected"),
    [
        ([("father", "1977-05-12")], "members[1].birth_date", "a date before 1977-05-12, the birth of the applicant"),
        ([("mother", "1980-01-01")], "members[1].birth_date", "a date before 1977-05-12"),
        ([("grandparent", "1990-01-01")], "members[1].birth_date", "a date before 1977-05-12"),
        ([("child", "1977-05-12")], "members[1].birth_date", "a date after 1977-05-12, the birth of the applicant"),
        ([("grandchild", "1960-01-01")], "members[1].birth_date", "a date after 1977-05-12"),
        ([("spouse", "1980-01-01"), ("child", "1975-01-01")], "members[2].birth_date", "a date after 1977-05-12"),
        ([("spouse", "1980-01-01"), ("spouse", "1981-01-01")], "members", "one spouse at most"),
    ],
)
def test_kin_that_cannot_be_is_refused(kin: list[tuple[str, str]], path: str, expected: str) -> None:
    with pytest.raises(FactsInvalid) as error:
        read_facts(family(*kin), TODAY)
    (found,) = error.value.findings
    assert found.path == path
    assert expected in found.expected


@pytest.mark.parametrize(
    "kin",
    [
        [("spouse", "1950-01-01"), ("child", "1975-01-01")],
        [("spouse", None), ("child", "1975-01-01")],
        [("father", None), ("child", None)],
        [("father", "1977-05-11"), ("child", "1977-05-13"), ("sibling", "1950-01-01"), ("other", "1950-01-01")],
    ],
)
def test_kin_that_can_be_or_of_whom_it_is_not_known_is_read(kin: list[tuple[str, str | None]]) -> None:
    assert len(read_facts(family(*kin), TODAY).people) == len(kin) + 1


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
    read_case({"as_of": "2022-10-10", "household": household(), "note": "from the visit"})
    assert read_facts(household({"relation_note": "grandmother"}), TODAY) == read_facts(household(), TODAY)


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ([], ""),
        ({"household": {}}, "as_of"),
        ({"as_of": "2022-10-10"}, "household"),
        ({"as_of": "2022-13-01"}, "as_of"),
        ({"as_of": "2022-10-10", "household": {}, "day": 1}, "day"),
    ],
)
def test_case_without_day_or_household_is_refused(content: Any, path: str) -> None:
    with pytest.raises(FactsInvalid) as error:
        read_case(content)
    assert path in {finding.path for finding in error.value.findings}
