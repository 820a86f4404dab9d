"""What a decision owes: its time limit, a visit where somebody complained, officers who step back, a resolution above
the ordinary standard, and never a public notice for a child.
"""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eligibility.rules import TOOLBOOK, assess
from eligibility.rules.decisions import decide_by, policy_answers, propose
from shared.auth import Role
from shared.events.eligibility import ComplaintReceived, DecisionConfirmed, DecisionOverdue, PublicNoticeStarted
from shared.testing import problem_code
from shared.working_days import WorkingCalendar

CASES = Path(__file__).parent / "cases"
OPINION = {"comment": "入户核实，情况属实"}
AGREED = {"comment": "同意"}


def facts(case: str, **changes: Any) -> dict[str, Any]:
    household: dict[str, Any] = json.loads((CASES / f"{case}.json").read_text(encoding="utf-8"))["household"]
    return household | changes


async def proposed(service: Any, household: dict[str, Any], **body: Any) -> dict[str, Any]:
    assessment_id = await service.assessed(household)
    path = f"/v1/assessments/{assessment_id}/decisions"
    answer = await service.post(path, OPINION | body, Role.STREET_CLERK)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def confirmed(service: Any, decision: dict[str, Any], role: Role = Role.STREET_APPROVER, **body: Any) -> Any:
    return await service.post(f"/v1/decisions/{decision['decision_id']}/confirmation", AGREED | body, role)


@pytest.mark.clause("8.1")
async def test_a_complaint_makes_the_districts_visit_necessary_and_is_answered(eligibility: Any) -> None:
    decision = await proposed(eligibility, facts("H01"))
    path = f"/v1/applications/{decision['application_id']}/complaints"
    answer = await eligibility.post(path, {"ground": "反映另有工资", "is_real_name": True}, Role.STREET_CLERK)
    assert answer.status_code == 201
    complaint_id = answer.json()["complaint_id"]
    [event] = await eligibility.recorded(ComplaintReceived)
    assert str(event.complaint_id) == complaint_id

    refused = await confirmed(eligibility, decision)
    assert (refused.status_code, problem_code(refused)) == (422, "district_visit_needed")
    visited = await confirmed(eligibility, decision, Role.DISTRICT_OFFICER, district_visit_on="2022-10-10")
    assert visited.json()["state"] == "on_notice"

    waiting = await eligibility.get("/v1/complaints?answered=false", Role.DISTRICT_OFFICER)
    assert [one["complaint_id"] for one in waiting.json()["items"]] == [complaint_id]
    path = f"/v1/complaints/{complaint_id}/answer"
    assert (await eligibility.post(path, {"answer": "不属实"}, Role.STREET_CLERK)).json()["answer"] == "不属实"
    again = await eligibility.post(path, {"answer": "属实"}, Role.STREET_CLERK)
    assert (again.status_code, problem_code(again)) == (409, "complaint_answered")
    assert (await eligibility.get("/v1/complaints?answered=false", Role.AUDITOR)).json()["items"] == []


async def test_a_complaint_before_the_proposal_counts_too(eligibility: Any) -> None:
    assessment_id = await eligibility.assessed(facts("H01"))
    case = (await eligibility.get(f"/v1/assessments/{assessment_id}", Role.AUDITOR)).json()
    path = f"/v1/applications/{case['application_id']}/complaints"
    await eligibility.post(path, {"ground": "反映另有房产", "is_real_name": False}, Role.STREET_CLERK)
    path = f"/v1/assessments/{assessment_id}/decisions"
    decision = (await eligibility.post(path, OPINION, Role.STREET_CLERK)).json()
    assert problem_code(await confirmed(eligibility, decision)) == "district_visit_needed"


async def test_an_officer_who_stepped_back_neither_proposes_nor_confirms(eligibility: Any) -> None:
    decision = await proposed(eligibility, facts("H01"))
    path = f"/v1/decisions/{decision['decision_id']}"
    relative = {"reason": "申请人系本人兄弟"}
    assert (await eligibility.post(f"{path}/recusal", relative, Role.STREET_APPROVER)).status_code == 200
    assert problem_code(await confirmed(eligibility, decision)) == "recused"
    other = await eligibility.post(f"{path}/confirmation", AGREED, Role.STREET_APPROVER, subject="another-approver")
    assert other.json()["state"] == "on_notice"

    await eligibility.post(f"{path}/objections", {"ground": "反映该户另有房产"}, Role.STREET_CLERK)
    await eligibility.post(f"{path}/recusal", relative, Role.STREET_CLERK)
    again = await eligibility.post(f"/v1/assessments/{decision['assessment_id']}/decisions", OPINION, Role.STREET_CLERK)
    assert (again.status_code, problem_code(again)) == (409, "recused")


async def test_what_an_officer_proposed_who_stepped_back_since_is_not_confirmed(eligibility: Any) -> None:
    decision = await proposed(eligibility, facts("H01"))
    path = f"/v1/decisions/{decision['decision_id']}"
    await eligibility.post(f"{path}/recusal", {"reason": "近亲属"}, Role.STREET_CLERK)
    answer = await confirmed(eligibility, decision)
    assert (answer.status_code, problem_code(answer)) == (409, "proposer_recused")
    returned = await eligibility.post(f"{path}/return", {"reason": "回避"}, Role.STREET_APPROVER)
    assert returned.json()["state"] == "returned"


@pytest.mark.clause("8.1")
async def test_a_case_that_is_not_decided_in_time_is_told_once(eligibility: Any) -> None:
    decision = await proposed(eligibility, facts("H01"))
    assert decision["decide_by"] == "2022-11-21", "30 working days after 10 October"
    await eligibility.at(date(2022, 11, 21))
    assert await eligibility.recorded(DecisionOverdue) == []
    await eligibility.at(date(2022, 11, 22))
    [event] = await eligibility.recorded(DecisionOverdue)
    assert event.decide_by == date(2022, 11, 21)
    await eligibility.at(date(2023, 1, 31))
    assert len(await eligibility.recorded(DecisionOverdue)) == 1


async def test_a_contested_notice_gives_more_time_and_a_decision_in_force_stops_the_clock(eligibility: Any) -> None:
    decision = await proposed(eligibility, facts("H01"))
    await confirmed(eligibility, decision)
    path = f"/v1/decisions/{decision['decision_id']}"
    await eligibility.post(f"{path}/objections", {"ground": "反映该户另有房产"}, Role.STREET_CLERK)
    assert (await eligibility.get(path, Role.AUDITOR)).json()["decide_by"] == "2022-12-12"
    again = await eligibility.post(f"/v1/assessments/{decision['assessment_id']}/decisions", OPINION, Role.STREET_CLERK)
    await confirmed(eligibility, again.json())
    await eligibility.at(date(2023, 1, 31))
    assert await eligibility.recorded(DecisionOverdue) == []


async def test_a_complaint_after_the_decision_starts_no_clock(eligibility: Any) -> None:
    decision = await proposed(eligibility, facts("H02"))
    answer = await confirmed(eligibility, decision)
    assert answer.json()["state"] == "in_force"
    path = f"/v1/applications/{decision['application_id']}/complaints"
    answer = await eligibility.post(path, {"ground": "反映审批不公", "is_real_name": True}, Role.STREET_CLERK)
    assert answer.status_code == 201, answer.text
    await eligibility.at(date(2023, 1, 31))
    assert await eligibility.recorded(DecisionOverdue) == []


@pytest.mark.parametrize(
    ("accepted", "working_days", "last_day"),
    [
        (date(2022, 9, 26), 20, date(2022, 10, 27)),
        (date(2022, 9, 26), 30, date(2022, 11, 10)),
        (date(2026, 2, 9), 45, date(2026, 4, 20)),
    ],
)
def test_the_time_limit_counts_working_days(accepted: date, working_days: int, last_day: date) -> None:
    assert decide_by(accepted, working_days=working_days, calendar=WorkingCalendar()) == last_day


async def test_a_corrected_day_counts_for_clocks_that_begin_after_it(eligibility: Any) -> None:
    before = await proposed(eligibility, facts("H01"))
    path = "/v1/calendar/2022-10-17"
    body = {"is_working": False, "reason": "市政府通知临时放假"}
    answer = await eligibility.post(path, body, Role.DISTRICT_OFFICER, method="PUT")
    assert answer.status_code == 200
    listed = await eligibility.get("/v1/calendar?first=2022-10-01&until=2022-11-01", Role.STREET_CLERK)
    assert [(one["day"], one["is_working"]) for one in listed.json()["items"]] == [("2022-10-17", False)]

    assert (await confirmed(eligibility, before)).json()["notice_ends_on"] == "2022-10-18"
    unmoved = await eligibility.get(f"/v1/decisions/{before['decision_id']}", Role.AUDITOR)
    assert unmoved.json()["decide_by"] == "2022-11-21"
    assert (await proposed(eligibility, facts("H02")))["decide_by"] == "2022-11-22"

    again = {"is_working": True, "reason": "通知撤销"}
    await eligibility.post(path, again, Role.DISTRICT_OFFICER, method="PUT")
    assert (await proposed(eligibility, facts("H02")))["decide_by"] == "2022-11-21"


@pytest.mark.clause("4.2.4")
async def test_above_the_cap_nothing_is_granted_without_a_resolution(eligibility: Any) -> None:
    fire = {"cause": "fire", "on": "2022-10-08", "street": "420106009"}
    household = facts("H01", incident=fire, requested_amount="10920.01")
    decision = await proposed(eligibility, household)
    assert "temporary_assistance" in {one["policy"] for one in decision["measures"] if one["outcome"] == "granted"}
    refused = await confirmed(eligibility, decision)
    assert (refused.status_code, problem_code(refused)) == (422, "resolution_needed")

    body = {
        "number": "武协调〔2022〕7号",
        "held_on": "2022-10-10",
        "application_id": decision["application_id"],
        "amount": "20000.00",
        "members_present": ["区民政局", "区财政局"],
    }
    recorded = await eligibility.post("/v1/resolutions", body, Role.DISTRICT_OFFICER)
    assert recorded.status_code == 201
    assert (await confirmed(eligibility, decision)).json()["resolution_number"] == "武协调〔2022〕7号"
    eligibility.clock.advance(timedelta(days=8))
    await eligibility.run_due()
    [event] = await eligibility.recorded(DecisionConfirmed)
    assert event.resolution_number == "武协调〔2022〕7号"
    path = f"/v1/applications/{decision['application_id']}/resolutions"
    [listed] = (await eligibility.get(path, Role.AUDITOR)).json()["items"]
    assert listed["members_present"] == ["区民政局", "区财政局"]


@pytest.mark.clause("4.2.4")
async def test_an_officers_amount_above_the_cap_needs_a_resolution_that_covers_it(eligibility: Any) -> None:
    override = {"policy": "temporary_assistance", "outcome": "granted", "monthly_amount": "30000", "reason": "特殊困难"}
    decision = await proposed(eligibility, facts("H02"), overrides=[override])
    body = {
        "number": "武协调〔2022〕8号",
        "held_on": "2022-10-10",
        "application_id": decision["application_id"],
        "amount": "20000",
        "members_present": ["区民政局"],
    }
    await eligibility.post("/v1/resolutions", body, Role.DISTRICT_OFFICER)
    assert problem_code(await confirmed(eligibility, decision)) == "resolution_needed"
    taken = await eligibility.post("/v1/resolutions", body | {"amount": "30000"}, Role.DISTRICT_OFFICER)
    assert (taken.status_code, problem_code(taken)) == (409, "resolution_number_taken")
    enough = body | {"number": "武协调〔2022〕9号", "amount": "30000"}
    await eligibility.post("/v1/resolutions", enough, Role.DISTRICT_OFFICER)
    assert (await confirmed(eligibility, decision)).json()["resolution_number"] == "武协调〔2022〕9号"


async def test_a_resolution_of_tomorrow_is_refused(eligibility: Any) -> None:
    decision = await proposed(eligibility, facts("H02"))
    body = {
        "number": "1号",
        "held_on": "2022-10-11",
        "application_id": decision["application_id"],
        "amount": "1",
        "members_present": ["区民政局"],
    }
    answer = await eligibility.post("/v1/resolutions", body, Role.DISTRICT_OFFICER)
    assert (answer.status_code, problem_code(answer)) == (422, "day_in_future")


PARENT = st.sampled_from(
    [{"status": "dead"}, {"status": "imprisoned", "months": 20}, {"status": "out_of_contact", "months": 7}, {}]
)


@pytest.mark.clause("2.1.5")
@pytest.mark.clause("2.1.6")
@given(
    father=PARENT,
    mother=PARENT,
    born=st.dates(date(2004, 10, 11), date(2022, 10, 10)),
    pension=st.sampled_from(["0.00", "500.00", "5000.00"]),
)
def test_no_policy_of_a_child_ever_hangs_in_public(father: Any, mother: Any, born: date, pension: str) -> None:
    household = {
        "street": "420106009",
        "members": [
            {
                "id": "p1",
                "relation": "applicant",
                "birth_date": "1950-01-01",
                "income": [{"kind": "pension", "monthly": pension}],
            },
            {"id": "p2", "relation": "grandchild", "birth_date": born.isoformat(), "father": father, "mother": mother},
        ],
    }
    answers = policy_answers(assess(household, date(2022, 10, 10)).as_json())
    childrens = [policy.id for policy in TOOLBOOK.policies if policy.clause in {"2.1.5", "2.1.6"}]
    assert len(childrens) == 2
    measures = propose(answers, requested=childrens, overrides=[])
    assert not any(one.needs_notice for one in measures if one.answer.policy in childrens)


@pytest.mark.clause("2.1.5")
async def test_a_childs_case_is_in_force_without_a_notice(eligibility: Any) -> None:
    household = facts("H11")
    household["members"][0]["income"] = [{"kind": "pension", "monthly": "5000.00"}]  # no dibao beside the orphan's
    decision = await eligibility.decided(household)
    assert decision["state"] == "in_force"
    assert "orphan" in {one["policy"] for one in decision["measures"] if one["outcome"] == "granted"}
    assert await eligibility.recorded(PublicNoticeStarted) == []
