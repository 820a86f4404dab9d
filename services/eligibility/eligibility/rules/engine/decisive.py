"""Which of the rules that a condition asks for make it what it is: of a failed "all" those that fail, of a held "any"
those that hold, of members those concerned. What decides nothing is not told.
"""

from __future__ import annotations

from collections.abc import Callable

from eligibility.rules.engine.expressions import Either, Every, Members, Node, Opposite, Reference, Scope, Unit
from eligibility.rules.engine.interpreter import Frame, Step
from eligibility.rules.engine.toolbook import Edition, references

Truth = bool | None
Part = tuple[tuple[str, bool], int, bool]
"""A rule and whether it is wanted to hold, the person of whom it is asked, whether it is asked of every member."""
Search = Callable[[Frame, int, Truth, list[Part]], None]


def no_parts(_frame: Frame, _who: int, _truth: Truth, _found: list[Part]) -> None:
    """Of a condition that asks for no rule."""


class Decisive:
    """The decisive rules below the conditions of one edition."""

    def __init__(self, edition: Edition) -> None:
        self._edition = edition

    def parts(self, node: Node, scope: Scope, *, wanted: bool = True, of_member: bool = False) -> Search:
        """How to find them, given the truth that the condition has."""
        if not any(self._edition.units[name] is Unit.TRUTH for name in references(node)):
            return no_parts
        if isinstance(node, Reference):
            rule, is_of_member = (node.name, wanted), of_member and self._edition.scopes[node.name] == "person"
            return lambda _frame, who, _truth, found: found.append((rule, who, is_of_member))
        if isinstance(node, Opposite):
            below = self.parts(node.node, scope, wanted=not wanted, of_member=of_member)
            return lambda frame, who, truth, found: below(frame, who, None if truth is None else not truth, found)
        if isinstance(node, Members):
            return self._of_members(node, wanted=wanted) if node.what in ("any", "all") else no_parts
        if isinstance(node, Every | Either):
            return self._of_terms(node, scope, wanted=wanted, of_member=of_member)
        return no_parts

    def of_each_term(self, tree: Node) -> Search:
        """The decisive rules of every term of a household's condition, each for the truth that the term has."""
        terms = [
            (self._edition.compiler.step(term, "household"), self.parts(term, "household"))
            for term in (tree.terms if isinstance(tree, Every) else (tree,))
        ]

        def search_each(frame: Frame, who: int, _truth: Truth, found: list[Part]) -> None:
            for step, search in terms:
                search(frame, who, step(frame, who), found)

        return search_each

    def _of_terms(self, node: Every | Either, scope: Scope, *, wanted: bool, of_member: bool) -> Search:
        terms: list[tuple[Step, Search]] = []
        facts: list[Step] = []
        for term in node.terms:
            step = self._edition.compiler.step(term, scope)
            search = self.parts(term, scope, wanted=wanted, of_member=of_member)
            if search is not no_parts:
                terms.append((step, search))
            elif not references(term):
                facts.append(step)
        is_all = isinstance(node, Every)

        def search_terms(frame: Frame, who: int, truth: Truth, found: list[Part]) -> None:
            if truth is (not is_all) and any(fact(frame, who) is truth for fact in facts):
                return  # a declared fact decides by itself
            for step, search in terms:
                if step(frame, who) is truth:
                    search(frame, who, truth, found)
                    if truth and not is_all:
                        return  # one is enough

        return search_terms

    def _of_members(self, node: Members, *, wanted: bool) -> Search:
        condition = self._edition.compiler.step(node.condition, "person")
        below = self.parts(node.condition, "person", wanted=wanted, of_member=True)

        def search_members(frame: Frame, _who: int, truth: Truth, found: list[Part]) -> None:
            for at in range(len(frame.people)):
                if condition(frame, at) is truth:
                    below(frame, at, truth, found)

        return search_members
