"""The meaning of the rules for a whole population: the same trees as the interpreter's, evaluated on columns.

Households of one size stand side by side in a batch: a fact of persons is an array of (member, household), one of
households an array of (household), so a total over members adds rows and a household's value reaches its members by
broadcasting. Nobody is looked up and nothing is joined. A batch is small enough to stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

import numpy as np

from eligibility.rules.engine import days, vectors
from eligibility.rules.engine.book import Policy, children
from eligibility.rules.engine.calendar import ANNOUNCED, Calendar
from eligibility.rules.engine.checking import NUMBERS
from eligibility.rules.engine.days import WorkingDays
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
from eligibility.rules.engine.interpreter import scale_of, whole_number
from eligibility.rules.engine.toolbook import Edition
from eligibility.rules.engine.vectors import Band, Codes, Exact, Value
from eligibility.rules.engine.working_days import WorkingDaysBetween, WorkingDaysLater
from shared.parameters import Parameters


class Batch(Protocol):
    """Households of one size with their facts."""

    @property
    def members(self) -> int:
        """Persons in each household."""
        ...

    @property
    def households(self) -> int:
        """How many there are."""
        ...

    def fact(self, scope: Scope, name: str) -> Value | Codes:
        """A column: (member, household) of persons, (household) of households."""
        ...

    def word(self, word: str) -> int:
        """The number that stands for a word."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of one policy for each household of a batch."""

    policy: Policy
    eligible: Value
    """Of (household)."""
    persons: Value
    """Of (member, household): whom the result is for; possibly means that it is not known yet of a household that is
    entitled, or of a person who may be."""
    amount_fen: Exact
    """Of (household), where `has_amount`."""
    has_amount: Exact


@dataclass(slots=True)
class _Frame:
    batch: Batch
    parameters: Parameters
    as_of: date
    working_days: WorkingDays
    memo: dict[str, Any] = field(default_factory=dict)


_Step = Callable[[_Frame], Any]


class Kernel:
    """One edition of the toolbook, made ready for columns."""

    def __init__(self, edition: Edition) -> None:
        self._edition = edition
        self._kinds: dict[type[Node], Callable[[Any, Scope], _Step]] = {
            Constant: lambda node, _: _constant(node.value),
            Raised: lambda node, _: lambda _frame: node.by,
            AssessmentDay: lambda _node, _scope: lambda frame: Codes(days.encoded(frame.as_of), None),
            Fact: lambda node, _: lambda frame: frame.batch.fact(node.scope, node.name),
            ParameterOf: lambda node, _: _parameter(node),
            Reference: lambda node, _: self._reference(node.name),
            Sum: lambda node, scope: _of_all(vectors.add, self._all(node.terms, scope)),
            Difference: lambda node, scope: _of_two(vectors.subtract, *self._all((node.left, node.right), scope)),
            Product: lambda node, scope: _of_two(vectors.multiply, *self._all((node.left, node.right), scope)),
            Extreme: self._extreme,
            Comparison: self._comparison,
            OneOf: self._one_of,
            Every: lambda node, scope: _of_all(vectors.every, self._all(node.terms, scope)),
            Either: lambda node, scope: _of_all(vectors.either, self._all(node.terms, scope)),
            Opposite: self._opposite,
            Choice: self._choice,
            Members: self._members,
            Elapsed: self._elapsed,
            Shifted: self._shifted,
            WorkingDaysLater: self._working_days_later,
            WorkingDaysBetween: self._working_days_between,
        }
        self._steps = {name: self._step(rule.tree, rule.scope) for name, rule in edition.rules.items()}
        self.words = frozenset(word for rule in edition.rules.values() for word in _words(rule.tree))
        """Words that the rules themselves name."""

    def answers(
        self, batch: Batch, parameters: Parameters, as_of: date, calendar: Calendar = ANNOUNCED
    ) -> Iterator[Answer]:
        """The answer of every policy. Raises ParameterMissing as the interpreter does."""
        frame = _Frame(batch, parameters, as_of, WorkingDays.of(calendar))
        for policy in self._edition.policies:
            yield self._answer(policy, frame)

    def values(
        self, names: Iterable[str], batch: Batch, parameters: Parameters, as_of: date, calendar: Calendar = ANNOUNCED
    ) -> Iterator[tuple[str, Value | Codes]]:
        """The values of rules: of (member, household), of (household), or one for all."""
        frame = _Frame(batch, parameters, as_of, WorkingDays.of(calendar))
        for name in names:
            yield name, self._value(name, frame)

    def _answer(self, policy: Policy, frame: _Frame) -> Answer:
        batch = frame.batch
        eligible = self._value(policy.eligible, frame)
        of_person = self._edition.scopes[policy.eligible] == "person"
        if of_person:
            persons = _per_member(eligible, batch)
            eligible = vectors.both_ways(lambda one: np.any(one, axis=0), persons)
        else:
            eligible = vectors.both_ways(lambda one: np.broadcast_to(one, batch.households), eligible)
            chosen: Value = self._value(policy.persons, frame) if policy.persons else False
            # Whom a result is for is asked once the household is entitled for sure.
            persons = _per_member(vectors.every([vectors.low(eligible), chosen]), batch)
        entitled = vectors.low(eligible)
        amount: Value = 0
        if policy.amount:
            amount = self._value(policy.amount, frame)
            if of_person:
                amount = vectors.total(vectors.low(persons), _per_member(amount, batch))
        decided = ~np.any(vectors.high(persons) & ~vectors.low(persons), axis=0)
        fixed = np.equal(vectors.low(amount), vectors.high(amount)) & decided & entitled
        return Answer(
            policy=policy,
            eligible=eligible,
            persons=persons,
            amount_fen=np.broadcast_to(vectors.low(amount), batch.households),
            has_amount=np.broadcast_to(fixed if policy.amount else False, batch.households),
        )

    def _value(self, name: str, frame: _Frame) -> Any:
        memo = frame.memo
        if name not in memo:
            memo[name] = self._steps[name](frame)
        return memo[name]

    def _step(self, node: Node, scope: Scope) -> _Step:
        return self._kinds[type(node)](node, scope)

    def _all(self, nodes: tuple[Node, ...], scope: Scope) -> list[_Step]:
        return [self._step(node, scope) for node in nodes]

    def _unit(self, node: Node, scope: Scope) -> Unit:
        return self._edition.compiler.unit(node, scope)

    def _reference(self, name: str) -> _Step:
        return lambda frame: self._value(name, frame)

    def _opposite(self, node: Opposite, scope: Scope) -> _Step:
        step = self._step(node.node, scope)
        return lambda frame: vectors.opposite(step(frame))

    def _extreme(self, node: Extreme, scope: Scope) -> _Step:
        steps, is_least = self._all(node.terms, scope), node.which == "least"
        if self._unit(node, scope) in NUMBERS:
            return _of_all(vectors.least if is_least else vectors.greatest, steps)
        choose = np.minimum if is_least else np.maximum

        def day(frame: _Frame) -> Codes:
            terms = [step(frame) for step in steps]
            return Codes(choose.reduce(np.broadcast_arrays(*(term.values for term in terms))), vectors.all_known(terms))

        return day

    def _comparison(self, node: Comparison, scope: Scope) -> _Step:
        left, right = self._step(node.left, scope), self._step(node.right, scope)
        if self._unit(node.left, scope) in (Unit.WORD, Unit.DATE):
            compare_codes = _CODES_BY[node.op]
            return lambda frame: vectors.compare_codes(compare_codes, left(frame), right(frame))
        return _of_two(_NUMBERS_BY[node.op], left, right)

    def _one_of(self, node: OneOf, scope: Scope) -> _Step:
        step = self._step(node.node, scope)

        def contains(frame: _Frame) -> Value:
            found: Codes = step(frame)
            matches = [np.equal(found.values, frame.batch.word(word)) for word in node.words]
            return vectors.where_known(found.known, None, vectors.either(matches))

        return contains

    def _choice(self, node: Choice, scope: Scope) -> _Step:
        condition, then, otherwise = self._all((node.condition, node.then, node.otherwise), scope)
        choose = vectors.choose_code if self._unit(node, scope) in (Unit.WORD, Unit.DATE) else vectors.choose
        return lambda frame: choose(condition(frame), then(frame), otherwise(frame))

    def _members(self, node: Members, _scope: Scope) -> _Step:
        condition = self._step(node.condition, "person")
        everybody = isinstance(node.condition, Constant)
        if node.what == "count" and everybody:
            return lambda frame: np.int64(frame.batch.members)
        if node.value is None:
            apply = _OVER_MEMBERS[node.what]
            return lambda frame: vectors.both_ways(apply, _per_member(condition(frame), frame.batch))
        value = self._step(node.value, "person")

        def total(frame: _Frame) -> Value:
            of_whom = True if everybody else condition(frame)
            return vectors.total(of_whom, _per_member(value(frame), frame.batch))

        return total

    def _elapsed(self, node: Elapsed, scope: Scope) -> _Step:
        elapsed = days.completed_years if node.what == "years" else days.completed_months
        return self._passed(node, scope, lambda _frame, start, end: elapsed(start, end))

    def _working_days_between(self, node: WorkingDaysBetween, scope: Scope) -> _Step:
        return self._passed(node, scope, lambda frame, start, end: frame.working_days.between(start, end))

    def _passed(
        self, node: Elapsed | WorkingDaysBetween, scope: Scope, passed: Callable[[_Frame, Exact, Exact], Exact]
    ) -> _Step:
        since, until = self._all((node.since, node.until), scope)

        def measure(frame: _Frame) -> Value:
            start, end = since(frame), until(frame)
            known = vectors.all_known([start, end])
            return vectors.number_where_known(known, passed(frame, start.values, end.values))

        return measure

    def _shifted(self, node: Shifted, scope: Scope) -> _Step:
        step, months = self._step(node.node, scope), self._step(node.months, scope)
        if node.what == "year":

            def year(frame: _Frame) -> Value:
                day: Codes = step(frame)
                return vectors.number_where_known(day.known, day.values // days.YEAR)

            return year
        shift = days.SHIFTS[node.what]

        return _moved(step, months, lambda _frame, day, count: shift(day, count))

    def _working_days_later(self, node: WorkingDaysLater, scope: Scope) -> _Step:
        step, count = self._all((node.day, node.days), scope)
        return _moved(step, count, lambda frame, day, by: frame.working_days.later(day, by))


def _moved(step: _Step, count: _Step, shift: Callable[[_Frame, Exact, Exact], Exact]) -> _Step:
    """Days moved by a number, known where both are."""

    def moved(frame: _Frame) -> Codes:
        day, by = step(frame), count(frame)
        known = day.known
        if isinstance(by, Band):
            fixed = np.equal(by.low, by.high)
            known = fixed if known is None else known & fixed
            by = np.where(fixed, by.low, 0)
        return Codes(shift(frame, day.values, by), known)

    return moved


def _constant(value: Any) -> _Step:
    if isinstance(value, str):
        return lambda frame: Codes(frame.batch.word(value), None)
    if isinstance(value, date):
        code = Codes(days.encoded(value), None)
        return lambda _frame: code
    return lambda _frame: value


def _parameter(node: ParameterOf) -> _Step:
    name, scale = node.name, scale_of(node)
    return lambda frame: whole_number(frame.parameters.value(name, on=frame.as_of), scale)


def _of_all(combine: Callable[[list[Value]], Value], steps: list[_Step]) -> _Step:
    return lambda frame: combine([step(frame) for step in steps])


def _of_two(combine: Callable[[Value, Value], Value], left: _Step, right: _Step) -> _Step:
    return lambda frame: combine(left(frame), right(frame))


def _per_member(value: Value, batch: Batch) -> Value:
    shape = (batch.members, batch.households)
    return vectors.both_ways(lambda one: one if np.shape(one) == shape else np.broadcast_to(one, shape), value)


def _words(node: Node) -> Iterator[str]:
    if isinstance(node, Constant) and isinstance(node.value, str):
        yield node.value
    if isinstance(node, OneOf):
        yield from node.words
    for child in children(node):
        yield from _words(child)


_OVER_MEMBERS: Mapping[str, Callable[[Exact], Exact]] = {
    "any": lambda truth: np.any(truth, axis=0),
    "all": lambda truth: np.all(truth, axis=0),
    "count": lambda truth: np.add.reduce(truth, axis=0, dtype=np.int64),
}
_NUMBERS_BY: Mapping[str, Callable[[Value, Value], Value]] = {
    "<": vectors.is_less,
    "<=": vectors.is_at_most,
    ">": lambda left, right: vectors.is_less(right, left),
    ">=": lambda left, right: vectors.is_at_most(right, left),
    "==": vectors.is_equal,
}
_CODES_BY: Mapping[str, Callable[[Exact, Exact], Exact]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
}
