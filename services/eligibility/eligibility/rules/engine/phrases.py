"""How a condition of one household stands, in words and as data: each comparison with its values and its limit.

A phrase is made once per condition and edition, and says for each household what holds, or what would have to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eligibility.rules.engine.expressions import (
    Comparison,
    Constant,
    Difference,
    Either,
    Every,
    Extreme,
    Fact,
    Members,
    Node,
    OneOf,
    Opposite,
    ParameterOf,
    Product,
    Scope,
    Sum,
    Unit,
)
from eligibility.rules.engine.interpreter import Frame, Step
from eligibility.rules.engine.sentences import Sentences, is_switch, unraised
from eligibility.rules.engine.toolbook import Edition
from eligibility.rules.engine.wording import ASSUMED, WORDS, YEARS, joined, parameter_in_sum, parameter_words, shown
from eligibility.rules.facts.records import Facts
from shared.parameters import ParameterValue


class Account:
    """One evaluation as it is put into words."""

    __slots__ = ("_lines", "_parameters", "frame", "members")

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.members = member_names(frame.facts)
        self._parameters: dict[str, str] = {}
        self._lines: dict[str, str] = {}

    def value(self, name: str) -> ParameterValue:
        """A parameter of the day. What is told counts as read."""
        found = self.frame.read.get(name)
        if found is None:
            found = self.frame.read[name] = self.frame.parameters.value(name, on=self.frame.today)
        return found

    def parameter(self, name: str) -> str:
        """The value of a parameter, marked where it is assumed."""
        words = self._parameters.get(name)
        if words is None:
            value = self.value(name)
            words = self._parameters[name] = parameter_in_sum(value) + ASSUMED * value.assumed
        return words

    def parameter_line(self, name: str) -> str:
        """A parameter with its value, origin and first day."""
        words = self._lines.get(name)
        if words is None:
            words = self._lines[name] = parameter_words(self.value(name))
        return words


def member_names(facts: Facts) -> list[str]:
    """What each member is called: 申请人 p1. There are no names in the facts."""
    return [f"{WORDS.get(person.relation or '', '')} {person.id}".strip() for person in facts.people]


Compared = list[dict[str, Any]]
Phrase = Callable[[Account, int, Compared], str]
Worked = Callable[[Account, int], str]


class Phrases:
    """The phrases of one edition."""

    def __init__(self, edition: Edition, sentences: Sentences) -> None:
        self._edition = edition
        self._sentences = sentences

    def phrase(self, node: Node, scope: Scope, *, wanted: bool, is_whole: bool = True) -> Phrase | None:
        """How a condition stands that is wanted to hold, or to fail. None where other rules say it all."""
        if isinstance(node, Opposite):
            return self.phrase(node.node, scope, wanted=not wanted, is_whole=is_whole)
        if isinstance(node, Every | Either):
            return self._joined(node, scope, wanted=wanted, is_whole=is_whole)
        if isinstance(node, Comparison):
            return self._comparison(node, scope, wanted=wanted)
        if isinstance(node, OneOf | Fact):
            return self._word(node, scope, wanted=wanted)
        if isinstance(node, Members) and node.what in ("any", "all"):
            return self._of_members(node, wanted=wanted)
        return None

    def step(self, node: Node, scope: Scope) -> Step:
        """The step of a part of a rule."""
        return self._edition.compiler.step(node, scope)

    def _joined(self, node: Every | Either, scope: Scope, *, wanted: bool, is_whole: bool) -> Phrase | None:
        terms = [
            (self.step(term, scope), made)
            for term in node.terms
            if (made := self.phrase(term, scope, wanted=wanted, is_whole=False)) is not None
        ]
        if not terms:
            return None
        needs_all = isinstance(node, Every) is wanted
        joint = "；" if needs_all else "；或 "
        whole = self.step(node, scope)

        def join(account: Account, who: int, compared: Compared) -> str:
            # Where one is enough the first that holds is told, where all are needed what fails; else everything.
            # Of one alternative among others the first that fails is enough.
            frame = account.frame
            state = whole(frame, who) is wanted
            told = [
                words
                for step, made in terms
                if (state is needs_all or (step(frame, who) is wanted) is state)
                and (words := made(account, who, compared))
            ]
            one_is_enough = state is not needs_all and (state or not is_whole)
            return joint.join(told[:1] if one_is_enough else told)

        return join

    def _comparison(self, node: Comparison, scope: Scope, *, wanted: bool) -> Phrase:
        left, right = unraised(node.left), unraised(node.right)
        if is_switch(left, self._edition):
            name = self._sentences.name(left)
            return lambda account, _who, _compared: f"{name}：{account.parameter(left.name)}"  # type: ignore[attr-defined]  # a parameter
        if isinstance(right, Constant) and right.value == "":
            return self._leaf(node, left, scope, "", lambda _a, _w: "无" if wanted else "有", wanted=wanted)
        limit = self.worked(right, scope, beside=left)
        return self._leaf(node, left, scope, self._sentences.operator(node, wanted=wanted), limit, wanted=wanted)

    def _word(self, node: OneOf | Fact, scope: Scope, *, wanted: bool) -> Phrase:
        if isinstance(node, Fact):
            return self._leaf(node, node, scope, "为", lambda _a, _w: "是" if wanted else "否", wanted=wanted)
        words = "、".join(WORDS.get(word, word) for word in node.words)
        return self._leaf(node, node.node, scope, "为" if wanted else "不为", lambda _a, _w: words, wanted=wanted)

    def _leaf(self, node: Node, left: Node, scope: Scope, operator: str, limit: Worked, *, wanted: bool) -> Phrase:
        step, value = self.step(node, scope), self._value(left, scope)
        name = self._sentences.name(left)
        # Years of age need no name, and a word or truth that is as it should be needs no demand beside it.
        is_word = self._sentences.unit(left) in (Unit.WORD, Unit.TRUTH)
        is_age = self._sentences.measure(left) == YEARS
        terms = None if is_word or is_age else self.terms(left, scope)
        label = "" if is_age else f"{name}：" if is_word else f"{name} "
        # How somebody is related is a way of naming them, never a demand.
        is_relation = isinstance(left, Fact) and left.name == "relation"
        says_itself = operator == "为" or (is_word and not operator)

        def tell(account: Account, who: int, compared: Compared) -> str:
            truth = step(account.frame, who)
            if is_relation and not (truth and wanted):
                return ""
            demand = joined(operator, limit(account, who))
            shown_value = value(account, who)
            state = None if truth is None else truth is wanted
            compared.append({"label": name, "value": shown_value, "demand": demand, "holds": state})
            found = f"{terms(account, who)} = {shown_value}" if terms else label + shown_value
            if state:
                return found if says_itself else f"{found}，{demand}"
            return f"{found}，须{demand}"

        return tell

    def _of_members(self, node: Members, *, wanted: bool) -> Phrase:
        step = self.step(node.condition, "person")

        def tell(account: Account, _who: int, _compared: Compared) -> str:
            truths = [step(account.frame, at) for at in range(len(account.members))]
            named = [name for name, truth in zip(account.members, truths, strict=True) if truth is wanted]
            unknown = [name for name, truth in zip(account.members, truths, strict=True) if truth is None]
            parts = [*named, *(f"{name}待核" for name in unknown)]
            return "、".join(parts) if node.what == "any" else ""

        return tell

    def _value(self, node: Node, scope: Scope) -> Worked:
        if isinstance(node, ParameterOf):
            name = node.name
            return lambda account, _who: account.parameter(name)
        step, unit = self.step(node, scope), self._edition.compiler.unit(node, scope)
        scale, measure = node.scale, self._sentences.measure(node)
        return lambda account, who: shown(step(account.frame, who), unit, scale, measure)

    def worked(self, node: Node, scope: Scope, beside: Node | None = None) -> Worked:
        """A value with its name, or with the numbers that it is worked out from."""
        node = unraised(node)
        if isinstance(node, Constant):
            words = self._sentences.constant(node, node if beside is None else beside)
            return lambda _account, _who: words
        value = self._value(node, scope)
        terms = self.terms(node, scope)
        if terms is None:
            label = self._sentences.name(node)
            return lambda account, who: f"{label} {value(account, who)}"
        return lambda account, who: f"{terms(account, who)} = {value(account, who)}"

    def terms(self, node: Node, scope: Scope) -> Worked | None:
        """The numbers that a sum, difference, product or total is worked out from; None for any other value."""
        node = unraised(node)
        if isinstance(node, Sum):
            return self._sum(node, scope)
        if isinstance(node, Difference):
            first, second = self._term(node.left, scope), self._term(node.right, scope)
            return lambda account, who: f"{first(account, who)} − {second(account, who)}"
        if isinstance(node, Product):
            left, right = self._term(node.left, scope), self._term(node.right, scope)
            return lambda account, who: f"{left(account, who)} × {right(account, who)}"
        if isinstance(node, Extreme):
            return self._extreme(node, scope)
        if isinstance(node, Members) and node.value is not None:
            return self._total(node)
        return None

    def _term(self, node: Node, scope: Scope) -> Worked:
        node = unraised(node)
        terms = self.terms(node, scope)
        if terms is None:
            if isinstance(node, Constant):
                return lambda _account, _who: str(node.value)
            return self.worked(node, scope)
        if isinstance(node, Product | Members):
            return terms
        return lambda account, who: text if " " not in (text := terms(account, who)) else f"（{text}）"

    def _sum(self, node: Sum, scope: Scope) -> Worked:
        terms = [(self.step(term, scope), self._term(term, scope)) for term in node.terms]

        def add(account: Account, who: int) -> str:
            return " + ".join(words(account, who) for step, words in terms if step(account.frame, who) != 0) or "0"

        return add

    def _extreme(self, node: Extreme, scope: Scope) -> Worked | None:
        first, second = node.terms
        if node.which == "least" or not isinstance(unraised(second), Constant):
            return None
        inner = self.terms(first, scope) or self.worked(first, scope)
        step = self.step(node, scope)
        floor = self._sentences.constant(unraised(second), first)
        return lambda account, who: (
            f"{inner(account, who)}" + (f"，不足的按 {floor} 计" if step(account.frame, who) == 0 else "")
        )

    def _total(self, node: Members) -> Worked:
        assert node.value is not None, "only totals have a value"
        condition, step = self.step(node.condition, "person"), self.step(node.value, "person")
        value = self._value(node.value, "person")
        nothing = shown(0, self._edition.compiler.unit(node.value, "person"))

        def add(account: Account, _who: int) -> str:
            frame = account.frame
            return (
                " + ".join(
                    f"{name} {value(account, at)}" + ("（是否计入待核）" if truth is None else "")
                    for at, name in enumerate(account.members)
                    if (truth := condition(frame, at)) is not False and step(frame, at) != 0
                )
                or nothing
            )

        return add
