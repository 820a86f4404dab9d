"""Which unknown facts an unknown answer hangs on, and who can supply each: a department, the street, the applicant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eligibility.rules.departments import HOLDERS
from eligibility.rules.engine.book import children
from eligibility.rules.engine.expressions import Choice, Fact, Members, Node, Reference, Scope
from eligibility.rules.engine.interpreter import HOUSEHOLD, Frame
from eligibility.rules.engine.phrases import Account
from eligibility.rules.engine.spans import Span
from eligibility.rules.engine.toolbook import Edition
from eligibility.rules.facts.records import COLUMNS

Found = dict[tuple[str, str], dict[str, str]]
Search = Callable[["Awaiting", int], Found]


class Searches:
    """For each rule of an edition, how to find what an unknown value of it hangs on. Made once per edition."""

    def __init__(self, edition: Edition) -> None:
        self._edition = edition
        self._made: dict[str, Search] = {}

    def of_rule(self, name: str) -> Search:
        """The search below one rule."""
        if name not in self._made:
            rule = self._edition.rules[name]
            self._made[name] = self._search(rule.tree, rule.scope)
        return self._made[name]

    def _search(self, node: Node, scope: Scope) -> Search:
        if isinstance(node, Reference):
            name = node.name
            return lambda awaiting, who: awaiting.found(name, who)
        step = self._edition.compiler.step(node, scope)
        if isinstance(node, Fact):
            return lambda awaiting, who: awaiting.fact(node, who) if _is_unknown(step(awaiting.frame, who)) else {}
        if isinstance(node, Members):
            below = self._of_members(node)
        elif isinstance(node, Choice):
            below = self._of_choice(node, scope)
        else:
            searches = [self._search(child, scope) for child in children(node)]
            below = lambda awaiting, who: _merged(search(awaiting, who) for search in searches)  # noqa: E731 - one of three
        return lambda awaiting, who: below(awaiting, who) if _is_unknown(step(awaiting.frame, who)) else {}

    def _of_members(self, node: Members) -> Search:
        condition, is_counted = (
            self._search(node.condition, "person"),
            self._edition.compiler.step(node.condition, "person"),
        )
        value = self._search(node.value, "person") if node.value is not None else None

        def search(awaiting: Awaiting, _who: int) -> Found:
            found: Found = {}
            for at in range(len(awaiting.frame.people)):
                found |= condition(awaiting, at)
                if value is not None and is_counted(awaiting.frame, at) is not False:
                    found |= value(awaiting, at)
            return found

        return search

    def _of_choice(self, node: Choice, scope: Scope) -> Search:
        step = self._edition.compiler.step(node.condition, scope)
        condition, then, otherwise = (self._search(part, scope) for part in children(node))

        def search(awaiting: Awaiting, who: int) -> Found:
            truth = step(awaiting.frame, who)
            if truth is None:
                return condition(awaiting, who) | then(awaiting, who) | otherwise(awaiting, who)
            return (then if truth else otherwise)(awaiting, who)

        return search


class Awaiting:
    """What one evaluation waits for. Each rule is searched once per person."""

    def __init__(self, edition: Edition, searches: Searches, account: Account) -> None:
        self.frame: Frame = account.frame
        self._edition = edition
        self._searches = searches
        self._members = account.members
        self._found: dict[tuple[str, int], Found] = {}

    def facts(self, name: str, who: int) -> list[dict[str, str]]:
        """The unknown facts on which an unknown rule hangs, each once."""
        found = self.found(name, who)
        return [found[key] for key in sorted(found)]

    def found(self, name: str, who: int) -> Found:
        """The same, by member and fact."""
        if self._edition.scopes[name] == "household":
            who = HOUSEHOLD
        key = name, who
        if key not in self._found:
            is_unknown = _is_unknown(self._edition.values[name](self.frame, who))
            self._found[key] = self._searches.of_rule(name)(self, who) if is_unknown else {}
        return self._found[key]

    def fact(self, fact: Fact, who: int) -> Found:
        """One unknown fact and who can supply it."""
        column = COLUMNS[fact.scope][fact.name]
        entry = {
            "fact": fact.name,
            "label": fact.label,
            "path": column.path,
            "held_by": column.held_by,
            "holder": HOLDERS[column.held_by],
        }
        member = ""
        if fact.scope == "person":
            member = self.frame.people[who].id
            entry |= {
                "member": member,
                "member_name": self._members[who],
                "path": f"members[{member}].{column.path}",
            }
        return {(member, fact.name): entry}


def _merged(parts: Any) -> Found:
    found: Found = {}
    for part in parts:
        found |= part
    return found


def _is_unknown(value: Any) -> bool:
    return value is None or value.__class__ is Span
