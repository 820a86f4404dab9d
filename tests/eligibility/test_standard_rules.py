"""Standards as rules: which value stands, what a benefit is owed, what a household gains or loses."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eligibility.rules import PARAMETERS
from eligibility.rules.shadow import a_little_higher
from eligibility.rules.standards import (
    RecomputationOutcome,
    Standard,
    Stretch,
    change_days,
    decimals_of,
    first_whole_month,
    outcome_of,
    parameters_version,
    standing,
)

DAYS = st.dates(min_value=date(2022, 1, 1), max_value=date(2027, 12, 31))
FEN = st.integers(min_value=0, max_value=10**6)
URBAN = "urban_dibao_standard"


def standard(value: str, first_day: date = date(2022, 11, 1), parameter: str = URBAN) -> Standard:
    return Standard(parameter, Decimal(value), first_day, "文号", date(2022, 10, 8))


def value_on(standards: list[Standard], day: date) -> str:
    return str(standing(PARAMETERS, standards).value(URBAN, on=day).value)


@pytest.mark.clause("3.2")
def test_a_standard_wins_from_its_first_day_until_the_next_value() -> None:
    days = (date(2022, 10, 31), date(2022, 11, 1), date(2023, 3, 31), date(2023, 4, 1))
    assert [value_on([standard("920")], day) for day in days] == ["910", "920", "920", "940"]


@pytest.mark.clause("3.2")
def test_of_two_values_for_one_day_the_later_confirmed_stands() -> None:
    assert value_on([standard("920"), standard("925")], date(2022, 11, 1)) == "925"
    assert value_on([standard("915", date(2022, 4, 1))], date(2022, 10, 10)) == "915", "a packaged value too"


def test_the_version_of_the_parameters_follows_every_value() -> None:
    versions = {
        parameters_version(standing(PARAMETERS, found))
        for found in ([], [standard("920")], [standard("925")], [standard("920", date(2022, 12, 1))])
    }
    assert len(versions) == 4
    assert parameters_version(standing(PARAMETERS, [])) == parameters_version(PARAMETERS)


@pytest.mark.parametrize(
    ("unit", "decimals"),
    [("yuan/person/month", 2), ("ratio", 4), ("x urban_dibao_standard", 4), ("share of float", 4), ("months", 0)],
)
def test_a_unit_says_how_many_decimals_a_value_has(unit: str, decimals: int) -> None:
    assert decimals_of(unit) == decimals


@given(DAYS)
def test_the_first_whole_month_begins_on_the_day_or_next(day: date) -> None:
    month = first_whole_month(day)
    assert month.day == 1
    assert day <= month <= day + timedelta(days=30)


@pytest.mark.clause("3.2")
def test_only_a_rise_in_every_stretch_is_a_rise() -> None:
    day = date(2022, 11, 1)
    raised, same, lower = Stretch(day, None, 5, 6), Stretch(day, None, 5, 5), Stretch(day, None, 5, 4)
    lost, unknown = Stretch(day, None, 5, None), Stretch(day, None, 5, None, is_undecided=True)
    assert outcome_of([same, raised], by_officer=False) is RecomputationOutcome.RAISED
    assert outcome_of([same], by_officer=False) is RecomputationOutcome.UNCHANGED
    assert outcome_of([raised, lower], by_officer=False) is RecomputationOutcome.LOWERED
    assert outcome_of([raised, lost], by_officer=False) is RecomputationOutcome.LOST
    assert outcome_of([lost, unknown], by_officer=False) is RecomputationOutcome.UNDECIDED
    assert outcome_of([raised], by_officer=True) is RecomputationOutcome.BY_OFFICER


def test_the_days_of_change_begin_with_the_first_and_end_with_today() -> None:
    days = change_days(PARAMETERS, since=date(2022, 12, 1), until=date(2023, 4, 1))
    assert days == [date(2022, 12, 1), date(2023, 4, 1)]
    assert change_days(PARAMETERS, since=date(2022, 12, 1), until=date(2022, 12, 1)) == [date(2022, 12, 1)]


@pytest.mark.parametrize(
    ("parameter", "value", "higher"),
    [(URBAN, "950", "1045.00"), ("margin_multiple", "1.5", "1.6500"), ("dibao_homes_at_most", "1", "2")],
)
def test_just_over_is_a_tenth_over_in_the_parameters_own_decimals(parameter: str, value: str, higher: str) -> None:
    new = standard(value, parameter=parameter)
    assert str(a_little_higher(new, PARAMETERS).value) == higher
