"""Why a policy answers as it does: each condition with values, parameters, state, and what would have to change.

Reads the same trees as the interpreter and the values it found. For each rule of truth a plan is made once per edition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from eligibility.rules.engine.book import Policy, Rule, children
from eligibility.rules.engine.expressions import (
    Choice,
    Comparison,
    Constant,
    Difference,
    Either,
    Elapsed,
    Every,
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
    Sum,
    Unit,
)
from eligibility.rules.engine.interpreter import HOUSEHOLD, Frame, Step
from eligibility.rules.engine.spans import Span
from eligibility.rules.engine.toolbook import Edition
from eligibility.rules.engine.wording import OPERATORS, OPPOSITES, STATES, WORDS, shown
from eligibility.rules.facts.records import COLUMNS

STATE_NAMES = {True: "held", False: "failed", None: "unknown"}

_SIDES = 2
"""A comparison has two."""

Words = Callable[[Frame, int], str]


@dataclass(frozen=True, slots=True)
class Part:
    """A rule of truth that a condition asks for: of the same person, or of each member; as it is, or its opposite."""

    rule: str
    each_member: bool
    negated: bool


@dataclass(frozen=True, slots=True)
class Operand:
    """A number, date or word that stands in a condition itself."""

    label: str
    step: Step
    unit: Unit
    scale: int


class Explainer:
    """Explains one evaluation. Conditions that several policies share are told once."""

    def __init__(self, plans: Plans, frame: Frame) -> None:
        self._plans = plans
        self._edition = plans.edition
        self._frame = frame
        self._told: dict[tuple[Part, int, bool], dict[str, Any]] = {}

    def policy(self, policy: Policy) -> list[dict[str, Any]]:
        """The conditions of a policy's deciding rule; for each member where it is a rule of persons."""
        whole = Part(policy.eligible, each_member=False, negated=False)
        if self._edition.scopes[policy.eligible] == "person":
            return [
                {**self._condition(whole, who, deep=True), "member": person.id}
                for who, person in enumerate(self._frame.people)
            ]
        return self._below(policy.eligible, HOUSEHOLD, only=()) or [self._condition(whole, HOUSEHOLD, deep=False)]

    def _condition(self, part: Part, who: int, *, deep: bool) -> dict[str, Any]:
        """One condition as data. `deep`: with those below it that make it what it is."""
        rule = self._edition.rules[part.rule]
        if rule.scope == "household":
            who = HOUSEHOLD
        key = part, who, deep
        found = self._told.get(key)
        if found is None:
            found = self._told[key] = self._tell(rule, part, who)
            if deep and not part.negated:
                state = self._edition.values[part.rule](self._frame, who)
                below = self._below(part.rule, who, only=(state,))
                if below:
                    found["conditions"] = below
        return found

    def _tell(self, rule: Rule, part: Part, who: int) -> dict[str, Any]:
        frame = self._frame
        state = self._state(part, who)
        plan = self._plans.plan(part.rule)
        found: dict[str, Any] = {
            "rule": rule.name,
            "says": f"并非{rule.says}" if part.negated else rule.says,
            "clause": rule.clause,
            "state": STATE_NAMES[state],
        }
        if text := plan.words(frame, who):
            found["text"] = text
        if plan.operands:
            found["values"] = [
                {"label": item.label, "value": shown(item.step(frame, who), item.unit, item.scale, "")}
                for item in plan.operands
            ]
        parameters = [frame.read[name] for name in plan.parameters if name in frame.read]
        if parameters:
            found["parameters"] = [
                {
                    "name": item.name,
                    "value": str(item.value),
                    "first_day": item.first_day.isoformat(),
                    "source": item.source,
                    "assumed": item.assumed,
                }
                for item in parameters
            ]
        if state is False and (changes := plan.changes(frame, who, wanted=not part.negated)):
            found["changes"] = changes
        if state is None:
            found["awaits"] = self.awaited(part.rule, who)
        return found

    def _state(self, part: Part, who: int) -> bool | None:
        value: bool | None = self._edition.values[part.rule](self._frame, who)
        return None if value is None else value is not part.negated

    def _below(self, name: str, who: int, *, only: tuple[bool | None, ...]) -> list[dict[str, Any]]:
        """The conditions directly below a rule: all, or those of the states in `only`.

        Only what makes a condition what it is goes deeper, and no deeper than another policy.
        """
        whole: bool | None = self._edition.values[name](self._frame, who)
        found = []
        for part in self._plans.plan(name).parts:
            for at in range(len(self._frame.people)) if part.each_member else [who]:
                state = self._state(part, at)
                if only and state not in only:
                    continue
                deep = state is whole and part.rule not in self._edition.policy_rules
                condition = self._condition(part, at, deep=deep)
                found.append({**condition, "member": self._frame.people[at].id} if part.each_member else condition)
        return found

    def awaited(self, name: str, who: int) -> list[dict[str, str]]:
        """The unknown facts on which an unknown rule hangs, each once."""
        found: dict[tuple[str, str], dict[str, str]] = {}
        for fact, at in self._unknown(Reference(name), who):
            path = COLUMNS[fact.scope][fact.name].path
            member = self._frame.people[at].id if fact.scope == "person" else ""
            entry = {"fact": fact.name, "label": fact.label, "path": path}
            if member:
                entry |= {"member": member, "path": f"members[{member}].{path}"}
            found[member, fact.name] = entry
        return [found[key] for key in sorted(found)]

    def _unknown(self, node: Node, who: int) -> Iterator[tuple[Fact, int]]:
        if isinstance(node, Reference):
            rule = self._edition.rules[node.name]
            who = HOUSEHOLD if rule.scope == "household" else who
            if _is_unknown(self._edition.values[node.name](self._frame, who)):
                yield from self._unknown(rule.tree, who)
        elif _is_unknown(self._value(node, who)):
            if isinstance(node, Fact):
                yield node, who
            for below, at in self._hanging_on(node, who):
                yield from self._unknown(below, at)

    def _hanging_on(self, node: Node, who: int) -> Iterator[tuple[Node, int]]:
        """The parts of an unknown node that can make it unknown, and of whom."""
        if isinstance(node, Members):
            for at in range(len(self._frame.people)):
                yield node.condition, at
                if node.value is not None and self._value(node.condition, at) is not False:
                    yield node.value, at
        elif isinstance(node, Choice) and (truth := self._value(node.condition, who)) is not None:
            yield (node.then if truth else node.otherwise), who
        else:
            yield from ((below, who) for below in children(node))

    def _value(self, node: Node, who: int) -> Any:
        return self._plans.step(node, "household" if who == HOUSEHOLD else "person")(self._frame, who)


def _is_unknown(value: Any) -> bool:
    return value is None or isinstance(value, Span)


class Plans:
    """How the rules of one edition are told, worked out once."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self._plans: dict[str, Plan] = {}
        self._steps: dict[tuple[int, Scope], Step] = {}

    def plan(self, name: str) -> Plan:
        """The plan of one rule of truth."""
        if name not in self._plans:
            self._plans[name] = Plan(self.edition, name, self.step)
        return self._plans[name]

    def step(self, node: Node, scope: Scope) -> Step:
        """The step of a part of a rule. The edition keeps the node alive, so its id can be its name."""
        key = id(node), scope
        if key not in self._steps:
            self._steps[key] = self.edition.compiler.step(node, scope)
        return self._steps[key]


class Plan:
    """How one rule of truth is told: the rules it asks for, its own comparisons in words, and its remedies."""

    def __init__(self, edition: Edition, name: str, step: Callable[[Node, Scope], Step]) -> None:
        self._edition = edition
        self._step = step
        rule = edition.rules[name]
        self._tree = rule.tree
        self._scope: Scope = rule.scope
        self.parts = list(dict.fromkeys(self._parts(rule.tree, each_member=False, negated=False)))
        self.parameters = sorted(edition.parameters_of[name])
        self.operands = [self._operand(node, rule.scope) for node in self._operands(rule.tree)]
        self._is_single = sum(1 for _ in self._operands(rule.tree)) <= _SIDES
        self.words: Words = self._words(rule.tree, rule.scope)

    def _parts(self, node: Node, *, each_member: bool, negated: bool) -> Iterator[Part]:
        if isinstance(node, Reference):
            if self._edition.units[node.name] is Unit.TRUTH:
                of_person = self._edition.scopes[node.name] == "person"
                yield Part(node.name, each_member and of_person, negated)
        elif isinstance(node, Opposite):
            yield from self._parts(node.node, each_member=each_member, negated=not negated)
        elif isinstance(node, Every | Either | Choice):
            for child in children(node):
                yield from self._parts(child, each_member=each_member, negated=negated)
        elif isinstance(node, Members) and node.what in ("any", "all"):
            yield from self._parts(node.condition, each_member=True, negated=negated)

    def _operands(self, node: Node) -> Iterator[Node]:
        if isinstance(node, Comparison):
            yield from (side for side in (node.left, node.right) if not isinstance(side, Constant))
        elif isinstance(node, OneOf):
            yield node.node
        elif isinstance(node, Fact):
            yield node
        elif not isinstance(node, Members | Reference):
            for child in children(node):
                yield from self._operands(child)

    def _operand(self, node: Node, scope: Scope) -> Operand:
        return Operand(self.label(node), self._step(node, scope), self._edition.compiler.unit(node, scope), node.scale)

    def label(self, node: Node) -> str:
        """What a value is called."""
        if isinstance(node, Reference):
            return self._edition.rules[node.name].says
        if isinstance(node, Elapsed):
            return "周岁年龄" if node.what == "years" else f"{self.label(node.since)}至今月数"
        if isinstance(node, Product | Sum | Difference):
            sign = {Product: " × ", Sum: " + ", Difference: " - "}[type(node)]
            return sign.join(self.label(child) for child in children(node) if not isinstance(child, Raised))
        if isinstance(node, Members):
            return "人数"
        return str(getattr(node, "label", "") or getattr(node, "name", "") or getattr(node, "value", ""))

    def _value(self, node: Node, scope: Scope) -> Words:
        operand = self._operand(node, scope)
        return lambda frame, who: shown(operand.step(frame, who), operand.unit, operand.scale, operand.label)

    def _labelled(self, node: Node, scope: Scope) -> Words:
        value, label = self._value(node, scope), self.label(node)
        return lambda frame, who: f"{label} {value(frame, who).removeprefix(label).strip()}"

    def _compared(self, node: Comparison, scope: Scope) -> Words:
        if self._edition.compiler.unit(node.left, scope) is Unit.WORD:
            return self._labelled(node.left, scope)
        # One comparison is named by the rule's own words; several need their names.
        left = self._value(node.left, scope) if self._is_single else self._labelled(node.left, scope)
        right, op = self._value(node.right, scope), OPERATORS[node.op]
        return lambda frame, who: f"{left(frame, who)} {op} {right(frame, who)}"

    def _joined(self, node: Every | Either, scope: Scope) -> Words:
        joint = "，" if isinstance(node, Every) else " 或 "
        terms = [self._words(term, scope) for term in node.terms]

        def join(frame: Frame, who: int) -> str:
            return joint.join(dict.fromkeys(text for term in terms if (text := term(frame, who))))

        return join

    def _words(self, node: Node, scope: Scope) -> Words:
        if isinstance(node, Comparison):
            return self._compared(node, scope)
        if isinstance(node, OneOf | Fact):
            return self._labelled(node.node if isinstance(node, OneOf) else node, scope)
        if isinstance(node, Opposite):
            words = self._words(node.node, scope)
            return lambda frame, who: f"并非：{text}" if (text := words(frame, who)) else ""
        if isinstance(node, Every | Either):
            return self._joined(node, scope)
        if isinstance(node, Members) and node.what in ("any", "all"):
            condition, step = self._words(node.condition, "person"), self._step(node.condition, "person")
            return lambda frame, _who: "；".join(
                f"{person.id} {condition(frame, at) or STATES[step(frame, at)]}"
                for at, person in enumerate(frame.people)
            )
        return lambda _frame, _who: ""

    def changes(self, frame: Frame, who: int, *, wanted: bool) -> list[str]:
        """What would have to be otherwise for the rule's own comparisons to give the truth that is wanted."""
        return list(dict.fromkeys(self._changes(self._tree, frame, who, wanted=wanted)))

    def _changes(self, node: Node, frame: Frame, who: int, *, wanted: bool) -> Iterator[str]:
        if isinstance(node, Opposite):
            yield from self._changes(node.node, frame, who, wanted=not wanted)
        elif isinstance(node, Every | Either):
            for term in node.terms:
                yield from self._changes(term, frame, who, wanted=wanted)
        elif not isinstance(node, Comparison | OneOf | Fact) or self._step(node, self._scope)(frame, who) is wanted:
            return
        elif isinstance(node, Comparison):
            if isinstance(node.left, ParameterOf):
                return  # a switch of the operator, nothing a household can change
            op = (OPERATORS if wanted else OPPOSITES)[node.op]
            left, right = self._value(node.left, self._scope), self._value(node.right, self._scope)
            yield f"{self.label(node.left)}须 {op} {right(frame, who)}，现为 {left(frame, who)}"
        elif isinstance(node, OneOf):
            words = "、".join(WORDS.get(word, word) for word in node.words)
            yield f"{self.label(node.node)}须{'' if wanted else '不'}为：{words}"
        else:
            yield f"{self.label(node)}须为：{'是' if wanted else '否'}"


def lines(conditions: list[dict[str, Any]], depth: int = 0) -> Iterator[str]:
    """Conditions as lines of text, those below indented."""
    for condition in conditions:
        state = STATES[{"held": True, "failed": False, "unknown": None}[condition["state"]]]
        member = f"{condition['member']} " if "member" in condition else ""
        text = f"（{condition['text']}）" if "text" in condition else ""
        yield f"{'　' * depth}{state}：{member}{condition['says']}{text}"
        yield from lines(condition.get("conditions", []), depth + 1)
