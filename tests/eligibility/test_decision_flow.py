"""A verified case is assessed, proposed, confirmed by another officer, put on notice, paid and referred."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from oversight.rules.detectors import detect
from shared.auth import Role
from shared.events.data_sharing import VerificationCompleted
from shared.events.eligibility import (
    AssessmentCompleted,
    BenefitStarted,
    DecisionConfirmed,
    DecisionProposed,
    DecisionReturned,
    PublicNoticeStarted,
    ReferralIssued,
    StandardPublished,
)
from shared.ids import new_id
from shared.testing import problem_code

CASES = Path(__file__).parent / "cases"
OPINION = {"comment": "入户核实，情况属实"}
AGREED = {"comment": "同意"}


def facts(case: str) -> dict[str, Any]:
    household: dict[str, Any] = json.loads((CASES / f"{case}.json").read_text(encoding="utf-8"))["household"]
    return household


async def proposed(service: Any, case: str = "H01", **body: Any) -> dict[str, Any]:
    assessment_id = await service.assessed(facts(case))
    answer = await service.post(f"/v1/assessments/{assessment_id}/decisions", OPINION | body, Role.STREET_CLERK)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def confirmed(service: Any, decision: dict[str, Any], **who: Any) -> Any:
    path = f"/v1/decisions/{decision['decision_id']}/confirmation"
    return await service.post(path, AGREED, Role.STREET_APPROVER, **who)


@pytest.mark.clause("1.1")
async def test_a_verified_case_is_assessed_against_every_policy(eligibility: Any) -> None:
    await eligibility.assessed(facts("H01"))
    [event] = await eligibility.recorded(AssessmentCompleted)
    assert "dibao" in event.entitled
    assert event.undecided == ()
    assert eligibility.asked[0].endswith("/facts?purpose=assessment")


async def test_a_verification_heard_before_the_submission_waits_for_it(eligibility: Any) -> None:
    application_id, household_id = new_id(), new_id()
    await eligibility.verified(application_id, household_id, facts("H01"))
    answer = await eligibility.get(f"/v1/applications/{application_id}/assessment", Role.AUDITOR)
    assert answer.status_code == 404


async def completed_again(service: Any, event: AssessmentCompleted) -> None:
    case = service.cases[str(event.application_id)]
    await service.hear(
        VerificationCompleted(
            household_id=event.household_id,
            application_id=event.application_id,
            verification_id=case["verification_id"],
            street=event.street,
            not_answered=(),
            difference_count=0,
            valid_until=service.clock.now(),
        )
    )
    await service.run_due()


async def test_the_same_facts_are_assessed_once(eligibility: Any) -> None:
    await eligibility.assessed(facts("H01"))
    [event] = await eligibility.recorded(AssessmentCompleted)
    await completed_again(eligibility, event)
    assert len(await eligibility.recorded(AssessmentCompleted)) == 1


async def test_a_late_answer_is_assessed_anew_and_the_old_advice_no_longer_serves(eligibility: Any) -> None:
    old = await eligibility.assessed(facts("H01") | {"assets": {"financial": None}})
    [event] = await eligibility.recorded(AssessmentCompleted)
    assert "dibao" in event.undecided
    eligibility.cases[str(event.application_id)] |= {"revision": 2, "household": facts("H01")}
    eligibility.clock.advance(timedelta(days=1))
    await completed_again(eligibility, event)
    [_, newer] = await eligibility.recorded(AssessmentCompleted)
    assert "dibao" in newer.entitled
    answer = await eligibility.post(f"/v1/assessments/{old}/decisions", OPINION, Role.STREET_CLERK)
    assert (answer.status_code, problem_code(answer)) == (409, "assessment_superseded")


@pytest.mark.clause("8.1")
async def test_two_officers_a_notice_and_the_month_after(eligibility: Any) -> None:
    decision = await proposed(eligibility)
    assert decision["state"] == "proposed"
    [event] = await eligibility.recorded(DecisionProposed)
    assert not event.differs_from_assessment

    answer = await confirmed(eligibility, decision)
    assert (answer.status_code, answer.json()["state"]) == (200, "on_notice")
    assert answer.json()["notice_ends_on"] == "2022-10-17"
    [notice] = await eligibility.recorded(PublicNoticeStarted)
    assert notice.ends_on.isoformat() == "2022-10-17"

    eligibility.clock.advance(timedelta(days=7))  # 17 October, nine in the morning: the last day is not over
    await eligibility.run_due()
    assert await eligibility.recorded(BenefitStarted, DecisionConfirmed, ReferralIssued) == []

    eligibility.clock.advance(timedelta(hours=15))
    await eligibility.run_due()
    [benefit] = await eligibility.recorded(BenefitStarted)
    assert (benefit.policy, benefit.monthly_amount_fen, benefit.starts_on.isoformat()) == (
        "dibao",
        103000,
        "2022-11-01",
    )
    [in_force] = await eligibility.recorded(DecisionConfirmed)
    assert (in_force.outcome, in_force.proposed_by != in_force.confirmed_by) == ("granted", True)
    referred = {event.department for event in await eligibility.recorded(ReferralIssued)}
    assert referred >= {"medical_security", "education", "human_resources"}
    listed = await eligibility.get(f"/v1/households/{in_force.household_id}/benefits", Role.STREET_CLERK)
    assert [one["monthly_amount"] for one in listed.json()["items"]] == ["1030.00"]

    await eligibility.run_due()
    assert len(await eligibility.recorded(BenefitStarted)) == 1


@pytest.mark.clause("8.1")
async def test_a_refusal_says_why_and_where_to_appeal(eligibility: Any) -> None:
    decision = await proposed(eligibility, "H02")
    answer = await confirmed(eligibility, decision)
    assert (answer.json()["state"], answer.json()["outcome"]) == ("in_force", "refused")
    path = f"/v1/decisions/{decision['decision_id']}"
    seen = (await eligibility.get(path, Role.RESIDENT, subject="resident-1")).json()
    [dibao] = [one for one in seen["measures"] if one["policy"] == "dibao"]
    assert (dibao["outcome"], dibao["monthly_amount"]) == ("refused", None)
    assert "不成立：人均收入低于低保标准" in dibao["reason"]
    assert "行政复议" in seen["appeal_routes"][0]
    assert seen["proposed_by"] is None, "a resident does not see who handled it"


async def test_who_proposed_does_not_confirm(eligibility: Any) -> None:
    decision = await proposed(eligibility)
    answer = await confirmed(eligibility, decision, subject=f"a-{Role.STREET_CLERK}")
    assert (answer.status_code, problem_code(answer)) == (403, "same_person")


async def test_a_confirmation_sent_twice_is_refused_the_second_time(eligibility: Any) -> None:
    decision = await proposed(eligibility)
    await confirmed(eligibility, decision)
    answer = await confirmed(eligibility, decision)
    assert (answer.status_code, problem_code(answer)) == (409, "wrong_state")
    assert "公示中" in answer.json()["detail"]


async def test_a_proposal_sent_twice_is_one_proposal(eligibility: Any) -> None:
    assessment_id = await eligibility.assessed(facts("H01"))
    path = f"/v1/assessments/{assessment_id}/decisions"
    first = await eligibility.post(path, OPINION, Role.STREET_CLERK, key="same-key-1")
    again = await eligibility.post(path, OPINION, Role.STREET_CLERK, key="same-key-1")
    assert first.json() == again.json()
    other = await eligibility.post(path, OPINION, Role.STREET_CLERK, key="other-key-1")
    assert (other.status_code, problem_code(other)) == (409, "decision_already_open")


@pytest.mark.clause("8.1")
async def test_two_clerks_at_once_make_one_proposal(eligibility: Any) -> None:
    assessment_id = await eligibility.assessed(facts("H01"))
    path = f"/v1/assessments/{assessment_id}/decisions"
    answers = await asyncio.gather(*(eligibility.post(path, OPINION, Role.STREET_CLERK) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]


@pytest.mark.clause("1.1")
async def test_two_decisions_of_a_household_that_come_into_force_at_once_start_one_benefit(eligibility: Any) -> None:
    household = facts("H11")
    household["members"][0]["income"] = [{"kind": "pension", "monthly": "5000.00"}]  # nothing that hangs in public
    first = await eligibility.proposed(await eligibility.assessed(household))
    second = await eligibility.proposed(await eligibility.assessed(household, whose=first["household_id"]))
    granted = [{one["policy"] for one in each["measures"] if one["outcome"] == "granted"} for each in (first, second)]
    assert "orphan" in granted[0] & granted[1], "neither was in force when the other was proposed"
    answers = await asyncio.gather(*(confirmed(eligibility, each) for each in (first, second)))
    assert [(one.status_code, one.json()["state"]) for one in answers] == [(200, "in_force")] * 2
    started = [one.policy for one in await eligibility.recorded(BenefitStarted)]
    assert len(started) == len(set(started))
    assert "orphan" in started


async def test_a_returned_proposal_makes_room_for_the_next(eligibility: Any) -> None:
    decision = await proposed(eligibility)
    path = f"/v1/decisions/{decision['decision_id']}/return"
    answer = await eligibility.post(path, {"reason": "请补充入户记录"}, Role.STREET_APPROVER)
    assert answer.json()["state"] == "returned"
    [event] = await eligibility.recorded(DecisionReturned)
    assert event.cause == "second_officer"
    again = await eligibility.post(f"/v1/assessments/{decision['assessment_id']}/decisions", OPINION, Role.STREET_CLERK)
    assert again.status_code == 201


async def test_an_objection_voids_the_confirmation(eligibility: Any) -> None:
    decision = await proposed(eligibility)
    await confirmed(eligibility, decision)
    path = f"/v1/decisions/{decision['decision_id']}/objections"
    answer = await eligibility.post(path, {"ground": "反映该户另有房产"}, Role.STREET_CLERK)
    assert (answer.status_code, answer.json()["decision"]["state"]) == (201, "returned")
    eligibility.clock.advance(timedelta(days=30))
    await eligibility.run_due()
    assert await eligibility.recorded(BenefitStarted, DecisionConfirmed) == []


async def test_a_decision_that_differs_from_the_advice_is_marked(eligibility: Any) -> None:
    override = {"policy": "dibao", "outcome": "granted", "monthly_amount": "500.00", "reason": "一事一议决议第7号"}
    decision = await proposed(eligibility, "H02", overrides=[override])
    assert decision["differs_from_assessment"]
    await confirmed(eligibility, decision)
    eligibility.clock.advance(timedelta(days=8))
    await eligibility.run_due()
    [event] = await eligibility.recorded(DecisionConfirmed)
    assert event.differs_from_assessment
    assert [finding.kind for finding in detect(event)] == ["decision_differs"], "oversight raises a clue"


async def test_an_unknown_fact_that_decides_holds_the_proposal_back(eligibility: Any) -> None:
    household = facts("H01") | {"assets": {"financial": None}}
    assessment_id = await eligibility.assessed(household)
    answer = await eligibility.post(f"/v1/assessments/{assessment_id}/decisions", OPINION, Role.STREET_CLERK)
    assert (answer.status_code, problem_code(answer)) == (422, "facts_awaited")


async def test_another_street_and_another_resident_see_nothing(eligibility: Any) -> None:
    decision = await proposed(eligibility)
    path = f"/v1/decisions/{decision['decision_id']}"
    assert (await eligibility.get(path, Role.STREET_CLERK, streets=("420106001",))).status_code == 404
    assert (await eligibility.get(path, Role.RESIDENT, subject="resident-2")).status_code == 404
    answer = await eligibility.post(f"{path}/confirmation", AGREED, Role.STREET_APPROVER, streets=("420106001",))
    assert answer.status_code == 404


async def test_a_near_relative_in_office_needs_the_districts_visit(eligibility: Any) -> None:
    household = facts("H01") | {"near_relatives_in_office": [{"role": "committee_member", "relation": "sibling"}]}
    assessment_id = await eligibility.assessed(household)
    decision = (await eligibility.post(f"/v1/assessments/{assessment_id}/decisions", OPINION, Role.STREET_CLERK)).json()
    answer = await confirmed(eligibility, decision)
    assert (answer.status_code, problem_code(answer)) == (422, "district_visit_needed")
    path = f"/v1/decisions/{decision['decision_id']}/confirmation"
    visited = AGREED | {"district_visit_on": "2022-10-10"}
    assert (await eligibility.post(path, visited, Role.DISTRICT_OFFICER)).json()["state"] == "on_notice"


@pytest.mark.clause("3.2")
async def test_every_standard_is_published_once(eligibility: Any) -> None:
    await eligibility.run_due()
    published = await eligibility.recorded(StandardPublished)
    values = {(event.parameter, event.first_day.isoformat()): event.value for event in published}
    assert values["urban_dibao_standard", "2022-04-01"] == "910"
    eligibility.clock.advance(timedelta(hours=2))
    await eligibility.run_due()
    assert len(await eligibility.recorded(StandardPublished)) == len(published)


@pytest.mark.clause("1.1")
async def test_a_preview_gives_the_answer_of_the_command_line(eligibility: Any) -> None:
    body = {"as_of": "2022-10-10", "household": facts("H01")}
    answer = (await eligibility.post("/v1/assessments/preview", body, Role.STREET_CLERK)).json()
    assert answer["policies"]["dibao"]["monthly_amount"] == "1030.00"


async def test_a_preview_of_broken_facts_names_each_field(eligibility: Any) -> None:
    household = facts("H01")
    household["members"][0]["birth_date"] = "2022-02-30"
    household["colour"] = "red"
    answer = await eligibility.post(
        "/v1/assessments/preview", {"as_of": "2022-10-10", "household": household}, Role.STREET_CLERK
    )
    assert (answer.status_code, problem_code(answer)) == (422, "facts_invalid")
    fields = {error["field"] for error in answer.json()["errors"]}
    assert {"body.household.members[0].birth_date", "body.household.colour"} <= fields
