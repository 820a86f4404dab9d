"""Amounts and limits that change by date, read from YAML: every value has a first day and a source.

It checks the file and finds the value of a day. It knows no parameter by name: each service packs a file of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import yaml

_PARAMETER_KEYS = frozenset({"label", "unit", "values"})
_VALUE_KEYS = frozenset({"value", "source", "assumed"})


class ParametersInvalid(ValueError):
    """A parameter file that cannot be trusted. `problems` names file, parameter and field of each fault."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class ParameterMissing(LookupError):
    """No such parameter, or no value of it on the day asked for."""


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """The value of one parameter from `first_day` on, in the parameter's `unit`."""

    name: str
    value: Decimal
    unit: str
    first_day: date
    source: str
    assumed: bool
    label: str = ""

    def as_json(self) -> dict[str, Any]:
        """The value with its origin, money and ratios as decimal strings."""
        return {
            "label": self.label,
            "value": str(self.value),
            "unit": self.unit,
            "first_day": self.first_day.isoformat(),
            "source": self.source,
            "assumed": self.assumed,
        }


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter with all its values, in the order of their first days. `label` is what people call it, or empty."""

    name: str
    unit: str
    values: tuple[ParameterValue, ...]
    label: str = ""

    def on(self, day: date) -> ParameterValue | None:
        """The value in force on `day`, or None before the first one."""
        at = bisect_right(self.values, day, key=lambda value: value.first_day)
        return self.values[at - 1] if at else None


class Parameters:
    """A checked set of dated parameters. Immutable."""

    def __init__(self, parameters: Mapping[str, Parameter], file: str) -> None:
        self._parameters = dict(parameters)
        self.file = file

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read and check one YAML file. Raises ParametersInvalid."""
        return cls.loads(path.read_text(encoding="utf-8"), file=path.name)

    @classmethod
    def loads(cls, text: str, *, file: str) -> Self:
        """Read and check YAML text; `file` is the name used in errors. Raises ParametersInvalid."""
        try:
            content = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader that also refuses doubled keys
        except yaml.YAMLError as error:
            raise ParametersInvalid([f"{file}: not readable as YAML: {error}"]) from error
        return cls.from_mapping(content, file=file)

    @classmethod
    def from_mapping(cls, content: Any, *, file: str) -> Self:
        """Check parameters given as plain data, in the shape of the YAML file. Raises ParametersInvalid."""
        problems: list[str] = []
        parameters: dict[str, Parameter] = {}
        if not isinstance(content, Mapping):
            raise ParametersInvalid([f"{file}: expected a mapping of parameter names, found {_shown(content)}"])
        for name, entry in content.items():
            parameter = _parameter(name, entry, f"{file}: {name}", problems)
            if parameter is not None:
                parameters[parameter.name] = parameter
        if problems:
            raise ParametersInvalid(problems)
        return cls(parameters, file)

    def names(self) -> frozenset[str]:
        """All parameter names."""
        return frozenset(self._parameters)

    def __contains__(self, name: object) -> bool:
        return name in self._parameters

    def parameter(self, name: str) -> Parameter:
        """The parameter with all its values. Raises ParameterMissing."""
        try:
            return self._parameters[name]
        except KeyError:
            raise ParameterMissing(f"{self.file}: there is no parameter {name!r}") from None

    def value(self, name: str, *, on: date) -> ParameterValue:
        """The value in force on a day. Raises ParameterMissing when there is none."""
        parameter = self.parameter(name)
        found = parameter.on(on)
        if found is None:
            first = parameter.values[0].first_day
            raise ParameterMissing(
                f"{self.file}: parameter {name!r} has no value on {on}; its first day is {first}: "
                f"enter a value that begins on or before {on}"
            )
        return found

    def replaced_by(self, others: Parameters) -> Parameters:
        """These parameters, where `others` has one of the same name, that one with all its values."""
        return Parameters({**self._parameters, **others._parameters}, f"{self.file} + {others.file}")


class _StrictLoader(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys and says nothing; a doubled day must be an error here."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key} stands twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _shown(value: Any) -> str:
    return f"{value!r} ({type(value).__name__})"


def _parameter(name: Any, entry: Any, where: str, problems: list[str]) -> Parameter | None:
    if not isinstance(name, str):
        problems.append(f"{where}: expected a name, found {_shown(name)}")
        return None
    if not isinstance(entry, Mapping):
        problems.append(f"{where}: expected unit and values, found {_shown(entry)}")
        return None
    for key in entry.keys() - _PARAMETER_KEYS:
        problems.append(f"{where}.{key}: unknown key, expected label, unit or values")
    unit = entry.get("unit")
    if not isinstance(unit, str) or not unit.strip():
        problems.append(f"{where}.unit: expected words, found {_shown(unit)}")
        unit = ""
    label = entry.get("label", "")
    if not isinstance(label, str):
        problems.append(f"{where}.label: expected words, found {_shown(label)}")
        label = ""
    rows = entry.get("values")
    if not isinstance(rows, Mapping) or not rows:
        problems.append(f"{where}.values: expected at least one first day, found {_shown(rows)}")
        return None
    values = [_value(name, unit, label, day, row, f"{where}.values.{day}", problems) for day, row in rows.items()]
    found = [value for value in values if value is not None]
    for earlier, later in pairwise(found):
        if later.first_day <= earlier.first_day:
            problems.append(f"{where}.values.{later.first_day}: days must rise, it follows {earlier.first_day}")
    return Parameter(name, unit, tuple(found), label)


def _value(
    name: str, unit: str, label: str, day: Any, row: Any, where: str, problems: list[str]
) -> ParameterValue | None:
    if not isinstance(day, date) or isinstance(day, datetime):
        problems.append(f"{where}: expected a first day such as 2022-04-01, found {_shown(day)}")
        return None
    if not isinstance(row, Mapping):
        problems.append(f"{where}: expected value, source, assumed, found {_shown(row)}")
        return None
    before = len(problems)
    for key in row.keys() - _VALUE_KEYS:
        problems.append(f"{where}.{key}: unknown key, expected one of assumed, source, value")
    value = _decimal(row.get("value"), f"{where}.value", problems)
    assumed = row.get("assumed", False)
    if not isinstance(assumed, bool):
        problems.append(f"{where}.assumed: expected true or false, found {_shown(assumed)}")
    source = row.get("source", "")
    if not isinstance(source, str):
        problems.append(f"{where}.source: expected words, found {_shown(source)}")
    elif not source and assumed is not True:
        problems.append(f"{where}.source: a value that is not marked assumed must say where it is from")
    if len(problems) > before:
        return None
    return ParameterValue(name, value, unit, day, source, assumed, label)


def _decimal(given: Any, where: str, problems: list[str]) -> Decimal:
    if not isinstance(given, str):
        problems.append(f'{where}: expected a decimal in quotes such as "910", found {_shown(given)}')
        return Decimal(0)
    try:
        value = Decimal(given)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        problems.append(f"{where}: expected a finite decimal, found {_shown(given)}")
    return value
