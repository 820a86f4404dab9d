"""What happens in a family is laid over the facts and assessed anew; what should change
is suggested to officers. Nothing changes by itself.
"""

import json
from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eligibility.rules.changes import (
    HouseholdChange,
    coming_of_age,
    fault_of,
    is_late,
    planned_changes,
    shares_of,
    with_benefits,
    with_change,
)
from shared.auth import Role
from shared.events.eligibility import AssessmentCompleted, HouseholdChangeReported, ReviewDue, ReviewOverdue
from shared.testing import problem_code

CASES = Path(__file__).parent / "cases"
TODAY = date(2022, 10, 10)


def facts(case: str = "H01", **changes: Any) -> dict[str, Any]:
    household: dict[str, Any] = json.loads((CASES / f"{case}.json").read_text(encoding="utf-8"))["household"]
    return household | changes


def changed(kind: str, person: str | None = None, on: date = date(2022, 10, 1), **more: Any) -> HouseholdChange:
    return HouseholdChange(kind=kind, happened_on=on, person_ref=person, **more)


def after(change: HouseholdChange, household: dict[str, Any] | None = None) -> dict[str, Any]:
    return with_change(household or facts(), change, on=TODAY)


def member(household: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [one for one in household["members"] if one["id"] == name]
    return dict(found)


@pytest.mark.clause("12.3.2")
def test_the_dead_leave_the_household_and_their_children_have_lost_a_parent() -> None:
    household = after(changed("death", "p1"))
    assert [one["id"] for one in household["members"]] == ["p2", "p3"]
    assert member(household, "p3")["father"] == {"status": "dead"}
    assert "mother" not in member(household, "p3")


@pytest.mark.clause("2.1.6")
def test_who_is_in_prison_does_not_count_and_their_children_have_a_parent_who_cannot_raise_them() -> None:
    household = after(changed("imprisoned", "p2", on=date(2022, 3, 1)))
    assert [one["id"] for one in household["members"]] == ["p1", "p3"]
    assert member(household, "p3")["mother"] == {"status": "imprisoned", "months": 7}


def test_who_joins_is_unknown_but_for_a_name_and_a_relation() -> None:
    household = after(changed("married", "p9", relation="spouse"))
    assert member(household, "p9")["income"] is None
    born = member(after(changed("birth", "p9", relation="child")), "p9")
    assert born == {"id": "p9", "relation": "child", "birth_date": "2022-10-01"}


def test_work_replaces_the_wage_and_its_end_takes_it_away() -> None:
    worker = member(after(changed("work_started", "p2", monthly_wage="4000.00")), "p2")
    assert worker["employment"] == {"status": "employed", "since": "2022-10-01"}
    assert worker["income"] == [{"kind": "wage", "monthly": "4000.00"}]
    jobless = member(after(changed("work_ended", "p1")), "p1")
    assert (jobless["employment"]["status"], jobless["income"]) == ("unemployed", [])
    assert member(after(changed("work_started", "p2")), "p2")["income"] == [{"kind": "wage", "monthly": None}]


def test_what_the_registers_know_is_left_as_they_say() -> None:
    known = facts()
    known["members"][1] |= {
        "employment": {"status": "employed", "since": "2022-10-03"},
        "income": [{"kind": "wage", "monthly": "3500.00"}],
    }
    assert after(changed("work_started", "p2", monthly_wage="4000.00"), known) == known
    assert after(changed("death", "p7")) == facts()
    assert after(changed("birth", "p3", relation="child")) == facts()


def test_what_others_paid_to_the_dead_is_shared_no_more() -> None:
    aided = {"policy": "worker_aid", "monthly_amount": "300.00", "shares": {"p1": "100.00", "p2": "200.00"}}
    [received] = after(changed("death", "p2"), facts(receiving=[aided]))["receiving"]
    assert received["shares"] == {"p1": "100.00"}


def test_who_moves_away_leaves_and_a_household_that_moves_is_elsewhere() -> None:
    assert [one["id"] for one in after(changed("moved", "p2"))["members"]] == ["p1", "p3"]
    assert after(changed("moved", street="420106001"))["street"] == "420106001"
    assert [one["id"] for one in after(changed("divorced", "p2"))["members"]] == ["p1", "p3"]
    assert after(changed("released", "p2", relation="spouse")) == facts()


@given(
    kind=st.sampled_from(
        [
            "death",
            "birth",
            "married",
            "divorced",
            "moved",
            "work_started",
            "work_ended",
            "imprisoned",
            "released",
            "review",
        ]
    ),
    person=st.sampled_from(["p1", "p2", "p3", "p9"]),
)
def test_a_change_laid_over_the_facts_touches_no_one_elses_facts_and_not_the_given_ones(kind: str, person: str) -> None:
    given_facts = facts()
    kept = deepcopy(given_facts)
    change = changed(kind, person, relation="other", monthly_wage="100.00")
    once = with_change(given_facts, change, on=TODAY)
    assert given_facts == kept
    assert with_change(once, change, on=TODAY) == once, "told twice, it is one change"
    for one in once["members"]:
        if one["id"] in {"p1", "p2"} - {person}:
            assert one == member(kept, one["id"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (changed("death", "p1", on=date(2022, 10, 11)), "happened_on"),
        (changed("death"), "person"),
        (changed("birth", "p9"), "relation"),
        (changed("moved"), "street"),
        (changed("moved", street="420106001"), None),
        (changed("work_started", "p1"), None),
    ],
)
def test_a_report_says_what_it_lacks(change: HouseholdChange, field: str | None) -> None:
    fault = fault_of(change, on=TODAY)
    assert (fault and fault.field) == field


@pytest.mark.parametrize(
    ("happened", "told", "late"),
    [
        (date(2022, 3, 1), date(2022, 6, 1), False),
        (date(2022, 3, 1), date(2022, 6, 2), True),
        (date(2022, 11, 30), date(2023, 2, 28), False),
    ],
)
def test_what_is_told_after_three_months_is_late(happened: date, told: date, *, late: bool) -> None:
    assert is_late(happened, told) is late


@pytest.mark.parametrize(
    ("born", "day"),
    [
        (date(2010, 3, 21), date(2028, 3, 21)),
        (date(2004, 2, 29), date(2022, 3, 1)),
        (date(2006, 2, 28), date(2024, 2, 28)),
    ],
)
def test_a_child_comes_of_age_on_the_birthday(born: date, day: date) -> None:
    assert coming_of_age(born) == day


def test_birthdays_and_the_end_of_school_are_planned() -> None:
    household = {
        "members": [
            {"id": "p1", "birth_date": "1977-05-12"},
            {"id": "p2", "birth_date": "2010-03-21"},
            {"id": "p3", "birth_date": "2004-01-01", "school": {"stage": "senior_secondary"}},
            {"id": "p4", "birth_date": None},
        ]
    }
    assert planned_changes(household, on=TODAY) == [
        ("p2", "came_of_age", date(2028, 3, 21)),
        ("p3", "school_year_ended", date(2023, 9, 1)),
    ]


@given(amount=st.integers(0, 10**6), names=st.lists(st.sampled_from("abcdef"), unique=True))
def test_the_parts_of_a_benefit_add_up(amount: int, names: list[str]) -> None:
    parts = shares_of(amount, tuple(names), members="abcdefg")
    assert sum(parts.values()) == (amount if names else 0)
    assert set(parts) == set(names)


def test_what_we_pay_stands_in_place_of_what_a_register_says_of_it() -> None:
    told = facts(receiving=[{"policy": "dibao"}, {"policy": "worker_aid"}])
    ours = [{"policy": "tekun"}]
    merged = with_benefits(told, policies=["dibao", "tekun"], receiving=ours)
    assert [one["policy"] for one in merged["receiving"]] == ["worker_aid", "tekun"]
    assert with_benefits(facts(receiving=None), policies=[], receiving=ours)["receiving"] is None
    assert with_benefits(facts(), policies=[], receiving=ours)["receiving"] == ours


async def told(service: Any, benefit: dict[str, Any], **body: Any) -> dict[str, Any]:
    path = f"/v1/households/{benefit['household_id']}/changes"
    answer = await service.post(path, {"source": "本人告知"} | body, Role.STREET_CLERK)
    assert answer.status_code == 201, answer.text
    await service.run_due()
    return dict((await service.get(path, Role.STREET_CLERK)).json())


@pytest.mark.clause("2.1.4")
@pytest.mark.clause("12.3.3")
async def test_work_that_lifts_a_family_suggests_its_grace_period_and_changes_nothing(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts())
    await eligibility.at(date(2022, 11, 10))
    seen = await told(
        eligibility, benefit, kind="work_started", happened_on="2022-11-07", person="p2", monthly_wage="4000.00"
    )
    [event] = await eligibility.recorded(HouseholdChangeReported)
    assert not event.is_late
    assert "work" not in event.model_dump_json(), "what happened stands with the case alone"
    assert [one["state"] for one in seen["items"]] == ["reassessed"]
    [suggestion] = seen["suggestions"]
    assert (suggestion["kind"], suggestion["from_on"], suggestion["until_on"]) == ("grace", "2022-12-01", "2023-05-31")
    assert "低保渐退期" in suggestion["reason"]
    now = await eligibility.benefit(benefit["benefit_id"])
    assert (now["state"], now["owed_this_month"]) == ("running", "1030.00")

    await eligibility.changed(benefit["benefit_id"], "grace")
    assert (await eligibility.benefit(benefit["benefit_id"]))["ends_on"] == "2023-05-31"
    seen = await told(eligibility, benefit, kind="work_ended", happened_on="2022-11-10", person="p2")
    assert [one["kind"] for one in seen["suggestions"]] == ["resume"]


@pytest.mark.clause("12.3.2")
async def test_a_death_suggests_less_and_is_dealt_with_in_three_months(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts())
    await eligibility.at(date(2022, 11, 10))
    seen = await told(eligibility, benefit, kind="death", happened_on="2022-11-02", person="p3")
    [suggestion] = [one for one in seen["suggestions"] if one["policy"] == "dibao"]
    assert (suggestion["kind"], suggestion["monthly_amount"], suggestion["persons"]) == (
        "adjust",
        "120.00",
        ["p1", "p2"],
    )
    [due] = await eligibility.recorded(ReviewDue)
    assert due.due_on == date(2023, 2, 2)
    await eligibility.at(date(2023, 2, 3))
    assert len(await eligibility.recorded(ReviewOverdue)) == 1


async def test_the_change_that_officers_confirm_closes_the_review_after_a_death(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts())
    await told(eligibility, benefit, kind="death", happened_on="2022-10-12", person="p3")
    await eligibility.changed(benefit["benefit_id"], "adjust", monthly_amount="120.00", persons=["p1", "p2"])
    await eligibility.at(date(2023, 2, 3))
    assert await eligibility.recorded(ReviewOverdue) == []
    assert (await eligibility.benefit(benefit["benefit_id"]))["persons"] == ["p1", "p2"]


async def test_when_nobody_is_left_the_end_of_everything_is_suggested(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H09"), policy="tekun")
    seen = await told(eligibility, benefit, kind="death", happened_on="2022-10-12", person="p1")
    assert [(one["kind"], one["policy"], one["assessment_id"]) for one in seen["suggestions"]] == [
        ("end", "tekun", None)
    ]
    await eligibility.changed(benefit["benefit_id"], "end", cause="recipient_died")


async def test_unknown_wages_suggest_nothing_yet(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts())
    seen = await told(eligibility, benefit, kind="work_started", happened_on="2022-10-12", person="p2")
    assert seen["suggestions"] == []
    [_, reassessed] = await eligibility.recorded(AssessmentCompleted)
    assert "dibao" in reassessed.undecided


@pytest.mark.clause("2.1.6")
async def test_one_change_follows_the_other_and_a_new_entitlement_is_decided_on_the_reassessment(
    eligibility: Any,
) -> None:
    household = facts()
    household["members"].append({"id": "p4", "relation": "mother", "birth_date": "1950-01-01"})
    benefit = await eligibility.paid(household)
    await eligibility.at(date(2022, 10, 24))
    await told(eligibility, benefit, kind="death", happened_on="2022-10-20", person="p1")
    seen = await told(eligibility, benefit, kind="imprisoned", happened_on="2022-01-12", person="p2")
    [suggestion] = [one for one in seen["suggestions"] if one["kind"] == "decide"]
    assert (suggestion["policy"], suggestion["persons"]) == ("defacto_unattended_child", ["p3"])

    decision = await eligibility.proposed(suggestion["assessment_id"])
    granted = {one["policy"] for one in decision["measures"] if one["outcome"] == "granted"}
    assert "defacto_unattended_child" in granted
    assert not granted & {"dibao", "medical_assistance"}, "what runs or was handed over is not decided twice"


async def test_a_late_report_is_marked(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts())
    seen = await told(eligibility, benefit, kind="work_ended", happened_on="2022-07-01", person="p1")
    assert [one["is_late"] for one in seen["items"]] == [True]
    [event] = await eligibility.recorded(HouseholdChangeReported)
    assert event.is_late


async def test_an_incomplete_report_and_an_unknown_household_are_refused(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts())
    path = f"/v1/households/{benefit['household_id']}/changes"
    body = {"kind": "death", "happened_on": "2022-10-12", "source": "本人告知"}
    answer = await eligibility.post(path, body, Role.STREET_CLERK)
    assert (answer.status_code, problem_code(answer)) == (422, "change_incomplete")
    assert answer.json()["errors"][0]["field"] == "body.person"
    nobody = f"/v1/households/{benefit['benefit_id']}/changes"
    assert (await eligibility.post(nobody, body | {"person": "p1"}, Role.STREET_CLERK)).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "married", "person": "p9", "relation": "spouse"}, "body.relation"),
        ({"kind": "released", "person": "p9", "relation": "applicant"}, "body.relation"),
        ({"kind": "birth", "person": "p9", "relation": "father"}, "body.relation"),
        ({"kind": "birth", "person": "新生儿", "relation": "child"}, "body.person"),
    ],
)
async def test_a_change_that_cannot_be_is_refused_and_later_ones_are_assessed(
    eligibility: Any, body: dict[str, Any], field: str
) -> None:
    benefit = await eligibility.paid(facts())
    path = f"/v1/households/{benefit['household_id']}/changes"
    body |= {"happened_on": "2022-10-12", "source": "本人告知"}
    answer = await eligibility.post(path, body, Role.STREET_CLERK)
    assert (answer.status_code, [one["field"] for one in answer.json()["errors"]]) == (422, [field])
    seen = await told(eligibility, benefit, kind="work_ended", happened_on="2022-10-12", person="p1")
    assert [one["state"] for one in seen["items"]] == ["reassessed"]
    assert [one["kind"] for one in seen["suggestions"]] == ["adjust"]


async def test_the_second_of_two_changes_that_cannot_both_be_is_refused(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H09"), policy="tekun")
    path = f"/v1/households/{benefit['household_id']}/changes"
    wedding = {"kind": "married", "happened_on": "2022-10-12", "source": "本人告知", "relation": "spouse"}
    answers = [await eligibility.post(path, wedding | {"person": person}, Role.STREET_CLERK) for person in ("p8", "p9")]
    assert [one.status_code for one in answers] == [201, 422]
    assert problem_code(answers[1]) == "change_impossible"


async def test_a_wife_whom_the_registers_name_otherwise_by_now_is_counted_once(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H09"), policy="tekun")
    await told(eligibility, benefit, kind="married", happened_on="2022-10-12", person="told-of", relation="spouse")
    known = eligibility.cases[benefit["application_id"]]
    known["household"]["members"].append({"id": "p2", "relation": "spouse", "birth_date": "1952-03-01"})
    known["revision"] = 2
    seen = await told(eligibility, benefit, kind="work_ended", happened_on="2022-10-12", person="p2")
    assert {one["state"] for one in seen["items"]} == {"reassessed"}
    answer = await eligibility.get(f"/v1/applications/{benefit['application_id']}/assessment", Role.AUDITOR)
    assert answer.status_code == 200


async def test_a_change_without_facts_waits_for_the_next_verification(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts())

    def refuse(_: httpx.Request) -> httpx.Response:
        return httpx.Response(409, json={"code": "verification_expired", "title": "核对已过期"})

    eligibility.mint.route("data-sharing", refuse)
    seen = await told(eligibility, benefit, kind="work_ended", happened_on="2022-10-12", person="p1")
    assert [one["state"] for one in seen["items"]] == ["facts_refused"]
    eligibility.mint.route("data-sharing", eligibility.answer_facts)
    await eligibility.assessed(facts(), whose=benefit["household_id"])
    path = f"/v1/households/{benefit['household_id']}/changes"
    seen = (await eligibility.get(path, Role.STREET_CLERK)).json()
    assert [one["state"] for one in seen["items"]] == ["reassessed"]
    assert [one["kind"] for one in seen["suggestions"]] == ["adjust"]


@pytest.mark.clause("12.1.2")
async def test_a_change_waits_for_the_next_day_when_the_looks_of_this_one_are_used_up(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts())
    spent = httpx.Response(429, json={"code": "quota_spent", "title": "今日的共享次数已用完"})
    eligibility.mint.route("data-sharing", lambda _: spent)
    seen = await told(eligibility, benefit, kind="work_ended", happened_on="2022-10-12", person="p1")
    assert [one["state"] for one in seen["items"]] == ["planned"]
    eligibility.mint.route("data-sharing", eligibility.answer_facts)
    eligibility.clock.advance(timedelta(days=1))
    await eligibility.run_due()
    path = f"/v1/households/{benefit['household_id']}/changes"
    seen = (await eligibility.get(path, Role.STREET_CLERK)).json()
    assert [one["state"] for one in seen["items"]] == ["reassessed"]


@pytest.mark.clause("2.1.5")
async def test_an_orphan_who_comes_of_age_is_assessed_anew_on_the_birthday(eligibility: Any) -> None:
    household = facts("H11")
    household["members"][0]["income"] = [{"kind": "pension", "monthly": "5000.00"}]
    child = next(one for one in household["members"] if one.get("father"))
    child["birth_date"] = "2004-12-15"
    benefit = await eligibility.paid(household, policy="orphan")
    await eligibility.at(date(2022, 12, 14))
    path = f"/v1/households/{benefit['household_id']}/changes"
    assert (await eligibility.get(path, Role.STREET_CLERK)).json()["items"] == []
    await eligibility.at(date(2022, 12, 15))
    seen = (await eligibility.get(path, Role.STREET_CLERK)).json()
    assert [(one["kind"], one["person"], one["is_late"]) for one in seen["items"]] == [
        ("came_of_age", child["id"], False)
    ]
    assert ("end", "orphan") in {(one["kind"], one["policy"]) for one in seen["suggestions"]}
    assert await eligibility.recorded(HouseholdChangeReported) == [], "nobody reported it"


@pytest.mark.clause("12.3.2")
async def test_a_review_after_a_death_is_done_by_the_first_verification_since(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts("H09"), policy="tekun")
    household = eligibility.cases[benefit["application_id"]]["household"]
    household["members"].append({"id": "p2", "relation": "spouse", "birth_date": "1952-03-01"})
    await eligibility.at(date(2022, 11, 10))
    await told(eligibility, benefit, kind="death", happened_on="2022-11-02", person="p2")
    assert (await eligibility.benefit(benefit["benefit_id"]))["review_due_on"] == "2023-02-02", "not on old facts"
    await eligibility.verified(benefit["application_id"], benefit["household_id"], facts("H09"))
    assert (await eligibility.benefit(benefit["benefit_id"]))["review_due_on"] == "2023-11-10"
    await eligibility.at(date(2023, 2, 3))
    assert await eligibility.recorded(ReviewOverdue) == []


@pytest.mark.clause("2.1.4")
async def test_what_is_told_while_a_notice_hangs_is_suggested_when_the_decision_is_in_force(eligibility: Any) -> None:
    decision = await eligibility.agreed(await eligibility.assessed(facts()))
    assert decision["state"] == "on_notice"
    seen = await told(eligibility, decision, kind="work_ended", happened_on="2022-10-08", person="p1")
    assert seen["suggestions"] == [], "nothing is paid yet"
    await eligibility.at(date(2022, 10, 18))
    path = f"/v1/households/{decision['household_id']}/changes"
    seen = (await eligibility.get(path, Role.STREET_CLERK)).json()
    assert [(one["kind"], one["policy"]) for one in seen["suggestions"]] == [("adjust", "dibao")]


async def test_a_proposal_on_facts_that_changed_since_is_not_confirmed(eligibility: Any) -> None:
    decision = await eligibility.proposed(await eligibility.assessed(facts()))
    await told(eligibility, decision, kind="work_started", happened_on="2022-10-08", person="p2")
    newest = await eligibility.get(f"/v1/applications/{decision['application_id']}/assessment", Role.AUDITOR)
    path = f"/v1/assessments/{newest.json()['assessment_id']}/decisions"
    second = await eligibility.post(path, {"comment": "入户核实"}, Role.STREET_CLERK)
    assert (second.status_code, problem_code(second)) == (409, "decision_already_open"), "one at a time"

    path = f"/v1/decisions/{decision['decision_id']}"
    answer = await eligibility.post(f"{path}/confirmation", {"comment": "同意"}, Role.STREET_APPROVER)
    assert (answer.status_code, problem_code(answer)) == (409, "assessment_superseded")
    answer = await eligibility.post(f"{path}/return", {"reason": "情况有变"}, Role.STREET_APPROVER)
    assert answer.json()["state"] == "returned"


@pytest.mark.clause("2.1.6")
async def test_what_was_suggested_to_decide_is_done_with_the_decision(eligibility: Any) -> None:
    household = facts()
    household["members"].append({"id": "p4", "relation": "mother", "birth_date": "1950-01-01"})
    benefit = await eligibility.paid(household)
    await eligibility.at(date(2022, 10, 24))
    await told(eligibility, benefit, kind="death", happened_on="2022-10-20", person="p1")
    seen = await told(eligibility, benefit, kind="imprisoned", happened_on="2022-01-12", person="p2")
    [suggestion] = [one for one in seen["suggestions"] if one["kind"] == "decide"]
    await eligibility.agreed(suggestion["assessment_id"])
    await eligibility.at(date(2022, 11, 1))
    seen = (await eligibility.get(f"/v1/households/{benefit['household_id']}/changes", Role.STREET_CLERK)).json()
    assert {one["kind"] for one in seen["suggestions"]} == {"adjust"}, "dibao stands, the child is decided on"


OTHER_STREET = "420106001"


async def test_a_household_that_moved_is_granted_nothing_twice_and_recused_officers_stay_away(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts())
    elsewhere: dict[str, Any] = {"streets": (OTHER_STREET,)}
    [decision_id] = [one["document"] for one in (await eligibility.benefit(benefit["benefit_id"]))["amounts"]]
    kin = {"subject": "a-near-relative"}
    await eligibility.post(f"/v1/decisions/{decision_id}/recusal", {"reason": "近亲属"}, Role.STREET_CLERK, **kin)

    assessment_id = await eligibility.assessed(facts(), whose=benefit["household_id"], street=OTHER_STREET)
    path = f"/v1/assessments/{assessment_id}/decisions"
    opinion = {"comment": "入户核实"}
    assert (await eligibility.post(path, opinion, Role.STREET_CLERK)).status_code == 404, "the old street's clerk"
    answer = await eligibility.post(path, opinion, Role.STREET_CLERK, **elsewhere, **kin)
    assert (answer.status_code, problem_code(answer)) == (409, "recused")
    decision = await eligibility.post(path, opinion, Role.STREET_CLERK, **elsewhere)
    assert decision.status_code == 201, decision.text
    assert "dibao" not in {one["policy"] for one in decision.json()["measures"]}, "it runs already"
    path = f"/v1/decisions/{decision.json()['decision_id']}/confirmation"
    answer = await eligibility.post(path, {"comment": "同意"}, Role.STREET_APPROVER, **elsewhere)
    assert answer.status_code == 200, answer.text


@pytest.mark.clause("12.3.2")
async def test_a_death_told_in_the_new_street_reviews_what_the_old_one_pays(eligibility: Any) -> None:
    benefit = await eligibility.paid(facts())
    await eligibility.assessed(facts(), whose=benefit["household_id"], street=OTHER_STREET)
    path = f"/v1/households/{benefit['household_id']}/changes"
    death = {"kind": "death", "happened_on": "2022-10-12", "person": "p3", "source": "本人告知"}
    answer = await eligibility.post(path, death, Role.STREET_CLERK, streets=(OTHER_STREET,))
    assert answer.status_code == 201, answer.text
    assert (await eligibility.benefit(benefit["benefit_id"]))["review_due_on"] == "2023-01-12"
    answer = await eligibility.post(path, death, Role.STREET_CLERK, streets=("420106002",))
    assert answer.status_code == 404
