"""Prices over a trigger start the supplement of that month: for whom, how much, once, and until when."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.eligibility.test_standards import alone, facts, in_payment, move_to

from eligibility.rules import PARAMETERS
from eligibility.rules.price_linkage import LinkageStep, PriceReading, amount_per_person_fen, linked_policies, step_of
from shared.auth import Role
from shared.events.eligibility import BenefitStarted, PriceLinkageEnded, PriceLinkageStarted, PriceSubsidyDue
from shared.testing import problem_code

PERCENT = st.decimals(min_value=-20, max_value=40, places=2)
OVER = (LinkageStep.STARTS, LinkageStep.CONTINUES)
BELOW = (LinkageStep.RESTS, LinkageStep.ENDS)
MONTHS = st.sampled_from([date(2022, 8, 1), date(2022, 9, 1), date(2023, 3, 1), date(2023, 4, 1)])


def reading(cpi: str, food: str, month: date = date(2022, 11, 1)) -> PriceReading:
    return PriceReading(month, Decimal(cpi), Decimal(food))


@pytest.mark.clause("3.1")
@pytest.mark.parametrize(
    ("month", "cpi", "food", "steps"),
    [
        (date(2022, 8, 1), "3.49", "5.99", BELOW),
        (date(2022, 8, 1), "3.5", "0", OVER),
        (date(2022, 8, 1), "0", "6", OVER),
        (date(2022, 9, 1), "2.99", "5.99", BELOW),
        (date(2022, 9, 1), "3.0", "0", OVER),
        (date(2023, 3, 1), "3.0", "0", OVER),
        (date(2023, 4, 1), "3.0", "0", BELOW),
    ],
)
def test_the_trigger_of_the_month_decides(
    month: date, cpi: str, food: str, steps: tuple[LinkageStep, LinkageStep]
) -> None:
    one = reading(cpi, food, month)
    assert tuple(step_of(one, PARAMETERS, was_running=was) for was in (False, True)) == steps


@pytest.mark.clause("3.1")
@pytest.mark.parametrize(
    ("cpi", "food", "fen"),
    [("3.5", "0", 3185), ("3.05", "0", 2776), ("3.15", "9", 2867), ("-0.5", "6.1", 0)],
    ids=["31.85", "27.755 half up", "28.665 half up", "food alone, prices fell"],
)
def test_the_amount_is_standard_times_rise_half_up_to_the_fen(cpi: str, food: str, fen: int) -> None:
    assert amount_per_person_fen(reading(cpi, food), PARAMETERS) == fen


@pytest.mark.clause("3.1")
def test_margin_families_are_linked_from_september_2022_to_march_2023() -> None:
    months = [date(2022, 8, 1), date(2022, 9, 1), date(2023, 3, 1), date(2023, 4, 1)]
    assert ["low_income_margin" in linked_policies(PARAMETERS, month) for month in months] == [False, True, True, False]


@given(PERCENT, PERCENT, PERCENT, MONTHS)
def test_a_greater_rise_never_gives_less(low: Decimal, high: Decimal, food: Decimal, month: date) -> None:
    low, high = sorted((low, high))
    less, more = (amount_per_person_fen(PriceReading(month, one, food), PARAMETERS) for one in (low, high))
    assert 0 <= less <= more


async def enter(service: Any, month: str, cpi: str, food: str = "0", **changes: Any) -> Any:
    published_on = changes.pop("published_on", service.clock.today().isoformat())
    body = {"month": month, "cpi_rise": cpi, "food_rise": food, "published_on": published_on, "source": "统计局"}
    who = {"subject": "officer-development_reform", "department": "development_reform"} | changes
    department = who.pop("department")
    headers = service.mint.authorization(who["subject"], Role.DEPARTMENT_OFFICER, department=department)
    answer = await service.http.post(
        "/v1/price-readings", json=body, headers=headers | {"Idempotency-Key": f"{month}:{cpi}:{food}:{published_on}"}
    )
    await service.run_due()
    return answer


async def subsidies(service: Any, benefit: BenefitStarted) -> list[dict[str, Any]]:
    answer = await service.get(
        f"/v1/households/{benefit.household_id}/price-subsidies", Role.RESIDENT, subject="resident-1"
    )
    return list(answer.json()["items"])


@pytest.mark.clause("3.1")
async def test_the_last_day_to_pay_counts_the_days_the_district_corrected(eligibility: Any) -> None:
    await in_payment(eligibility)
    move_to(eligibility, 2022, 12, 9)
    closed = {"is_working": False, "reason": "市政府通知临时放假"}
    answer = await eligibility.post("/v1/calendar/2022-12-12", closed, Role.DISTRICT_OFFICER, method="PUT")
    assert answer.status_code == 200
    assert (await enter(eligibility, "2022-11-01", "3.1")).status_code == 201
    [due] = await eligibility.recorded(PriceSubsidyDue)
    assert due.due_on == date(2023, 1, 10), "a day later than without the correction"


@pytest.mark.clause("3.1")
async def test_recipients_of_a_month_over_the_trigger_get_its_supplement_once(eligibility: Any) -> None:
    benefit = await in_payment(eligibility)
    move_to(eligibility, 2022, 12, 9)
    await eligibility.run_due()
    answer = await enter(eligibility, "2022-11-01", "3.1", "4.8")
    assert (answer.status_code, answer.json()["step"], answer.json()["amount_per_person"]) == (201, "starts", "28.21")
    [started] = await eligibility.recorded(PriceLinkageStarted)
    assert (started.month, started.amount_per_person_fen) == (date(2022, 11, 1), 2821)
    [due] = await eligibility.recorded(PriceSubsidyDue)
    assert (due.household_id, due.persons, due.amount_fen) == (benefit.household_id, 3, 3 * 2821)
    assert due.due_on == date(2023, 1, 9), "20 working days after 9 December; New Year's rest does not count"
    assert [(one["month"], one["amount"]) for one in await subsidies(eligibility, benefit)] == [("2022-11-01", "84.63")]
    again = await enter(eligibility, "2022-11-01", "3.2")
    assert (again.status_code, problem_code(again)) == (409, "reading_out_of_order")
    assert len(await eligibility.recorded(PriceSubsidyDue)) == 1
    [listed] = (await eligibility.get("/v1/price-readings", Role.AUDITOR)).json()["items"]
    assert (listed["households"], listed["total"]) == (1, "84.63")


@pytest.mark.clause("3.1")
async def test_the_supplement_goes_on_and_ends_with_the_readings(eligibility: Any) -> None:
    benefit = await in_payment(eligibility)
    move_to(eligibility, 2023, 2, 10)
    await eligibility.run_due()
    readings = {"2022-11-01": "3.0", "2022-12-01": "3.4", "2023-01-01": "2.1"}
    steps = [(await enter(eligibility, month, cpi)).json()["step"] for month, cpi in readings.items()]
    assert steps == ["starts", "continues", "ends"]
    assert [event.month for event in await eligibility.recorded(PriceLinkageEnded)] == [date(2023, 1, 1)]
    assert [one["month"] for one in await subsidies(eligibility, benefit)] == ["2022-12-01", "2022-11-01"]


@pytest.mark.clause("3.1")
async def test_who_received_nothing_in_the_month_gets_no_supplement(eligibility: Any) -> None:
    await in_payment(eligibility)  # from November on
    eligibility.clock.advance(timedelta(days=1))
    assert (await enter(eligibility, "2022-09-01", "3.1")).json()["step"] == "starts"
    assert await eligibility.recorded(PriceSubsidyDue) == []


async def months_of(service: Any) -> list[tuple[date, int, date]]:
    """Every supplement that was told: its month, for how many persons, and its last day."""
    return [(event.month, event.persons, event.due_on) for event in await service.recorded(PriceSubsidyDue)]


@pytest.mark.clause("3.1")
async def test_a_month_for_which_a_benefit_is_suspended_has_no_supplement(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    await eligibility.changed(benefit["benefit_id"], "suspend", from_on="2022-12-01")
    await eligibility.at(date(2023, 1, 20))
    await eligibility.changed(benefit["benefit_id"], "resume")
    await eligibility.at(date(2023, 3, 10))
    for month in ("2022-11-01", "2022-12-01", "2023-01-01", "2023-02-01"):
        assert (await enter(eligibility, month, "3.1")).status_code == 201
    assert [month for month, *_ in await months_of(eligibility)] == [date(2022, 11, 1), date(2023, 2, 1)]


@pytest.mark.clause("3.1")
async def test_back_pay_for_a_month_brings_its_supplement_once(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H01"))
    await eligibility.changed(benefit["benefit_id"], "suspend", from_on="2022-12-01")
    await eligibility.at(date(2023, 1, 12))
    await enter(eligibility, "2022-11-01", "3.1")
    await enter(eligibility, "2022-12-01", "3.1")
    [(month, _, due_on)] = await months_of(eligibility)
    assert (month, due_on) == (date(2022, 11, 1), date(2023, 2, 14))
    await eligibility.at(date(2023, 2, 6))
    await eligibility.changed(benefit["benefit_id"], "resume", from_on="2022-12-01")
    december = (date(2022, 12, 1), 3, date(2023, 3, 6))
    assert (await months_of(eligibility))[1:] == [december], "20 working days after the confirmation"
    await enter(eligibility, "2023-01-01", "3.1")
    await eligibility.changed(benefit["benefit_id"], "adjust", monthly_amount="1100.00", from_on="2022-12-01")
    months = [month for month, *_ in await months_of(eligibility)]
    assert months == [date(2022, 11, 1), date(2022, 12, 1), date(2023, 1, 1)], "more money for a month is no month more"


@pytest.mark.clause("3.1")
async def test_back_pay_brings_the_supplement_to_those_of_a_family_who_lack_it(eligibility: Any) -> None:
    """A grandparent on dibao and an orphan: while one is suspended, the other gets the supplement."""
    dibao = await eligibility.paid(facts("H11"))
    await eligibility.changed(dibao["benefit_id"], "suspend", from_on="2022-12-01")
    await eligibility.at(date(2023, 1, 12))
    await enter(eligibility, "2022-12-01", "3.1")
    await eligibility.changed(dibao["benefit_id"], "resume", from_on="2022-12-01")
    assert [persons for _, persons, _ in await months_of(eligibility)] == [1, 1]
    path = f"/v1/households/{dibao['household_id']}/price-subsidies"
    items = (await eligibility.get(path, Role.STREET_CLERK)).json()["items"]
    assert sorted(person for one in items for person in one["persons"]) == ["p1", "p2"]
    [listed] = (await eligibility.get("/v1/price-readings", Role.AUDITOR)).json()["items"]
    assert (listed["households"], listed["total"]) == (1, "56.42")


@pytest.mark.clause("3.1")
async def test_a_margin_family_gets_it_while_the_extra_groups_are_linked(eligibility: Any) -> None:
    assessment_id = await eligibility.assessed(alone("1200.00"))
    override = {"policy": "dibao", "outcome": "refused", "reason": "收入高于低保标准"}
    body = {"comment": "认定低保边缘家庭", "overrides": [override]}
    decision = await eligibility.post(f"/v1/assessments/{assessment_id}/decisions", body, Role.STREET_CLERK)
    path = f"/v1/decisions/{decision.json()['decision_id']}/confirmation"
    assert (await eligibility.post(path, {"comment": "同意"}, Role.STREET_APPROVER)).json()["state"] == "in_force"
    move_to(eligibility, 2022, 11, 9)
    await eligibility.run_due()
    await enter(eligibility, "2022-10-01", "3.1")
    [due] = await eligibility.recorded(PriceSubsidyDue)
    assert (due.persons, due.amount_fen) == (1, 2821)


@pytest.mark.clause("3.1")
async def test_a_margin_family_gets_it_after_a_decision_on_something_else(eligibility: Any) -> None:
    decision = await eligibility.decided(facts("H02"))
    again = await eligibility.decided(facts("H02"), whose=decision["household_id"])
    assert "low_income_margin" not in {one["policy"] for one in again["measures"]}, "it is in force"
    move_to(eligibility, 2022, 11, 9)
    await eligibility.run_due()
    await enter(eligibility, "2022-10-01", "3.1")
    [due] = await eligibility.recorded(PriceSubsidyDue)
    assert (due.persons, due.amount_fen) == (2, 2 * 2821)


async def test_a_month_that_is_left_out_and_a_day_that_cannot_be_are_refused(eligibility: Any) -> None:
    early = await enter(eligibility, "2022-09-01", "3.1", published_on="2022-09-30")
    assert (early.status_code, problem_code(early)) == (422, "publication_day_impossible")
    late = await enter(eligibility, "2022-09-01", "3.1", published_on="2022-10-11")
    assert (late.status_code, problem_code(late)) == (422, "publication_day_impossible")
    old = await enter(eligibility, "2020-01-01", "5.4")
    assert (old.status_code, problem_code(old)) == (422, "before_linkage")
    assert (await enter(eligibility, "2022-07-01", "2.7")).status_code == 201
    gap = await enter(eligibility, "2022-09-01", "3.1")
    assert (gap.status_code, problem_code(gap)) == (409, "reading_out_of_order")
    middle = await enter(eligibility, "2022-08-02", "3.1")
    assert (middle.status_code, problem_code(middle)) == (422, "invalid_input")


async def test_only_the_bureau_or_the_district_enters_prices(eligibility: Any) -> None:
    answer = await enter(eligibility, "2022-09-01", "3.1", department="education")
    assert (answer.status_code, problem_code(answer)) == (403, "not_permitted")
