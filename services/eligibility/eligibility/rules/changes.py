"""What happens in a family: which changes are reported, how one is laid over facts that do not know it yet, and which
birthdays are changes by themselves. Clauses 2.1 and 12.3.2; 民发〔2021〕57号 arts 7 and 31, 民政部2022年10月20日通知.
"""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from eligibility.rules.engine.dates import completed_months, later_by_months

LATE_AFTER_MONTHS = 3
"""A change told later than this is marked (民政部2022年10月20日通知)."""
ADULT_YEARS = 18

PlannedKind = Literal["came_of_age", "school_year_ended"]
"""What happens by the calendar; `review` is the third, of a benefit."""

_JOINING = frozenset({"birth", "married", "released"})
_OF_A_PERSON = _JOINING | {"death", "divorced", "work_started", "work_ended", "imprisoned"}

_OF_ADULTS = frozenset({"married", "divorced"})

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdChange:
    """One change in a family. `monthly_wage`: as told, a decimal string, None where nobody knows it yet."""

    kind: str
    happened_on: date
    person_ref: str | None = None
    relation: str | None = None
    """To the applicant, of somebody who joins."""
    monthly_wage: str | None = None
    street: str | None = None
    """Where a whole household moved to."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a report, and in which field."""

    field: str
    expected: str


def fault_of(change: HouseholdChange, *, on: date) -> Fault | None:
    """What a report lacks, or None where it is complete."""
    if change.happened_on > on:
        return Fault("happened_on", "发生日期不能晚于今天")
    if change.kind in _OF_A_PERSON and change.person_ref is None:
        return Fault("person", "须注明是哪一位家庭成员")
    if change.kind in _JOINING and change.relation is None:
        return Fault("relation", "须注明与申请人的关系")
    if change.kind == "moved" and change.person_ref is None and change.street is None:
        return Fault("street", "须注明迁出的成员，或全家迁入的街道")
    return None


def changes_adults(change: HouseholdChange) -> bool:
    """Whether other adults belong to the household than before: what it signed together was signed by others."""
    return change.kind in _OF_ADULTS or (change.kind == "moved" and change.person_ref is not None)


def is_late(happened_on: date, reported_on: date) -> bool:
    """Whether the change was told too late."""
    return reported_on > later_by_months(happened_on, LATE_AFTER_MONTHS)


def with_change(household: Mapping[str, Any], change: HouseholdChange, *, on: date) -> Facts:
    """The facts as they are after the change. What the registers know already is left as they say."""
    facts: Facts = deepcopy(dict(household))
    apply = _CHANGES.get(change.kind)
    if apply is not None:
        apply(facts, change, on)
    return facts


def with_benefits(
    household: Mapping[str, Any], *, policies: Iterable[str], receiving: Iterable[Mapping[str, Any]]
) -> Facts:
    """The facts with what eligibility itself pays in place of what a register says of these policies.

    `policies`: of which eligibility has had a benefit for this household. `receiving`: those that run.
    """
    facts: Facts = deepcopy(dict(household))
    known = facts.get("receiving")
    ours = set(policies)
    others = [one for one in known or [] if one["policy"] not in ours]
    if known is not None or "receiving" not in facts:
        facts["receiving"] = [*others, *receiving]
    return facts


def shares_of(amount: int, person_refs: tuple[str, ...], *, members: Iterable[str]) -> dict[str, int]:
    """Each member's part of a benefit, in fen: equal parts, what does not divide goes to the first."""
    paid = [name for name in members if name in person_refs]
    if not paid:
        return {}
    part, rest = divmod(amount, len(paid))
    return {name: part + (rest if at == 0 else 0) for at, name in enumerate(paid)}


def coming_of_age(birth_date: date) -> date:
    """The 18th birthday; somebody born on 29 February turns on 1 March in common years."""
    year = birth_date.year + ADULT_YEARS
    try:
        return birth_date.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def planned_changes(household: Mapping[str, Any], *, on: date) -> list[tuple[str, PlannedKind, date]]:
    """Person, kind and day of what will change by itself: a child's 18th birthday, and for a grown pupil, whose
    support may last as long as school does, the end of the school year (tekun: 民发〔2021〕43号 art. 24).
    """
    planned: list[tuple[str, PlannedKind, date]] = []
    for member in household["members"]:
        born = member.get("birth_date")
        if born is None:
            continue
        birth_date = date.fromisoformat(born)
        birthday = coming_of_age(birth_date)
        if birthday > on:
            planned.append((member["id"], "came_of_age", birthday))
        elif member.get("school"):
            planned.append((member["id"], "school_year_ended", _end_of_school_year(on)))
    return planned


def _end_of_school_year(on: date) -> date:
    first_of_september = date(on.year, 9, 1)
    return first_of_september if on < first_of_september else date(on.year + 1, 9, 1)


def _member(facts: Facts, person_ref: str | None) -> Facts | None:
    found: list[Facts] = [one for one in facts["members"] if one["id"] == person_ref]
    return found[0] if found else None


def _leave(facts: Facts, change: HouseholdChange, _on: date) -> Facts | None:
    """Take somebody out of the household. Returns who it was, None where the registers have done so already."""
    gone = _member(facts, change.person_ref)
    if gone is not None:
        facts["members"] = [one for one in facts["members"] if one["id"] != change.person_ref]
        for benefit in facts.get("receiving") or []:
            (benefit.get("shares") or {}).pop(change.person_ref, None)
    return gone


def _die(facts: Facts, change: HouseholdChange, on: date) -> None:
    gone = _leave(facts, change, on)
    if gone is not None:
        _tell_children(facts, gone, {"status": "dead"})


def _imprison(facts: Facts, change: HouseholdChange, on: date) -> None:
    gone = _leave(facts, change, on)
    if gone is not None:
        months = completed_months(change.happened_on, on)
        _tell_children(facts, gone, {"status": "imprisoned", "months": months})


def _tell_children(facts: Facts, parent: Facts, status: Facts) -> None:
    """The children's records follow what happened to a parent who lived with them. Whose child a grandchild is, nobody
    has told us, so it is not guessed.
    """
    children = {"applicant": "child", "spouse": "child", "father": "sibling", "mother": "sibling"}
    relation, which = (
        children.get(parent.get("relation") or ""),
        {"M": "father", "F": "mother"}.get(parent.get("sex") or ""),
    )
    if relation is None or which is None:
        return
    for member in facts["members"]:
        is_applicant_of_parents = relation == "sibling" and member.get("relation") == "applicant"
        if member.get("relation") == relation or is_applicant_of_parents:
            member[which] = dict(status)


def _join(facts: Facts, change: HouseholdChange, _on: date) -> None:
    """Somebody joins of whom nothing is known yet: unknown is not zero."""
    if _member(facts, change.person_ref) is not None:
        return
    unknown = ("birth_date", "employment", "income", "disability", "serious_illness", "school", "registration")
    facts["members"].append({"id": change.person_ref, "relation": change.relation, **dict.fromkeys(unknown)})


def _be_born(facts: Facts, change: HouseholdChange, _on: date) -> None:
    if _member(facts, change.person_ref) is None:
        born = {"id": change.person_ref, "relation": change.relation, "birth_date": change.happened_on.isoformat()}
        facts["members"].append(born)


def _work(facts: Facts, change: HouseholdChange, _on: date) -> None:
    _employ(facts, change, status="employed", wage={"kind": "wage", "monthly": change.monthly_wage})


def _stop_working(facts: Facts, change: HouseholdChange, _on: date) -> None:
    _employ(facts, change, status="unemployed", wage=None)


def _employ(facts: Facts, change: HouseholdChange, *, status: str, wage: Facts | None) -> None:
    member = _member(facts, change.person_ref)
    if member is None:
        return
    employment = member.get("employment") or {}
    if employment.get("status") == status and (employment.get("since") or "") >= change.happened_on.isoformat():
        return  # the registers know it
    member["employment"] = {"status": status, "since": change.happened_on.isoformat()}
    income = member.get("income", [])
    if income is not None:
        member["income"] = [one for one in income if one["kind"] != "wage"] + ([wage] if wage else [])


def _move(facts: Facts, change: HouseholdChange, on: date) -> None:
    if change.person_ref is not None:
        _leave(facts, change, on)
    else:
        facts["street"] = change.street


_CHANGES: Mapping[str, Callable[[Facts, HouseholdChange, date], Any]] = {
    "death": _die,
    "birth": _be_born,
    "married": _join,
    "divorced": _leave,
    "moved": _move,
    "work_started": _work,
    "work_ended": _stop_working,
    "imprisoned": _imprison,
    "released": _join,
}
