"""The rules of departments as tables: directory, clocks, programmes, amounts."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from departments.main import directory
from departments.rules.offices import Clocks, open_office, read_directory
from departments.rules.programmes import MEDICAL_GROUPS, PROGRAMMES, PUPIL_GROUPS, Report
from departments.rules.referrals import TRANSITIONS, State, due_times, possible_actions
from departments.rules.replenishments import granted_fen
from shared.clock import end_of_day
from shared.working_days import WorkingCalendar

ROOT = Path(__file__).parents[2]
CLOCKS = {"accept_working_days": 3, "complete_working_days": 10}
HOUSING = {"code": "housing", "name": "区房管局", "clauses": [], "valid_from": date(2022, 1, 1)}
CONSTRUCTION = {**HOUSING, "code": "construction", "name": "区建设局"}
MERGED = {**HOUSING, "valid_to": date(2024, 3, 1), "successor": "construction"}


def test_every_policy_of_a_department_has_a_programme_and_every_programme_a_department() -> None:
    carried_out = {policy for department in directory().departments for policy in department.policies}
    assert carried_out == set(PROGRAMMES)


def test_every_data_set_of_the_catalogue_is_held_by_the_department_it_names() -> None:
    catalogue = yaml.safe_load((ROOT / "services/data-sharing/data_sharing/catalogue.yaml").read_text("utf-8"))
    held = {(code, name) for code, one in directory().by_code.items() for name in one.data_sets}
    assert held == {(entry["department"], name) for name, entry in catalogue["data_sets"].items()}


def test_exactly_one_department_funds_the_reserves() -> None:
    assert [one.code for one in directory().departments if one.reserves is not None] == ["finance"]


@pytest.mark.parametrize(("day", "takes"), [(date(2024, 2, 29), "housing"), (date(2024, 3, 1), "construction")])
def test_a_successor_takes_over_on_its_day(day: date, takes: str) -> None:
    merged = read_directory({"clocks": CLOCKS, "departments": [MERGED, CONSTRUCTION]})
    assert merged.responsible("housing", on=day) == takes
    assert merged.responsible("construction", on=day) == "construction"
    assert open_office(merged, "construction").takes("housing", on=day) is (takes == "construction")


@pytest.mark.parametrize(
    ("departments", "fault"),
    [
        ([HOUSING, HOUSING], "twice"),
        ([MERGED], "not in the directory"),
        ([{**HOUSING, "successor": "housing"}], "go together"),
        ([{**HOUSING, "fax": "1"}], "fax"),
    ],
)
def test_a_directory_at_fault_is_refused(departments: list[dict[str, Any]], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        read_directory({"clocks": CLOCKS, "departments": departments})


def test_a_department_that_is_not_in_the_directory_does_not_open() -> None:
    with pytest.raises(LookupError, match="no department 'fisheries'"):
        open_office(directory(), "fisheries")


def test_nothing_is_possible_at_the_end_and_something_before_it() -> None:
    ends = {state for state in State if not possible_actions(state)}
    assert ends == {State.RETURNED, State.COMPLETED}
    assert {state for state, _ in TRANSITIONS} == set(State) - ends


@pytest.mark.parametrize(
    ("received_on", "accept_on", "complete_on"),
    [
        (date(2022, 9, 26), date(2022, 9, 29), date(2022, 10, 13)),
        (date(2023, 1, 16), date(2023, 1, 19), date(2023, 2, 2)),
        (date(2026, 2, 9), date(2026, 2, 12), date(2026, 2, 28)),
    ],
)
def test_the_departments_clocks_count_working_days_with_the_swapped_ones(
    received_on: date, accept_on: date, complete_on: date
) -> None:
    far = datetime(2030, 1, 1, tzinfo=UTC)
    due = due_times(
        received_on=received_on, accept_by=far, complete_by=far, clocks=Clocks(**CLOCKS), calendar=WorkingCalendar()
    )
    assert (due.accept_by, due.complete_by) == (end_of_day(accept_on), end_of_day(complete_on))


def test_a_referral_that_arrives_late_keeps_the_times_it_carries() -> None:
    given_time = datetime(2022, 9, 27, 16, tzinfo=UTC)
    due = due_times(
        received_on=date(2022, 9, 28),
        accept_by=given_time,
        complete_by=given_time,
        clocks=Clocks(**CLOCKS),
        calendar=WorkingCalendar(),
    )
    assert (due.accept_by, due.complete_by) == (given_time, given_time)


def faults(policy: str, **report: Any) -> list[str]:
    values: dict[str, Any] = {"result": "delivered", "amount_fen": None, "note": None, "details": {}, **report}
    return sorted(fault.code for fault in PROGRAMMES[policy](Report(**values)))


@pytest.mark.parametrize(
    ("policy", "report", "expected"),
    [
        ("education_aid", {}, ["amount_required", "detail_required"]),
        ("education_aid", {"amount_fen": 0, "details": {"group": "dibao_family"}}, ["amount_not_positive"]),
        ("education_aid", {"amount_fen": 1, "details": {"group": "dibao_family", "x": "y"}}, ["detail_unknown"]),
        ("employment_assistance", {"amount_fen": 1, "details": {"post": "company_post"}}, ["amount_not_allowed"]),
        ("skills_training", {}, []),
        ("skills_training", {"amount_fen": 9000}, []),
        ("legal_aid", {"details": {"matter": "tax"}}, ["detail_invalid"]),
        ("public_rental_housing", {"details": {"form": "allocated"}}, []),
        ("public_rental_housing", {"details": {"form": "rent_subsidy"}}, ["amount_required"]),
        ("public_rental_housing", {"details": {"form": "rent_subsidy"}, "amount_fen": 60000}, []),
        ("worker_aid", {"amount_fen": 100000}, []),
    ],
)
def test_what_a_delivered_measure_reports(policy: str, report: dict[str, Any], expected: list[str]) -> None:
    assert faults(policy, **report) == expected


@pytest.mark.parametrize("policy", sorted(PROGRAMMES))
def test_what_was_not_delivered_carries_no_money_and_says_why_it_could_not_be(policy: str) -> None:
    assert faults(policy, result="declined_by_resident") == []
    assert faults(policy, result="not_possible") == ["note_required"]
    assert faults(policy, result="not_possible", note="已迁出") == []
    assert faults(policy, result="declined_by_resident", amount_fen=1) == ["amount_not_allowed"]


@pytest.mark.clause("2.3.1")
def test_the_seven_groups_of_pupils_are_all_known() -> None:
    assert len(set(PUPIL_GROUPS)) == 7
    for group in PUPIL_GROUPS:
        assert faults("education_aid", amount_fen=50000, details={"group": group}) == []


@pytest.mark.clause("2.2.1")
def test_the_four_groups_of_medical_aid_are_all_known() -> None:
    for group in MEDICAL_GROUPS:
        assert faults("medical_assistance", amount_fen=50000, details={"group": group}) == []


@given(
    outcome=st.sampled_from(["granted", "partly_granted", "refused"]),
    requested_fen=st.integers(1, 10**12),
    amount_fen=st.none() | st.integers(0, 10**12),
)
def test_what_a_reserve_gets_is_never_more_than_it_asked_for(
    outcome: Any, requested_fen: int, amount_fen: int | None
) -> None:
    granted = granted_fen(outcome, requested_fen=requested_fen, amount_fen=amount_fen)
    if granted is not None:
        assert (granted == requested_fen) == (outcome == "granted")
        assert (granted == 0) == (outcome == "refused")
        assert 0 <= granted <= requested_fen
        assert amount_fen in (None, granted)
