"""An edition of the toolbook, a set of parameters and a calendar as data, and back: what was in force stays readable
and can be run again after all of them have moved on.

Rules, policies and the names of facts are in the archive. The code that reads a declaration, evaluates a tree and puts
an explanation into words is not (decision 14).
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date
from enum import Enum
from typing import Any, Final

from eligibility.rules.engine.book import Benefit, Policy, Rule
from eligibility.rules.engine.calendar import Calendar
from eligibility.rules.engine.expressions import (
    AssessmentDay,
    Choice,
    Comparison,
    Constant,
    Difference,
    Either,
    Elapsed,
    Every,
    Extreme,
    Fact,
    Members,
    OneOf,
    Opposite,
    ParameterOf,
    Product,
    Raised,
    Reference,
    Shifted,
    Sum,
    Unit,
)
from eligibility.rules.engine.toolbook import Edition, edition_of
from eligibility.rules.engine.working_days import WorkingDaysBetween, WorkingDaysLater
from eligibility.rules.laws import Citation
from eligibility.rules.procedures import Procedure, Responder, Response, Step
from shared.parameters import Parameters

FORMAT: Final = 1
"""Raised when an older reader would misread what a newer writer writes."""

_KINDS: Final[dict[str, type[Any]]] = {
    kind.__name__: kind
    for kind in (
        AssessmentDay, Choice, Citation, Comparison, Constant, Difference, Either, Elapsed, Every, Extreme, Fact,
        Members, OneOf, Opposite, ParameterOf, Policy, Procedure, Product, Raised, Reference, Responder, Response, Rule,
        Shifted, Step, Sum, WorkingDaysBetween, WorkingDaysLater,
    )
}  # fmt: skip
_WORDS: Final[dict[str, type[Enum]]] = {kind.__name__: kind for kind in (Benefit, Unit)}
_DATE: Final = "date"
_KIND: Final = "is"


class ArchiveUnreadable(ValueError):
    """An archived document that this program cannot read."""


def write_edition(edition: Edition) -> dict[str, Any]:
    """The edition as JSON. Equal editions give equal documents."""
    return {
        "format": FORMAT,
        "version": edition.version,
        "since": edition.since.isoformat(),
        "rules": [_written(rule) for rule in edition.rules.values()],
        "policies": [_written(policy) for policy in edition.policies],
        "later": [_written(one) for one in edition.later],
    }


def read_edition(document: Mapping[str, Any], parameters: Parameters) -> Edition:
    """The edition that was written, under its own version. Raises ArchiveUnreadable.

    `parameters` hold every parameter that the rules name, as they did when the edition was in force.
    """
    if document["format"] != FORMAT:
        raise ArchiveUnreadable(f"the archive has format {document['format']}, this program reads {FORMAT}")
    rules = [_read(one) for one in document["rules"]]
    edition = edition_of(
        {rule.name: rule for rule in rules},
        [_read(one) for one in document["policies"]],
        [_read(one) for one in document["later"]],
        since=date.fromisoformat(document["since"]),
        parameters=parameters,
    )
    return replace(edition, version=document["version"])


def write_parameters(parameters: Parameters) -> dict[str, Any]:
    """Every value of every parameter as JSON, in the shape of the YAML file."""
    return {
        name: {
            "label": parameters.parameter(name).label,
            "unit": parameters.parameter(name).unit,
            "values": {
                value.first_day.isoformat(): {
                    "value": str(value.value),
                    "source": value.source,
                    "assumed": value.assumed,
                }
                for value in parameters.parameter(name).values
            },
        }
        for name in sorted(parameters.names())
    }


def read_parameters(document: Mapping[str, Any], *, version: str) -> Parameters:
    """The parameters that were written. Raises ParametersInvalid."""
    content = {
        name: {**entry, "values": {date.fromisoformat(day): value for day, value in entry["values"].items()}}
        for name, entry in document.items()
    }
    return Parameters.from_mapping(content, file=f"parameters {version}")


def write_calendar(calendar: Calendar) -> dict[str, Any]:
    """The calendar as JSON: the days of the week that are not worked, and those of the weekend that are."""
    return {
        name: [day.isoformat() for day, is_working in calendar.exceptions if is_working is is_worked]
        for name, is_worked in (("rest", False), ("worked", True))
    }


def read_calendar(document: Mapping[str, Any]) -> Calendar:
    """The calendar that was written."""
    days = {date.fromisoformat(day): name == "worked" for name in ("rest", "worked") for day in document[name]}
    return Calendar(tuple(sorted(days.items())))


def _written(value: Any) -> Any:
    """A node, rule or policy as an object that says what it is, a tuple as a list, plain values as they are."""
    if isinstance(value, Enum):
        return {_KIND: type(value).__name__, "value": value.value}
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, date):
        return {_KIND: _DATE, "day": value.isoformat()}
    if isinstance(value, tuple):
        return [_written(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _written(item) for key, item in value.items()}
    if is_dataclass(value) and type(value).__name__ in _KINDS:
        return {
            _KIND: type(value).__name__,
            **{field.name: _written(getattr(value, field.name)) for field in fields(value)},
        }
    raise TypeError(f"{type(value).__name__} has no place in the archive: enter it in {__name__}")


def _read(found: Any) -> Any:
    if isinstance(found, list):
        return tuple(_read(item) for item in found)
    if not isinstance(found, Mapping):
        return found
    if _KIND not in found:
        return {key: _read(item) for key, item in found.items()}
    name = found[_KIND]
    if name == _DATE:
        return date.fromisoformat(found["day"])
    if name in _WORDS:
        return _WORDS[name](found["value"])
    if name not in _KINDS:
        raise ArchiveUnreadable(f"the archive holds a {name}, which this program does not know")
    try:
        return _KINDS[name](**{key: _read(item) for key, item in found.items() if key != _KIND})
    except TypeError as error:
        raise ArchiveUnreadable(f"an archived {name} has other parts than today's: {error}") from error
