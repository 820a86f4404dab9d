"""A standard for a period moves the clocks that begin from its first day on, and none that began before; the toolbook
promises what the clocks count by.
"""

from datetime import date, timedelta
from typing import Any

import pytest
from tests.eligibility.test_standards import facts, published

from shared.auth import Role
from shared.working_days import WorkingCalendar

DAYS, MONTHS = {"unit": "working days"}, {"unit": "months"}
OPINION = {"comment": "入户核实，情况属实"}


async def proposed(service: Any) -> dict[str, Any]:
    """An opinion on a case that comes in now."""
    assessment_id = await service.assessed(facts("H01"))
    answer = await service.post(f"/v1/assessments/{assessment_id}/decisions", OPINION, Role.STREET_CLERK)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def decide_by(service: Any, decision: dict[str, Any]) -> str:
    answer = await service.get(f"/v1/decisions/{decision['decision_id']}", Role.AUDITOR)
    return str(answer.json()["decide_by"])


@pytest.mark.clause("3.2")
async def test_a_case_is_decided_within_the_limit_of_the_day_it_came_in(eligibility: Any) -> None:
    await eligibility.at(date(2022, 10, 24))
    running = await proposed(eligibility)
    await published(eligibility, parameter="decision_working_days", value="25", first_day="2022-10-26", **DAYS)
    await eligibility.at(date(2022, 10, 25))
    before = await proposed(eligibility)
    await eligibility.at(date(2022, 10, 26))
    after = await proposed(eligibility)
    assert await decide_by(eligibility, running) == "2022-11-21"
    assert await decide_by(eligibility, before) == "2022-11-22"
    assert await decide_by(eligibility, after) == "2022-11-30"


async def promised(service: Any, policy: str, step: str) -> tuple[int, str]:
    """The limit of a step and its source, as the toolbook of today says."""
    policies = (await service.get("/v1/toolbook", Role.RESIDENT)).json()["policies"]
    [entry] = [one for one in policies if one["policy"] == policy]
    [found] = [one for one in entry["procedure"]["steps"] if one["step"] == step]
    return found["days"], found["source"]


def counted(first: date, last: str) -> int:
    """The working days from the day after `first` to `last`."""
    days = range(1, (date.fromisoformat(last) - first).days + 1)
    return sum(WorkingCalendar().is_working_day(first + timedelta(days=day)) for day in days)


@pytest.mark.clause("1.4")
@pytest.mark.parametrize(("day", "limit"), [(date(2022, 10, 19), 30), (date(2022, 10, 20), 20)], ids=str)
async def test_the_toolbook_promises_what_the_clock_counts(eligibility: Any, day: date, limit: int) -> None:
    """The streets confirm from the first day; the ministry's notice of 20 October makes it twenty days for them."""
    await eligibility.at(day)
    assert counted(day, await decide_by(eligibility, await proposed(eligibility))) == limit
    for policy in ("dibao", "low_income_margin"):
        assert (await promised(eligibility, policy, "confirm"))[0] == limit


@pytest.mark.clause("1.4")
@pytest.mark.clause("3.2")
async def test_a_published_limit_reaches_toolbook_and_clock_on_one_day(eligibility: Any) -> None:
    standard = {"parameter": "decision_working_days", "value": "15", "lower_value_confirmed": True}
    await published(eligibility, first_day="2022-11-01", **standard, **DAYS)
    for day, limit in ((date(2022, 10, 31), 20), (date(2022, 11, 1), 15)):
        await eligibility.at(day)
        assert counted(day, await decide_by(eligibility, await proposed(eligibility))) == limit
        days, source = await promised(eligibility, "dibao", "confirm")
        assert days == limit
    assert source == "武民政发〔2022〕0号（2022-10-08）"


@pytest.mark.clause("3.2")
async def test_a_case_that_needs_more_time_gets_what_stood_when_it_came_in(eligibility: Any) -> None:
    old = await proposed(eligibility)
    await published(eligibility, parameter="decision_working_days_extended", value="50", first_day="2022-10-12", **DAYS)
    await eligibility.at(date(2022, 10, 12))
    new = await proposed(eligibility)
    for decision in (old, new):
        path = f"/v1/applications/{decision['application_id']}/complaints"
        await eligibility.post(path, {"ground": "反映另有工资", "is_real_name": True}, Role.STREET_CLERK)
    assert await decide_by(eligibility, old) == "2022-12-12", "45 working days after 10 October"
    assert await decide_by(eligibility, new) == "2022-12-21", "50 working days after 12 October"


async def told_of_an_end(service: Any) -> str:
    """The recipient of a new benefit is told today that it shall end; the last day to answer."""
    benefit = await service.paid(facts("H01"))
    today = service.clock.today()
    body = {"kind": "end", "cause": "reassessment", "reason": "情况变化"}
    change = await service.post(f"/v1/benefits/{benefit['benefit_id']}/changes", body, Role.STREET_CLERK)
    path = f"/v1/benefit-changes/{change.json()['change_id']}/hearing"
    opened = await service.post(path, {"notice_given_on": today.isoformat()}, Role.STREET_CLERK)
    return str(opened.json()["hearing"]["respond_by"])


@pytest.mark.clause("3.2")
async def test_a_hearing_waits_as_long_as_on_the_day_of_its_notice(eligibility: Any) -> None:
    await published(eligibility, parameter="hearing_silence_working_days", value="10", first_day="2022-11-09", **DAYS)
    await eligibility.at(date(2022, 10, 31))
    assert await told_of_an_end(eligibility) == "2022-11-15", "5 working days after 8 November"
    await eligibility.at(date(2022, 11, 1))
    assert await told_of_an_end(eligibility) == "2022-11-23", "10 working days after 9 November"


@pytest.mark.clause("3.2")
async def test_a_review_is_due_after_the_months_of_the_day_its_time_begins(eligibility: Any) -> None:
    standard = {"parameter": "review_months_unstable", "value": "3", "lower_value_confirmed": True}
    await published(eligibility, first_day="2022-12-01", **standard, **MONTHS)
    old = await eligibility.paid(facts("H01"))
    assert (old["starts_on"], old["review_due_on"]) == ("2022-11-01", "2023-05-01")
    await eligibility.at(date(2022, 11, 10))
    new = await eligibility.paid(facts("H01"))
    assert (new["starts_on"], new["review_due_on"]) == ("2022-12-01", "2023-03-01")
    assert (await eligibility.benefit(old["benefit_id"]))["review_due_on"] == "2023-05-01"


@pytest.mark.clause("3.2")
async def test_a_grace_period_is_as_long_as_on_its_first_day(eligibility: Any) -> None:
    default = {"parameter": "grace_months_default", "value": "3", "lower_value_confirmed": True}
    at_most = {"parameter": "grace_months_at_most", "value": "4", "lower_value_confirmed": True}
    for standard in (default, at_most):
        await published(eligibility, first_day="2023-01-01", **standard, **MONTHS)
    first, second = await eligibility.paid(facts("H01")), await eligibility.paid(facts("H01"))
    await eligibility.at(date(2022, 11, 30))
    assert (await eligibility.changed(first["benefit_id"], "grace"))["until_on"] == "2023-05-31"
    await eligibility.at(date(2022, 12, 1))
    change = {"kind": "grace", "cause": "reassessment", "reason": "就业", "extension_reason": "就业不稳定"}
    path = f"/v1/benefits/{second['benefit_id']}/changes"
    refused = await eligibility.post(path, change | {"until_on": "2023-05-31"}, Role.STREET_CLERK)
    assert refused.status_code == 422, "beyond four months"
    assert (await eligibility.changed(second["benefit_id"], "grace"))["until_on"] == "2023-03-31"
