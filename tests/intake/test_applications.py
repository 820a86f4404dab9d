"""Applying with 一证两书: what is taken in, who sees it, what others hear of it."""

import asyncio
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.intake.conftest import OTHER_STREET, STREET, Intake, family, member, submission

from shared.auth import Role
from shared.events.eligibility import DecisionConfirmed, StandardPublished
from shared.events.intake import ApplicationSubmitted
from shared.ids import new_id
from shared.testing import problem_code


@pytest.mark.clause("8.4")
@pytest.mark.clause("8.7")
async def test_a_resident_applies_with_one_document_and_two_letters(intake: Intake) -> None:
    answer = await intake.apply()

    assert answer.status_code == 201
    document = answer.json()
    assert document["status"] == "submitted"
    assert document["decide_by"] == "2022-11-21"
    assert document["decide_by_is_provisional"] is False
    assert "30个工作日" in document["receipt"]
    assert "2022年11月21日" in document["receipt"]
    event = ApplicationSubmitted(
        household_id=document["household_id"],
        application_id=document["application_id"],
        street=STREET,
        channel="mini_program",
        requested=("dibao",),
        member_count=3,
    )
    assert await intake.recorded() == [event]
    timeline = await intake.get(document["links"]["timeline"])
    assert [item["kind"] for item in timeline.json()["items"]] == ["application_submitted"]
    detail = await intake.get(document["links"]["application"])
    assert detail.json()["application_id"] == document["application_id"]


@pytest.mark.clause("8.2")
@pytest.mark.clause("8.4")
async def test_no_other_paper_is_asked_for_and_none_is_taken(intake: Intake) -> None:
    schema = (await intake.http.get("/openapi.json")).json()["components"]["schemas"]["Submission"]
    assert sorted(schema["required"]) == ["authorisation", "commitment", "household"]
    assert set(schema["properties"]) == {"requested", "household", "authorisation", "commitment"}

    answer = await intake.apply(submission() | {"income_certificate": "附件1"})
    assert answer.status_code == 422
    assert "不需要再提交其他证明材料" in (await intake.apply()).json()["receipt"]


@pytest.mark.clause("8.6")
@pytest.mark.parametrize(
    "facts",
    [
        {"registration": {"region": "420106", "kind": "urban"}},
        {"registration": {"region": "411500", "kind": "rural"}, "residence_permit": {"issued": "2019-03-01"}},
        {"registration": {"region": "411500", "kind": "rural"}, "living_here_since": "2022-10-01"},
        {"registration": None},
    ],
    ids=["registered_here", "residence_permit", "just_arrived", "registration_unknown"],
)
async def test_people_apply_where_they_live_wherever_they_are_registered(intake: Intake, facts: dict[str, Any]) -> None:
    assert (await intake.apply(submission([member(**facts)]))).status_code == 201


async def test_all_facts_of_the_household_contract_are_taken_in_and_given_on_as_declared(intake: Intake) -> None:
    facts: dict[str, Any] = {
        "living_here_since": "2001-02-03",
        "employment": {"status": "unable", "since": None},
        "income": [{"kind": "pension", "monthly": None}, {"kind": "other", "monthly": "0.01"}],
        "disability": {"category": "mental", "grade": 2, "certificate": True},
        "diagnoses": ["autism", "21-三体综合征"],
        "serious_illness": None,
        "diagnosed_on": "2020-02-29",
        "self_care_failed": ["eat", "walk"],
        "lives_alone": False,
        "obligors": [],
        "relation_note": "grandmother",
    }
    child = member(
        "p2",
        born=date(2013, 9, 1),
        sequence=300,
        relation="grandchild",
        name="周小川",
        school={"stage": "primary", "home_teaching": False},
        father={"status": "dead"},
        mother={"status": "imprisoned", "months": 30, "disability": {"category": "limb", "grade": 1}},
    )
    household: dict[str, Any] = {
        "assets": {"financial": None, "vehicles": [{"value": "12000.00"}], "homes": 1},
        "rigid_spending_12m": [{"kind": "medical", "amount": "20700.00"}],
        "receiving": [
            {"policy": "orphan", "monthly_amount": "1820.00", "since": "2022-01-01", "shares": {"p2": "1820.00"}}
        ],
        "incident": {"cause": "fire", "on": "2022-10-09", "street": OTHER_STREET},
        "requested_amount": "3639.99",
        "near_relatives_in_office": [{"role": "社区工作者", "relation": "弟弟"}],
    }
    sent = submission([member(**facts), child], requested=["dibao", "temporary_assistance"], **household)
    receipt = await intake.accepted(sent)

    answer = await intake.get(f"/v1/applications/{receipt.application_id}/declaration", intake.service())
    document = answer.json()
    for given, declared in zip(document["household"]["members"], sent["household"]["members"], strict=True):
        assert given.pop("id_type") == "identity_card"
        assert given.pop("birth_date") in ("1977-05-12", "2013-09-01")
        assert given.pop("sex") in ("M", "F")
        assert given == declared
    assert {key: value for key, value in document["household"].items() if key != "members"} == {
        "street": STREET,
        **household,
    }
    assert document["authorisation"] == sent["authorisation"]
    assert document["commitment"] == sent["commitment"]
    assert document["requested"] == ["dibao", "temporary_assistance"]
    assert document["applicant_subject"] == "resident-1"


async def test_only_data_sharing_reads_a_declaration(intake: Intake) -> None:
    path = f"/v1/applications/{(await intake.accepted()).application_id}/declaration"

    assert (await intake.get(path, intake.service())).status_code == 200
    assert (await intake.get(path, intake.service("eligibility"))).status_code == 403
    assert (await intake.get(path, intake.service(department="tax"))).status_code == 404
    assert (await intake.get(path, intake.resident())).status_code == 403
    assert (await intake.get(path, intake.clerk())).status_code == 403
    unknown = f"/v1/applications/{new_id()}/declaration"
    assert (await intake.get(unknown, intake.service())).status_code == 404


async def test_clerks_take_in_applications_of_their_streets_only(intake: Intake) -> None:
    refused = await intake.apply(submission(street=OTHER_STREET), intake.clerk(STREET))
    assert refused.status_code == 403
    assert await intake.recorded() == []

    receipt = await intake.accepted(submission(), intake.clerk(STREET))
    [event] = await intake.recorded()
    assert isinstance(event, ApplicationSubmitted)
    assert event.channel == "street"
    declaration = await intake.get(f"/v1/applications/{receipt.application_id}/declaration", intake.service())
    assert declaration.json()["applicant_subject"] is None


@pytest.mark.clause("8.5")
async def test_an_application_through_another_portal_is_marked_so(intake: Intake) -> None:
    portal = intake.mint.authorization("resident-1", Role.RESIDENT, acting_client="hubei-portal")
    await intake.accepted(caller=portal)
    [event] = await intake.recorded()
    assert isinstance(event, ApplicationSubmitted)
    assert event.channel == "government_system"


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.RESIDENT, Role.STREET_CLERK)])
async def test_nobody_else_applies(intake: Intake, role: Role) -> None:
    caller = intake.mint.authorization("somebody", role, streets=[STREET])
    assert (await intake.apply(caller=caller)).status_code == 403


async def test_the_same_key_gives_the_same_answer_once(intake: Intake) -> None:
    first = await intake.apply(key="key-of-the-caller")
    again = await intake.apply(key="key-of-the-caller")

    assert again.status_code == 201
    assert again.json() == first.json()
    assert len(await intake.recorded()) == 1


@pytest.mark.clause("1.5")
async def test_a_household_has_one_open_application_and_one_file(intake: Intake) -> None:
    receipt = await intake.accepted()
    answer = await intake.apply()
    assert (answer.status_code, problem_code(answer)) == (409, "application_already_open")

    refused = receipt.event(DecisionConfirmed, outcome="refused", granted=(), refused=("dibao",))
    await intake.hear(refused)
    second = await intake.accepted()

    assert second.application_id != receipt.application_id
    assert second.household_id == receipt.household_id


async def test_one_member_in_an_open_application_is_enough(intake: Intake) -> None:
    await intake.accepted()
    grandfather = member("p1", born=date(1950, 1, 1), sequence=501, name="周")
    child = member("p2", born=date(2010, 3, 21), sequence=103, relation="grandchild", name="周小川")
    answer = await intake.apply(submission([grandfather, child]), intake.resident("resident-2"))
    assert (answer.status_code, problem_code(answer)) == (409, "application_already_open")
    assert answer.json()["errors"][0]["field"] == "body.household.members"
    assert len(await intake.recorded()) == 1


async def test_twenty_submissions_at_once_give_one_application(intake: Intake) -> None:
    answers = await asyncio.gather(*(intake.apply(caller=intake.resident(f"resident-{n}")) for n in range(20)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert {problem_code(answer) for answer in answers if answer.status_code == 409} == {"application_already_open"}
    assert len(await intake.recorded()) == 1


async def test_twenty_sendings_of_one_key_at_once_give_one_application(intake: Intake) -> None:
    answers = await asyncio.gather(*(intake.apply(key="key-of-the-caller") for _ in range(20)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["application_id"] for answer in answers}) == 1
    assert len(await intake.recorded()) == 1


async def test_overlapping_households_at_once_do_not_block_each_other(intake: Intake) -> None:
    one, two = family(), list(reversed(family()))
    answers = await asyncio.gather(*(intake.apply(submission(one if n % 2 else two)) for n in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19


async def test_different_households_at_once_all_get_in(intake: Intake) -> None:
    answers = await asyncio.gather(*(intake.apply(submission(family(100 + 4 * n))) for n in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["household_id"] for answer in answers}) == 20


async def test_people_with_one_character_leap_days_and_no_card_are_taken_in(intake: Intake) -> None:
    infant = {"id": "p2", "name": "小", "id_type": "household_book", "birth_date": "2020-02-29", "sex": "F"}
    members = [member("p1", born=date(1980, 2, 29), name="李"), infant | {"relation": "child"}]
    receipt = await intake.accepted(submission(members, signed_by=["p1"]))

    detail = (await intake.get(f"/v1/applications/{receipt.application_id}")).json()
    assert [(one["name"], one["identity_number"], one["age"]) for one in detail["members"]] == [
        ("*", "420199********" + members[0]["identity_number"][-4:], 42),
        ("*", None, 2),
    ]


async def test_a_household_of_twelve_is_taken_in(intake: Intake) -> None:
    members = [member("p1")] + [
        member(f"p{n}", born=date(2008 + n, 1, 1), sequence=200 + n, relation="child") for n in range(2, 13)
    ]
    receipt = await intake.accepted(submission(members, signed_by=["p1"]))
    detail = (await intake.get(f"/v1/applications/{receipt.application_id}")).json()
    assert detail["member_count"] == len(detail["members"]) == 12


async def test_children_alone_need_their_guardians_signature(intake: Intake) -> None:
    body = submission([member(born=date(2009, 1, 1))], signed_by=[])
    answer = await intake.apply(body)
    assert (answer.status_code, problem_code(answer)) == (422, "authorisation_incomplete")

    body["authorisation"]["guardian_name"] = "周奶奶"
    receipt = await intake.accepted(body)
    detail = (await intake.get(f"/v1/applications/{receipt.application_id}")).json()
    assert detail["authorisation"]["guardian_name"] == "周*奶"
    declaration = await intake.get(f"/v1/applications/{receipt.application_id}/declaration", intake.service())
    assert declaration.json()["authorisation"]["guardian_name"] == "周奶奶"


@pytest.mark.clause("3.2")
async def test_a_receipt_promises_the_limit_that_stands_on_its_day(intake: Intake) -> None:
    """The ministry's twenty days from 20 October; then what the district publishes."""
    promised = []
    await intake.hear(standard("decision_working_days", "15"), standard("review_months_stable", "6"))
    for family_number, day in enumerate((19, 20, 31), start=1):
        intake.clock.advance(datetime(2022, 10, day, 2, tzinfo=UTC) - intake.clock.now())
        document = (await intake.accepted(submission(family(family_number * 100 + 1)))).document
        promised.append((re.findall(r"(\d+)个工作日", document["receipt"]), document["decide_by"]))
    assert promised == [(["30"], "2022-11-30"), (["20"], "2022-11-17"), (["15"], "2022-11-21")]


def standard(parameter: str, value: str) -> StandardPublished:
    return StandardPublished(
        parameter=parameter, value=value, unit="working days", first_day=date(2022, 10, 31), source="x", assumed=False
    )


async def test_a_deadline_in_a_year_without_calendar_is_provisional(intake: Intake) -> None:
    intake.clock.advance(timedelta(days=365 * 30))
    members = family()[:2]
    document = (await intake.accepted(submission(members, signed_on="2052-10-01"))).document
    assert document["decide_by_is_provisional"] is True
    assert "可能调整" in document["receipt"]


@pytest.mark.clause("12.1.2")
@pytest.mark.parametrize(
    ("signed_on", "is_taken"), [("2021-10-10", True), ("2021-10-09", False), ("0001-01-01", False)]
)
async def test_a_letter_that_is_over_already_is_no_letter(intake: Intake, signed_on: str, *, is_taken: bool) -> None:
    answer = await intake.apply(submission(signed_on=signed_on))
    assert answer.is_success is is_taken
    if not is_taken:
        assert "body.authorisation.signed_on" in [error["field"] for error in answer.json()["errors"]]


async def test_residents_see_their_own_and_clerks_their_streets(intake: Intake) -> None:
    path = f"/v1/applications/{(await intake.accepted()).application_id}"
    seen = {
        "own": await intake.get(path),
        "other resident": await intake.get(path, intake.resident("resident-2")),
        "clerk": await intake.get(path, intake.clerk(STREET)),
        "clerk elsewhere": await intake.get(path, intake.clerk(OTHER_STREET)),
        "district": await intake.get(path, intake.mint.authorization("officer-1", Role.DISTRICT_OFFICER)),
        "unknown": await intake.get(f"/v1/applications/{new_id()}"),
    }
    assert {name: answer.status_code for name, answer in seen.items()} == {
        "own": 200,
        "other resident": 404,
        "clerk": 200,
        "clerk elsewhere": 404,
        "district": 200,
        "unknown": 404,
    }


async def test_staff_page_through_the_applications_of_their_streets(intake: Intake) -> None:
    mine: list[str] = []
    for n in range(5):
        receipt = await intake.accepted(submission(family(100 + 4 * n)))
        mine.insert(0, str(receipt.application_id))
        intake.clock.advance(timedelta(minutes=1))
    await intake.accepted(submission(family(200), street=OTHER_STREET))

    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await intake.get("/v1/applications", intake.clerk(STREET), limit=2, **cursor)).json()
        found += [item["application_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == mine

    officer = intake.mint.authorization("officer-1", Role.DISTRICT_OFFICER)
    everything = (await intake.get("/v1/applications", officer)).json()["items"]
    assert len(everything) == 6
    elsewhere = (await intake.get("/v1/applications", officer, street=OTHER_STREET, status="submitted")).json()
    assert len(elsewhere["items"]) == 1
    assert (await intake.get("/v1/applications", intake.clerk(STREET), street=OTHER_STREET)).json()["items"] == []
