"""The columns of a population snapshot: what each may hold, held equal to the household contract by tests.

One row for each person: `household_id`, `person_id`, the facts of the person, and those of the household, the same in
each of its rows. The names are those of `records`; amounts are whole fen, words and days as in the contract, 9999-12-31
is a day declared as nothing, "" a word. A null is unknown, and so is a column that is absent: nobody may be screened as
if everything that an export forgot were nothing. A number that is partly known has null and its bounds in
`<name>_low` and `<name>_high`; null there is an open end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from eligibility.rules.engine.expressions import Scope, Unit
from eligibility.rules.facts import contract
from eligibility.rules.facts.records import COLUMNS, Column

HOUSEHOLD_ID: Final = "household_id"
PERSON_ID: Final = "person_id"
RECEIVING: Final = "receiving"
"""Ids of the policies that the person receives already: a list of words. Absent is unknown here too."""
MOST_FEN: Final = 10**11
"""A billion yuan: what is more is a slip of the pen, and sums of it would not be exact."""

_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "relation": contract.RELATIONS,
    "sex": ("", "M", "F"),
    "registration_kind": ("", "urban", "rural"),
    "employment": ("", *contract.EMPLOYMENT),
    "disability": ("", *contract.DISABILITIES),
    "serious_illness": ("", *contract.ILLNESSES),
    "school": ("", *contract.STAGES),
    "father": contract.PARENT,
    "mother": contract.PARENT,
    "father_disability": ("", *contract.DISABILITIES),
    "mother_disability": ("", *contract.DISABILITIES),
    "incident_cause": ("", *contract.CAUSES),
}
_FORMS: Final[Mapping[str, str]] = {"region": r"^(\d{6})?$", "street": r"^\d{9}$"}
_BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "disability_grade": (0, 4),
    "father_grade": (0, 4),
    "mother_grade": (0, 4),
    "father_months": (0, 1200),
    "mother_months": (0, 1200),
    "self_care_failed": (0, len(contract.SELF_CARE)),
    "homes": (0, 10_000),
}
_MOST_THINGS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Field:
    """One column: what it is, and what it may hold. `least` and `most` bound numbers, `words` or `form` words."""

    column: Column
    words: tuple[str, ...] = ()
    form: str = ""
    least: int = 0
    most: int = 0
    unknown_most: int | None = None
    """The most that an unknown number may be; None is an open end."""

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def scope(self) -> Scope:
        return self.column.scope

    @property
    def unit(self) -> Unit:
        return self.column.unit

    @property
    def expected(self) -> str:
        """What is expected, for whoever must mend a row."""
        if self.unit is Unit.FEN:
            return f"whole fen from 0 to {self.most}"
        if self.unit is Unit.COUNT:
            return f"a whole number from {self.least} to {self.most}"
        if self.unit is Unit.DATE:
            return "a day that exists, not after the day of the screening"
        if self.unit is Unit.TRUTH:
            return "true, false or null"
        return f"one of {', '.join(word or chr(0x22) * 2 for word in self.words)}" if self.words else self.form


def _field(column: Column) -> Field:
    name = column.name
    if column.unit is Unit.FEN:
        return Field(column, most=MOST_FEN)
    if column.unit is Unit.COUNT:
        bounds = _BOUNDS.get(name)
        if bounds is None:
            return Field(column, most=_MOST_THINGS)
        return Field(column, least=bounds[0], most=bounds[1], unknown_most=bounds[1])
    return Field(column, words=_WORDS.get(name, ()), form=_FORMS.get(name, ""))


FIELDS: Final[Mapping[Scope, Mapping[str, Field]]] = {
    scope: {name: _field(column) for name, column in columns.items() if name != "id"}
    for scope, columns in COLUMNS.items()
}
