"""The life of a benefit as pure rules: states, months, back pay, grace, reviews, hearings, suggestions."""

from datetime import date
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eligibility.rules.benefits import (
    TRANSITIONS,
    Amount,
    BenefitState,
    Change,
    amount_on,
    back_pay,
    first_of_month_after,
    grace_period,
    is_stable,
    months_between,
    most_owed,
    needs_hearing,
    next_amount_on,
    next_benefit_state,
    recipients,
    review_opens_on,
)
from eligibility.rules.decisions import PolicyAnswer
from eligibility.rules.reassessment import LiveBenefit, awaits, suggestions

TODAY = date(2022, 10, 10)
BENEFIT = UUID("01930000-0000-7000-8000-000000000008")
MONTHS = st.dates(date(2020, 1, 1), date(2026, 12, 1)).map(lambda day: day.replace(day=1))
AMOUNTS = st.lists(st.builds(Amount, MONTHS, st.integers(0, 500_000)), max_size=8)


@pytest.mark.parametrize(("state", "change"), list(product(BenefitState, Change)))
def test_only_the_listed_changes_are_open(state: BenefitState, change: Change) -> None:
    assert next_benefit_state(state, change) == TRANSITIONS.get((state, change))


def test_what_ended_stays_ended() -> None:
    assert all(next_benefit_state(BenefitState.ENDED, change) is None for change in Change)


@pytest.mark.clause("12.3.2")
@given(amounts=AMOUNTS, day=st.dates(date(2020, 1, 1), date(2026, 12, 31)))
def test_every_month_has_exactly_one_amount(amounts: list[Amount], day: date) -> None:
    begun = [one for one in amounts if one.from_on <= day]
    expected = 0
    if begun:
        newest = max(one.from_on for one in begun)
        expected = [one.amount_fen for one in begun if one.from_on == newest][-1]
    assert amount_on(amounts, day) == expected
    assert amount_on(amounts, day.replace(day=1)) == expected, "within a month nothing changes"


@given(amounts=AMOUNTS, new=st.builds(Amount, MONTHS, st.integers(0, 500_000)), today=st.dates(date(2020, 1, 1)))
def test_back_pay_is_the_sum_of_the_months_that_have_begun(amounts: list[Amount], new: Amount, today: date) -> None:
    today = min(today, date(2030, 1, 1))
    until = next_amount_on(amounts, new.from_on)
    owed = 0
    month = new.from_on
    while month <= today and (until is None or month < until):
        owed += max(0, new.amount_fen - amount_on(amounts, month))
        month = first_of_month_after(month)
    assert back_pay(amounts, new, today=today) == owed


@given(amounts=AMOUNTS, new=st.builds(Amount, MONTHS, st.integers(0, 500_000)))
def test_a_new_amount_counts_until_the_next_and_leaves_the_others(amounts: list[Amount], new: Amount) -> None:
    until = next_amount_on(amounts, new.from_on)
    after = [*amounts, new]
    for month in [one.from_on for one in amounts]:
        counts = new.from_on <= month and (until is None or month < until)
        assert amount_on(after, month) == (new.amount_fen if counts else amount_on(amounts, month))


@given(amounts=AMOUNTS, since=MONTHS, today=st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_what_is_owed_at_most_is_owed_for_some_month_and_no_other_brings_more(
    amounts: list[Amount], since: date, today: date
) -> None:
    until = first_of_month_after(today)
    month, owed = since, [amount_on(amounts, since)]
    while (month := first_of_month_after(month)) < until:
        owed.append(amount_on(amounts, month))
    assert most_owed(amounts, since, until=until) == max(owed)
    assert most_owed(amounts, since) >= max(owed)


@pytest.mark.parametrize(
    ("first", "until", "months"),
    [
        (date(2022, 10, 1), date(2022, 10, 1), 0),
        (date(2022, 4, 1), date(2022, 11, 1), 7),
        (date(2022, 12, 1), date(2022, 10, 1), 0),
    ],
)
def test_months_between(first: date, until: date, months: int) -> None:
    assert months_between(first, until) == months


@pytest.mark.clause("2.1.4")
@given(from_on=MONTHS, default=st.integers(1, 24), most=st.integers(1, 12))
def test_a_grace_period_never_goes_beyond_the_cap(from_on: date, default: int, most: int) -> None:
    period = grace_period(from_on, months_default=default, months_at_most=most)
    assert from_on < period.default_last_day <= period.last_day_at_most
    assert months_between(from_on, first_of_month_after(period.last_day_at_most)) == most


@pytest.mark.clause("2.1.4")
def test_the_grace_period_ends_with_a_month() -> None:
    period = grace_period(date(2023, 2, 1), months_default=6, months_at_most=12)
    assert (period.default_last_day, period.last_day_at_most) == (date(2023, 7, 31), date(2024, 1, 31))


@pytest.mark.parametrize(
    ("change", "old", "new", "cause", "on", "heard"),
    [
        (Change.ADJUST, 100, 90, "other", date(2026, 7, 1), True),
        (Change.ADJUST, 100, 90, "other", date(2026, 6, 30), False),
        (Change.ADJUST, 90, 100, "other", date(2026, 7, 1), False),
        (Change.ADJUST, 90, 90, "other", date(2026, 7, 1), False),
        (Change.SUSPEND, 90, 0, "reassessment", date(2026, 7, 1), True),
        (Change.END, 90, 0, "reassessment", date(2026, 7, 1), True),
        (Change.END, 90, 0, "own_wish", date(2026, 7, 1), False),
        (Change.END, 90, 0, "recipient_died", date(2026, 7, 1), False),
        (Change.GRACE, 90, 90, "reassessment", date(2026, 7, 1), True),
        (Change.RESUME, 0, 90, "reassessment", date(2026, 7, 1), False),
    ],
)
def test_who_loses_is_heard_since_the_law_is_in_force(
    change: Change, old: int, new: int, cause: Any, on: date, *, heard: bool
) -> None:
    assert needs_hearing(change, old_fen=old, new_fen=new, cause=cause, on=on) is heard


def member(**changes: Any) -> dict[str, Any]:
    return {"id": "p1", "birth_date": "1950-01-01", "employment": {"status": "retired"}} | changes


@pytest.mark.parametrize(
    ("person", "stable"),
    [
        (member(), True),
        (member(birth_date="1990-01-01"), False),
        (member(birth_date="1990-01-01", disability={"category": "limb", "grade": 1}), True),
        (member(birth_date="1990-01-01", disability={"category": "limb", "grade": 3}), False),
        (member(birth_date="1990-01-01", serious_illness="leukaemia"), True),
        (member(birth_date="1990-01-01", employment={"status": "unable"}), True),
        (member(birth_date="2010-01-01", employment={"status": "student"}), True),
        (member(employment={"status": "flexible"}), False),
        (member(employment=None), False),
        (member(birth_date=None), False),
        ({"id": "p1", "birth_date": "2015-01-01"}, True),
    ],
)
def test_who_may_earn_more_tomorrow_is_reviewed_more_often(person: dict[str, Any], *, stable: bool) -> None:
    assert is_stable(recipients({"members": [person]}, ["p1"]), on=TODAY) is stable


def test_only_those_whom_the_benefit_is_for_decide_on_its_review() -> None:
    household = {"members": [member(birth_date="1990-01-01"), member(id="p2")]}
    assert is_stable(recipients(household, ["p2"]), on=TODAY)


def test_a_review_opens_a_month_before_its_day() -> None:
    assert review_opens_on(date(2023, 11, 1)) == date(2023, 10, 1)


def answer(policy: str, *, eligible: bool | None, amount_fen: int | None = None, **changes: Any) -> PolicyAnswer:
    values: dict[str, Any] = {
        "title": policy,
        "clause": "2.1.2",
        "department": "civil_affairs",
        "kind": "cash_monthly",
        "person_refs": ("p1",),
        "public_notice": True,
        "on_request": False,
        "district_home_visit": False,
        "reason": "因为如此",
        "awaited": (),
    }
    return PolicyAnswer(policy=policy, eligible=eligible, monthly_amount_fen=amount_fen, **(values | changes))


def live(state: BenefitState = BenefitState.RUNNING, **changes: Any) -> LiveBenefit:
    values: dict[str, Any] = {
        "benefit_id": BENEFIT,
        "policy": "dibao",
        "state": state,
        "monthly_amount_fen": 100,
        "person_refs": ("p1",),
        "starts_on": date(2022, 1, 1),
        "grace_since": None,
        "review_opened_on": None,
    }
    return LiveBenefit(**(values | changes))


NO_GRACE = answer("dibao_grace", eligible=False)
GRACE = answer("dibao_grace", eligible=True, amount_fen=100, last_day=date(2023, 4, 30))


@pytest.mark.clause("2.1.4")
@pytest.mark.clause("12.3.3")
@pytest.mark.parametrize(
    ("benefit", "dibao", "grace", "kinds"),
    [
        (live(), answer("dibao", eligible=True, amount_fen=100), NO_GRACE, []),
        (live(), answer("dibao", eligible=True, amount_fen=90), NO_GRACE, ["adjust"]),
        (live(), answer("dibao", eligible=True, amount_fen=100, person_refs=("p1", "p2")), NO_GRACE, ["adjust"]),
        (live(), answer("dibao", eligible=False), NO_GRACE, ["end"]),
        (live(), answer("dibao", eligible=False), GRACE, ["grace"]),
        (live(), answer("dibao", eligible=False), answer("dibao_grace", eligible=None), []),
        (live(), answer("dibao", eligible=None), NO_GRACE, []),
        (live(), answer("dibao", eligible=True), NO_GRACE, []),
        (live(BenefitState.IN_GRACE), answer("dibao", eligible=False), GRACE, []),
        (live(BenefitState.IN_GRACE), answer("dibao", eligible=False), NO_GRACE, ["end"]),
        (live(BenefitState.IN_GRACE), answer("dibao", eligible=True, amount_fen=80), NO_GRACE, ["resume"]),
        (live(BenefitState.SUSPENDED), answer("dibao", eligible=True, amount_fen=100), NO_GRACE, ["resume"]),
    ],
)
def test_what_a_new_answer_suggests(
    benefit: LiveBenefit, dibao: PolicyAnswer, grace: PolicyAnswer, kinds: list[str]
) -> None:
    answers = {"dibao": dibao, "dibao_grace": grace}
    found = suggestions([benefit], answers, recognised={}, on=TODAY)
    assert [one.kind for one in found] == kinds
    assert all(one.from_on == date(2022, 11, 1) and one.benefit_id == BENEFIT for one in found)
    if kinds == ["grace"]:
        assert found[0].until_on == date(2023, 4, 30)
    if awaits(benefit, answers):
        assert found == [], "what waits for a fact suggests nothing"


def test_an_entitlement_that_nobody_decided_on_is_suggested_once_and_on_its_own() -> None:
    answers = {
        "dibao": answer("dibao", eligible=True, amount_fen=100),
        "dibao_grace": NO_GRACE,
        "orphan": answer("orphan", eligible=True, amount_fen=900),
        "low_income_margin": answer("low_income_margin", eligible=True, kind="identification"),
        "rigid_expenditure": answer("rigid_expenditure", eligible=None, kind="identification"),
        "weekly_visit": answer("weekly_visit", eligible=True, kind="service"),
    }
    found = suggestions([live()], answers, recognised={"low_income_margin": None}, on=TODAY)
    assert [(one.kind, one.policy, one.benefit_id) for one in found] == [("decide", "orphan", None)]
