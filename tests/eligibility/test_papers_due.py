"""The last day for papers of a payment that is made before them: told with the answer, by the calendar of the day."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from tests.eligibility.snapshots import table_of

from eligibility.rules import PARAMETERS, TOOLBOOK, assess, publish
from eligibility.rules.engine.calendar import ANNOUNCED, Calendar
from eligibility.rules.engine.kernel import Kernel
from eligibility.rules.facts.contract import read_facts
from eligibility.rules.facts.population import Population
from eligibility.rules.facts.snapshot import check_snapshot
from shared.working_days import WorkingCalendar

TODAY = date(2022, 10, 10)
ALONE = {"id": "p1", "relation": "applicant", "birth_date": "1980-01-01"}
SUDDEN = {"incident": {"cause": "accident"}, "requested_amount": "500.00"}


def temporary(on: date, calendar: Calendar = ANNOUNCED, **household: Any) -> dict[str, Any]:
    given = {"street": "420106009", "members": [ALONE], **SUDDEN, **household}
    answer: dict[str, Any] = assess(given, on, calendar=calendar).as_json()["policies"]["temporary_assistance"]
    return answer


@pytest.mark.clause("4.2.1")
@pytest.mark.parametrize(
    ("on", "amount", "route", "due_on"),
    [
        pytest.param(date(2023, 1, 16), "500.00", "street_reserve", "2023-02-02", id="over the Spring Festival"),
        pytest.param(date(2022, 12, 30), "500.00", "street_reserve", "2023-01-16", id="over the end of the year"),
        pytest.param(date(2026, 1, 5), "500.00", "quick_relief", "2026-01-19", id="quick relief"),
        pytest.param(date(2022, 12, 30), "5000.00", "district", None, id="the district pays after the papers"),
        pytest.param(date(2022, 12, 30), "99999.00", "special_deliberation", None, id="the group deliberates first"),
        pytest.param(date(2022, 12, 30), None, None, None, id="not known which way"),
    ],
)
def test_papers_of_what_is_paid_at_once_have_their_last_day(on: date, amount: Any, route: Any, due_on: Any) -> None:
    answer = temporary(on, requested_amount=amount)
    assert (answer["eligible"], answer["route"], answer["papers_due_on"]) == (True, route, due_on)
    assert ("requested_amount" in [one["fact"] for one in answer["explanation"]["awaits"]]) is (amount is None)


@pytest.mark.clause("4.2.1")
def test_the_last_day_for_papers_is_told_and_its_period_published() -> None:
    answer = temporary(date(2023, 1, 16))
    assert "补齐材料的最后一日：2023年2月2日" in answer["explanation"]["text"]
    assert "paper_debt_working_days" in answer["assumed"]
    nothing_asked = assess({"members": [ALONE], "incident": {"cause": "fire"}}, TODAY).as_json()["policies"]
    assert nothing_asked["temporary_assistance"]["papers_due_on"] is None
    [entry] = [one for one in publish(date(2023, 1, 16))["policies"] if one["policy"] == "temporary_assistance"]
    formulas = {one["rule"]: one["formula"] for one in entry["calculation"]}
    period = "评估当日起（当日不计）先行救助后补齐材料期限届满之日"
    assert formulas["papers_due_on"] == f"先行救助、后补材料的为{period}，否则为无"
    assert "10 个工作日" in [one["shown"] for one in entry["amounts"]]


@pytest.mark.clause("6.1")
def test_the_kernel_counts_by_the_calendar_that_it_is_given() -> None:
    on, corrected = date(2022, 10, 10), Calendar.of(WorkingCalendar({date(2022, 10, 17): False}))
    edition = TOOLBOOK.edition(on)
    assert edition is not None
    facts = read_facts({"street": "420106009", "members": [ALONE], **SUDDEN}, on)
    [batch] = Population(check_snapshot(table_of({"h": facts}), on)).batches
    for calendar, due_on in ((ANNOUNCED, 2022_10_24), (corrected, 2022_10_25)):
        found: Any
        ((_, found),) = Kernel(edition).values(["papers_due_on"], batch, PARAMETERS, on, calendar)
        assert np.broadcast_to(found.values, 1).tolist() == [due_on]
        assert temporary(on, calendar)["papers_due_on"] == date.fromisoformat(str(due_on)).isoformat()
