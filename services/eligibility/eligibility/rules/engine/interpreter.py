"""The meaning of the rules: evaluates trees for one household, on demand, each rule once per person or household.

A tree is turned into nested closures once per edition of the toolbook. Values are those of `facts`; truth is three
valued. Nothing is read twice and nothing that is not asked for is read, parameters included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from math import inf
from operator import attrgetter
from typing import Any, Final

from eligibility.rules.engine import spans
from eligibility.rules.engine.calendar import Calendar
from eligibility.rules.engine.checking import NUMBERS, Checker
from eligibility.rules.engine.dates import SHIFTS, completed_months, completed_years
from eligibility.rules.engine.expressions import (
    AssessmentDay,
    Choice,
    Comparison,
    Constant,
    Difference,
    Either,
    Elapsed,
    Every,
    Extreme,
    Fact,
    Members,
    Node,
    OneOf,
    Opposite,
    ParameterOf,
    Product,
    Raised,
    Reference,
    Scope,
    Shifted,
    Sum,
    Unit,
)
from eligibility.rules.engine.spans import Number, Span
from eligibility.rules.engine.working_days import WorkingDaysBetween, WorkingDaysLater
from eligibility.rules.facts.records import NEVER, Facts
from shared.money import FEN_PER_YUAN
from shared.parameters import ParameterMissing, Parameters, ParameterValue

MISSING: Final = object()
HOUSEHOLD: Final = -1
"""Stands for a person where a rule of the household is evaluated."""

ANY_NUMBER: Final = Span(-inf, inf)

Step = Callable[["Frame", int], Any]


class Frame:
    """One evaluation: the facts, the calendar, the values found so far, the parameters read."""

    __slots__ = ("calendar", "facts", "household", "memo", "numbers", "parameters", "people", "read", "today")

    def __init__(self, facts: Facts, parameters: Parameters, calendar: Calendar, scopes: Sequence[Scope]) -> None:
        self.facts = facts
        self.household = facts.household
        self.people = facts.people
        self.today = facts.as_of
        self.parameters = parameters
        self.calendar = calendar
        self.read: dict[str, ParameterValue] = {}
        self.numbers: dict[str, int] = {}
        size = len(facts.people)
        self.memo: list[Any] = [[MISSING] * size if scope == "person" else MISSING for scope in scopes]

    def parameter(self, name: str, scale: int) -> int:
        """The whole number of fen, of ten-thousandths or of things that a parameter is today."""
        found = self.parameters.value(name, on=self.today)
        self.read[name] = found
        number = self.numbers[name] = whole_number(found, scale)
        return number


class Compiler:
    """Turns the trees of one edition into steps. Rules refer to each other by slot."""

    def __init__(self, scopes: Mapping[str, Scope], checker: Checker) -> None:
        self._slots = {name: slot for slot, name in enumerate(scopes)}
        self._scopes = scopes
        self._checker = checker
        self._runs: list[Step] = [_never_run] * len(scopes)
        self._kinds: dict[type[Node], Callable[[Any, Scope], Step]] = {
            Constant: lambda node, _: _constant(node.value),
            Raised: lambda node, _: _constant(node.by),
            AssessmentDay: lambda _node, _scope: lambda frame, _who: frame.today,
            Fact: lambda node, _: _fact(node),
            ParameterOf: lambda node, _: _parameter(node),
            Reference: lambda node, _: self._reference(node.name),
            Sum: lambda node, scope: _sum(self._all(node.terms, scope)),
            Difference: self._difference,
            Product: self._product,
            Extreme: self._extreme,
            Comparison: self._comparison,
            OneOf: self._one_of,
            Every: lambda node, scope: _kleene(self._all(node.terms, scope), decided_by=False),
            Either: lambda node, scope: _kleene(self._all(node.terms, scope), decided_by=True),
            Opposite: self._opposite,
            Choice: self._choice,
            Members: self._members,
            Elapsed: self._elapsed,
            Shifted: self._shifted,
            WorkingDaysLater: self._working_days_later,
            WorkingDaysBetween: self._working_days_between,
        }

    def enter(self, name: str, tree: Node) -> None:
        """Compile the rule of that name."""
        self._runs[self._slots[name]] = self.step(tree, self._scopes[name])

    def step(self, node: Node, scope: Scope) -> Step:
        """The step that evaluates a node where it stands in a rule of that scope."""
        return self._kinds[type(node)](node, scope)

    def unit(self, node: Node, scope: Scope) -> Unit:
        """What kind of value a node gives."""
        return self._checker.unit(node, scope)

    def value_of(self, name: str) -> Step:
        """The step that gives a rule's value."""
        return self._reference(name)

    def _all(self, nodes: Sequence[Node], scope: Scope) -> list[Step]:
        return [self.step(node, scope) for node in nodes]

    def _reference(self, name: str) -> Step:
        slot, runs = self._slots[name], self._runs

        def of_household(frame: Frame, _who: int) -> Any:
            value = frame.memo[slot]
            if value is MISSING:
                value = frame.memo[slot] = runs[slot](frame, HOUSEHOLD)
            return value

        def of_person(frame: Frame, who: int) -> Any:
            values = frame.memo[slot]
            value = values[who]
            if value is MISSING:
                value = values[who] = runs[slot](frame, who)
            return value

        return of_person if self._scopes[name] == "person" else of_household

    def _difference(self, node: Difference, scope: Scope) -> Step:
        left, right = self.step(node.left, scope), self.step(node.right, scope)
        return lambda frame, who: spans.subtract(left(frame, who), right(frame, who))

    def _product(self, node: Product, scope: Scope) -> Step:
        left, right = self.step(node.left, scope), self.step(node.right, scope)
        return lambda frame, who: spans.multiply(left(frame, who), right(frame, who))

    def _extreme(self, node: Extreme, scope: Scope) -> Step:
        steps = self._all(node.terms, scope)
        if self._checker.unit(node, scope) in NUMBERS:
            choose = spans.least if node.which == "least" else spans.greatest
            return lambda frame, who: choose([step(frame, who) for step in steps])
        choose_day = min if node.which == "least" else max

        def day(frame: Frame, who: int) -> date | None:
            days = [step(frame, who) for step in steps]
            return None if None in days else choose_day(days)

        return day

    def _comparison(self, node: Comparison, scope: Scope) -> Step:
        left, right = self.step(node.left, scope), self.step(node.right, scope)
        unit = self._checker.unit(node.left, scope)
        compare = (_NUMBERS_BY if unit in NUMBERS else _OTHERS_BY)[node.op]
        if isinstance(node.right, Constant):
            limit: Any = node.right.value
            return lambda frame, who: compare(left(frame, who), limit)
        return lambda frame, who: compare(left(frame, who), right(frame, who))

    def _one_of(self, node: OneOf, scope: Scope) -> Step:
        step, words = self.step(node.node, scope), frozenset(node.words)

        def contains(frame: Frame, who: int) -> bool | None:
            word = step(frame, who)
            return None if word is None else word in words

        return contains

    def _opposite(self, node: Opposite, scope: Scope) -> Step:
        step = self.step(node.node, scope)

        def opposite(frame: Frame, who: int) -> bool | None:
            truth = step(frame, who)
            return None if truth is None else not truth

        return opposite

    def _choice(self, node: Choice, scope: Scope) -> Step:
        condition, then, otherwise = (self.step(part, scope) for part in (node.condition, node.then, node.otherwise))
        is_number = self._checker.unit(node, scope) in NUMBERS

        def choose(frame: Frame, who: int) -> Any:
            truth = condition(frame, who)
            if truth is not None:
                return (then if truth else otherwise)(frame, who)
            first, second = then(frame, who), otherwise(frame, who)
            if is_number:
                return spans.hull(first, second)
            return first if first == second else None

        return choose

    def _members(self, node: Members, _scope: Scope) -> Step:
        condition = self.step(node.condition, "person")
        if node.what in ("any", "all"):
            return _of_members(condition, decided_by=node.what == "any")
        if node.value is None:
            return lambda frame, _who: _count([condition(frame, who) for who in range(len(frame.people))])
        value = self.step(node.value, "person")

        def total(frame: Frame, _who: int) -> Number:
            terms: list[Number] = []
            for who in range(len(frame.people)):
                truth = condition(frame, who)
                if truth is not False:
                    term = value(frame, who)
                    terms.append(term if truth else spans.hull(0, term))
            return spans.add(terms)

        return total

    def _elapsed(self, node: Elapsed, scope: Scope) -> Step:
        elapsed = completed_years if node.what == "years" else completed_months
        return self._passed(node, scope, lambda _frame, start, end: elapsed(start, end))

    def _working_days_between(self, node: WorkingDaysBetween, scope: Scope) -> Step:
        return self._passed(node, scope, lambda frame, start, end: frame.calendar.between(start, end))

    def _passed(
        self, node: Elapsed | WorkingDaysBetween, scope: Scope, passed: Callable[[Frame, date, date], int]
    ) -> Step:
        since, until = self.step(node.since, scope), self.step(node.until, scope)

        def measure(frame: Frame, who: int) -> Number:
            start, end = since(frame, who), until(frame, who)
            return ANY_NUMBER if start is None or end is None else passed(frame, start, end)

        return measure

    def _shifted(self, node: Shifted, scope: Scope) -> Step:
        step, months = self.step(node.node, scope), self.step(node.months, scope)
        if node.what == "year":

            def year(frame: Frame, who: int) -> Number:
                day = step(frame, who)
                return ANY_NUMBER if day is None else int(day.year)

            return year

        shift = SHIFTS[node.what]
        return _moved(step, months, lambda _frame, day, count: shift(day, count))

    def _working_days_later(self, node: WorkingDaysLater, scope: Scope) -> Step:
        step, days = self.step(node.day, scope), self.step(node.days, scope)
        return _moved(step, days, lambda frame, day, count: frame.calendar.later(day, count))


def _moved(step: Step, count: Step, shift: Callable[[Frame, date, int], date]) -> Step:
    """A day moved by a number: unknown where either is, and what was declared as nothing has no day to move."""

    def moved(frame: Frame, who: int) -> date | None:
        day, by = step(frame, who), count(frame, who)
        if day is None or isinstance(by, Span):
            return None
        return day if day == NEVER else shift(frame, day, by)

    return moved


def _never_run(_frame: Frame, _who: int) -> Any:
    raise AssertionError("a rule was asked for before it was compiled")


def _constant(value: Any) -> Step:
    return lambda _frame, _who: value


def _fact(node: Fact) -> Step:
    get = attrgetter(node.name)
    if node.scope == "person":
        return lambda frame, who: get(frame.people[who])
    return lambda frame, _who: get(frame.household)


def scale_of(node: ParameterOf) -> int:
    """How many of the numbers that rules see make one of the parameter's unit: fen of a yuan, parts of a ratio."""
    return FEN_PER_YUAN if node.unit is Unit.FEN else node.scale


def whole_number(found: ParameterValue, scale: int) -> int:
    """A parameter's value as the number that rules see. Raises ParameterMissing where it is finer than that."""
    value = found.value * scale
    if value != int(value):
        raise ParameterMissing(f"parameter {found.name!r} = {found.value} is finer than 1/{scale} of its unit")
    return int(value)


def _parameter(node: ParameterOf) -> Step:
    name, scale = node.name, scale_of(node)

    def read(frame: Frame, _who: int) -> int:
        value = frame.numbers.get(name)
        return frame.parameter(name, scale) if value is None else value

    return read


def _sum(steps: list[Step]) -> Step:
    return lambda frame, who: spans.add([step(frame, who) for step in steps])


def _kleene(steps: list[Step], *, decided_by: bool) -> Step:
    """One term of that truth decides, whatever else is unknown."""

    def combine(frame: Frame, who: int) -> bool | None:
        result: bool | None = not decided_by
        for step in steps:
            truth: bool | None = step(frame, who)
            if truth is decided_by:
                return decided_by
            if truth is None:
                result = None
        return result

    return combine


def _of_members(step: Step, *, decided_by: bool) -> Step:
    """One member of whom the condition has that truth decides, whatever is unknown of the others."""

    def combine(frame: Frame, _who: int) -> bool | None:
        result: bool | None = not decided_by
        for who in range(len(frame.people)):
            truth: bool | None = step(frame, who)
            if truth is decided_by:
                return decided_by
            if truth is None:
                result = None
        return result

    return combine


def _count(truths: list[bool | None]) -> Number:
    known = truths.count(True)
    return spans.between(known, known + truths.count(None))


def _is_less(left: Any, right: Any) -> bool | None:
    return None if left is None or right is None else left < right


def _is_at_most(left: Any, right: Any) -> bool | None:
    return None if left is None or right is None else left <= right


def _is_same(left: Any, right: Any) -> bool | None:
    return None if left is None or right is None else left == right


_NUMBERS_BY: Final[dict[str, Callable[[Number, Number], bool | None]]] = {
    "<": spans.is_less,
    "<=": spans.is_at_most,
    ">": lambda left, right: spans.is_less(right, left),
    ">=": lambda left, right: spans.is_at_most(right, left),
    "==": spans.is_equal,
}
_OTHERS_BY: Final[dict[str, Callable[[Any, Any], bool | None]]] = {
    "<": _is_less,
    "<=": _is_at_most,
    ">": lambda left, right: _is_less(right, left),
    ">=": lambda left, right: _is_at_most(right, left),
    "==": _is_same,
}
