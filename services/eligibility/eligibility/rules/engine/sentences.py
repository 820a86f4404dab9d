"""The rules in Chinese without any household: what a value is called, how it is worked out, what a condition demands.

The published toolbook is made of these sentences, and explanations take their names from them.
"""

from __future__ import annotations

from collections.abc import Callable
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
    Shifted,
    Sum,
    Unit,
)
from eligibility.rules.engine.toolbook import Edition
from eligibility.rules.engine.wording import (
    AGES,
    DAYS,
    OPERATORS,
    OPPOSITES,
    WORDS,
    WORKING_DAYS,
    YEARS,
    joined,
    measure_of,
    shown,
)
from eligibility.rules.engine.working_days import WorkingDaysBetween, WorkingDaysLater
from eligibility.rules.facts.records import COLUMNS


def unraised(node: Node) -> Node:
    """The node without the factor that lifts it to the scale of a ratio."""
    while isinstance(node, Product) and isinstance(node.right, Raised):
        node = node.left
    return node


class Sentences:
    """What one edition's values and conditions are called."""

    def __init__(self, edition: Edition) -> None:
        self._edition = edition
        self._names: dict[type[Node], Callable[[Any], str]] = {
            Constant: lambda node: self.constant(node, node),
            Fact: lambda node: node.label,
            ParameterOf: lambda node: edition.parameters.parameter(node.name).label,
            Reference: lambda node: edition.rules[node.name].says,
            AssessmentDay: lambda _node: "评估当日",
            Sum: lambda node: " + ".join(map(self.name, node.terms)),
            Difference: lambda node: f"{self.name(node.left)} − {self._bracketed(node.right)}",
            Product: self._product,
            Extreme: self._extreme,
            Choice: self._choice,
            Members: self._members,
            Elapsed: lambda node: "年龄" if node.what == "years" else f"{self.name(node.since)}至评估当日的时长",
            Shifted: self._shifted,
            WorkingDaysLater: self._working_days_later,
            WorkingDaysBetween: lambda node: f"{self.name(node.since)}至{self.name(node.until)}的工作日数",
        }

    def name(self, node: Node) -> str:
        """What a value is called: its label, or how it is worked out."""
        plain = unraised(node)
        return self._names[type(plain)](plain)

    def formula(self, rule: str) -> str:
        """How the value of a rule is worked out."""
        return self.name(self._edition.rules[rule].tree)

    def measure(self, node: Node) -> str:
        """The word after a count; empty where there is none."""
        found = ""
        if isinstance(node, Fact):
            found = COLUMNS[node.scope][node.name].measure
        elif isinstance(node, ParameterOf):
            found = measure_of(self._edition.parameters.parameter(node.name).unit)
        elif isinstance(node, Reference):
            found = self.measure(self._edition.rules[node.name].tree)
        elif isinstance(node, Elapsed):
            found = YEARS if node.what == "years" else "个月"
        elif isinstance(node, WorkingDaysBetween):
            found = WORKING_DAYS
        elif isinstance(node, Members):
            found = "人" if node.value is None else ""
        elif isinstance(node, Sum | Difference | Product | Extreme | Choice):
            found = next(filter(None, map(self.measure, children(node))), "")
        return found

    def constant(self, node: Node, beside: Node) -> str:
        """A constant with the unit of what stands beside it; the name of any other node."""
        if not isinstance(node, Constant):
            return self.name(node)
        return shown(node.value, self.unit(beside), 1, self.measure(beside))

    def operator(self, node: Comparison, *, wanted: bool) -> str:
        """The comparison in words, or its opposite."""
        op = node.op if wanted else OPPOSITES[node.op]
        left = unraised(node.left)
        if self.unit(left) is Unit.DATE:
            return DAYS[op]
        return (AGES if self.measure(left) == YEARS else OPERATORS)[op]

    def condition(self, node: Node, *, wanted: bool = True) -> str:
        """What a condition demands, or its opposite, as a sentence."""
        if isinstance(node, Opposite):
            return self.condition(node.node, wanted=not wanted)
        if isinstance(node, Comparison):
            return self._comparison(node, wanted=wanted)
        if isinstance(node, Every | Either):
            joint = "，且" if isinstance(node, Every) is wanted else "，或"
            return joint.join(self._term(term, wanted=wanted) for term in node.terms)
        if isinstance(node, Members):
            return self._of_members(node, wanted=wanted)
        return self._simple(node, wanted=wanted)

    def _simple(self, node: Node, *, wanted: bool) -> str:
        if isinstance(node, OneOf):
            words = "、".join(WORDS.get(word, word) for word in node.words)
            return f"{self.name(node.node)}{'为' if wanted else '不为'}{words}"
        if isinstance(node, Reference):
            rule = self._edition.rules[node.name]
            return rule.says if wanted else rule.otherwise
        return f"{'' if wanted else '非'}{self.name(node)}"

    def _term(self, node: Node, *, wanted: bool) -> str:
        words = self.condition(node, wanted=wanted)
        return f"（{words}）" if isinstance(node, Every | Either) else words

    def _comparison(self, node: Comparison, *, wanted: bool) -> str:
        left, right = unraised(node.left), unraised(node.right)
        if is_switch(left, self._edition):
            return self.name(left) if wanted else f"{self.name(left)}：否"
        if isinstance(right, Constant) and right.value == "":
            return f"{'无' if wanted else '有'}{self.name(left)}"
        name = "" if self.measure(left) == YEARS else self.name(left)
        name += " " * name[-1:].isdigit()
        return f"{name}{joined(self.operator(node, wanted=wanted), self.constant(right, left))}"

    def _of_members(self, node: Members, *, wanted: bool) -> str:
        inner = self.condition(node.condition, wanted=wanted)
        if node.what == "any":
            return f"有成员{inner}" if wanted else f"全体成员{inner}"
        return f"全体成员{inner}" if wanted else f"有成员{inner}"

    def unit(self, node: Node) -> Unit:
        """The unit of a value. A checked rule may ask a person for all but counts of members."""
        return self._edition.compiler.unit(node, "household" if _counts_members(node) else "person")

    def _bracketed(self, node: Node) -> str:
        return f"（{self.name(node)}）" if isinstance(unraised(node), Sum | Difference) else self.name(node)

    def _product(self, node: Product) -> str:
        left, right = self._bracketed(node.left), node.right
        return f"{left} × {right.value if isinstance(right, Constant) else self._bracketed(right)}"

    def _extreme(self, node: Extreme) -> str:
        first, second = node.terms
        if node.which == "greatest" and isinstance(unraised(second), Constant):
            return f"{self.name(first)}（不低于 {self.constant(unraised(second), first)}）"
        return f"{self.name(first)}与{self.name(second)}中{'较小' if node.which == 'least' else '较大'}者"

    def _choice(self, node: Choice) -> str:
        then, otherwise = self.constant(node.then, node.otherwise), self.constant(node.otherwise, node.then)
        return f"{self.condition(node.condition)}的为{then}，否则为{otherwise}"

    def _members(self, node: Members) -> str:
        everybody = isinstance(node.condition, Constant)
        if node.value is None:
            return "家庭人数" if everybody else f"{self.condition(node.condition)}的人数"
        who = "各成员" if everybody else f"{self.condition(node.condition)}的成员"
        return f"{who}的{self.name(node.value)}之和"

    def _shifted(self, node: Shifted) -> str:
        day = self.name(node.node)
        words = {
            "next_month": f"{day}的次月首日",
            "months": f"{day}起满{self.name(node.months)}之日",
            "day_before": f"{day}的前一日",
            "year": f"{day}所在年度",
        }
        return words[node.what]

    def _working_days_later(self, node: WorkingDaysLater) -> str:
        days = f"{node.days.value} {WORKING_DAYS}" if isinstance(node.days, Constant) else self.name(node.days)
        return joined(f"{self.name(node.day)}起（当日不计）", f"{days}届满之日")


def is_switch(node: Node, edition: Edition) -> bool:
    """Whether a value is a switch of the operator, nothing a household could change."""
    return isinstance(node, ParameterOf) and edition.parameters.parameter(node.name).unit == "switch"


def _counts_members(node: Node) -> bool:
    return isinstance(node, Members) or any(map(_counts_members, children(node)))
