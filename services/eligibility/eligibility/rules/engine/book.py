"""The rule book: rules with scope, clause, words and first day, and the policies that they decide.

A chapter of rules is a `Book`; `bind` puts chapters together and checks the whole: every name, parameter and unit, no
two rules for one output on one day, no circle. What is in force on a day is an `Edition`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from eligibility.rules.departments import DEPARTMENTS
from eligibility.rules.engine.expressions import Fact, Node, Reference, Scope, lift
from eligibility.rules.facts.records import COLUMNS
from eligibility.rules.laws import Citation, cite
from eligibility.rules.procedures import REFERRAL, Procedure, Response
from shared.papers import PAPERS

RuleFunction = Callable[..., Node]
Materials = Mapping[str, str]
"""Papers by code, and for each who needs to bring it, in Chinese; empty: everybody."""
NO_MATERIALS: Materials = MappingProxyType({})


class BookInvalid(ValueError):
    """The rules contradict each other or name what does not exist. `problems` names rule and fault of each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


class Benefit(StrEnum):
    """What a policy gives."""

    CASH_MONTHLY = "cash_monthly"
    CASH_ONCE = "cash_once"
    SERVICE = "service"
    IDENTIFICATION = "identification"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as it stands from `since` until the day before a later one of the same name.

    `says` are its words where it holds, `otherwise` those of its opposite.
    """

    name: str
    scope: Scope
    clause: str
    says: str
    otherwise: str
    since: date
    tree: Node


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy of the toolbook. `eligible`, `amount`, `persons` and the keys of the answer are names of rules.

    A policy for persons is granted where `eligible` holds for at least one; its amount is the sum over them.
    `always` are keys of every answer, `when_eligible` only of a positive one: a value of the household, or a condition
    and of whom it holds. `response` is who answers the calls of those entitled. A policy `on_request` is told to those
    entitled and handed to its department once they want it: nobody gets a flat, a course or a lawyer unasked.
    `materials` are papers beyond the identity document, authorisation and commitment that everybody signs (clause 8.4),
    and only those that no department can supply. `chapter` is the part of the policy text under which it is published.
    """

    id: str
    title: str
    clause: str
    department: str
    kind: Benefit
    basis: tuple[Citation, ...]
    procedure: Procedure
    materials: Materials
    chapter: str
    eligible: str
    amount: str | None
    persons: str | None
    on_request: bool
    when_eligible: Mapping[str, str]
    always: Mapping[str, str]
    response: Response | None = None

    @property
    def public_notice(self) -> bool:
        """Whether the opinion hangs in the community before it is in force."""
        return self.procedure.has_public_notice

    def basis_on(self, day: date) -> tuple[Citation, ...]:
        """What of the basis is in force on a day."""
        return tuple(citation for citation in self.basis if citation.law.is_in_force(day))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The rules that the answer is read from."""
        named = (self.eligible, self.amount, self.persons, *self.when_eligible.values(), *self.always.values())
        return tuple(name for name in named if name)


class Names:
    """The names of one scope, as attributes, while a rule is being built: `person.wage`, `rule.net_income`."""

    def __init__(self, scope: Scope | None) -> None:
        self._scope = scope

    def __getattr__(self, name: str) -> Node:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._scope is None:
            return Reference(name)
        column = COLUMNS[self._scope].get(name)
        if column is None:
            raise NameError(f"there is no fact {name!r} of a {self._scope}")
        return Fact(column.scope, name, column.unit, column.label)


_ARGUMENTS = {"person": Names("person"), "household": Names("household"), "rule": Names(None)}


@dataclass(frozen=True, slots=True)
class _Draft:
    name: str
    scope: Scope
    clause: str
    says: str
    otherwise: str
    since: str
    function: RuleFunction


class Book:
    """A chapter of rules and policies, filled by its decorators and read by `bind`."""

    def __init__(self, *, since: str) -> None:
        """`since` is the first day (ISO) of every rule of the chapter that names no other."""
        self._since = since
        self.drafts: list[_Draft] = []
        self.policies: list[Policy] = []
        self.problems: list[str] = []

    def rule(
        self, scope: Scope, *, clause: str = "", says: str = "", otherwise: str = "", since: str = "", name: str = ""
    ) -> Callable[[RuleFunction], RuleFunction]:
        """Enter a function as a rule of that scope; its name is the output's name.

        The function may ask for any of `person`, `household` and `rule` and gives back a node. A later version of a
        rule is another function with the same `name`. Where other rules ask for its opposite, `otherwise` says that.
        """

        def enter(function: RuleFunction) -> RuleFunction:
            self.drafts.append(
                _Draft(
                    name or function.__name__,
                    scope,
                    clause,
                    says,
                    otherwise or f"不属于“{says}”",
                    since or self._since,
                    function,
                )
            )
            return function

        return enter

    def policy(
        self,
        policy_id: str,
        *,
        title: str,
        clause: str,
        department: str,
        kind: Benefit,
        basis: Iterable[str],
        procedure: Procedure = REFERRAL,
        materials: Materials = NO_MATERIALS,
        chapter: str = "",
        eligible: str = "",
        amount: str | None = None,
        persons: str | None = None,
        on_request: bool = False,
        when_eligible: Mapping[str, str] | None = None,
        always: Mapping[str, str] | None = None,
        response: Response | None = None,
    ) -> None:
        """Enter a policy. Its deciding rule has the policy's id unless `eligible` names another.

        Each of `basis` is a key of `laws.LAWS` with an article, such as "dibao_rules 第八条". The chapter is that
        of the clause unless another is named.
        """
        citations = []
        for words in basis:
            try:
                citations.append(cite(words))
            except LookupError as error:
                self.problems.append(f"policy {policy_id!r}: {error.args[0]}")
        if department not in DEPARTMENTS:
            self.problems.append(f"policy {policy_id!r}: there is no department {department!r}")
        self.problems.extend(
            f"policy {policy_id!r}: there is no paper {paper!r}" for paper in materials if paper not in PAPERS
        )
        self.policies.append(
            Policy(
                policy_id,
                title,
                clause,
                department,
                kind,
                tuple(citations),
                procedure,
                dict(materials),  # as it comes back from the archive
                chapter or ".".join(clause.split(".")[: 2 if clause.startswith("2.") else 1]),
                eligible or policy_id,
                amount,
                persons,
                on_request,
                when_eligible or {},
                always or {},
                response,
            )
        )


def draw(draft: _Draft, problems: list[str]) -> Rule | None:
    """Build the tree of one rule, or say what is wrong with it."""
    where = f"rule {draft.name!r}"
    before = len(problems)
    if not draft.clause:
        problems.append(f"{where}: has no clause: give clause=... of the policy text")
    if not draft.says:
        problems.append(f"{where}: has no words: give says=... in Chinese, it stands in every explanation")
    asked = inspect.signature(draft.function).parameters
    problems.extend(
        f"{where}: unknown argument {name!r}, expected {', '.join(_ARGUMENTS)}"
        for name in asked
        if name not in _ARGUMENTS
    )
    try:
        since = date.fromisoformat(draft.since)
    except ValueError:
        problems.append(f"{where}: since={draft.since!r} is no day such as 2022-09-08")
    if len(problems) > before:
        return None
    try:
        tree = lift(draft.function(**{name: _ARGUMENTS[name] for name in asked}))
    except (NameError, TypeError, AttributeError) as error:
        problems.append(f"{where}: {error}")
        return None
    return Rule(draft.name, draft.scope, draft.clause, draft.says, draft.otherwise, since, tree)


def children(node: Any) -> tuple[Node, ...]:
    """The nodes directly below a node."""
    found: list[Node] = []
    for name in type(node).__dataclass_fields__:
        value = getattr(node, name)
        if isinstance(value, Node):
            found.append(value)
        elif isinstance(value, tuple):
            found.extend(item for item in value if isinstance(item, Node))
    return tuple(found)


def written(node: Any) -> str:
    """The tree as text in one fixed form: equal text, equal meaning. For the version of the toolbook."""
    parts = []
    for name in type(node).__dataclass_fields__:
        value = getattr(node, name)
        if isinstance(value, Node):
            parts.append(written(value))
        elif isinstance(value, tuple):
            parts.append(
                "[" + " ".join(written(item) if isinstance(item, Node) else repr(item) for item in value) + "]"
            )
        elif name != "label":
            parts.append(repr(value))
    return f"({type(node).__name__} {' '.join(parts)})"
