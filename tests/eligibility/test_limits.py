"""A standard for a period moves the clocks that begin from its first day on, and none that began before."""

from datetime import date
from typing import Any

import pytest
from tests.eligibility.test_standards import facts, published

from shared.auth import Role

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
