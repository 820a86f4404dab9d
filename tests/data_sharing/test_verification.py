"""One verification per application: opened, answered by the departments, completed, and completed again."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from data_sharing.consumers import SUBSCRIPTIONS
from shared.auth import Role
from shared.database import Database
from shared.events.data_sharing import VerificationAnswered, VerificationCompleted, VerificationRequested
from shared.testing import deliver, envelope_of, eventually, problem_code

WAGE = {"person_ref": "p1", "data_set": "individual_income", "fields": {"wage": "2600.00"}, "as_of": "2022-09-30"}


def state_of(report: dict[str, Any], department: str) -> str:
    return next(str(row["state"]) for row in report["departments"] if row["department"] == department)


@pytest.mark.clause("1.2")
async def test_one_verification_asks_every_department_that_holds_a_fact(service: Any) -> None:
    case = await service.open()
    asked = await service.recorded(VerificationRequested)
    assert {event.department: event.data_sets for event in asked} == service.means.catalogue.by_department
    assert {event.verification_id for event in asked} == {case.verification_id}
    assert {event.answer_by for event in asked} == {datetime(2022, 10, 24, 16, tzinfo=UTC)}


@pytest.mark.clause("1.2")
async def test_an_application_heard_twice_is_verified_once(service: Any) -> None:
    case = await service.submit()
    envelope = envelope_of(case.submitted, clock=service.clock)
    await deliver(service.database, SUBSCRIPTIONS, envelope, envelope, clock=service.clock)
    await service.run_due()
    await service.hear(case.submitted)
    await service.run_due()
    assert len(await service.recorded(VerificationRequested)) == len(service.means.catalogue.by_department)


async def test_the_verification_opens_when_intake_is_back(service: Any) -> None:
    service.intake.is_down = True
    await service.submit()
    await service.run_due()
    assert await service.recorded() == []
    service.intake.is_down = False
    await service.run_due()
    assert len(await service.recorded(VerificationRequested)) == len(service.means.catalogue.by_department)


@pytest.mark.clause("1.2")
async def test_the_same_person_keeps_one_id_across_applications(service: Any) -> None:
    first, second = await service.open(), await service.open()
    ids = []
    for case in (first, second):
        await service.answer_all(case)
        ids.append((await service.facts(case)).json()["person_ids"])
    assert ids[0] == ids[1]
    assert len(set(ids[0].values())) == 3


async def test_a_child_without_a_number_is_one_person_in_its_household(service: Any) -> None:
    baby = {"id": "p3", "name": "张小小", "id_type": "household_book", "birth_date": "2022-03-21", "relation": "child"}
    parent = {"id": "p1", "name": "张测试", "identity_number": "420199199003079030", "relation": "applicant"}
    first = await service.open(parent, baby)
    again = await service.open(parent, baby, household_id=first.household_id)
    elsewhere = await service.open(parent, baby)
    ids = []
    for case in (first, again, elsewhere):
        await service.answer_all(case)
        ids.append((await service.facts(case)).json()["person_ids"])
    assert ids[0] == ids[1]
    assert ids[0]["p3"] != ids[2]["p3"]
    assert ids[0]["p1"] == ids[2]["p1"]


@pytest.mark.clause("1.2", "12.3.1")
async def test_all_answers_complete_the_verification(service: Any) -> None:
    case = await service.open()
    await service.answer_all(case, but=("tax",))
    assert await service.recorded(VerificationCompleted) == []
    assert (await service.answer(case, "tax", "matched", WAGE)).json()["version"] == 1
    (completed,) = await service.recorded(VerificationCompleted)
    assert completed.not_answered == ()
    assert completed.difference_count == 1
    assert completed.valid_until == datetime(2023, 4, 10, 16, tzinfo=UTC)
    assert len(await service.recorded(VerificationAnswered)) == len(case.query_ids)


async def test_an_answer_that_waited_for_another_is_the_later_one_on_the_time_line(service: Any) -> None:
    """Else the verification could read as completed before the last answer came."""
    case = await service.open()
    async with service.database.transaction() as other:
        await other.execute(
            text("select 1 from verification where verification_id = :id for update"), {"id": case.verification_id}
        )
        waiting = asyncio.create_task(service.answer(case, "tax"))
        await eventually(lambda: _somebody_waits(service.database))
        service.clock.advance(timedelta(minutes=1))
    assert (await waiting).json()["answered_at"] == "2022-10-10T02:01:00Z"


async def _somebody_waits(database: Database) -> bool:
    async with database.transaction() as tx:
        waiting = (
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        )
        return bool((await tx.execute(text(waiting))).scalar_one())


@pytest.mark.clause("12.1.1")
async def test_found_declared_and_unknown_are_told_apart_in_the_facts(service: Any) -> None:
    assets = {"assets": {"financial": "1200.00", "homes": 0, "vehicles": [{"value": "1.00"}]}}
    case = await service.open(household=assets)
    await service.answer(case, "tax", "matched", WAGE)
    await service.answer(case, "housing", "error")
    await service.answer_all(case, but=("tax", "housing"))
    facts = (await service.facts(case)).json()
    members = {member["id"]: member for member in facts["household"]["members"]}
    assert members["p1"]["income"] == [{"kind": kind, "monthly": amount} for kind, amount in [("wage", "2600.00")]]
    assert facts["household"]["assets"] == {"financial": "1200.00", "homes": None, "vehicles": [{"value": "1.00"}]}
    provenance = facts["provenance"]
    assert provenance["members.p1.income.wage"] == {
        "source": "found",
        "department": "tax",
        "data_set": "individual_income",
        "state": "matched",
        "as_of": "2022-09-30",
        "differs": True,
    }
    assert (provenance["assets.homes"]["source"], provenance["assets.homes"]["state"]) == ("unknown", "error")
    assert (provenance["assets.vehicles"]["source"], provenance["assets.vehicles"]["state"]) == (
        "declared",
        "no_record",
    )
    assert facts["as_of"] == "2022-10-10"
    assert facts["applicant_subject"] == "resident-1"


@pytest.mark.clause("8.2")
async def test_what_the_identity_number_says_is_not_asked_for(service: Any) -> None:
    case = await service.open()
    await service.answer_all(case)
    facts = (await service.facts(case)).json()
    born = {member["id"]: (member["birth_date"], member["sex"]) for member in facts["household"]["members"]}
    assert born == {"p1": ("1977-05-12", "M"), "p2": ("1979-08-03", "F"), "p3": ("2010-03-21", "M")}


@pytest.mark.clause("8.2", "12.1.1")
async def test_the_catalogue_says_what_the_state_already_holds(service: Any) -> None:
    answer = await service.get("/v1/data-sets", Role.STREET_CLERK)
    verified = {field["verifies"] for data_set in answer.json()["items"] for field in data_set["fields"]}
    assert verified >= {
        "members.birth_date",
        "members.registration",
        "members.employment.status",
        "members.income.pension",
        "members.income.wage",
        "members.income.business",
        "members.disability.grade",
        "members.school.stage",
        "assets.vehicles",
        "assets.homes",
        "rigid_spending_12m.medical",
        "receiving",
    }


@pytest.mark.clause("1.2")
async def test_a_department_that_never_answers_leaves_its_facts_unknown(service: Any) -> None:
    case = await service.open()
    await service.answer_all(case, but=("tax",))
    await service.pass_time(days=13)
    assert await service.recorded(VerificationCompleted) == []
    await service.pass_time(days=2)
    (completed,) = await service.recorded(VerificationCompleted)
    assert completed.not_answered == ("tax",)
    facts = (await service.facts(case)).json()
    assert [member["income"] for member in facts["household"]["members"]] == [[{"kind": "wage", "monthly": None}]] * 3
    assert facts["provenance"]["members.p1.income.wage"]["state"] == "not_answered"
    view = (await service.get(f"/v1/verifications/{case.verification_id}", Role.DISTRICT_OFFICER)).json()
    assert (view["state"], view["is_partial"]) == ("completed", True)
    assert (state_of(view, "tax"), state_of(view, "housing")) == ("not_answered", "no_record")


@pytest.mark.clause("1.2")
async def test_a_late_answer_completes_the_verification_again(service: Any) -> None:
    case = await service.open()
    await service.answer_all(case, but=("tax", "housing"))
    await service.pass_time(days=15)
    first = await service.facts(case)
    assert (await service.answer(case, "tax", "matched", WAGE)).status_code == 200
    partial, again = await service.recorded(VerificationCompleted)
    assert (partial.not_answered, again.not_answered) == (("housing", "tax"), ("housing",))
    assert again.valid_until == partial.valid_until, "a late answer does not make the others fresher"
    second = await service.facts(case)
    assert (first.json()["revision"], second.json()["revision"]) == (1, 2)
    assert second.json()["household"]["members"][0]["income"] == [{"kind": "wage", "monthly": "2600.00"}]
    # What came late is settled as well.
    assert problem_code(await service.answer(case, "tax")) == "verification_completed"


async def test_an_answer_that_was_an_error_still_comes_in_after_completion(service: Any) -> None:
    case = await service.open()
    await service.answer(case, "tax", "error")
    await service.answer_all(case, but=("tax",))
    assert (await service.answer(case, "tax", "matched", WAGE)).json()["version"] == 2
    assert len(await service.recorded(VerificationCompleted)) == 2


async def test_the_same_answer_again_changes_nothing(service: Any) -> None:
    case = await service.open()
    first = await service.answer(case, "tax", "matched", WAGE)
    await service.pass_time(hours=1)
    again = await service.answer(case, "tax", "matched", WAGE)
    assert (again.status_code, again.json()) == (200, first.json())
    assert len(await service.recorded(VerificationAnswered)) == 1
    await service.answer_all(case, but=("tax",))
    assert (await service.answer(case, "tax", "matched", WAGE)).json() == first.json(), "also after completion"
    assert len(await service.recorded(VerificationCompleted)) == 1


async def test_a_different_answer_is_a_new_version_until_the_verification_is_completed(service: Any) -> None:
    case = await service.open()
    await service.answer(case, "tax")
    corrected = await service.answer(case, "tax", "matched", WAGE)
    assert corrected.json()["version"] == 2
    await service.answer_all(case, but=("tax",))
    refused = await service.answer(case, "tax")
    assert (refused.status_code, problem_code(refused)) == (409, "verification_completed")
    facts = (await service.facts(case)).json()
    assert facts["household"]["members"][0]["income"] == [{"kind": "wage", "monthly": "2600.00"}]
    async with service.database.transaction() as tx:
        kept = await tx.execute(
            text("select version, outcome from answer where query_id = :query order by version"),
            {"query": case.query_ids["tax"]},
        )
        assert kept.all() == [(1, "no_record"), (2, "matched")]


@pytest.mark.clause("1.2")
@pytest.mark.parametrize("attempt", range(5))
async def test_two_last_answers_at_the_same_time_complete_it_once(service: Any, attempt: int) -> None:
    case = await service.open()
    await service.answer_all(case, but=("tax", "housing"))
    answers = await asyncio.gather(
        service.answer(case, "tax", "matched", WAGE),
        service.answer(case, "housing"),
        service.answer(case, "tax", "matched", WAGE),
        service.answer(case, "housing"),
    )
    assert [answer.status_code for answer in answers] == [200] * 4
    (completed,) = await service.recorded(VerificationCompleted)
    assert completed.not_answered == ()
    assert completed.difference_count == 1


async def test_the_last_answer_and_the_deadline_at_the_same_time_complete_it_once(service: Any) -> None:
    case = await service.open()
    await service.answer_all(case, but=("tax",))
    service.clock.advance(datetime(2022, 10, 24, 16, tzinfo=UTC) - service.clock.now())
    answer, _ = await asyncio.gather(service.answer(case, "tax", "matched", WAGE), service.run_due())
    assert answer.status_code == 200
    completed = await service.recorded(VerificationCompleted)
    # Either order is right; the answer is in at the end, and nothing was completed twice with the same answers.
    assert [event.not_answered for event in completed] in ([()], [("tax",), ()])


@pytest.mark.parametrize(
    ("answer", "field", "code"),
    [
        ({"outcome": "matched"}, "body.records", "records_and_outcome"),
        ({"outcome": "no_record", "records": [WAGE]}, "body.records", "records_and_outcome"),
        (
            {"outcome": "matched", "records": [{**WAGE, "data_set": "real_estate", "fields": {"homes": 1}}]},
            "body.records[0].data_set",
            "unknown_data_set",
        ),
        (
            {"outcome": "matched", "records": [{**WAGE, "fields": {"bonus": "1.00"}}]},
            "body.records[0].fields.bonus",
            "unknown_field",
        ),
        (
            {"outcome": "matched", "records": [{**WAGE, "fields": {"wage": "-1.00"}}]},
            "body.records[0].fields.wage",
            "invalid_value",
        ),
        (
            {"outcome": "matched", "records": [{**WAGE, "person_ref": "p9"}]},
            "body.records[0].person_ref",
            "unknown_person",
        ),
        (
            {"outcome": "matched", "records": [{**WAGE, "as_of": "2022-10-11"}]},
            "body.records[0].as_of",
            "in_the_future",
        ),
        ({"outcome": "matched", "records": [WAGE, WAGE]}, "body.records[1]", "record_twice"),
    ],
)
async def test_rubbish_is_refused_with_its_place(service: Any, answer: dict[str, Any], field: str, code: str) -> None:
    case = await service.open()
    refused = await service.http.put(
        f"/v1/queries/{case.query_ids['tax']}/answer",
        json={**answer, "grant_id": str(await service.mint_grant(case.query_ids["tax"], "tax"))},
        headers=service.as_department("tax"),
    )
    assert refused.status_code == 422
    assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [(field, code)]
    assert "value" not in refused.json()["errors"][0]
    assert await service.recorded(VerificationAnswered) == []


async def test_a_value_nested_without_end_is_refused_with_its_place(service: Any) -> None:
    case = await service.open()
    grant_id = str(await service.mint_grant(case.query_ids["tax"], "tax"))
    deep: Any = "2600.00"
    for _ in range(900):
        deep = {"a": deep}
    refused = await service.http.put(
        f"/v1/queries/{case.query_ids['tax']}/answer",
        json={"grant_id": grant_id, "outcome": "matched", "records": [{**WAGE, "fields": {"wage": deep}}]},
        headers=service.as_department("tax"),
    )
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == ["body.records[0].fields"]
    assert await service.recorded(VerificationAnswered) == []


async def test_a_dead_or_detained_member_is_reported_as_unexpected(service: Any) -> None:
    case = await service.open()
    found = {
        "person_ref": "p2",
        "data_set": "household_register",
        "fields": {"death": "2021-01-02"},
        "as_of": "2022-10-09",
    }
    await service.answer(case, "public_security", "matched", found)
    await service.answer_all(case, but=("public_security",))
    (completed,) = await service.recorded(VerificationCompleted)
    assert completed.difference_count == 1
    view = await service.get(f"/v1/applications/{case.application_id}/verification", Role.DISTRICT_OFFICER)
    (finding,) = view.json()["findings"]
    assert (finding["person_ref"], finding["field"], finding["unexpected"]) == ("p2", "death", True)


async def test_staff_of_the_street_and_the_applicant_read_the_report(service: Any) -> None:
    case = await service.open()
    await service.answer(case, "tax", "matched", WAGE)
    path = f"/v1/applications/{case.application_id}/verification"
    clerk = await service.get(path, Role.STREET_CLERK, streets=["420106009"])
    assert clerk.json()["state"] == "open"
    assert (state_of(clerk.json(), "tax"), state_of(clerk.json(), "housing")) == ("matched", "not_answered")
    await service.answer_all(case, but=("tax",))
    own = await service.get(path, Role.RESIDENT, subject="resident-1")
    assert own.json()["valid_until"] == "2023-04-10T16:00:00Z"
    (difference,) = own.json()["differences"]
    assert (difference["path"], difference["declared"], difference["found"]) == (
        "members.p1.income.wage",
        "2000.00",
        "2600.00",
    )
