"""A trace in plain Chinese and as data: each condition with values, parameters, state, and what would have to change.

How a rule is told is worked out once per edition, each condition of a household is put into words once, and its reasons
stand once in each policy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from eligibility.rules.engine.awaiting import Awaiting, Searches
from eligibility.rules.engine.book import Policy
from eligibility.rules.engine.derivation import Derivations, Workings, derivation_lines, told_below, told_key
from eligibility.rules.engine.expressions import Unit
from eligibility.rules.engine.interpreter import Frame
from eligibility.rules.engine.phrases import Account, Compared, Phrases
from eligibility.rules.engine.sentences import Sentences
from eligibility.rules.engine.toolbook import Edition
from eligibility.rules.engine.trace import Condition, Outline, Outlines, Trace
from eligibility.rules.engine.wording import STATES

STATE_NAMES: Final = {True: "held", False: "failed", None: "unknown"}
_INDENT: Final = "　"
_TOLD_ABOVE: Final = "（依据见上）"
Number = tuple[str, int]
"""A rule of a number, and the person of whom it is."""


class Plan:
    """How one rule that is wanted to hold, or not to, is told."""

    __slots__ = ("entries", "opposite", "parameters", "phrase", "says")

    def __init__(self, plans: Plans, outline: Outline) -> None:
        rule, wanted = outline.rule, outline.wanted
        self.says = rule.says if wanted else rule.otherwise
        self.opposite = rule.otherwise if wanted else rule.says
        self.phrase = plans.phrases.phrase(rule.tree, rule.scope, wanted=wanted)
        self.parameters = sorted(plans.edition.parameters_of[rule.name])
        known: dict[str, Any] = {"rule": rule.name, "says": self.says, "clause": rule.clause}
        if self.parameters:
            known["parameters"] = self.parameters
        self.entries = {state: {**known, "state": name} for state, name in STATE_NAMES.items()}


class Plans:
    """How the rules of one edition are told, worked out once."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.outlines = Outlines(edition)
        self.sentences = Sentences(edition)
        self.phrases = Phrases(edition, self.sentences)
        self.workings = Workings(edition, self.sentences, self.phrases)
        self.searches = Searches(edition)
        self._used_by: dict[str, int] = {}
        self._plans: dict[int, Plan] = {}

    def used_by(self, name: str) -> int:
        """The parameters on which the value of an output rests: for a word, those of the conditions that chose it."""
        found = self._used_by.get(name)
        if found is None:
            is_word = self.edition.units[name] is Unit.WORD
            names = self.edition.parameters_below(name) if is_word else self.edition.parameters_of[name]
            found = self._used_by[name] = self.outlines.bits_of(names)
        return found

    def plan(self, outline: Outline) -> Plan:
        """How the rule of an outline is told."""
        plan = self._plans.get(outline.index)
        if plan is None:
            plan = self._plans[outline.index] = Plan(self, outline)
        return plan


@dataclass(slots=True)
class Reasons:
    """The conditions of a policy as data and as text, the amounts they rest on, and the parameters that decided.

    A condition whose reasons were told above has none below it and says so.
    """

    conditions: list[dict[str, Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    numbers: dict[Number, None] = field(default_factory=dict)
    used: int = 0
    told: set[Condition] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Used:
    """The parameters that an answer rests on: the names of those that are assumed, and all as text."""

    assumed: list[str]
    lines: list[str]


class Explainer:
    """Explains one evaluation."""

    def __init__(self, plans: Plans, frame: Frame) -> None:
        self._plans = plans
        self._account = Account(frame)
        self._people = [person.id for person in frame.people]
        self._words: dict[Condition, tuple[dict[str, Any], str]] = {}
        self._used: dict[int, Used] = {}
        self.trace = Trace(plans.outlines, frame)
        self.awaiting = Awaiting(plans.edition, plans.searches, self._account)
        self._derivations = Derivations(plans.workings, self._account)

    @property
    def members(self) -> list[str]:
        """What the members are called."""
        return self._account.members

    def policy(self, policy: Policy) -> Reasons:
        """The conditions of a policy's deciding rule; of each member where it is a rule of persons."""
        reasons = Reasons()
        conditions = self.trace.policy(policy.eligible)
        for condition in conditions:
            reasons.used |= condition.used
            if condition.outline.of_person:
                self._tell(reasons, reasons.conditions, "", condition, of_member=True, is_deep=True)
            else:
                self._tell_household(reasons, condition)
        return reasons

    def used(self, reasons: Reasons, outputs: Iterable[str]) -> Used:
        """The parameters that decided, and those of the outputs that were given."""
        bits = reasons.used
        for name in outputs:
            bits |= self._plans.used_by(name)
        found = self._used.get(bits)
        if found is None:
            values = [self._account.value(name) for name, bit in self._plans.outlines.bits.items() if bits & bit]
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
        for number in numbers:
            if self._derivations.is_worked_out(*number):
                one = self._derivations.of_rule(*number)
                if told_key(one) not in known:
                    told.append(one)
        lines = [_INDENT + line for one in told for line in derivation_lines(one)]
        return told, ["计算过程：", *lines] if lines else []

    def _tell_household(self, reasons: Reasons, condition: Condition) -> None:
        """A policy of the household: its own comparisons, and each of its terms; with reasons what decides it."""
        outline = condition.outline
        reasons.numbers.update(dict.fromkeys((name, condition.who) for name in outline.numbers))
        terms = self.trace.terms(condition)
        if self._plans.plan(outline).phrase is not None or not terms:
            self._tell(reasons, reasons.conditions, "", condition, of_member=False, is_deep=False)
        for term, of_member in terms:
            is_deep = term.state is condition.truth and not term.outline.is_policy
            self._tell(reasons, reasons.conditions, "", term, of_member=of_member, is_deep=is_deep)

    def _tell(
        self,
        reasons: Reasons,
        among: list[dict[str, Any]],
        indent: str,
        condition: Condition,
        *,
        of_member: bool,
        is_deep: bool,
    ) -> None:
        """One condition among others; where it is told deep with those that decide it, down to other policies."""
        words = self._words.get(condition)
        if words is None:
            words = self._words[condition] = self._worded(condition)
        entry, text = words
        line = f"{indent}{STATES[condition.state]}：{text}"
        if of_member:
            name = self._account.members[condition.who]
            entry = {"member": self._people[condition.who], "member_name": name, **entry}
            line = f"{indent}{STATES[condition.state]}：{name} {text}"
        if is_deep:
            outline = condition.outline
            for amount in outline.numbers:
                reasons.numbers[amount, condition.who] = None
            # That an exclusion does not apply needs no reasons.
            if condition.below and (outline.wanted or not condition.state):
                if condition in reasons.told:
                    among.append({**entry, "told_above": True})
                    reasons.lines.append(line + _TOLD_ABOVE)
                    return
                reasons.told.add(condition)
                reasons.lines.append(line)
                below: list[dict[str, Any]] = []
                among.append({**entry, "conditions": below})
                for part, is_of_member in condition.below:
                    is_policy = part.outline.is_policy
                    self._tell(reasons, below, indent + _INDENT, part, of_member=is_of_member, is_deep=not is_policy)
                return
        among.append(entry)
        reasons.lines.append(line)

    def _worded(self, condition: Condition) -> tuple[dict[str, Any], str]:
        """One condition as data, and in words without its state."""
        plan, state, account = self._plans.plan(condition.outline), condition.state, self._account
        for name in plan.parameters:
            account.value(name)
        entry = plan.entries[state].copy()
        text = plan.says
        compared: Compared = []
        words = plan.phrase(account, condition.who, compared) if plan.phrase is not None else ""
        if state is False and not (words or condition.outline.wanted):
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
        if state is None:
            entry["awaits"] = self.awaiting.facts(condition.outline.rule.name, condition.who)
        return entry, text
