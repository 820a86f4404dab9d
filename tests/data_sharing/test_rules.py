"""Letters, receptions, periods and the catalogue, as tables of cases."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from data_sharing.rules.authorisation import Letter, is_adult, refusal, who_must_sign
from data_sharing.rules.catalogue import Catalogue, CatalogueInvalid
from data_sharing.rules.verification import add_months, answer_by, may_complete, reception, valid_until
from shared.working_days import WorkingCalendar

FATHER, MOTHER = UUID(int=1), UUID(int=2)
NOW = datetime(2022, 10, 10, 2, tzinfo=UTC)


def letter(person_id: UUID = FATHER, **changes: Any) -> Letter:
    values: dict[str, Any] = {
        "purposes": frozenset({"assessment"}),
        "fields": frozenset({"individual_income.wage"}),
        "valid_from": NOW - timedelta(days=1),
        "valid_until": NOW + timedelta(days=1),
    }
    return Letter(person_id=person_id, **{**values, **changes})


@pytest.mark.clause("12.1.2")
@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ([letter(), letter(MOTHER)], None),
        ([letter()], "authorisation_missing"),
        ([], "authorisation_missing"),
        ([letter(), letter(MOTHER, valid_until=NOW)], "authorisation_not_in_force"),
        ([letter(), letter(MOTHER, valid_from=NOW)], None),
        ([letter(), letter(MOTHER, valid_from=NOW + timedelta(seconds=1))], "authorisation_not_in_force"),
        ([letter(), letter(MOTHER, purposes=frozenset({"verification"}))], "purpose_not_authorised"),
        ([letter(), letter(MOTHER, fields=frozenset())], "field_not_authorised"),
    ],
)
def test_every_needed_letter_must_open_the_fields(letters: list[Letter], expected: str | None) -> None:
    needed = {FATHER, MOTHER}
    assert refusal(needed, letters, purpose="assessment", fields=["individual_income.wage"], at=NOW) == expected


def test_nobody_needed_opens_nothing() -> None:
    assert refusal((), [letter()], purpose="assessment", fields=[], at=NOW) == "authorisation_missing"


def test_adults_sign_and_where_there_are_none_everybody_is_signed_for() -> None:
    assert who_must_sign({"p1": True, "p2": False}) == {"p1"}
    assert who_must_sign({"p1": False, "p2": False}) == {"p1", "p2"}


@pytest.mark.parametrize(
    ("born", "on", "expected"),
    [
        (date(2004, 10, 10), date(2022, 10, 9), False),
        (date(2004, 10, 10), date(2022, 10, 10), True),
        (date(2004, 2, 29), date(2022, 2, 28), False),
        (date(2004, 2, 29), date(2022, 3, 1), True),
    ],
)
def test_of_age_from_the_birthday_on(born: date, on: date, *, expected: bool) -> None:
    assert is_adult(born, on) is expected


@pytest.mark.parametrize(
    ("state", "outcome", "expected"),
    [
        ("open", None, "first"),
        ("open", "matched", "revised"),
        ("open", "error", "revised"),
        ("completed", None, "late"),
        ("completed", "error", "late"),
        ("completed", "matched", None),
        ("completed", "no_record", None),
    ],
)
def test_what_a_new_answer_is(state: Any, outcome: Any, expected: str | None) -> None:
    assert reception("first", state, outcome) == expected
    assert reception("recheck", state, outcome) == reception("first", "completed", outcome)


def test_a_verification_waits_for_all_or_for_the_deadline() -> None:
    late = NOW + timedelta(days=14)
    assert not may_complete(["matched", None], answer_by=late, now=NOW)
    assert may_complete(["matched", "error"], answer_by=late, now=NOW)
    assert may_complete(["matched", None], answer_by=late, now=late)


@pytest.mark.parametrize(
    ("start", "last_day"),
    [("2022-09-26", "2022-10-13"), ("2023-01-16", "2023-02-02"), ("2026-02-09", "2026-02-28")],
)
def test_departments_have_ten_working_days(start: str, last_day: str) -> None:
    begun = datetime.fromisoformat(f"{start}T10:00:00+08:00")
    end = datetime.fromisoformat(f"{last_day}T00:00:00+08:00") + timedelta(days=1)
    assert answer_by(begun, WorkingCalendar()) == end


def test_a_verification_holds_for_six_months() -> None:
    assert valid_until(NOW) == datetime(2023, 4, 10, 16, tzinfo=UTC)
    assert add_months(date(2022, 8, 31), 6) == date(2023, 2, 28)
    assert add_months(date(2023, 12, 31), 2) == date(2024, 2, 29)


@pytest.mark.clause("12.1.1")
@pytest.mark.parametrize(
    ("path", "usable", "rubbish"),
    [
        ("individual_income.wage", ["0", "2000.00", None], [2000, "2000.001", "-1", "many", True]),
        ("household_register.birth_date", ["2022-10-10"], ["2022-10-11", "20221010", "2022-02-30", 1]),
        ("household_register.sex", ["M", "F"], ["X", 1, ["M"]]),
        (
            "household_register.registration",
            [{"region": "420106", "kind": "urban"}],
            [{"region": "4201", "kind": "urban"}, {"region": "420106"}, "420106", {"region": "420106", "kind": "x"}],
        ),
        ("vehicle_register.vehicles", [[], [{"value": "1.00"}, {"value": None}]], [{}, [{}], [{"value": 1}], "car"]),
        ("real_estate.homes", [0, 3], [-1, True, "1", 1.0, 10_000]),
        ("disability_register.grade", [1, 4], [0, 5]),
        ("disability_register.certificate", [True, False], ["yes", 1]),
        (
            "benefit_register.receiving",
            [[], [{"policy": "dibao", "monthly_amount": "1", "since": "2022-01-01", "shares": {"p1": "1"}}]],
            [[{}], [{"policy": "dibao", "name": "x"}], [{"policy": "dibao", "monthly_amount": 1}], [1], {}],
        ),
    ],
)
def test_values_that_can_be_used(catalogue: Catalogue, path: str, usable: list[Any], rubbish: list[Any]) -> None:
    code, _, name = path.partition(".")
    field = catalogue.data_sets[code].fields[name]
    assert [value for value in usable if field.fault(value, today=date(2022, 10, 10)) is not None] == []
    assert [value for value in rubbish if field.fault(value, today=date(2022, 10, 10)) is None] == []


_SOUND = """
departments: {tax: 区税务局}
purposes: {assessment: {title: 评估}}
letter: {purposes: [assessment], months: 12}
clients: {}
data_sets:
  income:
    department: tax
    title: 个人所得
    refreshed: monthly
    fields:
      wage: {title: 月工资, kind: money, sensitivity: sensitive, verifies: members.income.wage}
"""


@pytest.mark.parametrize(
    ("fault", "instead"),
    [
        ("department: tax", "department: moon"),
        ("kind: money", "kind: gold"),
        ("sensitivity: sensitive", "sensitivity: secret"),
        ("members.income.wage", "members.name"),
        ("purposes: [assessment]", "purposes: [marketing]"),
        ("title: 月工资, ", ""),
        ("months: 12", "weeks: 12"),
    ],
)
def test_a_catalogue_that_is_not_sound_is_refused(tmp_path: Path, fault: str, instead: str) -> None:
    path = tmp_path / "catalogue.yaml"
    path.write_text(_SOUND, encoding="utf-8")
    assert Catalogue.load(path).by_department == {"tax": ("income",)}
    path.write_text(_SOUND.replace(fault, instead), encoding="utf-8")
    with pytest.raises(CatalogueInvalid, match=r"catalogue\.yaml"):
        Catalogue.load(path)
