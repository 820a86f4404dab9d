"""Which departments there are and what each answers for: the packaged `departments.yaml`, checked.

武昌办发〔2022〕8号 names them at the end of each section. It is data with dates: departments are merged and renamed.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from typing import Any

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

_CHECKED = ConfigDict(extra="forbid")


@dataclass(frozen=True, kw_only=True, config=_CHECKED)
class Clocks:
    """Working days that a department has for a referral."""

    accept_working_days: int
    complete_working_days: int


@dataclass(frozen=True, kw_only=True, config=_CHECKED)
class Reserves:
    """The duty to fund the street reserves."""

    answer_working_days: int


@dataclass(frozen=True, kw_only=True, config=_CHECKED)
class Department:
    """One department."""

    code: str
    name: str
    clauses: tuple[str, ...]
    valid_from: date
    valid_to: date | None = None
    """First day that no longer counts."""
    successor: str | None = None
    data_sets: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()
    clocks: Clocks | None = None
    """None: those that hold for every department."""
    reserves: Reserves | None = None
    """None: it funds no street reserve."""


@dataclass(frozen=True, kw_only=True, config=_CHECKED)
class Directory:
    """All departments."""

    clocks: Clocks
    departments: tuple[Department, ...]
    by_code: Mapping[str, Department] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        by_code = {department.code: department for department in self.departments}
        if len(by_code) != len(self.departments):
            raise ValueError("a department stands twice in the directory")
        for department in self.departments:
            if (department.successor is None) != (department.valid_to is None):
                raise ValueError(f"{department.code}: valid_to and successor go together")
            if department.successor is not None and department.successor not in by_code:
                raise ValueError(f"{department.code}: the successor {department.successor} is not in the directory")
        object.__setattr__(self, "by_code", by_code)

    def responsible(self, code: str, *, on: date) -> str:
        """Who takes on a day what is addressed to a code: the department, or the last of its successors by then."""
        passed = set()
        while (department := self.by_code.get(code)) is not None and code not in passed:
            passed.add(code)
            if department.valid_to is None or department.successor is None or on < department.valid_to:
                break
            code = department.successor
        return code


@dataclass(frozen=True, kw_only=True, config=_CHECKED)
class Office:
    """One department at work: what its instance knows of itself and of the others."""

    department: Department
    directory: Directory

    @property
    def code(self) -> str:
        """The department's code."""
        return self.department.code

    @property
    def clocks(self) -> Clocks:
        """Its own clocks, or those of all."""
        return self.department.clocks or self.directory.clocks

    def takes(self, code: str, *, on: date) -> bool:
        """Whether what is addressed to `code` on that day is this department's. Of an event it is the day of the event:
        two that hear it on two days, of which one is that of a reform, would both take it or neither.
        """
        return self.directory.responsible(code, on=on) == self.code


_DIRECTORY = TypeAdapter(Directory)


def read_directory(document: Any) -> Directory:
    """The directory from the plain data of `departments.yaml`. Raises ValueError that names each fault."""
    return _DIRECTORY.validate_python(document)


def open_office(directory: Directory, code: str) -> Office:
    """The office of one department. Raises LookupError for a code that is not in the directory."""
    department = directory.by_code.get(code)
    if department is None:
        raise LookupError(f"there is no department {code!r}; departments.yaml has {', '.join(directory.by_code)}")
    return Office(department=department, directory=directory)
