"""Declared and found become one household (1.2): what was found wins and the difference is on record.

matched: the found value wins. no_record: the declared value stands. error and not_answered: the fact is unknown,
never zero. Social Assistance Law art 41; rules of verification of 2021 (民发〔2021〕57号) art 17.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from data_sharing.rules.catalogue import Catalogue, Field
from data_sharing.rules.targets import Target, target_of

State = Literal["matched", "no_record", "error", "not_answered"]
Source = Literal["found", "declared", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """What one data set holds on one person, as of a day (ISO)."""

    person_ref: str
    data_set: str
    fields: Mapping[str, Any]
    as_of: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Where one department stands: its newest answer, or that there is none."""

    department: str
    data_sets: Sequence[str]
    state: State
    records: Sequence[Record] = ()


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where one fact comes from. `state` is what the data set said of it."""

    source: Source
    department: str
    data_set: str
    state: State
    as_of: str | None
    differs: bool


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A fact found that is not as declared."""

    path: str
    title: str
    department: str
    data_set: str
    declared: Any
    found: Any
    as_of: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found and has no place in the household's facts. `unexpected`: it contradicts the declaration."""

    person_ref: str
    title: str
    department: str
    data_set: str
    field: str
    found: Any
    as_of: str
    unexpected: bool


@dataclass(kw_only=True)
class Merged:
    """The household as verified."""

    household: dict[str, Any]
    provenance: dict[str, Provenance] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def difference_count(self) -> int:
        """Facts that differ, and findings that should not be there."""
        return len(self.differences) + sum(finding.unexpected for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class _Fact:
    path: str
    of_member: bool
    target: Target
    fields: tuple[tuple[Field, str], ...]

    @property
    def title(self) -> str:
        return self.fields[0][0].title

    def values(self, record: Record) -> dict[str, Any]:
        """What a record says of this fact, by part. A null in a register says that nothing is recorded."""
        return {
            part: record.fields[field.name] for field, part in self.fields if record.fields.get(field.name) is not None
        }


def merge(declared: Mapping[str, Any], answers: Sequence[Answer], catalogue: Catalogue) -> Merged:
    """The declared household with everything that departments say of it. `declared` is left as it is."""
    merged = Merged(household=deepcopy(dict(declared)))
    for answer in answers:
        for code in answer.data_sets:
            records = [record for record in answer.records if record.data_set == code]
            fields = list(catalogue.data_sets[code].fields.values())
            for fact in _facts(fields):
                for path, container, asked in _places(fact, merged.household):
                    said = [record for record in records if asked is None or record.person_ref == asked]
                    _settle(merged, answer, code, fact, path, container, said)
            merged.findings += _findings(answer, fields, records)
    return merged


def findings(answers: Sequence[Answer], catalogue: Catalogue) -> list[Finding]:
    """What answers say that is no fact, of data sets that are asked beside the facts."""
    return [
        finding
        for answer in answers
        for code in answer.data_sets
        for finding in _findings(
            answer,
            list(catalogue.data_sets[code].fields.values()),
            [record for record in answer.records if record.data_set == code],
        )
    ]


def renamed(record: Record, names: Mapping[str, str], catalogue: Catalogue) -> Record:
    """A record about the members by other names: `names` maps what a verification calls each to another name."""
    fields = dict(record.fields)
    for name, field_ in catalogue.data_sets[record.data_set].fields.items():
        if field_.kind == "benefits" and fields.get(name):
            fields[name] = [_reshared(benefit, names) for benefit in fields[name]]
    return replace(record, person_ref=names[record.person_ref], fields=fields)


def _reshared(benefit: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    if not benefit.get("shares"):
        return dict(benefit)
    return {**benefit, "shares": {names[ref]: share for ref, share in benefit["shares"].items()}}


def _facts(fields: Sequence[Field]) -> Iterator[_Fact]:
    """The facts that a data set verifies; parts of one object belong together."""
    grouped: dict[str, _Fact] = {}
    for each in fields:
        if each.verifies is None:
            continue
        path, of_member, target, part = target_of(each.verifies)
        known = grouped[path].fields if path in grouped else ()
        grouped[path] = _Fact(path=path, of_member=of_member, target=target, fields=(*known, (each, part)))
    yield from grouped.values()


def _places(fact: _Fact, household: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str | None]]:
    """Where the fact stands: path, container, and whose records count (None: everybody's)."""
    if not fact.of_member:
        yield fact.path, household, None
        return
    for member in household["members"]:
        yield f"members.{member['id']}.{fact.path}", member, member["id"]


def _settle(
    merged: Merged,
    answer: Answer,
    code: str,
    fact: _Fact,
    path: str,
    container: dict[str, Any],
    records: Sequence[Record],
) -> None:
    said = [(values, record.as_of) for record in records if (values := fact.values(record))]
    if answer.state in ("error", "not_answered"):
        fact.target.forget(container)
        merged.provenance[path] = Provenance(
            source="unknown", department=answer.department, data_set=code, state=answer.state, as_of=None, differs=False
        )
        return
    if not said:
        merged.provenance[path] = Provenance(
            source="declared", department=answer.department, data_set=code, state="no_record", as_of=None, differs=False
        )
        return
    found = fact.target.combine([values for values, _ in said])
    # Several records together are as fresh as the oldest of them.
    as_of = min(day for _, day in said)
    differs = fact.target.differs(container, found)
    if differs:
        merged.differences.append(
            Difference(
                path=path,
                title=fact.title,
                department=answer.department,
                data_set=code,
                declared=fact.target.declared(container),
                found=found.get("", found),
                as_of=as_of,
            )
        )
    fact.target.replace(container, found)
    merged.provenance[path] = Provenance(
        source="found", department=answer.department, data_set=code, state="matched", as_of=as_of, differs=differs
    )


def _findings(answer: Answer, fields: Sequence[Field], records: Sequence[Record]) -> list[Finding]:
    return [
        Finding(
            person_ref=record.person_ref,
            title=each.title,
            department=answer.department,
            data_set=each.data_set,
            field=each.name,
            found=record.fields[each.name],
            as_of=record.as_of,
            unexpected=each.unexpected,
        )
        for record in records
        for each in fields
        if each.verifies is None and record.fields.get(each.name) is not None
    ]
