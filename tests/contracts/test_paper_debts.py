"""A paper that is missing at payment is due on one day, whoever says so: the toolbook, or the ledger of the reserve."""

from datetime import date, timedelta

import pytest

from eligibility.rules import PARAMETERS, TOOLBOOK, assess
from emergency_fund.rules import parameters as of_the_ledger

NAME = "paper_debt_working_days"


@pytest.mark.clause("4.2.1", "4.4.1")
def test_the_period_is_one_number_from_each_day_on() -> None:
    ours, theirs = PARAMETERS.parameter(NAME), of_the_ledger.PARAMETERS.parameter(NAME)
    assert [(one.first_day, one.value, one.assumed) for one in ours.values] == [
        (one.first_day, one.value, one.assumed) for one in theirs.values
    ]
    steps = {step.name: step for step in TOOLBOOK.policy("temporary_assistance").procedure.steps}
    assert steps["papers"].days == int(ours.values[-1].value)
    assert steps["papers"].working


@pytest.mark.clause("4.2.1", "4.4.1")
@pytest.mark.parametrize("first", [date(2022, 9, 26), date(2022, 12, 28), date(2023, 1, 12)], ids=str)
def test_what_is_paid_on_the_day_of_the_assessment_is_owed_until_the_day_that_was_told(first: date) -> None:
    alone = {"id": "p1", "relation": "applicant", "birth_date": "1980-01-01"}
    household = {"members": [alone], "incident": {"cause": "fire"}, "requested_amount": "800.00"}
    for day in (first + timedelta(days=at) for at in range(20)):
        told = assess(household, day).as_json()["policies"]["temporary_assistance"]["papers_due_on"]
        assert told == of_the_ledger.paper_due_on(paid_on=day).isoformat()
