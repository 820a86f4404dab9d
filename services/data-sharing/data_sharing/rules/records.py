"""Which records a department's answer may hold: those that were asked for, with values that can be used.

Rubbish is refused whole, so that it never reaches a household's facts. No value is repeated in a fault.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from data_sharing.rules.catalogue import Catalogue, Field
from data_sharing.rules.verification import Outcome


class Sent(Protocol):
    """A record as it was sent."""

    @property
    def person_ref(self) -> str: ...

    @property
    def data_set(self) -> str: ...

    @property
    def fields(self) -> Mapping[str, Any]: ...

    @property
    def as_of(self) -> date: ...


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong, where (below `body`), and what is expected."""

    place: str
    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a department was asked: whom and which data sets."""

    refs: AbstractSet[str]
    data_sets: Sequence[str]


def faults(
    outcome: Outcome, records: Sequence[Sent], asked: Asked, *, catalogue: Catalogue, today: date
) -> Iterator[Fault]:
    """Everything wrong with an answer."""
    if (outcome == "matched") != bool(records):
        yield Fault(
            place="records", code="records_and_outcome", message="matched 应附记录；no_record 和 error 不附记录"
        )
    seen: set[tuple[str, str]] = set()
    for at, record in enumerate(records):
        place = f"records[{at}]"
        if (record.person_ref, record.data_set) in seen:
            yield Fault(place=place, code="record_twice", message="同一人同一数据集只能有一条记录")
        seen.add((record.person_ref, record.data_set))
        yield from _record_faults(record, place, asked, catalogue=catalogue, today=today)


def _record_faults(record: Sent, place: str, asked: Asked, *, catalogue: Catalogue, today: date) -> Iterator[Fault]:
    if record.person_ref not in asked.refs:
        yield Fault(place=f"{place}.person_ref", code="unknown_person", message="不是本次核对的家庭成员")
    if record.as_of > today:
        yield Fault(place=f"{place}.as_of", code="in_the_future", message="数据日期不能晚于今日")
    if record.data_set not in asked.data_sets:
        message = "应为 " + "、".join(asked.data_sets) + " 之一"
        yield Fault(place=f"{place}.data_set", code="unknown_data_set", message=message)
        return
    for name, value in record.fields.items():
        field = catalogue.data_sets[record.data_set].fields.get(name)
        inside = f"{place}.fields.{name}"
        if field is None:
            yield Fault(place=inside, code="unknown_field", message="目录中没有此字段")
        elif (expected := field.fault(value, today=today)) is not None:
            yield Fault(place=inside, code="invalid_value", message=expected)
        elif not _persons_named(field, value) <= asked.refs:
            yield Fault(place=inside, code="unknown_person", message="shares 中有人不是本次核对的家庭成员")


def _persons_named(field: Field, value: Any) -> AbstractSet[str]:
    """Members that a value names: those who share a benefit."""
    if field.kind != "benefits":
        return frozenset()
    return {ref for benefit in value or [] for ref in benefit.get("shares") or {}}
