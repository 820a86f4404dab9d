"""Whom eligibility awaits a fact from is who holds it according to the catalogue of data-sharing."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from eligibility.rules.departments import DEPARTMENTS, HOLDERS
from eligibility.rules.facts.records import HOUSEHOLD_COLUMNS, PERSON_COLUMNS, Column

ROOT = Path(__file__).parents[2]
CATALOGUE = yaml.safe_load((ROOT / "services/data-sharing/data_sharing/catalogue.yaml").read_text(encoding="utf-8"))
CONFIGURED = yaml.safe_load((ROOT / "services/departments/departments/departments.yaml").read_text(encoding="utf-8"))
NOT_IN_THE_CATALOGUE = {"special_family", "lost_only_child"}
"""The health bureau registers these families itself and shares no data set of them yet; the policy text names it."""


def verified() -> dict[str, str]:
    """What the catalogue's fields verify, and the department of each."""
    return {
        field["verifies"]: data_set["department"]
        for data_set in CATALOGUE["data_sets"].values()
        for field in data_set["fields"].values()
        if "verifies" in field
    }


def columns_of(verifies: str) -> list[Column]:
    """The facts that a field verifies: those of its part, such as income.wage, else all of its key."""
    is_person = verifies.startswith("members.")
    columns = (PERSON_COLUMNS if is_person else HOUSEHOLD_COLUMNS).values()
    path = verifies.removeprefix("members.")
    whole = [column for column in columns if column.path == path]
    if whole:
        return whole
    key, _, part = path.rpartition(".")
    below = [column for column in columns if column.path == key]
    named = [column for column in below if column.name == part or column.name.endswith(f"_{part}")]
    return named or [column for column in below if column.name == key]


@pytest.mark.clause("1.2")
@pytest.mark.parametrize(("verifies", "department"), sorted(verified().items()))
def test_fact_is_awaited_from_the_department_that_verifies_it(verifies: str, department: str) -> None:
    columns = columns_of(verifies)
    assert columns, f"{verifies} verifies no fact"
    assert {column.held_by for column in columns} == {department}


@pytest.mark.clause("1.2")
def test_department_holds_only_what_the_catalogue_says() -> None:
    known = {column.name for verifies in verified() for column in columns_of(verifies)}
    receiving = {
        column.name
        for columns in (PERSON_COLUMNS, HOUSEHOLD_COLUMNS)
        for column in columns.values()
        if column.path == "receiving"
    }
    for columns in (PERSON_COLUMNS, HOUSEHOLD_COLUMNS):
        for column in columns.values():
            assert column.held_by in HOLDERS, column.name
            if column.held_by in DEPARTMENTS:
                assert column.name in known | receiving | NOT_IN_THE_CATALOGUE, column.name


def test_departments_are_called_as_they_are_configured() -> None:
    configured: list[dict[str, Any]] = CONFIGURED["departments"]
    assert {entry["code"]: entry["name"] for entry in configured} == DEPARTMENTS
    assert CATALOGUE["departments"].items() <= DEPARTMENTS.items()
