"""How an amount came about, in numbers: each sum with its terms, and below it how those that matter came about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eligibility.rules.engine.book import children
from eligibility.rules.engine.expressions import Choice, Comparison, Members, Node, Reference, Scope, Sum, Unit
from eligibility.rules.engine.interpreter import HOUSEHOLD, Step
from eligibility.rules.engine.phrases import Account, Phrases, Worked
from eligibility.rules.engine.sentences import Sentences, unraised
from eligibility.rules.engine.toolbook import Edition
from eligibility.rules.engine.wording import shown


class Workings:
    """How the numbers of one edition are worked out, each looked at once."""

    def __init__(self, edition: Edition, sentences: Sentences, phrases: Phrases) -> None:
        self.edition = edition
        self._phrases = phrases
        self._steps: dict[tuple[int, Scope], Step] = {}
        self._worked: dict[tuple[int, Scope], tuple[Worked, bool]] = {}
        self.measures = {name: sentences.measure(rule.tree) for name, rule in edition.rules.items()}

    def step(self, node: Node, scope: Scope) -> Step:
        """The step of a part of a rule. The edition keeps the node alive, so its id can be its name."""
        key = id(node), scope
        if key not in self._steps:
            self._steps[key] = self._phrases.step(node, scope)
        return self._steps[key]

    def worked(self, node: Node, scope: Scope) -> tuple[Worked, bool]:
        """The numbers of a node, and whether there is more than one."""
        key = id(node), scope
        if key not in self._worked:
            terms = self._phrases.terms(node, scope)
            self._worked[key] = (terms or self._phrases.worked(node, scope), terms is not None)
        return self._worked[key]


class Derivations:
    """How the numbers of one evaluation came about."""

    def __init__(self, workings: Workings, account: Account) -> None:
        self._workings = workings
        self._edition = workings.edition
        self._account = account
        self._told: dict[tuple[str, int], dict[str, Any]] = {}

    def of_rule(self, name: str, who: int) -> dict[str, Any]:
        """The value of a rule, the numbers it was worked out from, and below them how those came about."""
        rule = self._edition.rules[name]
        if rule.scope == "household":
            who = HOUSEHOLD
        key = name, who
        if key not in self._told:
            tree, scope = self._origin(rule.tree, rule.scope, who)
            worked, _ = self._workings.worked(tree, scope)
            value = self._edition.values[name](self._account.frame, who)
            told: dict[str, Any] = {
                "rule": name,
                "says": rule.says,
                "value": shown(value, self._edition.units[name], 1, self._workings.measures[name]),
                "worked": worked(self._account, who),
            }
            if who != HOUSEHOLD:
                told["member"] = self._account.members[who]
            if below := [self.of_rule(*one) for one in dict.fromkeys(self._below(tree, scope, who))]:
                told["from"] = below
            self._told[key] = told
        return self._told[key]

    def is_worked_out(self, name: str, who: int) -> bool:
        """Whether a number came about by adding and multiplying others that are not nothing."""
        rule = self._edition.rules[name]
        who = HOUSEHOLD if rule.scope == "household" else who
        if self._edition.values[name](self._account.frame, who) == 0:
            return False
        return self._workings.worked(*self._origin(rule.tree, rule.scope, who))[1]

    def _origin(self, node: Node, scope: Scope, who: int) -> tuple[Node, Scope]:
        """What a number really is: the one term of a sum that is not zero, the branch taken, the rule asked."""
        node = unraised(node)
        if isinstance(node, Sum):
            terms = [term for term in node.terms if self._workings.step(term, scope)(self._account.frame, who) != 0]
            return self._origin(terms[0], scope, who) if len(terms) == 1 else (node, scope)
        if isinstance(node, Choice):
            truth = self._workings.step(node.condition, scope)(self._account.frame, who)
            return (node, scope) if truth is None else self._origin(node.then if truth else node.otherwise, scope, who)
        if isinstance(node, Reference) and self._edition.scopes[node.name] == scope:
            return self._origin(self._edition.rules[node.name].tree, scope, who)
        return node, scope

    def _below(self, node: Node, scope: Scope, who: int) -> Iterator[tuple[str, int]]:
        """The numbers in a tree that were worked out themselves and are not zero."""
        if isinstance(node, Members):
            if isinstance(node.value, Reference):
                condition, value = self._workings.step(node.condition, "person"), self._edition.values[node.value.name]
                for at in range(len(self._account.members)):
                    if condition(self._account.frame, at) is not False and value(self._account.frame, at) != 0:
                        yield node.value.name, at
        elif isinstance(node, Reference):
            if self._edition.units[node.name] is Unit.FEN and self.is_worked_out(node.name, who):
                yield node.name, who
        elif not isinstance(node, Choice | Comparison):
            for child in children(node):
                yield from self._below(child, scope, who)


def told_key(told: dict[str, Any]) -> tuple[str, str]:
    """Which number a derivation is of."""
    return told["rule"], told.get("member", "")


def told_below(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The numbers that a derivation tells, its own among them."""
    yield told_key(told)
    for below in told.get("from", ()):
        yield from told_below(below)


def derivation_lines(told: dict[str, Any], depth: int = 0) -> Iterator[str]:
    """A derivation as lines of text, those below indented."""
    member = f"{told['member']} " if "member" in told else ""
    yield f"{'　' * depth}{member}{told['says']} {told['value']} = {told['worked']}"
    for below in told.get("from", ()):
        yield from derivation_lines(below, depth + 1)
