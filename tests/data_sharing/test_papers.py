"""Nobody is asked for a paper that shows what departments hold (8.2)."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_sharing.handlers.papers import announce_held_papers
from data_sharing.rules.catalogue import Catalogue, load_packed
from data_sharing.rules.papers import held
from shared.auth import Role
from shared.events.data_sharing import HeldPapersAnnounced, PaperRequested, PaperRequestSettled
from shared.ids import new_id
from shared.papers import PAPERS, Paper

STREET = "420106009"
OTHER_STREET = "420106001"
DIAGNOSIS = {"paper": "diagnosis", "reason": "核实重病成员单独纳入低保"}
CATALOGUE = load_packed()


async def ask(service: Any, case: Any, body: dict[str, Any], *, key: str = "asked-once", street: str = STREET) -> Any:
    headers = service.mint.authorization("clerk-1", Role.STREET_CLERK, streets=[street]) | {"Idempotency-Key": key}
    path = f"/v1/applications/{case.application_id}/paper-requests"
    return await service.http.post(path, json=body, headers=headers)


async def settle(
    service: Any, paper_request_id: str, outcome: str, *, key: str = "settled-once", street: str = STREET
) -> Any:
    headers = service.mint.authorization("clerk-1", Role.STREET_CLERK, streets=[street]) | {"Idempotency-Key": key}
    path = f"/v1/paper-requests/{paper_request_id}/outcome"
    return await service.http.post(path, json={"outcome": outcome}, headers=headers)


@pytest.mark.clause("8.2")
async def test_a_paper_that_a_data_set_supplies_is_refused_and_kept_nowhere(service: Any) -> None:
    case = await service.open()
    for paper, fields in held(CATALOGUE).items():
        answer = await ask(service, case, {"paper": paper, "reason": "核实家庭情况"}, key=f"held-{paper}")
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (409, "paper_is_held"), paper
        assert (problem["errors"][0]["field"], problem["errors"][0]["value"]) == ("body.paper", paper)
        for data_set in (CATALOGUE.data_sets[field.data_set] for field in fields):
            assert data_set.title in problem["detail"]
            assert CATALOGUE.departments[data_set.department] in problem["detail"]
    assert len(held(CATALOGUE)) >= 20
    assert not await service.recorded(PaperRequested)


@pytest.mark.clause("8.2")
async def test_the_list_of_papers_says_who_supplies_what_may_not_be_asked_for(service: Any) -> None:
    answer = await service.get("/v1/papers", Role.RESIDENT)
    listed = {item["paper"]: item for item in answer.json()["items"]}
    assert listed.keys() == PAPERS.keys()
    assert listed["income_certificate"] == {
        "paper": "income_certificate",
        "title": "收入证明",
        "may_be_asked_for": False,
        "supplied_by": [
            {
                "data_set": "individual_income",
                "department": "tax",
                "department_title": "区税务局",
                "fields": ["individual_income.wage"],
            }
        ],
    }
    assert listed["diagnosis"]["may_be_asked_for"]
    assert not listed["diagnosis"]["supplied_by"]


@pytest.mark.clause("8.2")
async def test_what_no_department_holds_is_asked_for_once_and_settled_once(service: Any) -> None:
    case = await service.open()
    asked = await ask(service, case, DIAGNOSIS)
    assert asked.status_code == 201, asked.text
    document = asked.json()
    assert (document["title"], document["due_on"], document["outcome"]) == ("医院诊断证明", "2022-10-24", None)
    assert (await ask(service, case, DIAGNOSIS)).json() == document
    again = await ask(service, case, DIAGNOSIS, key="asked-again")
    assert (again.status_code, again.json()["code"]) == (409, "paper_already_asked_for")

    settled = await settle(service, document["paper_request_id"], "supplied")
    assert (settled.status_code, settled.json()["outcome"]) == (200, "supplied")
    late = await settle(service, document["paper_request_id"], "withdrawn", key="settled-again")
    assert (late.status_code, late.json()["code"]) == (409, "paper_request_settled")
    assert (await ask(service, case, DIAGNOSIS, key="asked-anew")).status_code == 201

    (first, second), (end,) = await service.recorded(PaperRequested), await service.recorded(PaperRequestSettled)
    assert (
        str(first.paper_request_id)
        == str(end.paper_request_id)
        == document["paper_request_id"]
        != str(second.paper_request_id)
    )
    listed = await service.get(
        f"/v1/applications/{case.application_id}/paper-requests", Role.RESIDENT, subject="resident-1"
    )
    assert [item["outcome"] for item in listed.json()["items"]] == ["supplied", None]


@pytest.mark.clause("8.2")
async def test_only_the_street_of_the_family_asks_and_settles(service: Any) -> None:
    case = await service.open()
    assert (await ask(service, case, DIAGNOSIS, street=OTHER_STREET)).status_code == 404
    asked = (await ask(service, case, DIAGNOSIS)).json()
    assert (await settle(service, asked["paper_request_id"], "supplied", street=OTHER_STREET)).status_code == 404
    path = f"/v1/applications/{case.application_id}/paper-requests"
    elsewhere: httpx.Response = await service.get(path, Role.STREET_CLERK, streets=[OTHER_STREET])
    assert elsewhere.status_code == 404
    assert (await service.get(path, Role.RESIDENT, subject="resident-2")).status_code == 404


@pytest.mark.clause("8.2")
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"paper": "no_such_paper", "reason": "核实"}, "body.paper"),
        ({"paper": "收入证明", "reason": "核实"}, "body.paper"),
        ({"paper": "diagnosis", "reason": " "}, "body.reason"),
        ({"paper": "diagnosis"}, "body.reason"),
        (DIAGNOSIS | {"due_on": "2022-10-11"}, "body.due_on"),
    ],
    ids=["unknown", "a_title", "no_words", "no_reason", "a_day_of_ones_own"],
)
async def test_a_request_that_is_not_sound_names_the_field(service: Any, body: dict[str, Any], field: str) -> None:
    answer = await ask(service, await service.open(), body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.clause("8.2")
async def test_an_application_that_is_not_there_has_no_papers(service: Any) -> None:
    case = await service.open()
    missing = replace(case, application_id=new_id())
    assert (await ask(service, missing, DIAGNOSIS)).status_code == 404
    assert (await settle(service, str(new_id()), "supplied")).status_code == 404


@pytest.mark.clause("8.2")
async def test_the_list_is_announced_when_it_is_another_one(service: Any) -> None:
    for _ in range(2):
        await announce_held_papers(service.database, service.clock, CATALOGUE)
    await service.pass_time(hours=1)
    without_tax = {code: one for code, one in CATALOGUE.data_sets.items() if one.department != "tax"}
    await announce_held_papers(service.database, service.clock, replace(CATALOGUE, data_sets=without_tax))
    before, after = await service.recorded(HeldPapersAnnounced)
    assert set(before.held) - set(after.held) == {"income_certificate"}
    assert list(before.held) == sorted(held(CATALOGUE))


@pytest.mark.clause("8.2")
@given(shows=st.lists(st.sampled_from(["members.income.wage", "assets.homes", "diagnosis", "loss"]), min_size=1))
def test_a_paper_is_held_when_each_thing_that_it_shows_is(shows: list[str]) -> None:
    paper = Paper(code="any", title="某证明", shows=tuple(shows))
    is_held = "any" in held(CATALOGUE, {"any": paper})
    assert is_held is not bool({"diagnosis", "loss"} & set(shows))


@pytest.mark.clause("8.2")
def test_what_is_closed_to_civil_affairs_stands_in_for_nothing(catalogue: Catalogue) -> None:
    closed = {
        code: replace(one, open_to=frozenset({"health"})) if code == "individual_income" else one
        for code, one in catalogue.data_sets.items()
    }
    assert "income_certificate" not in held(replace(catalogue, data_sets=closed))
