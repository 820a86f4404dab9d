"""《武昌区分层分类社会救助政策工具书》 as data, made from the rules that decide. Clause 1.4.

Criteria are the trees of the rules in sentences. What several policies rest on is a term, defined once at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cached_property
from typing import Any, Final

from eligibility.rules.departments import DEPARTMENTS
from eligibility.rules.engine.book import Benefit, Policy, children
from eligibility.rules.engine.checking import parameters_in
from eligibility.rules.engine.expressions import Either, Elapsed, Every, Node, Opposite, Reference, Unit
from eligibility.rules.engine.sentences import Sentences
from eligibility.rules.engine.toolbook import Edition, Toolbook, references
from eligibility.rules.engine.wording import PARAMETER_UNITS, parameter_shown
from eligibility.rules.laws import LAWS
from eligibility.rules.policies import PARAMETERS, TOOLBOOK
from shared.papers import paper_title
from shared.parameters import Parameters, ParameterValue

TITLE: Final = "武昌区分层分类社会救助政策工具书"
ALWAYS: Final = ("户口簿（身份证）", "家庭经济状况核对授权书", "信息填报真实性承诺书")
"""一证两书: all that everybody brings (clause 8.4)."""

CHAPTERS: Final = {
    "2.1": "基本生活救助",
    "2.2": "医疗救助",
    "2.3": "教育救助",
    "2.4": "住房救助",
    "2.5": "就业救助",
    "2.6": "法律援助",
    "2.7": "受灾人员救助",
    "2.8": "助老帮扶",
    "2.9": "助残帮扶",
    "2.10": "计生家庭帮扶",
    "2.11": "困难职工帮扶",
    "4": "临时救助",
    "5": "服务类救助",
    "9": "慈善救助",
}
"""The chapters of 武昌办发〔2022〕8号 that name policies, in its order."""

KINDS: Final = {
    Benefit.CASH_MONTHLY: "现金，按月发放",
    Benefit.CASH_ONCE: "现金，按次发放",
    Benefit.SERVICE: "服务或实物",
    Benefit.IDENTIFICATION: "身份认定",
}
_INLINE_AT_MOST: Final = 4
"""A condition of more leaves than that, on which several policies rest, is defined once as a term."""


def publish(on: date, parameters: Parameters | None = None) -> dict[str, Any]:
    """The toolbook of a day. Before its first day it has no policies."""
    return Publication(TOOLBOOK, parameters or PARAMETERS, on).as_json()


class Publication:
    """One edition of the toolbook with the parameters of a day, put into words."""

    def __init__(self, toolbook: Toolbook, parameters: Parameters, on: date) -> None:
        self._toolbook = toolbook
        self._parameters = parameters
        self._on = on

    def as_json(self) -> dict[str, Any]:
        """Everything that is published."""
        edition = self._toolbook.edition(self._on)
        sections = _Sections(edition, self._parameters, self._on) if edition else None
        policies = [sections.policy(policy) for policy in sections.policies] if sections else []
        return {
            "title": TITLE,
            "as_of": self._on.isoformat(),
            "toolbook_version": self._toolbook.version(self._on),
            "chapters": [
                {"clause": clause, "title": title, "policies": found}
                for clause, title in CHAPTERS.items()
                if (found := [entry["policy"] for entry in policies if entry["chapter"] == clause])
            ],
            "policies": policies,
            "terms": sections.term_entries() if sections else [],
            "parameters": [self._parameter(name) for name in self._in_order(policies)],
            "assumed": [value.name for value in self._values(self._parameters.names()) if value.assumed],
            "laws": [
                {
                    "title": law.title,
                    "number": law.number,
                    "in_force_from": law.since.isoformat(),
                    "in_force_until": law.until.isoformat() if law.until else None,
                    "in_force": law.is_in_force(self._on),
                    "remark": law.remark,
                }
                for law in LAWS.values()
            ],
        }

    def _in_order(self, policies: list[dict[str, Any]]) -> list[str]:
        """The parameters as the policies come to use them, then the others."""
        used = [amount["parameter"] for entry in policies for amount in entry["amounts"]]
        return list(dict.fromkeys([*used, *sorted(self._parameters.names())]))

    def _values(self, names: Iterable[str]) -> list[ParameterValue]:
        found = (self._parameters.parameter(name).on(self._on) for name in sorted(names))
        return [value for value in found if value is not None]

    def _parameter(self, name: str) -> dict[str, Any]:
        parameter = self._parameters.parameter(name)
        now = parameter.on(self._on)
        return {
            "parameter": name,
            "label": parameter.label,
            "unit": parameter.unit,
            "unit_words": PARAMETER_UNITS.get(parameter.unit, parameter.unit),
            "values": [{**value_entry(value), "in_force": value is now} for value in parameter.values],
        }


def value_entry(value: ParameterValue) -> dict[str, Any]:
    """A value of a parameter with its origin, as data and in words."""
    return {
        "parameter": value.name,
        "label": value.label,
        "value": str(value.value),
        "shown": parameter_shown(value),
        "first_day": value.first_day.isoformat(),
        "source": value.source,
        "assumed": value.assumed,
    }


class _Sections:
    """The sections of one edition: a policy each, and the terms that several share."""

    def __init__(self, edition: Edition, parameters: Parameters, on: date) -> None:
        self._edition = edition
        self._parameters = parameters
        self._on = on
        self._sentences = Sentences(edition)
        self._policy_of = {policy.eligible: policy.id for policy in reversed(edition.policies)}

    @property
    def policies(self) -> list[Policy]:
        """The policies of the edition in the order of the policy text."""
        return sorted(
            self._edition.policies,
            key=lambda policy: (
                list(CHAPTERS).index(policy.chapter),
                not policy.clause.startswith(f"{policy.chapter}."),
                [int(part) for part in policy.clause.split(".")],
            ),
        )

    def policy(self, policy: Policy) -> dict[str, Any]:
        """The section of one policy."""
        join, criteria = self._opened(policy.eligible)
        rules = list(dict.fromkeys(self._within(policy.outputs, closed=False)))
        asked = {name for rule in rules for name in parameters_in(self._edition.rules[rule].tree)}
        values = [value for name in sorted(asked) if (value := self._parameters.parameter(name).on(self._on))]
        values.sort(key=lambda value: (value.assumed, value.name))
        return {
            "policy": policy.id,
            "title": policy.title,
            "clause": policy.clause,
            "chapter": policy.chapter,
            "department": policy.department,
            "department_name": DEPARTMENTS[policy.department],
            "kind": policy.kind.value,
            "benefit": self._benefit(policy),
            "public_notice": policy.public_notice,
            "on_request": policy.on_request,
            "since": self._edition.rules[policy.eligible].since.isoformat(),
            "applies_to": self._edition.scopes[policy.eligible],
            "join": join,
            "criteria": criteria,
            "calculation": [
                {"rule": name, "says": self._edition.rules[name].says, "formula": self._sentences.formula(name)}
                for name in rules
                if self._is_calculated(name) and name != policy.amount
            ],
            "amounts": [value_entry(value) for value in values],
            "assumed": [value.name for value in values if value.assumed],
            "legal_basis": [citation.as_json() for citation in policy.basis_on(self._on)],
            "further": self._further(policy),
            "response": policy.response.as_json() if policy.response else None,
            "materials": {
                "always": list(ALWAYS),
                "further": [
                    {"paper": paper, "title": paper_title(paper), "when": when}
                    for paper, when in policy.materials.items()
                ],
            },
            "procedure": {
                "title": policy.procedure.title,
                "steps": [step.as_json(self._parameters, on=self._on) for step in policy.procedure.on(self._on)],
            },
        }

    def _further(self, policy: Policy) -> list[dict[str, Any]]:
        """What a positive answer says of some of the members, and of whom."""
        names = [name for name in policy.when_eligible.values() if self._edition.scopes[name] == "person"]
        return [self._defined(name) for name in names]

    def _benefit(self, policy: Policy) -> dict[str, str]:
        kind = KINDS[policy.kind]
        if policy.amount is None:
            by_department = policy.kind in (Benefit.CASH_MONTHLY, Benefit.CASH_ONCE)
            amount = f"由{DEPARTMENTS[policy.department]}按其规定核定" if by_department else ""
        else:
            amount = self._sentences.formula(policy.amount)
            if self._edition.scopes[policy.amount] == "person":
                amount = f"每人：{amount}"
        return {"kind": kind, "amount": amount}

    def term_entries(self) -> list[dict[str, Any]]:
        """The terms with their criteria, in the order of their words."""
        return [self._defined(name) for name in sorted(self._terms)]

    def _defined(self, name: str) -> dict[str, Any]:
        """A condition with its criteria."""
        rule = self._edition.rules[name]
        join, criteria = self._opened(name)
        return {"rule": name, "says": rule.says, "clause": rule.clause, "join": join, "criteria": criteria}

    @cached_property
    def _terms(self) -> frozenset[str]:
        """The conditions of many parts on which several policies rest, or that exclude."""
        used: Counter[str] = Counter()
        for policy in self._edition.policies:
            used.update(set(self._below(policy.eligible)))
        excluded = {name for rule in self._edition.rules.values() for name in _negated(rule.tree)}
        return frozenset(
            name
            for name, times in used.items()
            if self._is_condition(name)
            and (times > 1 or name in excluded)
            and self._size(self._edition.rules[name].tree) > _INLINE_AT_MOST
        )

    def _is_condition(self, name: str) -> bool:
        return self._edition.units[name] is Unit.TRUTH and name not in self._policy_of

    def _is_calculated(self, name: str) -> bool:
        is_number = self._edition.units[name] in (Unit.FEN, Unit.COUNT, Unit.DATE)
        return is_number and not isinstance(self._edition.rules[name].tree, Elapsed)

    def _below(self, name: str) -> Iterator[str]:
        """The rules below one, up to other policies."""
        for other in sorted(references(self._edition.rules[name].tree)):
            if other not in self._policy_of:
                yield other
                yield from self._below(other)

    def _within(self, names: Iterable[str], *, closed: bool) -> Iterator[str]:
        """The rules of a section: those named and those below them, up to other policies and terms."""
        for name in names:
            if not (closed and (name in self._policy_of or name in self._terms)):
                yield name
                yield from self._within(sorted(references(self._edition.rules[name].tree)), closed=True)

    def _size(self, node: Node) -> int:
        """How many leaves a condition has when it is written out."""
        if isinstance(node, Reference):
            if not self._is_condition(node.name):
                return 1
            return self._size(self._edition.rules[node.name].tree)
        if isinstance(node, Every | Either | Opposite):
            return sum(map(self._size, children(node)))
        return 1

    def _opened(self, name: str) -> tuple[str, list[dict[str, Any]]]:
        """How the criteria of a rule are joined, and each of them."""
        tree = self._edition.rules[name].tree
        if isinstance(tree, Every | Either):
            return "all" if isinstance(tree, Every) else "any", [self._criterion(term) for term in tree.terms]
        return "all", [self._criterion(tree)]

    def _criterion(self, node: Node, *, wanted: bool = True) -> dict[str, Any]:
        """One condition, with those it consists of."""
        if isinstance(node, Opposite):
            return self._criterion(node.node, wanted=not wanted)
        if isinstance(node, Every | Either):
            join = "all" if isinstance(node, Every) is wanted else "any"
            says = "同时符合下列条件" if join == "all" else "符合下列条件之一"
            return _entry(says, join=join, criteria=[self._criterion(term, wanted=wanted) for term in node.terms])
        if isinstance(node, Reference):
            return self._named(node.name, wanted=wanted)
        return _entry(self._sentences.condition(node, wanted=wanted))

    def _named(self, name: str, *, wanted: bool) -> dict[str, Any]:
        """A condition that is a rule: written out, or named where it is a policy or a term."""
        rule = self._edition.rules[name]
        says = rule.says if wanted else rule.otherwise
        if name in self._policy_of:
            return _entry(says, rule=name, clause=rule.clause, see=f"policy-{self._policy_of[name]}")
        if name in self._terms:
            return _entry(says, rule=name, clause=rule.clause, see=f"term-{name}")
        if isinstance(rule.tree, Every | Either) and wanted:
            join, criteria = self._opened(name)
            return _entry(says, rule=name, clause=rule.clause, join=join, criteria=criteria)
        sentence = self._sentences.condition(rule.tree, wanted=wanted)
        if isinstance(rule.tree, Reference):
            return _entry(says, rule=name, clause=rule.clause, criteria=[self._criterion(rule.tree, wanted=wanted)])
        # A condition on each member names a term within its sentence: that is where its words are explained.
        terms = sorted(references(rule.tree) & self._terms)
        return _entry(
            says,
            rule=name,
            clause=rule.clause,
            sentence="" if sentence.replace(" ", "") == says else sentence,
            see=f"term-{terms[0]}" if terms else "",
        )


def _negated(node: Node) -> Iterator[str]:
    """The rules whose opposite is asked for."""
    if isinstance(node, Opposite) and isinstance(node.node, Reference):
        yield node.node.name
    for child in children(node):
        yield from _negated(child)


def _entry(
    says: str,
    *,
    rule: str = "",
    clause: str = "",
    sentence: str = "",
    see: str = "",
    join: str = "all",
    criteria: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    return {
        "says": says,
        "rule": rule,
        "clause": clause,
        "sentence": sentence,
        "see": see,
        "join": join,
        "criteria": criteria or [],
    }
