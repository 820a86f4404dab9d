"""The working days in which a request is answered and data are given."""

from datetime import date

import pytest

from data_sharing.rules.agreements import Sharing, answer_on, supply_on
from shared.working_days import WorkingCalendar

CALENDAR = WorkingCalendar()


@pytest.mark.clause("12.1.1")
@pytest.mark.parametrize(
    ("asked_on", "sharing", "expected"),
    [
        (date(2022, 10, 10), "unconditional", date(2022, 10, 11)),
        (date(2022, 10, 14), "unconditional", date(2022, 10, 17)),  # a Friday
        (date(2022, 9, 30), "unconditional", date(2022, 10, 8)),  # the holiday, and a Saturday that is worked
        (date(2022, 10, 10), "conditional", date(2022, 10, 24)),
        (date(2024, 2, 29), "unconditional", date(2024, 3, 1)),
    ],
)
def test_a_request_is_answered_in_working_days(asked_on: date, sharing: Sharing, expected: date) -> None:
    assert answer_on(asked_on, sharing, CALENDAR) == expected


@pytest.mark.clause("12.1.1")
def test_only_a_conditional_request_is_extended() -> None:
    assert answer_on(date(2022, 10, 10), "conditional", CALENDAR, is_extended=True) == date(2022, 11, 7)
    with pytest.raises(ValueError, match="unconditional"):
        answer_on(date(2022, 10, 10), "unconditional", CALENDAR, is_extended=True)


@pytest.mark.clause("12.1.1")
def test_data_are_given_within_twenty_working_days() -> None:
    assert supply_on(date(2022, 10, 10), CALENDAR) == date(2022, 11, 7)
