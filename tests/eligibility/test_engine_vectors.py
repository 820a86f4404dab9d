"""What is said of arrays is what is said of one value: numbers that may be unknown, three-valued truth, words, days."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from math import inf
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eligibility.rules.engine import dates, days, spans, vectors
from eligibility.rules.engine.spans import Number, Span
from eligibility.rules.engine.vectors import OPEN, Band, Codes
from eligibility.rules.facts.records import NEVER

LEAST = st.one_of(st.just(-inf), st.integers(-50, 50))
MOST = st.one_of(st.just(inf), st.integers(-50, 50))
SPANS = st.tuples(LEAST, MOST).filter(lambda ends: ends[0] < ends[1]).map(lambda ends: Span(*ends))
NUMBERS: st.SearchStrategy[Number] = st.one_of(st.integers(-50, 50), SPANS)
TRUTHS = st.sampled_from([True, False, None])
DAYS = st.one_of(st.dates(date(1890, 1, 1), date(2100, 12, 31)), st.just(date(2024, 2, 29)))


def rows(*columns: st.SearchStrategy[Any]) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    return st.lists(st.tuples(*columns), min_size=1, max_size=6)


def end(value: float) -> int:
    return int(value) if abs(value) != inf else int(OPEN if value > 0 else -OPEN)


def band(numbers: Sequence[Number]) -> Any:
    """An array of the numbers: exact where all are."""
    if not any(isinstance(one, Span) for one in numbers):
        return np.array(numbers, dtype=np.int64)
    return Band(
        np.array([end(spans.low(one)) for one in numbers], dtype=np.int64),
        np.array([end(spans.high(one)) for one in numbers], dtype=np.int64),
    )


def truth_band(truths: Sequence[bool | None]) -> Any:
    if None not in truths:
        return np.array(truths, dtype=np.bool_)
    return Band(np.array([one is True for one in truths]), np.array([one is not False for one in truths]))


def numbers_in(found: Any, count: int) -> list[Number]:
    lows, highs = (np.broadcast_to(one, count).tolist() for one in (vectors.low(found), vectors.high(found)))
    opened = {int(OPEN): inf, -int(OPEN): -inf}
    return [spans.between(opened.get(low, low), opened.get(high, high)) for low, high in zip(lows, highs, strict=True)]


def truths_in(found: Any, count: int) -> list[bool | None]:
    lows, highs = (np.broadcast_to(one, count).tolist() for one in (vectors.low(found), vectors.high(found)))
    return [True if low else None if high else False for low, high in zip(lows, highs, strict=True)]


@pytest.mark.parametrize(
    ("one", "many"),
    [
        (lambda a, b: spans.add((a, b)), lambda a, b: vectors.add([a, b])),
        (spans.subtract, vectors.subtract),
        (spans.multiply, vectors.multiply),
        (lambda a, b: spans.least((a, b)), lambda a, b: vectors.least([a, b])),
        (lambda a, b: spans.greatest((a, b)), lambda a, b: vectors.greatest([a, b])),
        (spans.hull, lambda a, b: vectors.choose(vectors.UNKNOWN_TRUTH, a, b)),
    ],
    ids=["add", "subtract", "multiply", "least", "greatest", "either of two"],
)
@given(pairs=rows(NUMBERS, NUMBERS))
def test_arithmetic_of_unknown_numbers(
    one: Callable[[Number, Number], Number], many: Callable[[Any, Any], Any], pairs: list[tuple[Number, Number]]
) -> None:
    left, right = zip(*pairs, strict=True)
    assert numbers_in(many(band(left), band(right)), len(pairs)) == [one(a, b) for a, b in pairs]


@pytest.mark.parametrize("name", ["is_less", "is_at_most", "is_equal"])
@given(pairs=rows(NUMBERS, NUMBERS))
def test_comparison_of_unknown_numbers(name: str, pairs: list[tuple[Number, Number]]) -> None:
    left, right = zip(*pairs, strict=True)
    found = getattr(vectors, name)(band(left), band(right))
    assert truths_in(found, len(pairs)) == [getattr(spans, name)(a, b) for a, b in pairs]


@given(triples=rows(TRUTHS, TRUTHS, TRUTHS))
def test_truth_has_three_values(triples: list[tuple[bool | None, bool | None, bool | None]]) -> None:
    columns = [truth_band(column) for column in zip(*triples, strict=True)]
    count = len(triples)
    assert truths_in(vectors.every(columns), count) == [
        False if False in three else None if None in three else True for three in triples
    ]
    assert truths_in(vectors.either(columns), count) == [
        True if True in three else None if None in three else False for three in triples
    ]
    assert truths_in(vectors.opposite(columns[0]), count) == [None if one is None else not one for one, _, _ in triples]
    assert truths_in(vectors.choose(*columns), count) == [
        (then if condition else otherwise) if condition is not None else then if then == otherwise else None
        for condition, then, otherwise in triples
    ]


@given(triples=rows(TRUTHS, NUMBERS, NUMBERS))
def test_choice_between_numbers(triples: list[tuple[bool | None, Number, Number]]) -> None:
    condition, then, otherwise = zip(*triples, strict=True)
    found = vectors.choose(truth_band(condition), band(then), band(otherwise))
    assert numbers_in(found, len(triples)) == [
        spans.hull(first, second) if truth is None else first if truth else second for truth, first, second in triples
    ]


@given(triples=rows(TRUTHS, st.sampled_from([None, 1, 2]), st.sampled_from([None, 1, 2])))
def test_choice_between_words(triples: list[tuple[bool | None, int | None, int | None]]) -> None:
    condition, then, otherwise = zip(*triples, strict=True)
    found = vectors.choose_code(truth_band(condition), codes(then), codes(otherwise))
    known = np.broadcast_to(True if found.known is None else found.known, len(triples))
    assert [value if is_known else None for value, is_known in zip(found.values.tolist(), known, strict=True)] == [
        (first if first == second else None) if truth is None else first if truth else second
        for truth, first, second in triples
    ]


def codes(values: Sequence[int | None]) -> Codes:
    known = None if None not in values else np.array([value is not None for value in values])
    return Codes(np.array([value or 0 for value in values]), known)


@given(members=rows(TRUTHS, NUMBERS))
def test_total_over_members(members: list[tuple[bool | None, Number]]) -> None:
    """One household: its members are the rows."""
    truths, amounts = zip(*members, strict=True)
    condition, value = truth_band(truths), band(amounts)
    stood_up = [vectors.both_ways(lambda one: one.reshape(-1, 1), column) for column in (condition, value)]
    expected = spans.add(
        [amount if truth else spans.hull(0, amount) for truth, amount in members if truth is not False]
    )
    assert numbers_in(vectors.total(*stood_up), 1) == [expected]


@given(pairs=rows(DAYS, DAYS, st.integers(-30, 30)))
def test_days(pairs: list[tuple[date, date, int]]) -> None:
    since, until = (
        np.array([*map(days.encoded, column)], dtype=np.int32) for column in list(zip(*pairs, strict=True))[:2]
    )
    months = np.array([count for _, _, count in pairs])
    assert days.completed_years(since, until).tolist() == [dates.completed_years(a, b) for a, b, _ in pairs]
    assert days.completed_months(since, until).tolist() == [dates.completed_months(a, b) for a, b, _ in pairs]
    moved = {
        "months": [dates.later_by_months(day, count) for day, _, count in pairs],
        "next_month": [dates.later_by_months(day.replace(day=1), 1) for day, _, _ in pairs],
        "day_before": [day - timedelta(days=1) for day, _, _ in pairs],
    }
    for what, expected in moved.items():
        assert days.SHIFTS[what](since, months).tolist() == [days.encoded(day) for day in expected], what


def test_a_day_declared_as_nothing_stays_that() -> None:
    never = np.array([days.encoded(NEVER)])
    assert [days.SHIFTS[what](never, 3).tolist() for what in days.SHIFTS] == [[days.encoded(NEVER)]] * 3
