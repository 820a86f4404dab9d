"""A standard is proposed, tried out, confirmed by another officer, and reaches assessments, others and benefits."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from shared.auth import Role
from shared.events.eligibility import (
    BenefitAdjusted,
    BenefitStarted,
    RecomputationCompleted,
    ShadowRunCompleted,
    StandardPublished,
)
from shared.testing import problem_code

CASES = Path(__file__).parent / "cases"
STREET = "420106009"
STANDARD = {
    "parameter": "urban_dibao_standard",
    "value": "950",
    "unit": "yuan/person/month",
    "first_day": "2022-11-01",
    "document_number": "武民政发〔2022〕0号",
    "issued_on": "2022-10-08",
}
AGREED = {"comment": "与文件核对无误"}
FIRST, SECOND = {"subject": "district-1"}, {"subject": "district-2"}


def facts(case: str) -> dict[str, Any]:
    household: dict[str, Any] = json.loads((CASES / f"{case}.json").read_text(encoding="utf-8"))["household"]
    return household


def alone(monthly: str) -> dict[str, Any]:
    """One person with that income."""
    member = {
        "id": "p1",
        "relation": "applicant",
        "birth_date": "1980-01-01",
        "registration": {"region": "420199", "kind": "urban"},
        "income": [{"kind": "other", "monthly": monthly}],
    }
    return {"street": STREET, "members": [member]}


async def propose(service: Any, **changes: Any) -> Any:
    return await service.post("/v1/standards", STANDARD | changes, Role.DISTRICT_OFFICER, **FIRST)


async def proposed(service: Any, **changes: Any) -> dict[str, Any]:
    answer = await propose(service, **changes)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def confirm(service: Any, standard: dict[str, Any], **who: Any) -> Any:
    path = f"/v1/standards/{standard['standard_id']}/confirmation"
    return await service.post(path, AGREED, Role.DISTRICT_OFFICER, **(SECOND | who))


async def published(service: Any, **changes: Any) -> dict[str, Any]:
    answer = await confirm(service, await proposed(service, **changes))
    assert answer.status_code == 200, answer.text
    await service.run_due()
    return dict(answer.json())


async def previewed(service: Any, case: str, on: str) -> dict[str, Any]:
    body = {"as_of": on, "household": facts(case)}
    return dict((await service.post("/v1/assessments/preview", body, Role.STREET_CLERK)).json())


async def in_payment(service: Any, case: str = "H01", *, days: int = 8, **body: Any) -> BenefitStarted:
    """A household whose dibao has been decided and runs from 2022-11-01."""
    assessment_id = await service.assessed(facts(case))
    answer = await service.post(
        f"/v1/assessments/{assessment_id}/decisions", {"comment": "情况属实"} | body, Role.STREET_CLERK
    )
    path = f"/v1/decisions/{answer.json()['decision_id']}/confirmation"
    await service.post(path, {"comment": "同意"}, Role.STREET_APPROVER)
    service.clock.advance(timedelta(days=days))
    await service.run_due()
    started = await service.recorded(BenefitStarted)
    benefit: BenefitStarted = started[-1]
    return benefit


def move_to(service: Any, year: int, month: int, day: int) -> None:
    service.clock.advance(datetime(year, month, day, 1, tzinfo=UTC) - service.clock.now())


async def recomputation(service: Any, standard: dict[str, Any], query: str = "") -> dict[str, Any]:
    path = f"/v1/standards/{standard['standard_id']}/recomputation{query}"
    return dict((await service.get(path, Role.AUDITOR)).json())


async def amount_in_payment(service: Any, benefit: BenefitStarted) -> str:
    listed = await service.get(f"/v1/households/{benefit.household_id}/benefits", Role.STREET_CLERK)
    [one] = [item for item in listed.json()["items"] if item["benefit_id"] == str(benefit.benefit_id)]
    return str(one["monthly_amount"])


@pytest.mark.clause("3.2")
async def test_a_confirmed_standard_decides_from_its_first_day(eligibility: Any) -> None:
    standard = await proposed(eligibility)
    assert (await previewed(eligibility, "H01", "2022-11-01"))["parameters"]["urban_dibao_standard"]["value"] == "910"
    assert (await confirm(eligibility, standard)).json()["state"] == "published"
    before, after = [await previewed(eligibility, "H01", day) for day in ("2022-10-31", "2022-11-01")]
    assert before["policies"]["dibao"]["monthly_amount"] == "1030.00"
    assert after["policies"]["dibao"]["monthly_amount"] == "1150.00"
    assert after["parameters"]["urban_dibao_standard"] == {
        "label": "城市低保标准",
        "value": "950",
        "unit": "yuan/person/month",
        "first_day": "2022-11-01",
        "source": "武民政发〔2022〕0号（2022-10-08）",
        "assumed": False,
    }
    shown = (await eligibility.get("/v1/parameters?on=2022-11-01", Role.RESIDENT)).json()["items"]
    assert [one["value"] for one in shown if one["parameter"] == "urban_dibao_standard"] == ["950"]


@pytest.mark.clause("3.2")
async def test_a_confirmed_standard_is_told_once(eligibility: Any) -> None:
    await eligibility.run_due()
    told = len(await eligibility.recorded(StandardPublished))
    await published(eligibility)
    eligibility.clock.advance(timedelta(hours=3))
    await eligibility.run_due()
    events = (await eligibility.recorded(StandardPublished))[told:]
    assert [(one.parameter, one.value, one.first_day.isoformat()) for one in events] == [
        ("urban_dibao_standard", "950", "2022-11-01")
    ]


async def test_who_proposed_does_not_confirm(eligibility: Any) -> None:
    answer = await confirm(eligibility, await proposed(eligibility), **FIRST)
    assert (answer.status_code, problem_code(answer)) == (403, "same_person")


async def test_a_standard_is_confirmed_once_and_not_returned_afterwards(eligibility: Any) -> None:
    standard = await published(eligibility)
    answer = await confirm(eligibility, standard)
    assert (answer.status_code, problem_code(answer)) == (409, "wrong_state")
    path = f"/v1/standards/{standard['standard_id']}/return"
    answer = await eligibility.post(path, {"reason": "有误"}, Role.DISTRICT_OFFICER)
    assert (answer.status_code, problem_code(answer)) == (409, "wrong_state")


async def test_a_returned_proposal_makes_room_for_the_next(eligibility: Any) -> None:
    standard = await proposed(eligibility)
    again = await propose(eligibility, value="960")
    assert (again.status_code, problem_code(again)) == (409, "standard_already_proposed")
    path = f"/v1/standards/{standard['standard_id']}/return"
    answer = await eligibility.post(path, {"reason": "与文件不符"}, Role.DISTRICT_OFFICER)
    assert (answer.json()["state"], answer.json()["returned_because"]) == ("returned", "与文件不符")
    assert (await propose(eligibility, value="960")).status_code == 201
    listed = (await eligibility.get("/v1/standards?parameter=urban_dibao_standard", Role.AUDITOR)).json()["items"]
    assert [one["value"] for one in listed] == ["960", "950"]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"parameter": "nobody_knows"}, "unknown_parameter", "body.parameter"),
        ({"unit": "yuan"}, "wrong_unit", "body.unit"),
        ({"value": "950.005"}, "too_many_decimals", "body.value"),
        ({"issued_on": "2022-10-11"}, "issued_in_future", "body.issued_on"),
        ({"first_day": "2031-01-01"}, "too_far_ahead", "body.first_day"),
        ({"first_day": "2022-04-01"}, "value_exists", "body.first_day"),
        ({"correction": True}, "nothing_to_correct", "body.correction"),
        ({"value": "909.99"}, "lower_value", "body.value"),
    ],
)
async def test_what_speaks_against_a_standard_is_told_with_its_field(
    eligibility: Any, changes: dict[str, Any], code: str, field: str
) -> None:
    answer = await propose(eligibility, **changes)
    assert (answer.status_code, problem_code(answer)) == (422, code)
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_lower_value_is_taken_where_it_is_meant(eligibility: Any) -> None:
    assert (await propose(eligibility, value="900", lower_value_confirmed=True)).status_code == 201


async def test_a_correction_stands_beside_what_it_corrects_and_is_told(eligibility: Any) -> None:
    await published(eligibility)
    await published(eligibility, value="930", correction=True, lower_value_confirmed=True)
    corrected = await published(eligibility, value="950.00", correction=True)
    assert corrected["value"] == "950"
    listed = (await eligibility.get("/v1/standards", Role.AUDITOR)).json()["items"]
    assert [one["value"] for one in listed if one["state"] == "published"] == ["950", "930", "950"]
    told = [
        one.value
        for one in await eligibility.recorded(StandardPublished)
        if (one.parameter, one.first_day) == ("urban_dibao_standard", date(2022, 11, 1))
    ]
    assert told == ["950", "930", "950"], "the value that came back is told again"
    answer = await previewed(eligibility, "H01", "2022-11-01")
    assert answer["parameters"]["urban_dibao_standard"]["value"] == "950"


@pytest.mark.clause("3.2")
async def test_a_shadow_run_says_who_enters_and_what_it_costs_and_changes_nothing(eligibility: Any) -> None:
    benefit = await in_payment(eligibility)
    await eligibility.assessed(alone("925.00"), street="420106006")
    await eligibility.assessed(alone("1000.00"), street="420106006")
    standard = await proposed(eligibility, first_day="2022-12-01")
    path = f"/v1/standards/{standard['standard_id']}/shadow-run"
    started = await eligibility.post(path, None, Role.DISTRICT_OFFICER, **FIRST)
    assert (started.status_code, started.json()["state"]) == (202, "running")
    await eligibility.run_due()
    done = (await eligibility.get(path, Role.DISTRICT_OFFICER)).json()
    assert (done["state"], done["households_done"], done["households_total"]) == ("completed", 3, 3)
    [dibao] = [one for one in done["district"] if one["policy"] == "dibao"]
    assert (dibao["running"], dibao["changing"], dibao["entering"], dibao["leaving"]) == (1, 1, 1, 0)
    assert dibao["just_over"] == 1, "1000 is within a tenth over 950"
    assert (dibao["cost_before"], dibao["cost_after"], dibao["cost_difference"]) == ("1030.00", "1175.00", "145.00")
    [margin] = [one for one in done["district"] if one["policy"] == "low_income_margin"]
    assert margin["leaving"] == 1, "who enters dibao leaves the margin"
    assert {one["street"] for one in done["streets"]} == {"420106009", "420106006"}
    assert await amount_in_payment(eligibility, benefit) == "1030.00"
    [event] = await eligibility.recorded(ShadowRunCompleted)
    assert (event.households, event.cost_after_fen - event.cost_before_fen) == (3, 14500)
    assert await eligibility.recorded(BenefitAdjusted) == []


async def test_a_decided_standard_is_not_tried_out(eligibility: Any) -> None:
    standard = await published(eligibility)
    path = f"/v1/standards/{standard['standard_id']}/shadow-run"
    answer = await eligibility.post(path, None, Role.DISTRICT_OFFICER)
    assert (answer.status_code, problem_code(answer)) == (409, "standard_decided")


@pytest.mark.clause("3.2")
async def test_a_running_benefit_follows_the_standard_on_its_first_day(eligibility: Any) -> None:
    benefit = await in_payment(eligibility)
    standard = await published(eligibility, first_day="2022-12-01")
    assert await amount_in_payment(eligibility, benefit) == "1030.00"
    move_to(eligibility, 2022, 12, 1)
    await eligibility.run_due()
    assert await amount_in_payment(eligibility, benefit) == "1150.00"
    [event] = await eligibility.recorded(BenefitAdjusted)
    assert (event.old_amount_fen, event.new_amount_fen, event.back_pay_fen) == (103000, 115000, 12000)
    page = await recomputation(eligibility, standard)
    assert page["totals"] == [{"outcome": "raised", "benefits": 1, "back_pay": "120.00"}]
    assert [(one["old_amount"], one["new_amount"], one["from_on"]) for one in page["items"]] == [
        ("1030.00", "1150.00", "2022-12-01")
    ]


@pytest.mark.clause("3.2")
async def test_a_first_day_that_is_past_brings_back_pay_for_the_months_that_have_begun(eligibility: Any) -> None:
    benefit = await in_payment(eligibility)
    move_to(eligibility, 2023, 2, 10)
    await eligibility.run_due()
    standard = await published(eligibility, first_day="2022-12-01")
    assert await amount_in_payment(eligibility, benefit) == "1150.00"
    [event] = await eligibility.recorded(BenefitAdjusted)
    assert (event.from_on, event.back_pay_fen) == (date(2022, 12, 1), 3 * 12000), "December to February"
    [done] = [one for one in await eligibility.recorded(RecomputationCompleted) if one.since == date(2022, 12, 1)]
    assert (done.raised, done.to_decide, done.back_pay_fen) == (1, 0, 36000)
    assert (await recomputation(eligibility, standard))["items"][0]["back_pay"] == "360.00"


@pytest.mark.clause("3.2")
async def test_a_standard_confirmed_late_respects_the_values_that_came_after_it(eligibility: Any) -> None:
    """The packaged 940 of April 2023 has begun: the late standard of December ends there."""
    benefit = await in_payment(eligibility)
    move_to(eligibility, 2023, 4, 2)
    await eligibility.run_due()
    assert await amount_in_payment(eligibility, benefit) == "1120.00"
    standard = await published(eligibility, first_day="2022-12-01", value="920", issued_on="2022-11-20")
    assert await amount_in_payment(eligibility, benefit) == "1120.00"
    rows = (await recomputation(eligibility, standard))["items"]
    assert [(one["from_on"], one["old_amount"], one["new_amount"], one["back_pay"]) for one in rows] == [
        ("2022-12-01", "1030.00", "1060.00", "120.00"),
        ("2023-04-01", "1120.00", "1120.00", "0.00"),
    ]
    event = (await eligibility.recorded(BenefitAdjusted))[-1]
    assert (event.old_amount_fen, event.new_amount_fen, event.from_on) == (103000, 106000, date(2022, 12, 1))


@pytest.mark.clause("3.2")
async def test_a_correction_pays_only_what_is_still_owed(eligibility: Any) -> None:
    benefit = await in_payment(eligibility)
    move_to(eligibility, 2023, 1, 10)
    await eligibility.run_due()
    await published(eligibility, first_day="2022-12-01")
    await published(eligibility, first_day="2022-12-01", value="960", correction=True)
    assert await amount_in_payment(eligibility, benefit) == "1180.00"
    events = await eligibility.recorded(BenefitAdjusted)
    assert [(one.old_amount_fen, one.new_amount_fen, one.back_pay_fen) for one in events] == [
        (103000, 115000, 2 * 12000),
        (115000, 118000, 2 * 3000),
    ]


@pytest.mark.clause("3.2")
async def test_nothing_is_cut_before_somebody_is_heard(eligibility: Any) -> None:
    benefit = await in_payment(eligibility)
    move_to(eligibility, 2022, 12, 1)
    await eligibility.run_due()
    standard = await published(eligibility, first_day="2022-12-01", value="900", lower_value_confirmed=True)
    assert await amount_in_payment(eligibility, benefit) == "1030.00"
    assert await eligibility.recorded(BenefitAdjusted) == []
    [row] = (await recomputation(eligibility, standard))["items"]
    assert (row["outcome"], row["old_amount"], row["new_amount"]) == ("lowered", "1030.00", "1000.00")
    [done] = [one for one in await eligibility.recorded(RecomputationCompleted) if one.since == date(2022, 12, 1)]
    assert (done.raised, done.to_decide) == (0, 1)


@pytest.mark.clause("3.2")
@pytest.mark.parametrize(("kind", "more"), [("end", {}), ("suspend", {}), ("grace", {"until_on": "2023-08-31"})])
async def test_a_standard_reaches_the_months_before_less_that_is_yet_to_come(
    eligibility: Any, kind: str, more: dict[str, Any]
) -> None:
    benefit = await in_payment(eligibility)
    await eligibility.changed(str(benefit.benefit_id), kind, from_on="2023-03-01", **more)
    standard = await published(eligibility, first_day="2022-12-01")
    await eligibility.at(date(2022, 12, 1))
    [event] = await eligibility.recorded(BenefitAdjusted)
    assert (event.new_amount_fen, event.from_on) == (115000, date(2022, 12, 1))
    now = await eligibility.benefit(str(benefit.benefit_id))
    assert now["owed_this_month"] == "1150.00"
    page = await recomputation(eligibility, standard)
    assert page["totals"] == [{"outcome": "raised", "benefits": 1, "back_pay": "120.00"}]
    await eligibility.at(date(2023, 3, 1))
    after = {"end": "0.00", "suspend": "0.00", "grace": "1030.00"}[kind]
    assert (await eligibility.benefit(str(benefit.benefit_id)))["owed_this_month"] == after
    await eligibility.at(date(2023, 4, 2))
    assert len(await eligibility.recorded(BenefitAdjusted)) == 1, "the standard of April is for those that go on"


async def test_an_amount_that_an_officer_set_is_left_to_an_officer(eligibility: Any) -> None:
    override = {"policy": "dibao", "outcome": "granted", "monthly_amount": "500.00", "reason": "一事一议决议第7号"}
    benefit = await in_payment(eligibility, "H02", overrides=[override])
    move_to(eligibility, 2022, 12, 1)
    await eligibility.run_due()
    standard = await published(eligibility, first_day="2022-12-01")
    assert await amount_in_payment(eligibility, benefit) == "500.00"
    [row] = (await recomputation(eligibility, standard))["items"]
    assert row["outcome"] == "by_officer"


async def test_a_benefit_that_begins_after_the_standard_is_paid_by_it(eligibility: Any) -> None:
    """Assessed under the old standard, which changed while the notice hung."""
    await published(eligibility, first_day="2022-10-15")
    benefit = await in_payment(eligibility)
    assert benefit.monthly_amount_fen == 103000
    move_to(eligibility, 2022, 11, 1)
    await eligibility.run_due()
    assert await amount_in_payment(eligibility, benefit) == "1150.00"


async def test_a_run_that_is_repeated_changes_nothing(eligibility: Any) -> None:
    benefit = await in_payment(eligibility)
    move_to(eligibility, 2023, 1, 10)
    await eligibility.run_due()
    await published(eligibility, first_day="2022-12-01")
    async with eligibility.database.transaction() as tx:
        await tx.execute(
            text(
                "insert into deadline (kind, subject, due_at)"
                " values ('recompute_benefits', '2022-12-01', '2022-12-01T00:00:00Z')"
            )
        )
    await eligibility.run_due()
    assert len(await eligibility.recorded(BenefitAdjusted)) == 1
    assert await amount_in_payment(eligibility, benefit) == "1150.00"


async def test_recomputations_are_read_in_pages(eligibility: Any) -> None:
    for _ in range(3):
        await in_payment(eligibility)
    move_to(eligibility, 2022, 12, 1)
    await eligibility.run_due()
    standard = await published(eligibility, first_day="2022-12-01")
    first = await recomputation(eligibility, standard, "?limit=2")
    rest = await recomputation(eligibility, standard, f"?limit=2&cursor={first['next_cursor']}")
    assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (2, 1, None)
    assert first["totals"] == [{"outcome": "raised", "benefits": 3, "back_pay": "360.00"}]
