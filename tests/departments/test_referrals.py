"""A department takes its own referrals, works on them in order, and says what became of each."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from departments import tables
from departments.rules.offices import Office, read_directory
from shared.auth import Principal, Role
from shared.clock import end_of_day
from shared.events.departments import ReferralAccepted, ReferralCompleted, ReferralOverdue, ReferralReturned
from shared.events.eligibility import ReferralIssued
from shared.ids import new_id
from shared.testing import envelope_of, problem_code
from shared.working_days import WorkingCalendar

COMPLETION = {"result": "delivered", "amount": "500.00", "details": {"group": "dibao_family"}, "note": "王测试已领取"}
RETURN = {"reason_code": "not_our_duty", "text": "王测试不在本区就读"}


def referral(**changes: Any) -> ReferralIssued:
    """A referral of education aid, with the ordinary clocks of 2022-10-18."""
    return ReferralIssued.model_validate({**ReferralIssued.example, "referral_id": new_id(), **changes})


async def taken_in(instance: Any, **changes: Any) -> str:
    """The path of a referral that the department has."""
    event = referral(**changes)
    await instance.hear(event)
    return f"/v1/referrals/{event.referral_id}"


async def done(instance: Any, path: str, action: str, body: Any = None) -> dict[str, Any]:
    answer = await instance.post(f"{path}/{action}", body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.clause("8.1")
async def test_of_two_departments_only_the_one_addressed_takes_a_referral(education: Any, tax: Any) -> None:
    event = referral()
    for department in (education, tax):
        await department.hear(event)

    (item,) = (await education.get("/v1/referrals")).json()["items"]
    assert (item["referral_id"], item["state"]) == (str(event.referral_id), "received")
    assert item["possible_actions"] == ["acceptance", "return"]
    assert (await tax.get("/v1/referrals")).json()["items"] == []
    assert problem_code(await tax.get(f"/v1/referrals/{event.referral_id}")) == "not_found"
    assert (await tax.get("/v1/work-items")).json()["items"] == []


@pytest.mark.clause("8.1")
async def test_a_referral_is_accepted_and_completed_and_the_street_learns_both(education: Any) -> None:
    event = referral()
    await education.hear(event)
    path = f"/v1/referrals/{event.referral_id}"

    accepted = await done(education, path, "acceptance")
    assert (accepted["state"], accepted["accepted_by"]) == ("accepted", "officer-1")
    (to_do,) = (await education.get("/v1/work-items")).json()["items"]
    assert (to_do["kind"], to_do["due_at"]) == ("complete_referral", "2022-11-01T16:00:00Z")

    completed = await done(education, path, "completion", COMPLETION)
    assert (completed["state"], completed["result"], completed["amount"]) == ("completed", "delivered", "500.00")
    assert (await education.get("/v1/work-items")).json()["items"] == []

    common: dict[str, Any] = {
        "household_id": event.household_id,
        "application_id": event.application_id,
        "referral_id": event.referral_id,
        "department": "education",
        "policy": "education_aid",
        "street": event.street,
    }
    assert await education.recorded() == [
        ReferralAccepted(**common),
        ReferralCompleted(**common, result="delivered", amount_fen=50000),
    ]


async def test_a_returned_referral_says_why_by_code_and_keeps_the_words_in_the_department(education: Any) -> None:
    path = await taken_in(education)
    returned = await done(education, path, "return", RETURN)
    assert (returned["state"], returned["return_text"]) == ("returned", RETURN["text"])
    (event,) = await education.recorded()
    assert isinstance(event, ReferralReturned)
    assert event.reason_code == "not_our_duty"


async def test_no_words_of_an_officer_reach_a_topic(education: Any) -> None:
    await done(education, await taken_in(education), "return", RETURN)
    second = await taken_in(education)
    await done(education, second, "acceptance")
    await done(education, second, "completion", COMPLETION)
    async with education.database.transaction() as tx:
        bodies = [row.body.decode() for row in await tx.execute(text("select body from outbox"))]
    assert len(bodies) == 3
    assert not [body for body in bodies if "王测试" in body or "dibao_family" in body]


STEPS = {"received": [], "accepted": ["acceptance"], "returned": ["return"], "completed": ["acceptance", "completion"]}
BODIES = {"acceptance": None, "return": RETURN, "completion": COMPLETION}


@pytest.mark.parametrize(
    ("state", "action", "possible"),
    [
        ("received", "completion", "接收（acceptance）、退回（return）"),
        ("accepted", "acceptance", "退回（return）、办结（completion）"),
        ("returned", "acceptance", "不再办理"),
        ("returned", "return", "不再办理"),
        ("returned", "completion", "不再办理"),
        ("completed", "acceptance", "不再办理"),
        ("completed", "return", "不再办理"),
        ("completed", "completion", "不再办理"),
    ],
)
async def test_an_action_in_the_wrong_state_is_told_the_state_and_the_way_out(
    education: Any, state: str, action: str, possible: str
) -> None:
    path = await taken_in(education)
    for step in STEPS[state]:
        await done(education, path, step, BODIES[step])
    before = await education.recorded()

    answer = await education.post(f"{path}/{action}", BODIES[action])
    assert (answer.status_code, problem_code(answer)) == (409, "referral_state")
    assert answer.json()["detail"].endswith(f"的状态是 {state}")
    assert possible in answer.json()["way_out"]
    assert await education.recorded() == before


async def test_a_referral_in_work_may_still_be_returned(education: Any) -> None:
    path = await taken_in(education)
    await done(education, path, "acceptance")
    assert (await done(education, path, "return", RETURN))["state"] == "returned"


async def test_the_same_request_sent_again_gets_the_same_answer_and_has_no_second_effect(education: Any) -> None:
    path = await taken_in(education)
    first = await education.post(f"{path}/acceptance", key="accept-0001")
    again = await education.post(f"{path}/acceptance", key="accept-0001")
    assert (again.status_code, again.json()) == (200, first.json())
    assert len(await education.recorded()) == 1

    await education.post(f"{path}/completion", COMPLETION, key="complete-0001")
    other = await education.post(f"{path}/completion", COMPLETION | {"amount": "600.00"}, key="complete-0001")
    assert problem_code(other) == "idempotency_key_reused"


async def test_of_two_officers_at_the_same_time_one_accepts(education: Any) -> None:
    path = await taken_in(education)
    answers = await asyncio.gather(*(education.post(f"{path}/acceptance") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert len(await education.recorded()) == 1


async def test_a_referral_heard_twice_is_one_referral(education: Any) -> None:
    event = referral()
    envelope = envelope_of(event, clock=education.clock)
    await education.hear(envelope, envelope)
    await education.hear(event)
    assert len((await education.get("/v1/referrals")).json()["items"]) == 1
    assert len((await education.get("/v1/work-items")).json()["items"]) == 1


async def test_a_policy_that_the_department_does_not_carry_out_can_only_be_returned(education: Any) -> None:
    path = await taken_in(education, policy="public_rental_housing")
    assert problem_code(await education.post(f"{path}/acceptance")) == "policy_not_carried_out"
    assert (await done(education, path, "return", RETURN))["state"] == "returned"


async def test_another_departments_officer_is_refused_and_row_level_security_would_hide_the_rows(
    education: Any,
) -> None:
    path = await taken_in(education)
    assert (await education.get("/v1/referrals", department="tax")).status_code == 403
    assert (await education.get(path, department="tax")).status_code == 403
    assert (await education.post(f"{path}/acceptance", department="tax")).status_code == 403

    for department, visible in (("tax", 0), ("education", 1)):
        officer = Principal(
            subject="o", client_id="c", roles=frozenset({Role.DEPARTMENT_OFFICER}), department=department
        )
        async with education.database.transaction(officer) as tx:
            for table in (tables.referral, tables.work_item):
                found = await tx.execute(select(func.count()).select_from(table))
                assert found.scalar_one() == visible, (department, table.name)


async def test_overseers_of_the_district_read_and_do_not_act(education: Any) -> None:
    path = await taken_in(education)
    for role in (Role.DISTRICT_OFFICER, Role.AUDITOR, Role.INSPECTOR):
        assert (await education.get(path, role)).status_code == 200
        answer = await education.http.post(
            f"{path}/acceptance", headers=education.headers(role) | {"Idempotency-Key": "accept-0001"}
        )
        assert answer.status_code == 403
    for role in (Role.RESIDENT, Role.STREET_CLERK, Role.OPS, Role.SERVICE):
        assert (await education.get(path, role)).status_code == 403


async def test_pages_of_a_state_follow_each_other_without_gap(education: Any) -> None:
    paths = [await taken_in(education) for _ in range(5)]
    await done(education, paths[2], "acceptance")
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await education.get("/v1/referrals", state="received", limit=2, **cursor)).json()
        found += [item["referral_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == [path.rsplit("/", 1)[-1] for at, path in enumerate(paths) if at != 2]


@pytest.mark.parametrize(
    ("code", "policy", "faulty", "fault", "right"),
    [
        pytest.param(
            "education",
            "education_aid",
            {"result": "delivered", "amount": "500.00", "details": {"group": "rich_family"}},
            ("body.details.group", "detail_invalid"),
            {"result": "delivered", "amount": "500.00", "details": {"group": "martyrs_child"}},
            marks=pytest.mark.clause("2.3.1"),
        ),
        pytest.param(
            "human_resources",
            "employment_assistance",
            {"result": "delivered"},
            ("body.details.post", "detail_required"),
            {"result": "delivered", "details": {"post": "public_welfare_post"}},
            marks=pytest.mark.clause("2.5.1"),
        ),
        pytest.param(
            "medical_security",
            "medical_assistance",
            {"result": "delivered", "amount": "3200.50"},
            ("body.details.group", "detail_required"),
            {"result": "delivered", "amount": "3200.50", "details": {"group": "expenditure_poverty"}},
            marks=pytest.mark.clause("2.2.1"),
        ),
    ],
)
async def test_a_completion_reports_what_its_policy_asks_for(
    open_department: Any, code: str, policy: str, faulty: Any, fault: tuple[str, str], right: Any
) -> None:
    department = await open_department(code)
    path = await taken_in(department, department=code, policy=policy)
    await done(department, path, "acceptance")

    refused = await department.post(f"{path}/completion", faulty)
    assert (refused.status_code, problem_code(refused)) == (422, "report_incomplete")
    assert [(one["field"], one["code"]) for one in refused.json()["errors"]] == [fault]

    completed = await done(department, path, "completion", right)
    assert completed["details"] == right["details"]
    assert isinstance((await department.recorded())[-1], ReferralCompleted)


async def test_a_referral_nobody_accepts_is_overdue_once_for_each_clock(education: Any) -> None:
    path = await taken_in(education)
    education.clock.advance(datetime(2022, 10, 21, 15, 59, 59, tzinfo=UTC) - education.clock.now())
    await education.run_due()
    assert await education.recorded() == []

    education.clock.advance(timedelta(seconds=1))
    for _ in range(2):
        await education.run_due()
    assert [event.clock for event in await education.recorded() if isinstance(event, ReferralOverdue)] == ["acceptance"]
    assert (await education.get(path)).json()["overdue"] == ["acceptance"]
    assert (await education.get("/v1/work-items")).json()["items"][0]["overdue"] is True

    await done(education, path, "acceptance")
    education.clock.advance(timedelta(days=30))
    await education.run_due()
    clocks = [event.clock for event in await education.recorded() if isinstance(event, ReferralOverdue)]
    assert clocks == ["acceptance", "completion"]


@pytest.mark.parametrize("action", ["acceptance", "return"])
async def test_an_officer_who_is_late_is_late_though_quicker_than_the_clock(education: Any, action: str) -> None:
    path = await taken_in(education)
    education.clock.advance(timedelta(days=9))
    acted = await done(education, path, action, RETURN if action == "return" else None)
    assert acted["overdue"] == ["acceptance"]
    await education.run_due()
    told = [type(event) for event in await education.recorded()]
    assert told == [ReferralOverdue, ReferralReturned if action == "return" else ReferralAccepted], "once, and before"


async def test_a_late_completion_is_overdue(education: Any) -> None:
    path = await taken_in(education)
    await done(education, path, "acceptance")
    education.clock.advance(timedelta(days=60))
    await done(education, path, "completion", COMPLETION)
    await education.run_due()
    assert [event.clock for event in await education.recorded() if isinstance(event, ReferralOverdue)] == ["completion"]


async def test_a_day_that_the_district_declared_free_is_free_for_the_department(education: Any) -> None:
    calendar = WorkingCalendar(corrections={date(2022, 10, 20): False})
    given = end_of_day(calendar.add_working_days(date(2022, 10, 18), 3))
    path = await taken_in(education, accept_by=given)
    assert datetime.fromisoformat((await education.get(path)).json()["accept_by"]) == given


REFORM = {
    "clocks": {"accept_working_days": 3, "complete_working_days": 10},
    "departments": [
        {
            "code": "education",
            "name": "旧",
            "clauses": [],
            "policies": ["education_aid"],
            "valid_from": "2022-01-01",
            "valid_to": "2022-10-19",
            "successor": "tax",
        },
        {"code": "tax", "name": "新", "clauses": [], "policies": ["education_aid"], "valid_from": "2022-01-01"},
    ],
}


@pytest.mark.clause("8.1")
@pytest.mark.parametrize("first", ["tax", "education"])
async def test_around_the_midnight_of_a_reform_exactly_one_takes_a_referral(
    education: Any, tax: Any, first: str
) -> None:
    directory = read_directory(REFORM)
    for one in (education, tax):
        one.desk = replace(one.desk, office=Office(department=directory.by_code[one.code], directory=directory))
    event = envelope_of(referral(), clock=education.clock)  # on the last day of the old department
    order = [tax, education] if first == "tax" else [education, tax]
    await order[0].hear(event)
    education.clock.advance(timedelta(days=1))  # the other one hears it after midnight
    await order[1].hear(event)
    counts = {}
    for one in order:
        async with one.database.transaction() as tx:
            counts[one.code] = (await tx.execute(text("select count(*) from referral"))).scalar_one()
    assert counts == {"education": 1, "tax": 0}


async def test_a_referral_handled_in_time_is_never_overdue(education: Any) -> None:
    returned, completed = await taken_in(education), await taken_in(education)
    await done(education, returned, "return", RETURN)
    await done(education, completed, "acceptance")
    await done(education, completed, "completion", COMPLETION)
    education.clock.advance(timedelta(days=30))
    assert await education.run_due() == 4
    assert not [event for event in await education.recorded() if isinstance(event, ReferralOverdue)]


async def test_a_department_whose_law_is_stricter_has_less_time(open_department: Any) -> None:
    justice = await open_department("justice")
    path = await taken_in(justice, department="justice", policy="legal_aid")
    found = (await justice.get(path)).json()
    # Five working days from Tuesday the 18th end with the 25th; the referral would give until November.
    assert (found["accept_by"], found["complete_by"]) == ("2022-10-21T16:00:00Z", "2022-10-25T16:00:00Z")
