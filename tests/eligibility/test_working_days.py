"""Working days in the rules: counted as the clocks count them, and the same for one household and for a population."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.eligibility.snapshots import table_of
from tests.eligibility.test_assessment_properties import SLOW, cases, hidden, places
from tests.eligibility.test_engine_vectors import numbers_in, truths_in

from eligibility.rules.engine import days
from eligibility.rules.engine.archive import read_calendar, write_calendar
from eligibility.rules.engine.book import Book, BookInvalid, Names
from eligibility.rules.engine.calendar import ANNOUNCED, Calendar
from eligibility.rules.engine.expressions import (
    Node,
    Unit,
    day_before,
    first_of_next_month,
    greatest,
    least,
    lift,
    months_later,
    number,
    param,
    ratio,
    today,
    when,
)
from eligibility.rules.engine.interpreter import ANY_NUMBER
from eligibility.rules.engine.kernel import Kernel
from eligibility.rules.engine.phrases import Account, Phrases
from eligibility.rules.engine.sentences import Sentences
from eligibility.rules.engine.toolbook import Edition, bind
from eligibility.rules.engine.working_days import working_days_between, working_days_later, working_days_since
from eligibility.rules.facts.contract import read_facts
from eligibility.rules.facts.population import Population
from eligibility.rules.facts.records import NEVER
from eligibility.rules.facts.snapshot import check_snapshot
from shared.parameters import Parameters
from shared.working_days import WorkingCalendar

PARAMETERS = Parameters.loads(
    """
period: {label: 补正期限, unit: working days, values: {2020-01-01: {value: "5", source: "law"}}}
months: {label: 月数, unit: months, values: {2020-01-01: {value: "6", source: "law"}}}
multiple: {label: 倍数, unit: ratio, values: {2020-01-01: {value: "1.5", source: "law"}}}
standard: {label: 标准, unit: yuan, values: {2020-01-01: {value: "910", source: "city"}}}
""",
    file="test.yaml",
)
TODAY = date(2022, 10, 10)
PERSON = Names("person")
DATES = st.dates(date(1995, 1, 1), date(2045, 12, 31))
CORRECTIONS = st.dictionaries(st.dates(date(2020, 1, 1), date(2029, 12, 31)), st.booleans(), max_size=40)
CALENDARS = CORRECTIONS.map(WorkingCalendar)


def edition_of_one(build: Callable[..., Node], scope: Any = "person") -> Edition:
    book = Book(since="2022-04-01")
    book.rule(scope, clause="4.2.1", says="试", name="tried")(build)
    edition = bind([book], PARAMETERS).edition(TODAY)
    assert edition is not None
    return edition


def value(node: Node, person: dict[str, Any] | None = None, calendar: Calendar = ANNOUNCED) -> Any:
    """The value of a rule for one person."""
    edition = edition_of_one(lambda: node)
    given = {"id": "p1", "relation": "applicant", "birth_date": "1970-01-01", **(person or {})}
    frame = edition.frame(read_facts({"members": [given]}, TODAY), PARAMETERS, calendar)
    return edition.values["tried"](frame, 0)


@pytest.mark.parametrize(
    ("start", "working_days", "last_day"),
    [
        pytest.param(date(2022, 10, 10), 10, date(2022, 10, 24), id="plain weeks"),
        pytest.param(date(2022, 10, 8), 1, date(2022, 10, 9), id="a Sunday that is worked, after one"),
        pytest.param(date(2023, 1, 20), 1, date(2023, 1, 28), id="over the Spring Festival to a Saturday"),
        pytest.param(date(2023, 1, 20), 2, date(2023, 1, 29), id="and to the Sunday after it"),
        pytest.param(date(2023, 1, 20), 3, date(2023, 1, 30), id="and to the Monday"),
        pytest.param(date(2023, 1, 24), 1, date(2023, 1, 28), id="from within the festival"),
        pytest.param(date(2023, 1, 24), 0, date(2023, 1, 24), id="none is the day itself, though it rests"),
        pytest.param(date(2022, 12, 30), 1, date(2023, 1, 3), id="over the end of a year"),
        pytest.param(date(2024, 2, 28), 1, date(2024, 2, 29), id="to a leap day"),
        pytest.param(date(2024, 2, 29), 1, date(2024, 3, 1), id="from a leap day"),
        pytest.param(date(2050, 9, 30), 1, date(2050, 10, 3), id="a year that is not announced has plain weeks"),
        pytest.param(date(2022, 10, 10), -1, date(2022, 10, 9), id="back to a Sunday that is worked"),
        pytest.param(date(2022, 10, 16), -1, date(2022, 10, 13), id="back from a day of rest"),
    ],
)
def test_a_period_ends_on_the_last_of_its_working_days(start: date, working_days: int, last_day: date) -> None:
    assert value(working_days_later(lift(start), working_days)) == last_day
    assert value(working_days_between(lift(start), lift(last_day))) == working_days
    assert value(working_days_between(lift(last_day), lift(start))) == -working_days


def test_a_corrected_day_counts_as_it_was_corrected() -> None:
    corrected = Calendar.of(WorkingCalendar({date(2022, 10, 17): False, date(2022, 10, 22): True}))
    for working_days, last_day in ((4, date(2022, 10, 14)), (5, date(2022, 10, 18)), (9, date(2022, 10, 22))):
        assert value(working_days_later(today(), working_days), None, corrected) == last_day
    withdrawn = Calendar.of(WorkingCalendar({date(2022, 10, 17): True}))
    assert withdrawn == ANNOUNCED


def test_unknown_is_unknown_and_what_was_declared_as_nothing_has_no_day() -> None:
    later, since = working_days_later(PERSON.living_here_since, 3), working_days_since(PERSON.living_here_since)
    unknown = {"living_here_since": None}
    assert value(later, unknown) is None
    assert value(since, unknown) == ANY_NUMBER
    assert value(working_days_later(today(), PERSON.self_care_failed), {"self_care_failed": None}) is None
    assert value(later) == NEVER
    assert value(since >= 1) is False
    assert value(since, {"living_here_since": "2022-10-01"}) == 3, "8, 9 and 10 October are worked"
    assert value(when(PERSON.lives_alone, later, NEVER), {"lives_alone": None}) == NEVER


def test_a_period_never_leaves_the_days_that_there_are() -> None:
    assert value(working_days_later(today(), 10**9)) == date.max
    assert value(working_days_later(today(), -(10**9))) == date.min
    columns = days.WorkingDays.of(ANNOUNCED)
    found = columns.later(np.array([days.encoded(TODAY)] * 2), np.array([10**9, -(10**9)]))
    assert found.tolist() == [days.encoded(date.max), days.encoded(date.min)]


@given(CALENDARS, DATES, st.integers(0, 60))
def test_rules_count_as_the_clocks_do(calendar: WorkingCalendar, day: date, working_days: int) -> None:
    assert Calendar.of(calendar).later(day, working_days) == calendar.add_working_days(day, working_days)


@given(CALENDARS, DATES, st.integers(-3_000, 3_000))
def test_as_many_have_passed_as_the_period_has(calendar: WorkingCalendar, day: date, working_days: int) -> None:
    counted = Calendar.of(calendar)
    assert counted.between(day, counted.later(day, working_days)) == working_days


@given(CALENDARS, DATES, st.integers(0, 120))
def test_what_has_passed_is_each_working_day_after_the_first(calendar: WorkingCalendar, day: date, length: int) -> None:
    end = day + timedelta(days=length)
    one_by_one = sum(calendar.is_working_day(day + timedelta(days=at)) for at in range(1, length + 1))
    counted = Calendar.of(calendar)
    assert counted.between(day, end) == one_by_one
    assert counted.between(end, day) == -one_by_one


ANY_DAYS = st.one_of(st.dates(), st.just(NEVER), st.just(date(2024, 2, 29)), DATES)
PAIRS = st.lists(st.tuples(ANY_DAYS, ANY_DAYS, st.integers(-3_000, 3_000)), min_size=1, max_size=6)


@given(CALENDARS, PAIRS)
def test_columns_of_days_are_counted_as_single_days(
    calendar: WorkingCalendar, pairs: list[tuple[date, date, int]]
) -> None:
    counted = Calendar.of(calendar)
    columns = days.WorkingDays.of(counted)
    since, until = (
        np.array([*map(days.encoded, column)], dtype=np.int32) for column in list(zip(*pairs, strict=True))[:2]
    )
    assert columns.between(since, until).tolist() == [counted.between(first, second) for first, second, _ in pairs]
    moved = columns.later(since, np.array([count for _, _, count in pairs]))
    assert moved.tolist() == [
        days.encoded(day if day == NEVER else counted.later(day, count)) for day, _, count in pairs
    ]


def small_numbers(depth: int) -> st.SearchStrategy[Node]:
    """Whole numbers, some unknown, that move a day by some years at most."""
    facts = st.sampled_from([PERSON.self_care_failed, PERSON.disability_grade, number("period")])
    plain = st.one_of(st.integers(-40, 400).map(lift), facts)
    if not depth:
        return plain
    below = small_numbers(depth - 1)
    return st.one_of(
        plain,
        st.builds(lambda first, second: first + second, below, below),
        st.builds(lambda first, second: first - second, below, below),
        st.builds(when, truths(depth - 1), below, below),
        st.builds(lambda since, until: working_days_between(_in_reach(since), _in_reach(until)), *[dates(0)] * 2),
    )


def _in_reach(day: Node) -> Node:
    """NEVER is far off: a year may not be moved past the last one."""
    return greatest(least(day, date(2030, 1, 1)), date(1900, 1, 1))


def numbers(depth: int) -> st.SearchStrategy[Node]:
    below = dates(max(depth - 1, 0))
    return st.one_of(small_numbers(depth), st.builds(working_days_between, below, below), below.map(working_days_since))


def dates(depth: int) -> st.SearchStrategy[Node]:
    facts = [PERSON.birth_date, PERSON.living_here_since, PERSON.employment_since, PERSON.diagnosed_on, today()]
    plain = st.one_of(st.sampled_from(facts), st.dates(date(2000, 1, 1), date(2030, 12, 31)).map(lift))
    if not depth:
        return plain
    below = dates(depth - 1)
    return st.one_of(
        st.builds(working_days_later, below, small_numbers(depth - 1)),
        st.builds(months_later, below, st.integers(0, 24).map(lift)),
        below.map(first_of_next_month),
        below.map(day_before),
        st.builds(least, below, below),
        st.builds(greatest, below, below),
        st.builds(when, truths(depth - 1), below, below),
    )


def truths(depth: int) -> st.SearchStrategy[Node]:
    return st.one_of(
        st.builds(lambda first, second: first < second, dates(depth), dates(depth)),
        st.builds(lambda first, second: first <= second, small_numbers(depth), small_numbers(depth)),
        st.just(PERSON.lives_alone),
    )


TREES = st.one_of(dates(3), numbers(3), truths(2))


def by_the_kernel(edition: Edition, table: Any, as_of: date, calendar: Calendar) -> dict[str, Any]:
    """The value of the rule for each person of a snapshot."""
    snapshot = check_snapshot(table, as_of)
    assert snapshot.rejected.is_empty()
    ids, unit = snapshot.rows.get_column("person_id").to_list(), edition.units["tried"]
    found: dict[str, Any] = {}
    for batch in Population(snapshot).batches:
        values: Any
        ((_, values),) = Kernel(edition).values(["tried"], batch, PARAMETERS, as_of, calendar)
        people = [ids[row] for row in batch.person_rows.ravel()]
        shape = batch.person_rows.shape
        if unit is Unit.DATE:
            known = np.broadcast_to(True if values.known is None else values.known, shape).ravel()
            codes = np.broadcast_to(values.values, shape).ravel().tolist()
            shown: list[Any] = [code if is_known else None for code, is_known in zip(codes, known, strict=True)]
        elif unit is Unit.TRUTH:
            shown = [*truths_in(_flat(values, shape), len(people))]
        else:
            shown = [*numbers_in(_flat(values, shape), len(people))]
        found |= dict(zip(people, shown, strict=True))
    return found


def _flat(values: Any, shape: tuple[int, ...]) -> Any:
    if isinstance(values, tuple):
        return type(values)(*(np.broadcast_to(one, shape).ravel() for one in values))
    return np.broadcast_to(values, shape).ravel()


@pytest.mark.clause("6.1", "12.3.3")
@SLOW
@given(TREES, cases(), CALENDARS, st.data())
def test_any_rule_of_days_means_the_same_for_a_population(
    tree: Node, case: tuple[dict[str, Any], date], corrected: WorkingCalendar, data: st.DataObject
) -> None:
    household, as_of = case
    masked = hidden(household, data.draw(st.lists(st.sampled_from(list(places(household))), max_size=6)))
    facts = {"known": read_facts(household, as_of), "partly": read_facts(masked, as_of)}
    edition, calendar = edition_of_one(lambda: tree), Calendar.of(corrected)
    expected: dict[str, Any] = {}
    for name, one in facts.items():
        frame = edition.frame(one, PARAMETERS, calendar)
        for at, person in enumerate(one.people):
            found = edition.values["tried"](frame, at)
            expected[f"{name}.{person.id}"] = days.encoded(found) if isinstance(found, date) else found
    assert by_the_kernel(edition, table_of(facts), as_of, calendar) == expected


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda person: working_days_later(person.wage, 3), "'wage' is a fen, expected date"),
        (lambda person: working_days_later(person.birth_date, person.wage), "'wage' is a fen, expected count"),
        (lambda person: working_days_later(person.birth_date, param("standard")), "'standard' is a fen, expected"),
        (lambda person: working_days_later(person.birth_date, number("months")), "is in 'months', expected 'working"),
        (lambda person: working_days_later(person.birth_date, ratio("multiple")), "'multiple' is a ratio"),
        (lambda person: working_days_between(person.birth_date, person.sex), "'sex' is a word, expected date"),
        (lambda person: working_days_since(person.self_care_failed), "'self_care_failed' is a count, expected date"),
        (lambda person: working_days_later(person.birth_date, cast("Any", 1.5)), "1.5 cannot stand in a rule"),
    ],
)
def test_a_period_of_other_than_working_days_is_refused(build: Callable[..., Node], message: str) -> None:
    with pytest.raises(BookInvalid, match=message):
        edition_of_one(build)


def test_periods_are_said_in_plain_words() -> None:
    edition = edition_of_one(lambda: working_days_since(PERSON.living_here_since) >= number("period"))
    sentences = Sentences(edition)
    tree = edition.rules["tried"].tree
    assert sentences.condition(tree) == "本地居住起始日至评估当日的工作日数不低于补正期限"
    assert sentences.name(working_days_later(today(), number("period"))) == "评估当日起（当日不计）补正期限届满之日"
    assert sentences.name(working_days_later(today(), 10)) == "评估当日起（当日不计） 10 个工作日届满之日"
    person = {"id": "p1", "relation": "applicant", "birth_date": "1970-01-01", "living_here_since": "2022-10-01"}
    account = Account(edition.frame(read_facts({"members": [person]}, TODAY), PARAMETERS))
    tell = Phrases(edition, sentences).phrase(tree, "person", wanted=True)
    assert tell is not None
    assert tell(account, 0, []) == "本地居住起始日至评估当日的工作日数 3 个工作日，须不低于补正期限 5 个工作日"


def test_a_calendar_comes_back_from_the_archive_as_it_was() -> None:
    corrected = Calendar.of(WorkingCalendar({date(2022, 10, 17): False}))
    document = json.loads(json.dumps(write_calendar(corrected)))
    again = read_calendar(document)
    assert (again, again.version) == (corrected, corrected.version)
    assert corrected.version != ANNOUNCED.version
    assert "2022-10-17" in document["rest"]
    assert "2022-10-09" in document["worked"]
