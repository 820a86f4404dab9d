"""Who lives on the street gets a file without papers or name, food and bedding, and a way to the rescue station or home
(clauses 4.5.1, 4.5.2).
"""

import asyncio
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa
from tests.intake.conftest import OTHER_STREET, STREET, Intake, member, submission

from intake.rules.homeless import TRANSITIONS, HomelessState, HomelessStep, StepNotPossible, state_after
from intake.tables import homeless_person, homeless_person_aid, homeless_person_step, household
from shared.auth import Role
from shared.events import intake as events
from shared.ids import new_id
from shared.testing import identity_number, problem_code

NUMBER = identity_number(date(1962, 5, 12), sequence=301)
FOUND: dict[str, Any] = {
    "street": STREET,
    "found_on": "2022-10-09",
    "place": "白沙洲大道桥洞",
    "description": "男，约六十岁，灰色棉衣，左手缺一指",
    "condition": "神志清楚，脚部冻伤",
}
NAMED = FOUND | {"name": "周大川", "identity_number": NUMBER}
IDENTITY = {"name": "周大川", "identity_number": NUMBER}


async def _filed(intake: Intake, body: dict[str, Any] | None = None, *, street: str = STREET) -> dict[str, Any]:
    answer = await intake.post(
        "/v1/homeless-persons", (FOUND if body is None else body) | {"street": street}, intake.clerk(street)
    )
    assert answer.status_code == 201, answer.text
    filed: dict[str, Any] = answer.json()
    return filed


async def _post(intake: Intake, filed: dict[str, Any], action: str, body: Any, **options: Any) -> Any:
    path = f"/v1/homeless-persons/{filed['homeless_person_id']}/{action}"
    return await intake.post(path, body, options.pop("caller", None) or intake.clerk(), **options)


async def _file(intake: Intake, filed: dict[str, Any], *, street: str = STREET) -> dict[str, Any]:
    answer = await intake.get(f"/v1/homeless-persons/{filed['homeless_person_id']}", intake.clerk(street))
    assert answer.status_code == 200, answer.text
    file: dict[str, Any] = answer.json()
    return file


async def _kinds(intake: Intake, household_id: str) -> list[str]:
    answer = await intake.get(f"/v1/households/{household_id}/timeline", intake.clerk())
    return [item["kind"] for item in answer.json()["items"]]


@pytest.mark.clause("4.5.1")
async def test_a_person_without_papers_or_name_gets_a_file(intake: Intake) -> None:
    filed = await _filed(intake)

    assert filed["is_new"] is True
    file = await _file(intake, filed)
    shown = {name: file[name] for name in ("street", "state", "place", "description", "condition", "found_on")}
    assert shown == {name: FOUND.get(name, "on_street") for name in shown}
    assert (file["name"], file["identity_number"], file["identified_household_id"]) == (None, None, None)
    assert (file["aid"], file["steps"]) == ([], [])
    assert await intake.recorded() == [events.HomelessPersonFiled.model_validate(filed | {"street": STREET})]
    home = (await intake.get(f"/v1/households/{filed['household_id']}", intake.clerk())).json()
    assert [(one["id"], one["id_type"], one["identity_number"]) for one in home["members"]] == [("p1", "none", None)]
    assert await _kinds(intake, filed["household_id"]) == ["homeless_person_filed"]


@pytest.mark.clause("4.5.1")
async def test_food_clothing_and_bedding_are_recorded(intake: Intake) -> None:
    filed = await _filed(intake)
    given = [{"kind": "food", "quantity": 2}, {"kind": "clothing"}, {"kind": "bedding"}]
    answer = await _post(intake, filed, "aid", {"given_on": "2022-10-09", "given": given})
    assert answer.status_code == 201, answer.text
    again = await _post(intake, filed, "aid", {"given_on": "2022-10-10", "given": [{"kind": "food"}]})
    assert again.status_code == 201, again.text

    file = await _file(intake, filed)
    assert [(one["kind"], one["quantity"], one["given_on"], one["given_by"]) for one in file["aid"]] == [
        ("food", 2, "2022-10-09", "clerk-1"),
        ("clothing", 1, "2022-10-09", "clerk-1"),
        ("bedding", 1, "2022-10-09", "clerk-1"),
        ("food", 1, "2022-10-10", "clerk-1"),
    ]
    assert [one["aid_id"] for one in file["aid"]] == answer.json()["aid_ids"] + again.json()["aid_ids"]
    aided = [event for event in await intake.recorded() if isinstance(event, events.HomelessPersonAided)]
    assert [event.kinds for event in aided] == [("food", "clothing", "bedding"), ("food",)]
    assert await _kinds(intake, filed["household_id"]) == ["homeless_person_filed", *["homeless_person_aided"] * 2]


@pytest.mark.clause("4.5.2")
async def test_who_wants_to_go_home_is_guided_to_the_station_and_escorted(intake: Intake) -> None:
    filed = await _filed(intake)
    way = [
        ({"step": "station_declined"}, "on_street"),
        ({"step": "station_entered"}, "at_station"),
        ({"step": "wishes_to_go_home"}, "awaiting_escort"),
        ({"step": "escorted_home", "destination": "420199"}, "escorted_home"),
    ]
    for step, state in way:
        answer = await _post(intake, filed, "steps", step | {"taken_on": "2022-10-10"})
        assert (answer.status_code, answer.json()["state"]) == (201, state), answer.text

    file = await _file(intake, filed)
    assert file["state"] == "escorted_home"
    assert [(one["step"], one["state"]) for one in file["steps"]] == [(step["step"], state) for step, state in way]
    assert file["steps"][-1]["destination"] == "420199"
    guided = [event for event in await intake.recorded() if isinstance(event, events.HomelessPersonGuided)]
    assert [(event.step, event.state) for event in guided] == [(step["step"], state) for step, state in way]


@pytest.mark.clause("4.5.2")
async def test_nobody_is_escorted_who_did_not_want_to_go_home(intake: Intake) -> None:
    filed = await _filed(intake)
    escort = {"step": "escorted_home", "taken_on": "2022-10-10", "destination": "420199"}
    for step in (None, {"step": "station_entered", "taken_on": "2022-10-10"}):
        if step is not None:
            assert (await _post(intake, filed, "steps", step)).status_code == 201
        answer = await _post(intake, filed, "steps", escort)
        assert (answer.status_code, problem_code(answer)) == (409, "step_not_possible")
    assert (await _file(intake, filed))["state"] == "at_station"


@pytest.mark.clause("4.5.2")
@pytest.mark.parametrize(("state", "step"), [*product(HomelessState, HomelessStep)])
def test_only_the_steps_of_the_table_are_possible(state: HomelessState, step: HomelessStep) -> None:
    if (state, step) in TRANSITIONS:
        assert state_after(state, step) == TRANSITIONS[state, step]
    else:
        with pytest.raises(StepNotPossible):
            state_after(state, step)


def test_from_everywhere_there_is_a_way_back_to_the_street_and_home() -> None:
    for start in HomelessState:
        reached = {start}
        for _ in TRANSITIONS:
            reached |= {after for (before, _), after in TRANSITIONS.items() if before in reached}
        assert reached == set(HomelessState)


@pytest.mark.clause("4.5.1")
async def test_who_is_found_to_be_in_a_household_is_linked_to_it(intake: Intake) -> None:
    home = await intake.accepted(submission([member("p1", born=date(1962, 5, 12), sequence=301)]))
    filed = await _filed(intake)
    answer = await _post(intake, filed, "identity", IDENTITY)

    assert answer.status_code == 200, answer.text
    assert answer.json()["identified_household_id"] == str(home.household_id) != filed["household_id"]
    file = await _file(intake, filed)
    assert (file["name"], file["identity_number"][:6]) == ("周*川", NUMBER[:6])
    assert (file["identified_household_id"], file["identified_by"]) == (str(home.household_id), "clerk-1")
    (identified,) = [event for event in await intake.recorded() if isinstance(event, events.HomelessPersonIdentified)]
    assert str(identified.household_id) == filed["household_id"]
    assert identified.identified_household_id == home.household_id
    assert "homeless_person_filed" not in await _kinds(intake, str(home.household_id)), "not for the family to read"


@pytest.mark.clause("4.5.1")
async def test_who_is_in_no_household_keeps_the_file_of_their_own(intake: Intake) -> None:
    filed = await _filed(intake)
    answer = await _post(intake, filed, "identity", IDENTITY)
    assert answer.json()["identified_household_id"] == filed["household_id"]

    receipt = await intake.accepted(submission([member("p1", born=date(1962, 5, 12), sequence=301)]))
    assert str(receipt.household_id) == filed["household_id"], "the application goes into the file that is there"


@pytest.mark.clause("4.5.1")
async def test_a_known_number_finds_the_household_at_once(intake: Intake) -> None:
    home = await intake.accepted(submission([member("p1", born=date(1962, 5, 12), sequence=301)]))
    filed = await _filed(intake, NAMED)
    assert (await _file(intake, filed))["identified_household_id"] == str(home.household_id)
    kinds = [type(event) for event in await intake.recorded()]
    assert kinds[1:] == [events.HomelessPersonFiled, events.HomelessPersonIdentified]


async def test_the_same_person_has_one_file_in_a_street_and_one_household_in_all(intake: Intake) -> None:
    first = await _filed(intake, NAMED)
    again = await intake.post("/v1/homeless-persons", NAMED, intake.clerk())
    assert (again.status_code, again.json()) == (200, first | {"is_new": False})
    elsewhere = await _filed(intake, NAMED, street=OTHER_STREET)

    assert elsewhere["homeless_person_id"] != first["homeless_person_id"]
    assert (await _file(intake, elsewhere, street=OTHER_STREET))["identified_household_id"] == first["household_id"]


async def test_an_identity_is_written_once(intake: Intake) -> None:
    filed = await _filed(intake)
    assert (await _post(intake, filed, "identity", IDENTITY)).status_code == 200
    other = {"name": "林秀", "identity_number": identity_number(date(1979, 8, 3), sequence=102)}
    answer = await _post(intake, filed, "identity", other)
    assert (answer.status_code, problem_code(answer)) == (409, "already_identified")
    with pytest.raises(sa.exc.DBAPIError, match="was identified"):
        async with intake.database.transaction() as tx:
            await tx.execute(sa.update(homeless_person).values(identity_index=b"0" * 16))


async def test_filing_the_same_person_at_once_gives_one_household(intake: Intake) -> None:
    answers = await asyncio.gather(
        *(
            intake.post("/v1/homeless-persons", NAMED | {"street": street}, intake.clerk(street))
            for street in (STREET, OTHER_STREET) * 3
        )
    )
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    assert any(answer.status_code == 201 for answer in answers)
    for answer in answers:
        if answer.status_code == 409:
            assert problem_code(answer) == "household_changed"
    async with intake.database.transaction() as tx:
        homes = await tx.execute(sa.select(homeless_person.c.identified_household_id).distinct())
        assert len(homes.all()) == 1


async def test_two_clerks_of_a_street_at_once_open_one_file_of_somebody_known(intake: Intake) -> None:
    await _filed(intake, NAMED, street=OTHER_STREET)
    answers = await asyncio.gather(*(intake.post("/v1/homeless-persons", NAMED, intake.clerk()) for _ in range(6)))
    assert len({answer.json()["homeless_person_id"] for answer in answers}) == 1
    assert sorted(answer.json()["is_new"] for answer in answers) == [False] * 5 + [True]


@pytest.mark.clause("12.1.2")
async def test_what_describes_the_person_is_encrypted_and_in_no_event(intake: Intake) -> None:
    filed = await _filed(intake, NAMED)
    async with intake.database.transaction() as tx:
        rows = [*(await tx.execute(sa.select(homeless_person))).all(), *(await tx.execute(sa.select(household))).all()]
        kept = await tx.execute(sa.text("select string_agg(answer::text, '') from idempotency"))
        held = str(rows) + str(kept.scalar_one()) + str(await intake.recorded()) + intake.log.getvalue()
    for word in (NUMBER, "周大川", FOUND["place"], FOUND["description"], FOUND["condition"]):
        assert word not in held
    assert filed["homeless_person_id"] in held


async def test_who_sees_a_file(intake: Intake) -> None:
    filed = await _filed(intake)
    path = f"/v1/homeless-persons/{filed['homeless_person_id']}"
    callers = {
        "clerk": intake.clerk(),
        "clerk elsewhere": intake.clerk(OTHER_STREET),
        "service": intake.service("emergency-fund"),
        "department": intake.service("department-tax", department="tax"),
        "resident": intake.resident(),
        "inspector": intake.mint.authorization("inspector-1", Role.INSPECTOR),
        "district": intake.mint.authorization("district-1", Role.DISTRICT_OFFICER),
    }
    assert {name: (await intake.get(path, caller)).status_code for name, caller in callers.items()} == {
        "clerk": 200,
        "clerk elsewhere": 404,
        "service": 403,
        "department": 403,
        "resident": 403,
        "inspector": (await intake.get(f"/v1/households/{filed['household_id']}", callers["inspector"])).status_code,
        "district": 200,
    }
    household_of = {
        name: (await intake.get(f"{path}/household", caller)).status_code for name, caller in callers.items()
    }
    assert household_of == dict.fromkeys(callers, 403) | {"service": 200, "department": 404}
    answer = await intake.get(f"{path}/household", callers["service"])
    assert answer.json() == {
        "homeless_person_id": filed["homeless_person_id"],
        "street": STREET,
        "household_id": filed["household_id"],
        "person": "p1",
    }


async def test_a_clerk_of_another_street_writes_nothing(intake: Intake) -> None:
    filed = await _filed(intake)
    elsewhere = intake.clerk(OTHER_STREET)
    opened = await intake.post("/v1/homeless-persons", FOUND, elsewhere)
    assert (opened.status_code, problem_code(opened)) == (403, "not_permitted")
    bodies: dict[str, Any] = {
        "aid": {"given_on": "2022-10-10", "given": [{"kind": "food"}]},
        "steps": {"step": "station_entered", "taken_on": "2022-10-10"},
        "identity": IDENTITY,
    }
    for action, body in bodies.items():
        answer = await _post(intake, filed, action, body, caller=elsewhere)
        assert (answer.status_code, problem_code(answer)) == (404, "not_found"), action
    file = await _file(intake, filed)
    assert (file["aid"], file["steps"], file["identified_by"]) == ([], [], None)


async def test_the_same_key_writes_once(intake: Intake) -> None:
    answers = [await intake.post("/v1/homeless-persons", FOUND, intake.clerk(), key="key-found") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    filed = answers[0].json()
    bodies: dict[str, Any] = {
        "aid": {"given_on": "2022-10-10", "given": [{"kind": "food"}]},
        "steps": {"step": "station_entered", "taken_on": "2022-10-10"},
        "identity": IDENTITY,
    }
    for action, body in bodies.items():
        said = [await _post(intake, filed, action, body, key=f"key-of-{action}") for _ in range(2)]
        assert said[0].is_success, said[0].text
        assert said[0].json() == said[1].json()
    async with intake.database.transaction() as tx:
        for table in (homeless_person, homeless_person_aid, homeless_person_step):
            assert await tx.scalar(sa.select(sa.func.count()).select_from(table)) == 1, table.name
    assert len(await intake.recorded()) == 4


_WRONG: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "tomorrow": ("", FOUND | {"found_on": "2022-10-11"}, "day_in_future", "body.found_on"),
    "a number in the words": ("", FOUND | {"place": f"桥洞 {NUMBER}"}, "invalid_input", "body.place"),
    "no description": ("", FOUND | {"description": " "}, "invalid_input", "body.description"),
    "a number without a name": ("", FOUND | {"identity_number": NUMBER}, "invalid_input", "body"),
    "a number that is none": (
        "",
        NAMED | {"identity_number": "420199199003079031"},
        "invalid_input",
        "body.identity_number",
    ),
    "no street of ours": ("", FOUND | {"street": "420102001"}, "unknown_street", "body.street"),
    "gold": ("aid", {"given_on": "2022-10-10", "given": [{"kind": "gold"}]}, "invalid_input", "body.given[0].kind"),
    "nothing given": ("aid", {"given_on": "2022-10-10", "given": []}, "invalid_input", "body.given"),
    "none of it": (
        "aid",
        {"given_on": "2022-10-10", "given": [{"kind": "food", "quantity": 0}]},
        "invalid_input",
        "body.given[0].quantity",
    ),
    "food twice": ("aid", {"given_on": "2022-10-10", "given": [{"kind": "food"}] * 2}, "invalid_input", "body"),
    "given before found": (
        "aid",
        {"given_on": "2022-10-08", "given": [{"kind": "food"}]},
        "day_before_found",
        "body.given_on",
    ),
    "home, and not told where": ("steps", {"step": "escorted_home", "taken_on": "2022-10-10"}, "invalid_input", "body"),
    "a step of tomorrow": (
        "steps",
        {"step": "station_entered", "taken_on": "2022-10-11"},
        "day_in_future",
        "body.taken_on",
    ),
}


async def test_input_that_makes_no_sense_changes_nothing(intake: Intake) -> None:
    filed = await _filed(intake)
    for case, (action, body, code, field) in _WRONG.items():
        path = "/v1/homeless-persons" + (f"/{filed['homeless_person_id']}/{action}" if action else "")
        answer = await intake.post(path, body, intake.clerk())
        assert (answer.status_code, problem_code(answer)) == (422, code), f"{case}: {answer.text}"
        assert answer.json()["errors"][0]["field"] == field, case
        assert NUMBER not in answer.text, case
    assert len(await intake.recorded()) == 1
    nobody = await _post(intake, {"homeless_person_id": new_id()}, "identity", IDENTITY)
    assert (nobody.status_code, problem_code(nobody)) == (404, "not_found")


async def test_files_are_read_page_by_page_the_newest_first(intake: Intake) -> None:
    filed = []
    for _ in range(3):
        filed.append((await _filed(intake))["homeless_person_id"])
        intake.clock.advance(timedelta(seconds=1))
    await _filed(intake, street=OTHER_STREET)
    await _post(
        intake, {"homeless_person_id": filed[0]}, "steps", {"step": "station_entered", "taken_on": "2022-10-10"}
    )
    first = (await intake.get("/v1/homeless-persons", intake.clerk(), limit=2)).json()
    rest = (await intake.get("/v1/homeless-persons", intake.clerk(), limit=2, cursor=first["next_cursor"])).json()
    assert [one["homeless_person_id"] for one in first["items"] + rest["items"]] == filed[::-1]
    assert rest["next_cursor"] is None
    entered = (await intake.get("/v1/homeless-persons", intake.clerk(), state="at_station")).json()["items"]
    assert [one["homeless_person_id"] for one in entered] == filed[:1]
    elsewhere = (await intake.get("/v1/homeless-persons", intake.clerk(), street=OTHER_STREET)).json()["items"]
    assert elsewhere == []
