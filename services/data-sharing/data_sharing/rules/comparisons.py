"""Saved comparisons between data sets (12.1.1): what each looks for, and when it runs.

A definition that does not fit the catalogue is refused when the service starts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final, Literal, get_args

import yaml

from data_sharing.rules.catalogue import Catalogue, Field
from data_sharing.rules.leads import RULES
from shared.clock import DISTRICT_TIMEZONE, local_date

Finds = Literal["clue", "lead"]
Every = Literal["day", "week", "month"]
CONSUMER: Final = "civil_affairs"
"""Who compares: the department that answers for the benefits. Its own data sets need no agreement."""
PURPOSE: Final = "comparison"
_AT = time(3, 0)
_TESTS: Final[Mapping[str, frozenset[str]]] = {
    "is": frozenset({"date", "word", "benefits", "vehicles", "money", "count", "truth"}),
    "at_most": frozenset({"count"}),
    "dearest_above": frozenset({"vehicles"}),
    "any_of": frozenset({"benefits"}),
    "together": frozenset({"benefits"}),
    "none_of": frozenset({"benefits"}),
    "represents": frozenset({"identity"}),
}
"""What may be asked of which kinds of fields."""


class ComparisonInvalid(ValueError):
    """A definition that cannot be run; the message names the place."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One thing that holds of a person."""

    field: Field
    test: str
    value: Any


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One saved comparison."""

    code: str
    title: str
    basis: str
    finds: Finds
    every: Every
    told: tuple[str, ...]
    """The troubles of its leads."""
    where: tuple[Condition, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """The paths of what it looks at."""
        return tuple(dict.fromkeys(condition.field.path for condition in self.where))

    def next_run(self, after: datetime) -> datetime:
        """The next time that it is due, before offices open."""
        day = local_date(after) + timedelta(days=1)
        while not self._runs_on(day):
            day += timedelta(days=1)
        return datetime.combine(day, _AT, DISTRICT_TIMEZONE)

    def _runs_on(self, day: date) -> bool:
        return {"day": True, "week": day.weekday() == 0, "month": day.day == 1}[self.every]


def load(catalogue: Catalogue) -> Mapping[str, Comparison]:
    """The comparisons that come with the service. Raises ComparisonInvalid."""
    path = Path(__file__).parents[1] / "comparisons.yaml"
    return read(yaml.safe_load(path.read_text(encoding="utf-8")), catalogue)


def read(document: Mapping[str, Any], catalogue: Catalogue) -> Mapping[str, Comparison]:
    """Comparisons by code, each held against the catalogue. Raises ComparisonInvalid."""
    return {code: _comparison(code, entry, catalogue) for code, entry in document.items()}


def _comparison(code: str, entry: Mapping[str, Any], catalogue: Catalogue) -> Comparison:
    try:
        found = Comparison(
            code=code,
            title=entry["title"],
            basis=entry["basis"],
            finds=entry["finds"],
            every=entry["every"],
            told=tuple(entry.get("told", ())),
            where=tuple(_condition(code, one, catalogue) for one in entry["where"]),
        )
    except (KeyError, TypeError) as error:
        raise ComparisonInvalid(f"{code}: {error!r}") from error
    if found.finds not in get_args(Finds) or found.every not in get_args(Every):
        raise ComparisonInvalid(f"{code}: finds or every is none of those that there are")
    if (found.finds == "lead") != bool(found.told) or not set(found.told) <= RULES.troubles.keys():
        raise ComparisonInvalid(f"{code}: a lead names its troubles, and nothing else does: {list(found.told)}")
    if not any(one.test != "none_of" for one in found.where):
        raise ComparisonInvalid(f"{code}: nobody is found by what they do not receive alone")
    return found


def _condition(code: str, entry: Mapping[str, Any], catalogue: Catalogue) -> Condition:
    path = entry["field"]
    data_set, _, name = path.partition(".")
    layout = catalogue.files.get(data_set)
    if layout is None or name not in layout.columns:
        raise ComparisonInvalid(f"{code}: no file has the field {path}")
    field = layout.columns[name]
    tests = [test for test in entry if test != "field"]
    if len(tests) != 1 or tests[0] not in _TESTS or field.kind not in _TESTS[tests[0]]:
        raise ComparisonInvalid(f"{code}: {path} cannot be asked {tests}")
    condition = Condition(field=field, test=tests[0], value=entry[tests[0]])
    if not _is_usable(condition):
        raise ComparisonInvalid(f"{code}: {path} cannot be asked {condition.test}: {condition.value}")
    return condition


def _is_usable(condition: Condition) -> bool:
    value = condition.value
    match condition.test:
        case "is":
            return bool(value == "recorded")
        case "represents":
            return bool(value == "active")
        case "at_most" | "dearest_above":
            try:
                return Decimal(str(value)) >= 0
            except InvalidOperation:
                return False
        case "together":
            return bool(value) and all(isinstance(group, list) and len(group) > 1 for group in value)
        case _:
            return bool(value) and all(isinstance(policy, str) for policy in value)


def fields_of_others(comparison: Comparison, catalogue: Catalogue) -> Sequence[str]:
    """The fields that the one who compares does not hold itself."""
    return [path for path in comparison.fields if catalogue.files[path.partition(".")[0]].department != CONSUMER]
