"""All chapters bound together and checked, and what of them is in force on a day."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from eligibility.rules.engine.book import Book, BookInvalid, Policy, Rule, children, draw, written
from eligibility.rules.engine.calendar import ANNOUNCED, Calendar
from eligibility.rules.engine.checking import Checker, RuleFault, check_parameters, parameters_in
from eligibility.rules.engine.expressions import Node, Reference, Scope, Unit
from eligibility.rules.engine.interpreter import Compiler, Frame, Step
from eligibility.rules.facts.records import Facts
from shared.parameters import Parameters


def references(node: Node) -> set[str]:
    """The names of the rules that a tree asks for."""
    found = {node.name} if isinstance(node, Reference) else set()
    return found.union(*(references(child) for child in children(node)))


@dataclass(frozen=True, eq=False)
class Edition:
    """The rules in force from one day to the next change, checked and compiled."""

    since: date
    rules: Mapping[str, Rule]
    policies: tuple[Policy, ...]
    units: Mapping[str, Unit]
    scopes: Mapping[str, Scope]
    compiler: Compiler
    values: Mapping[str, Step]
    parameters: Parameters
    later: tuple[tuple[Policy, date], ...]
    """Policies that the book names and that begin after this edition, each with its first day."""
    version: str
    """A hash of all that the edition holds."""

    def frame(self, facts: Facts, parameters: Parameters, calendar: Calendar = ANNOUNCED) -> Frame:
        """A fresh evaluation of one household."""
        return Frame(facts, parameters, calendar, tuple(self.scopes.values()))

    @cached_property
    def policy_rules(self) -> frozenset[str]:
        """The rules that decide a policy: explanations name them and go no deeper."""
        return frozenset(policy.eligible for policy in self.policies)

    @cached_property
    def parameters_of(self) -> Mapping[str, frozenset[str]]:
        """The parameters that a rule's own condition rests on: its tree's, and those of the numbers it asks for."""
        found: dict[str, frozenset[str]] = {}
        for name, rule in self.rules.items():
            asked = (other for other in references(rule.tree) if self.units[other] is not Unit.TRUTH)
            found[name] = frozenset(parameters_in(rule.tree)).union(*(found[other] for other in asked))
        return found

    def parameters_below(self, name: str) -> frozenset[str]:
        """The parameters on which a rule rests through all the rules that it asks, up to those of policies."""
        tree = self.rules[name].tree
        below = (self.parameters_below(other) for other in references(tree) if other not in self.policy_rules)
        return frozenset(parameters_in(tree)).union(*below)


class Toolbook:
    """Every rule and policy of every day."""

    def __init__(self, rules: list[Rule], policies: list[Policy], parameters: Parameters) -> None:
        self._rules = rules
        self._policies = sorted(policies, key=lambda policy: policy.id)
        self._by_id = {policy.id: policy for policy in policies}
        self.parameters = parameters
        problems: list[str] = []
        _check_outputs(rules, problems)
        _check_policies(self._policies, {rule.name for rule in rules}, problems)
        for rule in rules:
            check_parameters(rule.name, rule.tree, rule.since, parameters, problems)
        if problems:
            raise BookInvalid(problems)
        self._days = sorted({rule.since for rule in rules})
        self._editions = [self._edition(day) for day in self._days]

    @property
    def policies(self) -> list[Policy]:
        """All policies, by id."""
        return self._policies

    def policy(self, policy_id: str) -> Policy:
        """One policy. Raises KeyError."""
        return self._by_id[policy_id]

    def edition(self, on: date) -> Edition | None:
        """The edition in force on a day, None before the first rule."""
        begun = [edition for edition in self._editions if edition.since <= on]
        return begun[-1] if begun else None

    def version(self, on: date | None = None) -> str:
        """A hash of the rules and policies in force on a day; without a day, of the newest ones."""
        edition = self.edition(on or date.max)
        return edition.version if edition else _hashed([])

    def first_day(self, policy: Policy) -> date:
        """The day from which a policy's deciding rule is in force."""
        return min(rule.since for rule in self._rules if rule.name == policy.eligible)

    def _edition(self, day: date) -> Edition:
        current: dict[str, Rule] = {}
        for rule in sorted(self._rules, key=lambda rule: rule.since):
            if rule.since <= day:
                current[rule.name] = rule
        return edition_of(
            current,
            [policy for policy in self._policies if policy.eligible in current],
            [(policy, self.first_day(policy)) for policy in self._policies if policy.eligible not in current],
            since=day,
            parameters=self.parameters,
        )


def edition_of(
    current: Mapping[str, Rule],
    policies: Iterable[Policy],
    later: Iterable[tuple[Policy, date]],
    *,
    since: date,
    parameters: Parameters,
) -> Edition:
    """Check and compile the rules in force from a day on. Raises BookInvalid."""
    names = _sorted_names(current)
    scopes = {name: current[name].scope for name in names}
    units = _units(current, names, scopes, parameters)
    compiler = Compiler(scopes, Checker(scopes, units, parameters))
    for name in names:
        compiler.enter(name, current[name].tree)
    in_force, begin_later = tuple(policies), tuple(later)
    return Edition(
        since=since,
        rules={name: current[name] for name in names},
        policies=in_force,
        units=units,
        scopes=scopes,
        compiler=compiler,
        values={name: compiler.value_of(name) for name in names},
        parameters=parameters,
        later=begin_later,
        version=_hashed(
            [*(_written_rule(current[name]) for name in sorted(names)), *map(repr, in_force), *map(repr, begin_later)]
        ),
    )


def bind(books: Iterable[Book], parameters: Parameters) -> Toolbook:
    """Put chapters together and check them. Raises BookInvalid with every problem found."""
    problems: list[str] = []
    rules: list[Rule] = []
    policies: list[Policy] = []
    for book in books:
        drawn = [draw(draft, problems) for draft in book.drafts]
        rules.extend(rule for rule in drawn if rule is not None)
        problems.extend(book.problems)
        policies.extend(book.policies)
    if problems:
        raise BookInvalid(problems)
    return Toolbook(rules, policies, parameters)


def _check_outputs(rules: list[Rule], problems: list[str]) -> None:
    seen: dict[tuple[str, date], Rule] = {}
    scopes: dict[str, Scope] = {}
    for rule in rules:
        if (rule.name, rule.since) in seen:
            problems.append(f"rule {rule.name!r}: two rules write this output from {rule.since}")
        if scopes.setdefault(rule.name, rule.scope) != rule.scope:
            problems.append(f"rule {rule.name!r}: one version is of a person, another of the household")
        seen[rule.name, rule.since] = rule


def _check_policies(policies: list[Policy], names: set[str], problems: list[str]) -> None:
    seen: set[str] = set()
    for policy in policies:
        if policy.id in seen:
            problems.append(f"policy {policy.id!r}: entered twice")
        seen.add(policy.id)
        problems.extend(
            f"policy {policy.id!r}: there is no rule {name!r}" for name in policy.outputs if name not in names
        )


def _sorted_names(rules: Mapping[str, Rule]) -> list[str]:
    """Names in an order in which each rule follows those it asks for."""
    problems: list[str] = []
    graph: dict[str, list[str]] = {}
    for name in sorted(rules):
        asked = references(rules[name].tree)
        problems.extend(f"rule {name!r}: there is no rule {other!r}" for other in sorted(asked) if other not in rules)
        graph[name] = sorted(asked)
    if problems:
        raise BookInvalid(problems)
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise BookInvalid([f"rule {error.args[1][0]!r}: rules go in a circle: {circle}"]) from None


def _units(
    rules: Mapping[str, Rule], names: list[str], scopes: Mapping[str, Scope], parameters: Parameters
) -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    checker = Checker(scopes, units, parameters)
    problems: list[str] = []
    for name in names:
        tree = rules[name].tree
        try:
            units[name] = checker.unit(tree, scopes[name])
        except RuleFault as error:
            problems.append(f"rule {name!r}: {error}")
            units[name] = Unit.TRUTH
        if tree.scale != 1:
            problems.append(f"rule {name!r}: gives an amount times a ratio: compare it, do not give it out")
    if problems:
        raise BookInvalid(problems)
    return units


def _written_rule(rule: Rule) -> str:
    return f"{rule.name}|{rule.scope}|{rule.clause}|{rule.says}|{rule.since}|{written(rule.tree)}"


def _hashed(parts: list[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
