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

    path = f"/v1/assessments/{suggestion['assessment_id']}/decisions"
    answer = await eligibility.post(path, {"comment": "入户核实"}, Role.STREET_CLERK)
    assert answer.status_code == 201, answer.text
    granted = {one["policy"] for one in answer.json()["measures"] if one["outcome"] == "granted"}
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
