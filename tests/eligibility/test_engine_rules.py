"""How rules are written and what they mean: three-valued truth, spans, exact comparisons, dates, checks when loaded."""

from collections.abc import Callable
from datetime import date
from typing import Any, cast

import pytest

from eligibility.rules.engine.book import Benefit, Book, BookInvalid, Names
from eligibility.rules.engine.dates import completed_months, completed_years, later_by_months
from eligibility.rules.engine.expressions import (
    Node,
    age,
    all_members,
    any_member,
    greatest,
    least,
    lift,
    members,
    months_since,
    number,
    param,
    ratio,
    total,
    when,
)
from eligibility.rules.engine.spans import Span
from eligibility.rules.engine.toolbook import Toolbook, bind
from eligibility.rules.facts.contract import read_facts
from shared.parameters import ParameterMissing, Parameters

PARAMETERS = Parameters.loads(
    """
standard:
  label: 标准
  unit: yuan/person/month
  values:
    2022-04-01: {value: "910", source: "city"}
    2023-04-01: {value: "940", source: "city"}
multiple: {label: 倍数, unit: ratio, values: {2020-01-01: {value: "1.5", source: "law"}}}
months: {label: 月数, unit: months, values: {2022-10-20: {value: "6", source: "notice"}}}
nameless: {unit: ells, values: {2020-01-01: {value: "3", source: "law"}}}
""",
    file="test.yaml",
)
TODAY = date(2022, 10, 10)


def value(
    build: Callable[..., Node],
    *people: dict[str, Any],
    household: dict[str, Any] | None = None,
    scope: Any = "household",
    on: date = TODAY,
) -> Any:
    """The value of one rule for a household of these people."""
    book = Book(since="2022-04-01")
    book.rule(scope, clause="2.1.2", says="试", name="tried")(build)
    edition = bind([book], PARAMETERS).edition(on)
    assert edition is not None
    given = [{"id": f"p{at}", "relation": "other", "birth_date": "1970-01-01", **one} for at, one in enumerate(people)]
    facts = read_facts({"members": given, **(household or {})}, on)
    frame = edition.frame(facts, PARAMETERS)
    return edition.values["tried"](frame, 0 if scope == "person" else -1)


def wages(*amounts: str | None) -> list[dict[str, Any]]:
    return [{"income": [{"kind": "wage", "monthly": amount}]} for amount in amounts]


def count_members() -> Node:
    return members()


def total_wage(person: Names) -> Node:
    return total(person.wage)


def test_sum_with_an_unknown_is_at_least_the_known_part() -> None:
    assert value(total_wage, *wages("1000.00", "500.00")) == 150000
    assert value(total_wage, *wages("1000.00", None)) == Span(100000)


def test_unknown_is_not_zero_but_a_sum_already_over_the_limit_is_over_it() -> None:
    def below(person: Names) -> Node:
        return total(person.wage) < param("standard")

    assert value(below, *wages("900.00")) is True
    assert value(below, *wages("900.00", None)) is None
    assert value(below, *wages("910.00", None)) is False


@pytest.mark.parametrize(
    ("first", "second", "both", "either"),
    [
        (True, None, None, True),
        (False, None, False, None),
        (None, None, None, None),
        (True, False, False, True),
    ],
)
def test_truth_has_three_values(*, first: bool | None, second: bool | None, both: Any, either: Any) -> None:
    people = {"lives_alone": first, "school": {"stage": "primary", "home_teaching": second}}

    def every(person: Names) -> Node:
        return person.lives_alone & person.home_teaching

    def some(person: Names) -> Node:
        return person.lives_alone | person.home_teaching

    assert value(every, people, scope="person") is both
    assert value(some, people, scope="person") is either


def test_choice_with_unknown_condition_is_known_only_where_both_agree() -> None:
    unknown = {"lives_alone": None}
    assert value(lambda person: when(person.lives_alone, 1, 3), unknown, scope="person") == Span(1, 3)
    assert value(lambda person: when(person.lives_alone, 3, 3), unknown, scope="person") == 3
    assert value(lambda person: when(person.lives_alone, "a", "b"), unknown, scope="person") is None


def test_any_all_and_count_over_members() -> None:
    people: list[dict[str, Any]] = [{"lives_alone": True}, {"lives_alone": None}, {"lives_alone": False}]
    assert value(lambda person: any_member(person.lives_alone), *people) is True
    assert value(lambda person: any_member(person.lives_alone), *people[1:]) is None
    assert value(lambda person: all_members(person.lives_alone), *people) is False
    assert value(lambda person: all_members(person.lives_alone), *people[:2]) is None
    assert value(lambda person: members(person.lives_alone), *people) == Span(1, 2)
    assert value(count_members, *people) == 3


def test_least_and_greatest_keep_what_is_known() -> None:
    people = wages(None)
    assert value(lambda person: least(person.wage, param("standard")), *people, scope="person") == Span(0, 91000)
    assert value(lambda person: greatest(person.wage, param("standard")), *people, scope="person") == Span(91000)


@pytest.mark.parametrize(("wage", "below"), [("1364.99", True), ("1365.00", False)])
def test_comparison_with_a_ratio_is_exact(*, wage: str, below: bool) -> None:
    def build(person: Names) -> Node:
        return total(person.wage) < param("standard") * members() * ratio("multiple")

    assert value(build, *wages(wage)) is below


@pytest.mark.parametrize(
    ("birth", "today", "years"),
    [
        (date(2010, 3, 21), date(2022, 3, 20), 11),
        (date(2010, 3, 21), date(2022, 3, 21), 12),
        (date(2004, 2, 29), date(2022, 2, 28), 17),
        (date(2004, 2, 29), date(2022, 3, 1), 18),
        (date(2004, 2, 29), date(2024, 2, 29), 20),
    ],
)
def test_age_counts_from_the_birthday_itself(birth: date, today: date, years: int) -> None:
    assert completed_years(birth, today) == years


def test_months_are_completed_on_the_same_day_of_the_month() -> None:
    assert completed_months(date(2021, 10, 11), date(2022, 10, 10)) == 11
    assert completed_months(date(2021, 10, 10), date(2022, 10, 10)) == 12
    assert later_by_months(date(2022, 8, 31), 6) == date(2023, 2, 28)
    assert later_by_months(date(2023, 2, 1), 12) == date(2024, 2, 1)


def test_undeclared_date_is_never_and_unknown_date_is_unknown() -> None:
    def build(person: Names) -> Node:
        return months_since(person.living_here_since) >= 12

    assert value(build, {}, scope="person") is False
    assert value(build, {"living_here_since": None}, scope="person") is None
    assert value(build, {"living_here_since": "2021-10-10"}, scope="person") is True
    assert value(lambda person: age(person.birth_date) >= 18, {"birth_date": None}, scope="person") is None


def test_parameter_is_the_one_of_the_day() -> None:
    assert value(lambda: param("standard"), {}) == 91000
    assert value(lambda: param("standard"), {}, on=date(2023, 4, 1)) == 94000


def test_parameter_without_a_value_on_the_day_is_a_clear_error() -> None:
    book = Book(since="2022-10-20")
    book.rule("household", clause="2.1.4", says="试", name="tried")(lambda: number("months"))
    edition = bind([book], PARAMETERS).edition(date(2022, 10, 20))
    assert edition is not None
    text = 'months: {unit: months, values: {2023-01-01: {value: "6", source: "notice"}}}'
    facts = read_facts({"members": [{"id": "p", "relation": "applicant", "birth_date": None}]}, date(2022, 10, 20))
    frame = edition.frame(facts, Parameters.loads(text, file="own.yaml"))
    with pytest.raises(ParameterMissing, match=r"own\.yaml: parameter 'months' has no value on 2022-10-20"):
        edition.values["tried"](frame, -1)


def test_wide_sum_is_not_deep() -> None:
    def build(person: Names) -> Node:
        node = person.wage
        for _ in range(5000):
            node = node + person.wage
        return node

    assert value(build, *wages("1.00"), scope="person") == 500100


def test_later_version_of_a_rule_holds_from_its_first_day() -> None:
    book = Book(since="2022-09-08")
    book.rule("household", clause="4.3.3", says="试", name="route")(lambda: lift("old"))
    book.rule("household", clause="4.2.1", says="试", name="route", since="2026-01-01")(lambda: lift("new"))
    toolbook = bind([book], PARAMETERS)
    assert toolbook.edition(date(2022, 9, 7)) is None
    for day, word in ((date(2025, 12, 31), "old"), (date(2026, 1, 1), "new")):
        edition = toolbook.edition(day)
        assert edition is not None
        frame = edition.frame(
            read_facts({"members": [{"id": "p", "relation": None, "birth_date": None}]}, day), PARAMETERS
        )
        assert edition.values["route"](frame, -1) == word
    assert toolbook.version(date(2025, 12, 31)) != toolbook.version(date(2026, 1, 1))


def test_version_changes_with_the_meaning_of_a_rule_only() -> None:
    def versions(limit: int) -> str:
        book = Book(since="2022-09-08")
        book.rule("household", clause="2.1.2", says="试", name="tried")(lambda: count_members() < limit)
        return bind([book], PARAMETERS).version()

    assert versions(2) == versions(2)
    assert versions(2) != versions(3)


@pytest.mark.clause("1.4")
def test_policy_with_a_fault_is_refused_by_its_id() -> None:
    book = Book(since="2022-09-08")
    book.rule("household", clause="2.1.2", says="试", name="tried")(count_members)
    common: dict[str, Any] = {"title": "试", "clause": "2.1.2", "kind": Benefit.SERVICE}
    book.policy("tried", department="treasury", basis=["district_rules"], **common)
    book.policy("cited", department="finance", basis=["magna_carta 39"], eligible="tried", **common)
    with pytest.raises(BookInvalid) as error:
        bind([book], PARAMETERS)
    assert error.value.problems == [
        "policy 'tried': there is no department 'treasury'",
        "policy 'cited': cites 'magna_carta', which is not among the laws",
    ]


def load(*rules: tuple[str, dict[str, Any], Callable[..., Node]]) -> Toolbook:
    book = Book(since="2022-09-08")
    for name, words, function in rules:
        given: dict[str, Any] = {"scope": "household", "clause": "2.1.2", "says": "试", **words}
        book.rule(given.pop("scope"), name=name, **given)(function)
    return bind([book], PARAMETERS)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([("a", {"clause": ""}, count_members)], "rule 'a': has no clause"),
        ([("a", {"says": ""}, count_members)], "rule 'a': has no words"),
        ([("a", {"since": "soon"}, count_members)], "rule 'a': since='soon' is no day"),
        ([("a", {}, lambda rule: rule.b)], "rule 'a': there is no rule 'b'"),
        ([("a", {}, lambda household: household.wealth)], "rule 'a': there is no fact 'wealth' of a household"),
        ([("a", {}, lambda: param("gold"))], "rule 'a': there is no parameter 'gold'"),
        ([("a", {}, lambda: param("multiple"))], "rule 'a': parameter 'multiple' is in 'ratio'"),
        ([("a", {}, lambda city: city.name)], "rule 'a': unknown argument 'city'"),
        ([("a", {}, count_members), ("a", {}, count_members)], "rule 'a': two rules write this output"),
        ([("a", {}, lambda rule: rule.b), ("b", {}, lambda rule: rule.a)], "rules go in a circle: a -> b -> a"),
        ([("a", {}, lambda person: person.wage)], "rule 'a': asks the household for 'wage' of a person"),
        ([("a", {"scope": "person"}, count_members)], "rule 'a': counts members within a rule of a person"),
        ([("a", {}, lambda household: household.financial + household.homes)], "rule 'a': mixes"),
        ([("a", {}, lambda household: household.financial * household.financial)], "rule 'a': multiplies yuan by yuan"),
        ([("a", {}, lambda household: household.street < "4")], "rule 'a': orders values that have no order"),
        ([("a", {}, lambda: param("standard") * ratio("multiple"))], "rule 'a': gives an amount times a ratio"),
        ([("a", {}, lambda: count_members() + cast("Any", 0.5))], "rule 'a': 0.5 cannot stand in a rule"),
        ([("a", {}, lambda household: household.incident and household.requested)], "rule 'a': a rule is built before"),
        ([("a", {}, lambda: number("months"))], "rule 'a': parameter 'months' has no value on 2022-09-08, the rule's"),
        ([("a", {}, lambda: number("nameless"))], "rule 'a': parameter 'nameless' has no label"),
        ([("a", {}, lambda: number("nameless"))], "rule 'a': parameter 'nameless' is in 'ells', which has no Chinese"),
    ],
)
def test_book_with_a_fault_is_refused_by_the_name_of_the_rule(rules: list[Any], message: str) -> None:
    with pytest.raises(BookInvalid) as error:
        load(*rules)
    assert any(message in problem for problem in error.value.problems), error.value.problems
