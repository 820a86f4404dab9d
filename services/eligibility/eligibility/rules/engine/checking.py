"""Checks of one rule's tree against all others: units, scopes, names and parameters. RuleFault gives the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from eligibility.rules.engine.book import children
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
from eligibility.rules.engine.wording import PARAMETER_UNITS
from eligibility.rules.engine.working_days import WorkingDaysBetween, WorkingDaysLater
from shared.parameters import Parameters


class RuleFault(ValueError):
    """What is wrong with a rule."""


NUMBERS = (Unit.FEN, Unit.COUNT)
_WORKING_DAYS = "working days"
"""The unit of a parameter that says how many working days a period has."""


def parameters_in(node: Node) -> set[str]:
    """The names of the parameters that a tree reads itself."""
    found = {node.name} if isinstance(node, ParameterOf) else set()
    return found.union(*(parameters_in(child) for child in children(node)))


def check_parameters(name: str, tree: Node, since: date, parameters: Parameters, problems: list[str]) -> None:
    """Every parameter that a rule reads has a label, a unit with words, and a value on the rule's first day."""
    for asked in sorted(parameters_in(tree)):
        if asked not in parameters:
            continue  # told with the units
        parameter = parameters.parameter(asked)
        if not parameter.label:
            problems.append(f"rule {name!r}: parameter {asked!r} has no label: people would read an English name")
        if parameter.unit not in PARAMETER_UNITS:
            problems.append(f"rule {name!r}: parameter {asked!r} is in {parameter.unit!r}, which has no Chinese words")
        if parameter.on(since) is None:
            first = parameter.values[0].first_day
            problems.append(
                f"rule {name!r}: parameter {asked!r} has no value on {since}, the rule's first day; "
                f"its first day is {first}: enter a value from {since} on, or let the rule begin on {first}"
            )


def parameter_unit(text: str) -> tuple[Unit, bool]:
    """What kind of number a parameter's written unit means, and whether it is a ratio."""
    if text.startswith("yuan"):
        return Unit.FEN, False
    return Unit.COUNT, text.startswith(("ratio", "x ", "share"))


class Checker:
    """Finds the unit of every node below a rule, in the scope in which the rule stands."""

    def __init__(self, scopes: Mapping[str, Scope], units: Mapping[str, Unit], parameters: Parameters) -> None:
        self._scopes = scopes
        self._units = units
        self._parameters = parameters
        self._checks: dict[type[Node], Callable[[Any, Scope], Unit]] = {
            Constant: self._constant,
            Fact: self._fact,
            ParameterOf: self._parameter,
            Reference: self._reference,
            AssessmentDay: lambda _node, _scope: Unit.DATE,
            Raised: lambda _node, _scope: Unit.COUNT,
            Sum: self._sum,
            Difference: self._difference,
            Product: self._product,
            Extreme: self._extreme,
            Comparison: self._comparison,
            OneOf: self._one_of,
            Every: self._joined,
            Either: self._joined,
            Opposite: lambda node, scope: self._expect(node.node, scope, Unit.TRUTH),
            Choice: self._choice,
            Members: self._members,
            Elapsed: self._elapsed,
            Shifted: self._shifted,
            WorkingDaysLater: self._working_days_later,
            WorkingDaysBetween: self._elapsed,
        }

    def unit(self, node: Node, scope: Scope) -> Unit:
        """The unit of a node. Raises RuleFault."""
        return self._checks[type(node)](node, scope)

    def _expect(self, node: Node, scope: Scope, *units: Unit) -> Unit:
        found = self.unit(node, scope)
        if found not in units:
            raise RuleFault(f"{_shown(node)} is a {found}, expected {' or '.join(units)}")
        return found

    def _same(self, nodes: tuple[Node, ...], scope: Scope) -> Unit:
        # Zero is zero of every unit.
        found = {self.unit(node, scope): node for node in nodes if not _is_zero(node)}
        if len(found) > 1:
            raise RuleFault("mixes " + " and ".join(f"{_shown(node)} ({unit})" for unit, node in found.items()))
        if len({node.scale for node in nodes}) > 1:
            raise RuleFault("mixes ratios with whole numbers")
        return next(iter(found), Unit.COUNT)

    def _constant(self, node: Constant, _scope: Scope) -> Unit:
        kinds = ((bool, Unit.TRUTH), (int, Unit.COUNT), (date, Unit.DATE), (str, Unit.WORD))
        return next(unit for kind, unit in kinds if isinstance(node.value, kind))

    def _fact(self, node: Fact, scope: Scope) -> Unit:
        if node.scope == "person" and scope == "household":
            raise RuleFault(
                f"asks the household for {node.name!r} of a person: say of whom with members(), any_member()"
            )
        return node.unit

    def _parameter(self, node: ParameterOf, _scope: Scope) -> Unit:
        if node.name not in self._parameters:
            raise RuleFault(f"there is no parameter {node.name!r} in {self._parameters.file}")
        text = self._parameters.parameter(node.name).unit
        if parameter_unit(text) != (node.unit, node.ratio):
            raise RuleFault(f"parameter {node.name!r} is in {text!r}: use param() for yuan, ratio(), or number()")
        return node.unit

    def _reference(self, node: Reference, scope: Scope) -> Unit:
        if node.name not in self._scopes:
            raise RuleFault(f"there is no rule {node.name!r}")
        if self._scopes[node.name] == "person" and scope == "household":
            raise RuleFault(f"asks the household for rule {node.name!r} of a person: say of whom with any_member()")
        return self._units[node.name]

    def _sum(self, node: Sum, scope: Scope) -> Unit:
        for term in node.terms:
            self._expect(term, scope, *NUMBERS)
        return self._same(node.terms, scope)

    def _difference(self, node: Difference, scope: Scope) -> Unit:
        for term in (node.left, node.right):
            self._expect(term, scope, *NUMBERS)
        return self._same((node.left, node.right), scope)

    def _product(self, node: Product, scope: Scope) -> Unit:
        units = {self._expect(node.left, scope, *NUMBERS), self._expect(node.right, scope, *NUMBERS)}
        if Unit.COUNT not in units:
            raise RuleFault("multiplies yuan by yuan")
        return Unit.FEN if Unit.FEN in units else Unit.COUNT

    def _extreme(self, node: Extreme, scope: Scope) -> Unit:
        for term in node.terms:
            self._expect(term, scope, *NUMBERS, Unit.DATE)
        return self._same(node.terms, scope)

    def _comparison(self, node: Comparison, scope: Scope) -> Unit:
        unit = self._same((node.left, node.right), scope)
        if node.op != "==" and unit not in (*NUMBERS, Unit.DATE):
            raise RuleFault(f"orders values that have no order: {_shown(node.left)}")
        return Unit.TRUTH

    def _one_of(self, node: OneOf, scope: Scope) -> Unit:
        self._expect(node.node, scope, Unit.WORD)
        return Unit.TRUTH

    def _joined(self, node: Every | Either, scope: Scope) -> Unit:
        for term in node.terms:
            self._expect(term, scope, Unit.TRUTH)
        return Unit.TRUTH

    def _choice(self, node: Choice, scope: Scope) -> Unit:
        self._expect(node.condition, scope, Unit.TRUTH)
        return self._same((node.then, node.otherwise), scope)

    def _members(self, node: Members, scope: Scope) -> Unit:
        if scope == "person":
            raise RuleFault("counts members within a rule of a person: make it a rule of the household")
        self._expect(node.condition, "person", Unit.TRUTH)
        if node.what == "total" and node.value is not None:
            return self._expect(node.value, "person", *NUMBERS)
        return Unit.COUNT if node.what == "count" else Unit.TRUTH

    def _elapsed(self, node: Elapsed | WorkingDaysBetween, scope: Scope) -> Unit:
        self._expect(node.since, scope, Unit.DATE)
        self._expect(node.until, scope, Unit.DATE)
        return Unit.COUNT

    def _shifted(self, node: Shifted, scope: Scope) -> Unit:
        self._expect(node.node, scope, Unit.DATE)
        self._expect(node.months, scope, Unit.COUNT)
        return Unit.COUNT if node.what == "year" else Unit.DATE

    def _working_days_later(self, node: WorkingDaysLater, scope: Scope) -> Unit:
        self._expect(node.day, scope, Unit.DATE)
        self._expect(node.days, scope, Unit.COUNT)
        if node.days.scale != 1:
            raise RuleFault(f"{_shown(node.days)} is a ratio: a period has a whole number of working days")
        if isinstance(node.days, ParameterOf):
            unit = self._parameters.parameter(node.days.name).unit
            if unit != _WORKING_DAYS:
                raise RuleFault(f"parameter {node.days.name!r} is in {unit!r}, expected {_WORKING_DAYS!r}")
        return Unit.DATE


def _is_zero(node: Node) -> bool:
    if isinstance(node, Product) and isinstance(node.right, Raised):
        return _is_zero(node.left)
    return isinstance(node, Constant) and node.value is not False and node.value == 0


def _shown(node: Node) -> str:
    name = getattr(node, "name", None)
    return f"{name!r}" if name else f"{type(node).__name__.lower()}"
