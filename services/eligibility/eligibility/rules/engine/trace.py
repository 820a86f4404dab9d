"""What made each policy answer as it does: conditions with their truth, and below each those that decide it.

Of a failed "all" those that fail decide, of a held "any" the first that holds, of members those concerned; what decides
nothing is not told. No words yet: `explanation` puts a trace into words, of the policies that somebody reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from eligibility.rules.engine.book import children
from eligibility.rules.engine.expressions import Either, Every, Members, Node, Opposite, Reference, Scope, Unit
from eligibility.rules.engine.interpreter import HOUSEHOLD, Frame, Step
from eligibility.rules.engine.toolbook import Edition, references

Truth = bool | None


class Condition:
    """One condition of one household: a rule as it is wanted, of a person or of the household, and what decides it.

    `used` are the parameters on which it rests with all below it, as bits.
    """

    __slots__ = ("below", "outline", "truth", "used", "who")

    def __init__(self, outline: Outline, who: int, truth: Truth, below: Sequence[Below], used: int) -> None:
        self.outline = outline
        self.who = who
        self.truth = truth
        self.below = below
        self.used = used

    @property
    def state(self) -> Truth:
        """Whether it is as wanted: True held, False failed, None unknown."""
        return None if self.truth is None else self.truth is self.outline.wanted


Below = tuple[Condition, bool]
"""A condition that decides another, and whether it is asked of every member."""
Search = Callable[["Trace", int, Truth, list[Below]], None]
"""Finds what decides a condition, of a person or of the household, given the truth that it has."""


def no_parts(_trace: Trace, _who: int, _truth: Truth, _found: list[Below]) -> None:
    """Of a condition that asks for no rule."""


class Outline:
    """What of one rule of truth, wanted to hold or not to, is the same for every household."""

    def __init__(self, outlines: Outlines, name: str, *, wanted: bool) -> None:
        edition = outlines.edition
        rule = edition.rules[name]
        self.rule = rule
        self.wanted = wanted
        self.of_person = rule.scope == "person"
        self.is_policy = name in edition.policy_rules
        self.decide = edition.values[name]
        self.parts = outlines.parts(rule.tree, rule.scope)
        self.terms = self.parts if self.of_person else outlines.each_term(rule.tree)
        self.numbers = tuple(dict.fromkeys(_amounts(rule.tree, edition)))
        self.parameters = outlines.bits_of(edition.parameters_of[name])
        self.index = outlines.next_index()


class Outlines:
    """The outlines of one edition, each made once with those below it."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.bits = {name: 1 << at for at, name in enumerate(sorted(edition.parameters.names()))}
        self._made: dict[tuple[str, bool], Outline] = {}

    def next_index(self) -> int:
        """The number of an outline that is being made."""
        return len(self._made)

    def bits_of(self, parameters: frozenset[str]) -> int:
        """A set of parameters as bits of one number: hundreds of them are joined for one household."""
        return sum(self.bits[name] for name in parameters)

    def of(self, name: str, *, wanted: bool = True) -> Outline:
        """The outline of one rule that is wanted to hold, or not to."""
        key = name, wanted
        if key not in self._made:
            self._made[key] = Outline(self, name, wanted=wanted)
        return self._made[key]

    def parts(self, node: Node, scope: Scope, *, wanted: bool = True, of_member: bool = False) -> Search:
        """How to find the conditions that decide a node."""
        if not any(self.edition.units[name] is Unit.TRUTH for name in references(node)):
            return no_parts
        if isinstance(node, Reference):
            return self._rule(node.name, wanted=wanted, of_member=of_member)
        if isinstance(node, Opposite):
            below = self.parts(node.node, scope, wanted=not wanted, of_member=of_member)
            return lambda trace, who, truth, found: below(trace, who, None if truth is None else not truth, found)
        if isinstance(node, Members):
            return self._members(node, wanted=wanted) if node.what in ("any", "all") else no_parts
        if isinstance(node, Every | Either):
            return self._terms(node, scope, wanted=wanted, of_member=of_member)
        return no_parts

    def each_term(self, tree: Node) -> Search:
        """How to find what decides every term of a household's condition, each for the truth that the term has."""
        terms = [
            (self._step(term, "household"), self.parts(term, "household"))
            for term in (tree.terms if isinstance(tree, Every) else (tree,))
        ]

        def search_each(trace: Trace, who: int, _truth: Truth, found: list[Below]) -> None:
            for step, search in terms:
                search(trace, who, step(trace.frame, who), found)

        return search_each

    def _step(self, node: Node, scope: Scope) -> Step:
        return self.edition.compiler.step(node, scope)

    def _rule(self, name: str, *, wanted: bool, of_member: bool) -> Search:
        outline = self.of(name, wanted=wanted)
        if outline.of_person:
            return lambda trace, who, truth, found: found.append((trace.condition(outline, who, truth), of_member))
        return lambda trace, _who, truth, found: found.append((trace.condition(outline, HOUSEHOLD, truth), False))

    def _terms(self, node: Every | Either, scope: Scope, *, wanted: bool, of_member: bool) -> Search:
        terms: list[tuple[Step, Search]] = []
        facts: list[Step] = []
        for term in node.terms:
            search = self.parts(term, scope, wanted=wanted, of_member=of_member)
            if search is not no_parts:
                terms.append((self._step(term, scope), search))
            elif not references(term):
                facts.append(self._step(term, scope))
        return _search_terms(terms, facts, decided_by=isinstance(node, Either))

    def _members(self, node: Members, *, wanted: bool) -> Search:
        condition = self._step(node.condition, "person")
        below = self.parts(node.condition, "person", wanted=wanted, of_member=True)

        def search_members(trace: Trace, _who: int, truth: Truth, found: list[Below]) -> None:
            for at in range(len(trace.frame.people)):
                if condition(trace.frame, at) is truth:
                    below(trace, at, truth, found)

        return search_members


class Trace:
    """The conditions of one evaluation, each found once, on demand."""

    def __init__(self, outlines: Outlines, frame: Frame) -> None:
        self.frame = frame
        self._outlines = outlines
        self._width = len(frame.people) + 1
        self._found: dict[int, Condition] = {}

    def condition(self, outline: Outline, who: int, truth: Truth) -> Condition:
        """One condition that has that truth, with those that decide it, through other policies too."""
        key = outline.index * self._width + who + 1
        found = self._found.get(key)
        if found is None:
            below: Sequence[Below] = ()
            used, search = outline.parameters, outline.parts
            if search is not no_parts:
                below = []
                search(self, who, truth, below)
                for part, _ in below:
                    used |= part.used
            found = self._found[key] = Condition(outline, who, truth, below, used)
        return found

    def policy(self, name: str) -> list[Condition]:
        """The deciding rule of a policy; of each member where it is a rule of persons."""
        outline = self._outlines.of(name)
        places = range(self._width - 1) if outline.of_person else (HOUSEHOLD,)
        return [self.condition(outline, who, outline.decide(self.frame, who)) for who in places]

    def terms(self, condition: Condition) -> list[Below]:
        """What each term of a condition rests on, those that do not decide it too."""
        found: list[Below] = []
        condition.outline.terms(self, condition.who, condition.truth, found)
        return found


def _search_terms(terms: Sequence[tuple[Step, Search]], facts: Sequence[Step], *, decided_by: bool) -> Search:
    """What decides an "all" or an "any": the terms that have its truth. Where one alone decides (one that fails, one
    that holds), a declared fact may have done it; and of an "any" that holds the first such term is enough.
    """

    def search_terms(trace: Trace, who: int, truth: Truth, found: list[Below]) -> None:
        frame = trace.frame
        if truth is decided_by:
            for fact in facts:
                if fact(frame, who) is truth:
                    return
        for step, search in terms:
            if step(frame, who) is truth:
                search(trace, who, truth, found)
                if truth and decided_by:
                    return

    return search_terms


def _amounts(node: Node, edition: Edition) -> Iterator[str]:
    """The amounts that the comparisons of a rule rest on."""
    if isinstance(node, Reference):
        if edition.units[node.name] is Unit.FEN:
            yield node.name
    elif not isinstance(node, Members):
        for child in children(node):
            yield from _amounts(child, edition)
