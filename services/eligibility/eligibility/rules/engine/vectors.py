"""Values of many people at once, unknown ones included: what `spans` says of one number, said of arrays.

An exact value is an array, or one number for all. What may be unknown is a `Band`: for numbers the least and the most
they can be, for truths whether they surely hold and whether they possibly do. Truth is a number between 0 and 1, so
both follow the same rules. Words and days are codes beside a mask of those that are known (`Codes`).

Most households have no unknown facts: their values stay exact and are computed once, not twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, NamedTuple, TypeAlias

import numpy as np

OPEN = np.int64(2**61)
"""Stands for an open end. Finite values stay far below: amounts are bounded where a snapshot is read."""

Exact: TypeAlias = Any
"""A numpy array or one number: numpy treats both alike."""


class Band(NamedTuple):
    """Numbers between two, both included; or truths: those that surely hold, and those that possibly do."""

    low: Exact
    high: Exact


class Codes(NamedTuple):
    """Words by number, or days as yyyymmdd. `known` is None where all are."""

    values: Exact
    known: Exact | None


Value: TypeAlias = Exact | Band
ANY_NUMBER = Band(-OPEN, OPEN)
UNKNOWN_TRUTH = Band(low=False, high=True)


def low(value: Value) -> Exact:
    """The least it can be; of a truth, whether it surely holds."""
    return value.low if isinstance(value, Band) else value


def high(value: Value) -> Exact:
    """The most it can be; of a truth, whether it possibly holds."""
    return value.high if isinstance(value, Band) else value


def both_ways(apply: Callable[..., Exact], *values: Value) -> Value:
    """Something that grows with each of its values: once where all are exact, else for the least and the most."""
    if any(isinstance(value, Band) for value in values):
        return Band(apply(*map(low, values)), apply(*map(high, values)))
    return apply(*values)


def opposite(truth: Value) -> Value:
    """Not."""
    if isinstance(truth, Band):
        return Band(np.logical_not(truth.high), np.logical_not(truth.low))
    return np.logical_not(truth)


def every(truths: Sequence[Value]) -> Value:
    """And: false as soon as one is, whatever is unknown."""
    return reduce(lambda first, second: both_ways(np.logical_and, first, second), truths)


def either(truths: Sequence[Value]) -> Value:
    """Or: true as soon as one is, whatever is unknown."""
    return reduce(lambda first, second: both_ways(np.logical_or, first, second), truths)


def add(terms: Sequence[Value]) -> Value:
    """The sum."""
    if any(isinstance(term, Band) for term in terms):
        return reduce(lambda first, second: both_ways(_saturated, first, second), terms)
    return reduce(np.add, terms)


def subtract(left: Value, right: Value) -> Value:
    """The difference, as if both were independent."""
    if isinstance(left, Band) or isinstance(right, Band):
        return Band(_saturated(low(left), np.negative(high(right))), _saturated(high(left), np.negative(low(right))))
    return np.subtract(left, right)


def multiply(left: Value, right: Value) -> Value:
    """The product."""
    if isinstance(left, Band) or isinstance(right, Band):
        corners = [_product(a, b) for a in (low(left), high(left)) for b in (low(right), high(right))]
        return Band(reduce(np.minimum, corners), reduce(np.maximum, corners))
    # A count of people may be a narrow integer, an amount times a ratio is not.
    return np.multiply(left, right, dtype=np.int64)


def least(terms: Sequence[Value]) -> Value:
    """The least of them."""
    return reduce(lambda first, second: both_ways(np.minimum, first, second), terms)


def greatest(terms: Sequence[Value]) -> Value:
    """The greatest of them."""
    return reduce(lambda first, second: both_ways(np.maximum, first, second), terms)


def choose(condition: Value, then: Value, otherwise: Value) -> Value:
    """One of two numbers or truths; where the condition is unknown, either."""
    if not isinstance(condition, Band):
        return both_ways(lambda first, second: np.where(condition, first, second), then, otherwise)
    surely, possibly = condition
    lowest, highest = np.minimum(low(then), low(otherwise)), np.maximum(high(then), high(otherwise))
    return Band(
        np.where(surely, low(then), np.where(possibly, lowest, low(otherwise))),
        np.where(surely, high(then), np.where(possibly, highest, high(otherwise))),
    )


def choose_code(condition: Value, then: Codes, otherwise: Codes) -> Codes:
    """One of two words or days; where the condition is unknown, known only if both are the same."""
    surely, possibly = low(condition), high(condition)
    values = np.where(surely, then.values, otherwise.values)
    if then.known is None and otherwise.known is None and not isinstance(condition, Band):
        return Codes(values, None)
    first, second = _known(then), _known(otherwise)
    same = first & second & (then.values == otherwise.values)
    return Codes(values, np.where(surely, first, np.where(possibly, same, second)))


def is_less(left: Value, right: Value) -> Value:
    """left < right."""
    if isinstance(left, Band) or isinstance(right, Band):
        return Band(np.less(high(left), low(right)), np.less(low(left), high(right)))
    return np.less(left, right)


def is_at_most(left: Value, right: Value) -> Value:
    """left <= right."""
    return opposite(is_less(right, left))


def is_equal(left: Value, right: Value) -> Value:
    """left = right."""
    if isinstance(left, Band) or isinstance(right, Band):
        apart = np.less(high(left), low(right)) | np.greater(low(left), high(right))
        fixed = np.equal(low(left), high(left)) & np.equal(low(right), high(right))
        return Band(fixed & ~apart, ~apart)
    return np.equal(left, right)


def compare_codes(compare: Callable[[Exact, Exact], Exact], left: Codes, right: Codes) -> Value:
    """A comparison of words or days, unknown where one of them is."""
    return where_known(left.known, right.known, compare(left.values, right.values))


def where_known(first: Exact | None, second: Exact | None, truth: Exact) -> Value:
    """The truth where nothing is unknown, else unknown."""
    known = second if first is None else first if second is None else first & second
    return truth if known is None else Band(truth & known, truth | ~known)


def number_where_known(known: Exact | None, number: Exact) -> Value:
    """The number where it is known, else any."""
    return number if known is None else Band(np.where(known, number, -OPEN), np.where(known, number, OPEN))


def all_known(codes: Sequence[Codes]) -> Exact | None:
    """Where all of these are known; None where that is everywhere."""
    masks = [code.known for code in codes if code.known is not None]
    return reduce(np.logical_and, masks) if masks else None


def total(condition: Value, value: Value) -> Value:
    """The sum over the members (the first axis) of those of whom the condition holds."""
    if isinstance(condition, Band):
        surely, possibly = condition
        none = np.zeros((), dtype=np.int64)
        value = Band(
            np.where(surely, low(value), np.where(possibly, np.minimum(low(value), 0), none)),
            np.where(surely, high(value), np.where(possibly, np.maximum(high(value), 0), none)),
        )
    elif condition is not True:
        value = both_ways(lambda one: np.where(condition, one, 0), value)
    if isinstance(value, Band):
        return Band(reduce(_saturated, value.low), reduce(_saturated, value.high))
    return np.add.reduce(value, axis=0, dtype=np.int64)


def _saturated(left: Exact, right: Exact) -> Exact:
    """The sum; with an open end it is open."""
    plain = np.add(left, right)
    for end in (OPEN, -OPEN):
        is_open = (np.equal(left, end)) | (np.equal(right, end))
        if np.any(is_open):
            plain = np.where(is_open, end, plain)
    return plain


def _product(left: Exact, right: Exact) -> Exact:
    """The product; zero times an open end is zero: the other factor is some finite number."""
    is_open = (np.abs(left) == OPEN) | (np.abs(right) == OPEN)
    finite_left, finite_right = np.where(is_open, 0, left), np.where(is_open, 0, right)
    return np.where(is_open, np.sign(left) * np.sign(right) * OPEN, finite_left * finite_right)


def _known(codes: Codes) -> Exact:
    return np.True_ if codes.known is None else codes.known
