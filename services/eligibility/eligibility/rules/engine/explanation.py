"""Why a policy answers as it does: each condition with values, parameters, state, and what would have to change.

Reads the same trees as the interpreter and the values it found. How a rule is told is worked out once per edition; what
several policies of one household share is told once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from eligibility.rules.engine.awaiting import Awaiting, Searches
from eligibility.rules.engine.book import Policy, children
from eligibility.rules.engine.decisive import Decisive, Part, no_parts
from eligibility.rules.engine.derivation import Derivations, Workings, derivation_lines, told_below, told_key
from eligibility.rules.engine.expressions import Members, Node, Reference, Unit
from eligibility.rules.engine.interpreter import HOUSEHOLD, Frame
from eligibility.rules.engine.phrases import Account, Compared, Phrases
from eligibility.rules.engine.sentences import Sentences
from eligibility.rules.engine.toolbook import Edition
from eligibility.rules.engine.wording import STATES

STATE_NAMES: Final = {True: "held", False: "failed", None: "unknown"}
_INDENT: Final = "　"
Number = tuple[str, int]
"""A rule of a number, and the person of whom it is."""


class Plan:
    """How one rule of truth is told, or its opposite: its words, its own comparisons, the rules that decide it."""

    def __init__(self, plans: Plans, name: str, index: int, *, wanted: bool) -> None:
        edition = plans.edition
        rule = edition.rules[name]
        self.wanted = wanted
        self.index = index
        self.of_person = rule.scope == "person"
        self.is_policy = name in edition.policy_rules
        self.entry = {"rule": name, "says": rule.says if wanted else rule.otherwise, "clause": rule.clause}
        self.opposite = rule.otherwise if wanted else rule.says
        self.decide = edition.values[name]
        self.phrase = plans.phrases.phrase(rule.tree, rule.scope, wanted=wanted)
        self.decisive = plans.decisive.parts(rule.tree, rule.scope)
        self.terms = self.decisive if self.of_person else plans.decisive.of_each_term(rule.tree)
        self.parameters = sorted(edition.parameters_of[name])
        self.numbers = list(dict.fromkeys(_numbers(rule.tree, edition)))
        self.used = sum(plans.bits[one] for one in self.parameters)


def _numbers(node: Node, edition: Edition) -> Iterator[str]:
    """The amounts that the comparisons of a rule rest on."""
    if isinstance(node, Reference):
        if edition.units[node.name] is Unit.FEN:
            yield node.name
    elif not isinstance(node, Members):
        for child in children(node):
            yield from _numbers(child, edition)


class Plans:
    """How the rules of one edition are told, worked out once."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.sentences = Sentences(edition)
        self.phrases = Phrases(edition, self.sentences)
        self.workings = Workings(edition, self.sentences, self.phrases)
        self.searches = Searches(edition)
        self.decisive = Decisive(edition)
        self.bits = {name: 1 << at for at, name in enumerate(sorted(edition.parameters.names()))}
        self._used_by: dict[str, int] = {}
        self._plans: dict[tuple[str, bool], Plan] = {}

    def used_by(self, name: str) -> int:
        """The parameters on which the value of an output rests: for a word, those of the conditions that chose it."""
        found = self._used_by.get(name)
        if found is None:
            is_word = self.edition.units[name] is Unit.WORD
            names = self.edition.parameters_below(name) if is_word else self.edition.parameters_of[name]
            found = self._used_by[name] = sum(self.bits[one] for one in names)
        return found

    def plan(self, rule: tuple[str, bool]) -> Plan:
        """The plan of one rule of truth that is wanted to hold, or not to."""
        plan = self._plans.get(rule)
        if plan is None:
            name, wanted = rule
            plan = self._plans[rule] = Plan(self, name, len(self._plans), wanted=wanted)
        return plan


class Told:
    """One condition of one household, and once it was asked for, what decides it.

    `lines` and `conditions` are those below it, `numbers` the amounts that it and those below rest on, `used` the
    parameters that decided it, as bits.
    """

    __slots__ = ("conditions", "entry", "lines", "numbers", "state", "text", "truth", "used")

    def __init__(self, entry: dict[str, Any], text: str, *, truth: bool | None, state: bool | None) -> None:
        self.entry = entry
        self.text = text
        self.truth = truth
        self.state = state
        self.conditions: list[dict[str, Any]] | None = None
        self.lines: list[str] = []
        self.numbers: tuple[Number, ...] = ()
        self.used = 0


@dataclass(slots=True)
class Reasons:
    """The conditions of a policy as data and as text, the numbers they rest on, and the parameters that decided."""

    conditions: list[dict[str, Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    numbers: tuple[Number, ...] = ()
    used: int = 0


@dataclass(frozen=True, slots=True)
class Used:
    """The parameters that an answer rests on: the names of those that are assumed, and all as text."""

    assumed: list[str]
    lines: list[str]


class Explainer:
    """Explains one evaluation."""

    def __init__(self, plans: Plans, frame: Frame) -> None:
        self._plans = plans
        self._frame = frame
        self._account = Account(frame)
        self._width = len(frame.people) + 1
        self._told: dict[int, Told] = {}
        self._parameters: dict[int, list[dict[str, Any]]] = {}
        self._used: dict[int, Used] = {}
        self.awaiting = Awaiting(plans.edition, plans.searches, self._account)
        self._derivations = Derivations(plans.workings, self._account)

    @property
    def members(self) -> list[str]:
        """What the members are called."""
        return self._account.members

    def policy(self, policy: Policy) -> Reasons:
        """The conditions of a policy's deciding rule; of each member where it is a rule of persons."""
        plan = self._plans.plan((policy.eligible, True))
        reasons = Reasons()
        if plan.of_person:
            for who in range(self._width - 1):
                self._add(reasons, plan, who, of_member=True, deep=True)
            return reasons
        told = self._decided(plan, HOUSEHOLD)
        reasons.used = told.used
        reasons.numbers = tuple((name, HOUSEHOLD) for name in plan.numbers)
        parts: list[Part] = []
        plan.terms(self._frame, HOUSEHOLD, told.truth, parts)
        if plan.phrase is not None or not parts:
            self._put(reasons.conditions, reasons.lines, told, HOUSEHOLD, of_member=False)
        for rule, who, of_member in parts:
            part = self._plans.plan(rule)
            is_decisive = self._tell(part, who).state is told.truth
            self._add(reasons, part, who, of_member=of_member, deep=is_decisive and not part.is_policy)
        return reasons

    def used(self, reasons: Reasons, outputs: Iterable[str]) -> Used:
        """The parameters that decided, and those of the outputs that were given."""
        bits = reasons.used
        for name in outputs:
            bits |= self._plans.used_by(name)
        found = self._used.get(bits)
        if found is None:
            values = [self._account.value(name) for name, bit in self._plans.bits.items() if bits & bit]
            values.sort(key=lambda value: (value.assumed, value.name))
            lines = [_INDENT + self._account.parameter_line(value.name) for value in values]
            found = self._used[bits] = Used(
                [value.name for value in values if value.assumed], ["所用标准：", *lines] if lines else []
            )
        return found

    def derived(self, amounts: list[Number], numbers: Iterable[Number]) -> tuple[list[dict[str, Any]], list[str]]:
        """How the amounts came about, and the numbers that were added and multiplied; as data and as text."""
        told = [self._derivations.of_rule(*number) for number in amounts]
        known = {key for one in told for key in told_below(one)}
        for number in dict.fromkeys(numbers):
            if self._derivations.is_worked_out(*number):
                one = self._derivations.of_rule(*number)
                if told_key(one) not in known:
                    told.append(one)
        lines = [_INDENT + line for one in told for line in derivation_lines(one)]
        return told, ["计算过程：", *lines] if lines else []

    def _add(self, reasons: Reasons, plan: Plan, who: int, *, of_member: bool, deep: bool) -> None:
        told = self._decided(plan, who) if deep else self._tell(plan, who)
        self._put(reasons.conditions, reasons.lines, told, who, of_member=of_member, deep=deep)
        if deep:
            reasons.numbers += told.numbers
            reasons.used |= told.used

    def _put(
        self,
        conditions: list[dict[str, Any]],
        lines: list[str],
        told: Told,
        who: int,
        *,
        of_member: bool,
        deep: bool = False,
    ) -> None:
        """Put one condition among others, with those below it where it is told deep."""
        entry = told.entry
        if of_member:
            name = self._account.members[who]
            entry = {"member": self._frame.people[who].id, "member_name": name, **entry}
            lines.append(f"{STATES[told.state]}：{name} {told.text}")
        else:
            lines.append(f"{STATES[told.state]}：{told.text}")
        if deep and told.conditions:
            entry = {**entry, "conditions": told.conditions}
            lines += told.lines
        conditions.append(entry)

    def _decided(self, plan: Plan, who: int) -> Told:
        """One condition with those that decide it, no deeper than another policy."""
        told = self._tell(plan, who)
        if told.conditions is not None:
            return told
        told.conditions = []
        told.used = plan.used
        if plan.numbers:
            told.numbers = tuple((name, who) for name in plan.numbers)
        if plan.decisive is no_parts:
            return told
        # That an exclusion does not apply needs no reasons.
        is_told = plan.wanted or not told.state
        lines: list[str] = []
        parts: list[Part] = []
        plan.decisive(self._frame, who, told.truth, parts)
        for rule, at, of_member in parts:
            part = self._plans.plan(rule)
            below = self._decided(part, at)
            told.used |= below.used
            if is_told:
                self._put(told.conditions, lines, below, at, of_member=of_member, deep=not part.is_policy)
                if not part.is_policy:
                    told.numbers += below.numbers
        told.lines = [_INDENT + line for line in lines]
        return told

    def _tell(self, plan: Plan, who: int) -> Told:
        """One condition by itself."""
        if not plan.of_person:
            who = HOUSEHOLD
        key = plan.index * self._width + who + 1
        told = self._told.get(key)
        if told is None:
            told = self._told[key] = self._told_now(plan, who)
        return told

    def _told_now(self, plan: Plan, who: int) -> Told:
        truth: bool | None = plan.decide(self._frame, who)
        state = None if truth is None else truth is plan.wanted
        entry: dict[str, Any] = {**plan.entry, "state": STATE_NAMES[state]}
        text: str = plan.entry["says"]
        compared: Compared = []
        words = plan.phrase(self._account, who, compared) if plan.phrase is not None else ""
        if state is False and not (words or plan.wanted):
            words = f"实为：{plan.opposite}"
        if words:
            entry["text"] = words
            text = f"{text}（{words}）"
        if compared:
            entry["compared"] = compared
            if state is False:
                entry["changes"] = [
                    f"{one['label']}须{one['demand']}，现为 {one['value']}" for one in compared if one["holds"] is False
                ]
        if plan.parameters:
            entry["parameters"] = self._parameters_of(plan)
        if state is None:
            entry["awaits"] = self.awaiting.facts(plan.entry["rule"], who)
        return Told(entry, text, truth=truth, state=state)

    def _parameters_of(self, plan: Plan) -> list[dict[str, Any]]:
        found = self._parameters.get(plan.index)
        if found is None:
            values = [self._account.value(name) for name in plan.parameters]
            found = self._parameters[plan.index] = [{"name": value.name, **value.as_json()} for value in values]
        return found
