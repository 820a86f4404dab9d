"""What an answer says beside yes or no: its further keys, and each as a line of the explanation."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any

from eligibility.rules.engine.book import Policy
from eligibility.rules.engine.expressions import Either, Reference, Unit
from eligibility.rules.engine.interpreter import HOUSEHOLD, Frame
from eligibility.rules.engine.sentences import Sentences
from eligibility.rules.engine.spans import Span
from eligibility.rules.engine.toolbook import Edition
from eligibility.rules.engine.wording import STATES, shown
from eligibility.rules.facts.records import NEVER
from shared.money import format_yuan

AWAITING = "_awaiting"
"""Ends the key of the members of whom it is not known."""


def further_keys(
    edition: Edition, policy: Policy, frame: Frame, persons: Collection[str], *, eligible: bool | None
) -> dict[str, Any]:
    """The keys of an answer beside those that every answer has.

    A rule of the household gives its value. A rule of persons names those of whom it holds, each with the reasons,
    among the members that the answer is for.
    """
    found: dict[str, Any] = {}
    if not eligible and not policy.always:
        return found  # most answers say no and nothing else
    for key, name in {**policy.always, **(policy.when_eligible if eligible else {})}.items():
        if edition.scopes[name] == "household":
            found[key] = _plain(edition.values[name](frame, HOUSEHOLD), edition.units[name])
            continue
        truths = _truths(edition, name, frame, persons)
        found[key] = [
            {"member": frame.people[who].id, "reasons": _reasons(edition, name, frame, who)}
            for who, truth in truths.items()
            if truth
        ]
        if None in truths.values():
            found[key + AWAITING] = [frame.people[who].id for who, truth in truths.items() if truth is None]
    if eligible and policy.response:
        found["response"] = policy.response.as_json()
    return found


def further_questions(
    edition: Edition, policy: Policy, frame: Frame, persons: Collection[str]
) -> Iterator[tuple[str, int]]:
    """The rules by which a positive answer says more, each with the member of whom it is asked."""
    for name in policy.when_eligible.values():
        asked = [HOUSEHOLD] if edition.scopes[name] == "household" else _truths(edition, name, frame, persons)
        yield from ((name, at) for at in asked)


def further_lines(
    edition: Edition,
    policy: Policy,
    frame: Frame,
    persons: Collection[str],
    sentences: Sentences,
    members: list[str],
) -> Iterator[str]:
    """What a positive answer says beside yes, in words."""
    for name in policy.when_eligible.values():
        rule = edition.rules[name]
        if rule.scope == "household":
            value = edition.values[name](frame, HOUSEHOLD)
            words = shown(value, edition.units[name], 1, sentences.measure(rule.tree))
        else:
            told = [
                f"{members[who]}（{'、'.join(_reasons(edition, name, frame, who)) if truth else STATES[None]}）"
                for who, truth in _truths(edition, name, frame, persons).items()
                if truth is not False
            ]
            words = "、".join(told) or shown("", Unit.WORD)
        yield f"{rule.says}：{words}"
    if policy.response:
        yield policy.response.text


def _truths(edition: Edition, name: str, frame: Frame, persons: Collection[str]) -> Mapping[int, bool | None]:
    """Of whom a rule of persons holds, by place in the household."""
    return {who: edition.values[name](frame, who) for who, one in enumerate(frame.people) if one.id in persons}


def _reasons(edition: Edition, name: str, frame: Frame, who: int) -> list[str]:
    """The words of the rule, or of those of its alternatives that hold."""
    rule = edition.rules[name]
    if not isinstance(rule.tree, Either):
        return [rule.says]
    others = [term.name for term in rule.tree.terms if isinstance(term, Reference)]
    held = [other for other in others if edition.values[other](frame, who)]
    return [edition.rules[other].says for other in held] or [rule.says]


def _plain(value: Any, unit: Unit) -> Any:
    """A value as JSON; unknown is null, declared as nothing is null too where it is a word or a day."""
    if value is None or isinstance(value, Span) or value in ("", NEVER):
        return None
    if isinstance(value, date):
        return value.isoformat()
    return format_yuan(value) if unit is Unit.FEN else value
