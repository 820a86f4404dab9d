"""Numbers that may be unknown: an int, or the span in which an unknown one must lie.

Unknown is not zero. A wage nobody has confirmed lies anywhere from 0 upwards, so a sum with it is at least the rest of
the sum: enough to refuse an income that is already over the limit, never enough to grant. Every operation gives a span
that holds all possible results; an answer drawn from spans therefore stays true whatever the unknown turns out to be.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class Span:
    """An unknown whole number between `low` and `high`, both included. Open ends are infinite."""

    low: float = 0
    high: float = inf


Number = int | Span
NOT_NEGATIVE = Span()


def between(low: float, high: float) -> Number:
    """The span, or the number itself where only one is possible."""
    return int(low) if low == high else Span(low, high)


def low(number: Number) -> float:
    """The least it can be."""
    return number.low if isinstance(number, Span) else number


def high(number: Number) -> float:
    """The most it can be."""
    return number.high if isinstance(number, Span) else number


def add(numbers: Collection[Number]) -> Number:
    """The sum."""
    if Span not in map(type, numbers):
        return sum(numbers)  # type: ignore[arg-type]  # all are known
    return between(sum(map(low, numbers)), sum(map(high, numbers)))


def subtract(left: Number, right: Number) -> Number:
    """The difference, as if both were independent."""
    if isinstance(left, Span) or isinstance(right, Span):
        return between(low(left) - high(right), high(left) - low(right))
    return left - right


def multiply(left: Number, right: Number) -> Number:
    """The product."""
    if isinstance(left, Span) or isinstance(right, Span):
        corners = [_product(a, b) for a in (low(left), high(left)) for b in (low(right), high(right))]
        return between(min(corners), max(corners))
    return left * right


def _product(left: float, right: float) -> float:
    # Zero times an open end is zero: the other factor is some finite number.
    return 0 if left == 0 or right == 0 else left * right


def least(numbers: Collection[Number]) -> Number:
    """The least of them."""
    if Span not in map(type, numbers):
        return min(numbers)  # type: ignore[type-var]  # all are known
    return between(min(map(low, numbers)), min(map(high, numbers)))


def greatest(numbers: Collection[Number]) -> Number:
    """The greatest of them."""
    if Span not in map(type, numbers):
        return max(numbers)  # type: ignore[type-var]  # all are known
    return between(max(map(low, numbers)), max(map(high, numbers)))


def hull(left: Number, right: Number) -> Number:
    """Either of the two, not known which."""
    if type(left) is int and left == right:
        return left
    return between(min(low(left), low(right)), max(high(left), high(right)))


def is_less(left: Number, right: Number) -> bool | None:
    """left < right, None where both are possible."""
    if type(left) is int and type(right) is int:
        return left < right
    if high(left) < low(right):
        return True
    return False if low(left) >= high(right) else None


def is_at_most(left: Number, right: Number) -> bool | None:
    """left <= right, None where both are possible."""
    if type(left) is int and type(right) is int:
        return left <= right
    if high(left) <= low(right):
        return True
    return False if low(left) > high(right) else None


def is_equal(left: Number, right: Number) -> bool | None:
    """left = right, None where both are possible."""
    if type(left) is int and type(right) is int:
        return left == right
    return False if high(left) < low(right) or low(left) > high(right) else None
