"""The expression tree in which rules are written: data only, so that one tree is interpreted, explained and translated.

The operators build nodes; nothing is computed here. Truth has three values and numbers may be spans (see `spans`).
A comparison is never rounded: a ratio or multiple is carried in ten-thousandths by `scale`, and the other side of the
comparison is scaled up to meet it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal

RATIO_SCALE = 10_000
"""Ratios and multiples are whole numbers of ten-thousandths: the finest in the regulations is 0.05."""

Scope = Literal["person", "household"]
Text = str | bool | int | date


class Unit(StrEnum):
    """What a value is."""

    TRUTH = "truth"
    WORD = "word"
    DATE = "date"
    FEN = "fen"
    COUNT = "count"


class Node:
    """One node of a rule. Compare, add, multiply by a count or a ratio, combine with & | ~."""

    __slots__ = ()

    @property
    def scale(self) -> int:
        """How many of the value's units make one: 10,000 where a ratio has been multiplied in."""
        return 1

    def __lt__(self, other: Operand) -> Node:
        return _compared("<", self, other)

    def __le__(self, other: Operand) -> Node:
        return _compared("<=", self, other)

    def __gt__(self, other: Operand) -> Node:
        return _compared(">", self, other)

    def __ge__(self, other: Operand) -> Node:
        return _compared(">=", self, other)

    def __eq__(self, other: Operand) -> Node:  # type: ignore[override]  # builds a node, as in query languages
        return _compared("==", self, other)

    def __ne__(self, other: Operand) -> Node:  # type: ignore[override]  # builds a node, as in query languages
        return Opposite(_compared("==", self, other))

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError("a rule is built before any value is known: use & | ~ and when(), not and, or, not, if")

    def __add__(self, other: Operand) -> Node:
        return Sum(_flat(Sum, *_aligned(self, other)))

    def __radd__(self, other: Operand) -> Node:
        return Sum(_flat(Sum, *_aligned(lift(other), self)))

    def __sub__(self, other: Operand) -> Node:
        return Difference(*_aligned(self, other))

    def __mul__(self, other: Operand) -> Node:
        return Product(self, lift(other))

    def __rmul__(self, other: Operand) -> Node:
        return Product(lift(other), self)

    def __and__(self, other: Operand) -> Node:
        return Every(_flat(Every, self, lift(other)))

    def __or__(self, other: Operand) -> Node:
        return Either(_flat(Either, self, lift(other)))

    def __invert__(self) -> Node:
        return Opposite(self)

    def is_one_of(self, *words: str) -> Node:
        """True where this word is one of those."""
        return OneOf(self, words)


Operand = Node | Text


@dataclass(frozen=True, eq=False, slots=True)
class Constant(Node):
    """A word, a truth value, or a small whole number that the clause itself names."""

    value: Text


@dataclass(frozen=True, eq=False, slots=True)
class Fact(Node):
    """A declared or verified fact of the household or of one person."""

    scope: Scope
    name: str
    unit: Unit
    label: str


@dataclass(frozen=True, eq=False, slots=True)
class ParameterOf(Node):
    """A dated parameter, as the value in force on the day of the assessment."""

    name: str
    unit: Unit
    ratio: bool = False

    @property
    def scale(self) -> int:
        return RATIO_SCALE if self.ratio else 1


@dataclass(frozen=True, eq=False, slots=True)
class Reference(Node):
    """The value of another rule."""

    name: str


@dataclass(frozen=True, eq=False, slots=True)
class AssessmentDay(Node):
    """The day for which the household is assessed."""


@dataclass(frozen=True, eq=False, slots=True)
class Sum(Node):
    """A sum of any number of terms of one scale."""

    terms: tuple[Node, ...]

    @property
    def scale(self) -> int:
        return self.terms[0].scale


@dataclass(frozen=True, eq=False, slots=True)
class Difference(Node):
    """left minus right."""

    left: Node
    right: Node

    @property
    def scale(self) -> int:
        return self.left.scale


@dataclass(frozen=True, eq=False, slots=True)
class Product(Node):
    """An amount or count, times a count or a ratio."""

    left: Node
    right: Node

    @property
    def scale(self) -> int:
        return self.left.scale * self.right.scale


@dataclass(frozen=True, eq=False, slots=True)
class Extreme(Node):
    """The least or the greatest of some numbers or dates."""

    which: Literal["least", "greatest"]
    terms: tuple[Node, ...]

    @property
    def scale(self) -> int:
        return self.terms[0].scale


@dataclass(frozen=True, eq=False, slots=True)
class Comparison(Node):
    """left op right, both of one unit and one scale."""

    op: Literal["<", "<=", ">", ">=", "=="]
    left: Node
    right: Node


@dataclass(frozen=True, eq=False, slots=True)
class OneOf(Node):
    """A word out of a list."""

    node: Node
    words: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Every(Node):
    """All hold. False as soon as one is, whatever is unknown."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Either(Node):
    """At least one holds. True as soon as one does, whatever is unknown."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Opposite(Node):
    """Does not hold."""

    node: Node


@dataclass(frozen=True, eq=False, slots=True)
class Choice(Node):
    """One of two values. Unknown condition: either, so known only where both agree."""

    condition: Node
    then: Node
    otherwise: Node

    @property
    def scale(self) -> int:
        return self.then.scale


@dataclass(frozen=True, eq=False, slots=True)
class Members(Node):
    """Over all members of the household: does any, do all, how many, or the total of `value` where `condition`."""

    what: Literal["any", "all", "count", "total"]
    condition: Node
    value: Node | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Elapsed(Node):
    """Completed years or months from one date to another. A birthday counts; 29 February turns on 1 March."""

    what: Literal["years", "months"]
    since: Node
    until: Node


@dataclass(frozen=True, eq=False, slots=True)
class Shifted(Node):
    """A date moved: to the first of the month after, by whole months, or to the day before."""

    what: Literal["next_month", "months", "day_before", "year"]
    node: Node
    months: Node = Constant(0)


def lift(value: Operand) -> Node:
    """The operand as a node. Floats are refused: money is whole fen."""
    if isinstance(value, Node):
        return value
    if not isinstance(value, str | bool | int | date):
        raise TypeError(f"{value!r} cannot stand in a rule: use a parameter, a word, a date or a whole number")
    return Constant(value)


def _flat(kind: type[Sum | Every | Either], *nodes: Node) -> tuple[Node, ...]:
    """One wide node instead of nested pairs: a sum of 200 terms must not be 200 deep."""
    terms: list[Node] = []
    for node in nodes:
        if isinstance(node, kind):
            terms.extend(node.terms)
        else:
            terms.append(node)
    return tuple(terms)


def _scaled(node: Node, scale: int) -> Node:
    if node.scale == scale:
        return node
    return Product(node, Raised(scale // node.scale))


@dataclass(frozen=True, eq=False, slots=True)
class Raised(Node):
    """The number one at a higher scale: meets an exact ratio without division."""

    by: int

    @property
    def scale(self) -> int:
        return self.by


def _aligned(left: Operand, right: Operand) -> tuple[Node, Node]:
    first, second = lift(left), lift(right)
    scale = max(first.scale, second.scale)
    return _scaled(first, scale), _scaled(second, scale)


def _compared(op: Literal["<", "<=", ">", ">=", "=="], left: Operand, right: Operand) -> Node:
    return Comparison(op, *_aligned(left, right))


def when(condition: Node, then: Operand, otherwise: Operand) -> Node:
    """`then` where the condition holds, else `otherwise`."""
    return Choice(condition, *_aligned(then, otherwise))


def least(first: Operand, second: Operand) -> Node:
    """The smaller number, or the earlier date."""
    return Extreme("least", _aligned(first, second))


def greatest(first: Operand, second: Operand) -> Node:
    """The larger number, or the later date."""
    return Extreme("greatest", _aligned(first, second))


def param(name: str) -> Node:
    """An amount of yuan from the dated parameters."""
    return ParameterOf(name, Unit.FEN)


def ratio(name: str) -> Node:
    """A ratio or multiple from the dated parameters, exact to a ten-thousandth."""
    return ParameterOf(name, Unit.COUNT, ratio=True)


def number(name: str) -> Node:
    """A whole number (months, years, items) from the dated parameters."""
    return ParameterOf(name, Unit.COUNT)


def any_member(condition: Node) -> Node:
    """Does the condition hold for at least one member?"""
    return Members("any", condition)


def all_members(condition: Node) -> Node:
    """Does the condition hold for every member?"""
    return Members("all", condition)


def members(where: Node | None = None) -> Node:
    """How many members there are, or how many of whom the condition holds."""
    return Members("count", Constant(True) if where is None else where)


def total(value: Node, *, where: Node | None = None) -> Node:
    """The sum over the members, or over those of whom the condition holds."""
    return Members("total", Constant(True) if where is None else where, value)


def today() -> Node:
    """The day of the assessment."""
    return AssessmentDay()


def age(birth_date: Node) -> Node:
    """Completed years on the day of the assessment."""
    return Elapsed("years", birth_date, AssessmentDay())


def months_since(start: Node) -> Node:
    """Completed months from a date to the day of the assessment."""
    return Elapsed("months", start, AssessmentDay())


def year_of(day: Node) -> Node:
    """The calendar year."""
    return Shifted("year", day)


def first_of_next_month(day: Node) -> Node:
    """The first day of the month after."""
    return Shifted("next_month", day)


def months_later(day: Node, months: Node) -> Node:
    """The same day of the month, whole months later; the month's last day where there is no such day."""
    return Shifted("months", day, months)


def day_before(day: Node) -> Node:
    """The day before."""
    return Shifted("day_before", day)
