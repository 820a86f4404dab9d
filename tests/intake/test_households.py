"""Household files: opened in an emergency, found again, seen by those in scope (clause 1.5)."""

import asyncio
from datetime import date
from typing import Any

import pytest
from tests.intake.conftest import OTHER_STREET, STREET, Intake, family, member, submission

from shared.auth import Role
from shared.events.eligibility import DecisionConfirmed
from shared.events.emergency_fund import GrantPaid
from shared.events.intake import ApplicationSubmitted, HouseholdRegistered
from shared.ids import new_id
from shared.testing import problem_code


def registration(members: list[dict[str, Any]] | None = None, *, street: str = STREET) -> dict[str, Any]:
    known = members or family()[:2]
    return {"street": street, "members": [{key: one[key] for key in one if key != "income"} for one in known]}


@pytest.mark.clause("1.5")
@pytest.mark.clause("4.1.1")
async def test_a_clerk_opens_a_file_before_any_application(intake: Intake) -> None:
    answer = await intake.post("/v1/households", registration(), intake.clerk())

    assert answer.status_code == 201
    assert answer.json()["is_new"] is True
    household_id = answer.json()["household_id"]
    assert await intake.recorded() == [HouseholdRegistered(household_id=household_id, street=STREET, member_count=2)]
    file = (await intake.get(f"/v1/households/{household_id}", intake.clerk())).json()
    assert [one["name"] for one in file["members"]] == ["周*川", "林*"]
    assert file["applications"] == []
    timeline = (await intake.get(f"/v1/households/{household_id}/timeline", intake.clerk())).json()
    assert [item["kind"] for item in timeline["items"]] == ["household_registered"]


@pytest.mark.clause("1.5")
async def test_the_application_that_follows_goes_into_the_same_file(intake: Intake) -> None:
    opened = await intake.post("/v1/households", registration(), intake.clerk())
    receipt = await intake.accepted(submission(family()))
    again = await intake.post("/v1/households", registration(street=OTHER_STREET), intake.clerk(OTHER_STREET))

    assert str(receipt.household_id) == opened.json()["household_id"] == again.json()["household_id"]
    assert (again.status_code, again.json()["is_new"]) == (200, False)
    assert [type(event) for event in await intake.recorded()] == [HouseholdRegistered, ApplicationSubmitted]
    file = (await intake.get(f"/v1/households/{receipt.household_id}", intake.clerk())).json()
    assert file["street"] == STREET
    assert [one["id"] for one in file["members"]] == ["p1", "p2", "p3"]
    assert [one["application_id"] for one in file["applications"]] == [str(receipt.application_id)]


@pytest.mark.clause("8.6")
async def test_the_file_moves_with_the_household(intake: Intake) -> None:
    opened = await intake.post("/v1/households", registration(), intake.clerk())
    receipt = await intake.accepted(submission(family(), street=OTHER_STREET))

    assert str(receipt.household_id) == opened.json()["household_id"]
    path = f"/v1/households/{receipt.household_id}"
    assert (await intake.get(path, intake.clerk(STREET))).status_code == 404
    assert (await intake.get(path, intake.clerk(OTHER_STREET))).json()["street"] == OTHER_STREET


async def test_who_moved_out_opens_a_file_of_their_own(intake: Intake) -> None:
    son = member("p4", born=date(2000, 1, 1), sequence=401, relation="child", name="周大")
    opened = await intake.post("/v1/households", registration([*family(), son]), intake.clerk())
    alone = await intake.accepted(submission([son | {"id": "p1", "relation": "applicant"}]))
    rest = await intake.accepted(submission(family()), intake.resident("resident-2"))

    assert str(rest.household_id) == opened.json()["household_id"] != str(alone.household_id)


@pytest.mark.clause("4.1.1")
async def test_missing_papers_and_names_do_not_stop_a_file(intake: Intake) -> None:
    unknown = {"id": "p1", "name": "不详", "id_type": "none"}
    infant = {"id": "p2", "name": "小", "id_type": "household_book", "birth_date": "2022-10-01", "sex": "F"}
    answer = await intake.post("/v1/households", registration([unknown, infant]), intake.clerk())

    assert answer.status_code == 201
    file = (await intake.get(f"/v1/households/{answer.json()['household_id']}", intake.clerk())).json()
    assert [(one["name"], one["identity_number"], one["age"]) for one in file["members"]] == [
        ("不*", None, None),
        ("*", None, 0),
    ]


async def test_people_without_numbers_are_not_taken_for_each_other(intake: Intake) -> None:
    unknown = registration([{"id": "p1", "name": "不详", "id_type": "none"}])
    answers = [await intake.post("/v1/households", unknown, intake.clerk()) for _ in range(2)]
    assert len({answer.json()["household_id"] for answer in answers}) == 2


async def test_a_wrong_number_is_refused(intake: Intake) -> None:
    members = [member("p1") | {"identity_number": "420199199003079031"}]
    answer = await intake.post("/v1/households", registration(members), intake.clerk())
    assert (answer.status_code, problem_code(answer)) == (422, "invalid_input")
    assert answer.json()["errors"][0]["field"] == "body.members[0].identity_number"
    assert await intake.recorded() == []


async def test_the_same_key_opens_one_file(intake: Intake) -> None:
    unknown = registration([{"id": "p1", "name": "不详", "id_type": "none"}])
    answers = [await intake.post("/v1/households", unknown, intake.clerk(), key="key-of-the-clerk") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


async def test_registrations_at_once_give_one_file(intake: Intake) -> None:
    answers = await asyncio.gather(
        *(intake.post("/v1/households", registration(), intake.clerk()) for _ in range(10)), intake.apply()
    )
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    registered = [answer.json()["household_id"] for answer in answers if answer.status_code < 300]
    assert len(set(registered)) == 1
    assert {problem_code(answer) for answer in answers if answer.status_code == 409} <= {"household_changed"}


async def test_only_clerks_of_the_street_open_files(intake: Intake) -> None:
    elsewhere = await intake.post("/v1/households", registration(street=OTHER_STREET), intake.clerk(STREET))
    resident = await intake.post("/v1/households", registration(), intake.resident())
    assert (elsewhere.status_code, resident.status_code) == (403, 403)


async def test_files_are_seen_in_scope(intake: Intake) -> None:
    receipt = await intake.accepted()
    path = f"/v1/households/{receipt.household_id}"
    seen = {
        "clerk": await intake.get(path, intake.clerk()),
        "clerk elsewhere": await intake.get(path, intake.clerk(OTHER_STREET)),
        "service": await intake.get(path, intake.service("emergency-fund")),
        "department": await intake.get(path, intake.service("department-tax", department="tax")),
        "resident": await intake.get(path, intake.resident()),
        "auditor": await intake.get(path, intake.mint.authorization("auditor-1", Role.AUDITOR)),
        "unknown": await intake.get(f"/v1/households/{new_id()}", intake.clerk()),
    }
    assert {name: answer.status_code for name, answer in seen.items()} == {
        "clerk": 200,
        "clerk elsewhere": 404,
        "service": 200,
        "department": 404,
        "resident": 403,
        "auditor": 403,
        "unknown": 404,
    }


@pytest.mark.clause("1.5")
async def test_the_households_time_line_holds_applications_and_grants(intake: Intake) -> None:
    receipt = await intake.accepted()
    await intake.hear(GrantPaid.model_validate({**GrantPaid.example, "household_id": receipt.household_id}))
    path = f"/v1/households/{receipt.household_id}/timeline"

    for caller in (intake.resident(), intake.clerk()):
        items = (await intake.get(path, caller)).json()["items"]
        assert [item["kind"] for item in items] == ["application_submitted", "grant_paid"]
    assert [item["kind"] for item in await intake.lines(receipt)] == ["application_submitted"]
    for caller in (intake.resident("resident-2"), intake.clerk(OTHER_STREET)):
        assert (await intake.get(path, caller)).status_code == 404


async def test_a_file_that_was_there_opens_to_a_new_applicant_when_something_is_granted(intake: Intake) -> None:
    opened = await intake.post("/v1/households", registration(), intake.clerk())
    receipt = await intake.accepted(submission(family()))
    path = f"/v1/households/{opened.json()['household_id']}/timeline"
    assert (await intake.get(path)).status_code == 404

    await intake.hear(receipt.event(DecisionConfirmed))
    kinds = [item["kind"] for item in (await intake.get(path)).json()["items"]]
    assert kinds == ["household_registered", "application_submitted", "decision_granted"]


async def test_a_file_stays_closed_to_a_new_applicant_who_is_refused(intake: Intake) -> None:
    opened = await intake.post("/v1/households", registration(), intake.clerk())
    receipt = await intake.accepted(submission(family()))
    await intake.hear(receipt.event(DecisionConfirmed, outcome="refused", granted=(), refused=("dibao",)))
    assert await intake.status(receipt) == "refused", "their own application they may read"
    assert (await intake.get(f"/v1/households/{opened.json()['household_id']}/timeline")).status_code == 404
