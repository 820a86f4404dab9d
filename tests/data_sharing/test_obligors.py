"""Obligors outside the household: named, asked about only under a letter of their own, found apart from the facts."""

import asyncio
from datetime import date
from typing import Any

import pytest
from tests.data_sharing.conftest import FATHER
from tests.data_sharing.test_letters import CLERK, letters, post, withdraw

from shared.auth import Role
from shared.events.data_sharing import VerificationCompleted, VerificationRequested
from shared.ids import new_id
from shared.testing import identity_number, problem_code

DAUGHTER = {
    "name": "张大样",
    "identity_number": identity_number(date(1999, 2, 1), sequence=910),
    "relation": "child",
    "obligor_of": "p1",
}


async def name(service: Any, case: Any, **changes: Any) -> Any:
    path = f"/v1/applications/{case.application_id}/obligors"
    return await post(service, path, {**DAUGHTER, **changes}, **{**CLERK, "key": f"name-{new_id()}"})


async def ask(service: Any, obligor: dict[str, Any], **scope: Any) -> Any:
    headers = service.mint.authorization("clerk-1", Role.STREET_CLERK, **(scope or {"streets": ["420106009"]}))
    return await service.http.post(f"/v1/obligors/{obligor['obligor_id']}/queries", headers=headers)


async def consent(service: Any, obligor: dict[str, Any]) -> Any:
    path = f"/v1/obligors/{obligor['obligor_id']}/consent"
    return await post(service, path, {"signed_on": "2022-10-10"}, **{**CLERK, "key": f"consent-{new_id()}"})


async def asked_about(service: Any, case: Any) -> dict[str, Any]:
    """The queries that are not of the first round, by department."""
    first = set(case.query_ids.values())
    return {
        event.department: event.query_id
        for event in await service.recorded(VerificationRequested)
        if event.query_id not in first
    }


@pytest.mark.clause("12.1.2")
async def test_obligor_without_consent(service: Any) -> None:
    case = await service.open()
    obligor = (await name(service, case)).json()
    refused = await ask(service, obligor)
    assert (refused.status_code, problem_code(refused)) == (403, "consent_missing")
    assert not any(DAUGHTER[key] in refused.text for key in ("name", "identity_number"))
    entry = (await service.ledger(case))[-1]
    assert (entry["outcome"], entry["reason"]) == ("refused", "consent_missing")
    assert await asked_about(service, case) == {}


@pytest.mark.clause("12.1.2", "1.2")
async def test_after_consent_departments_see_the_obligor_alone_and_findings_are_no_facts(service: Any) -> None:
    case = await service.open()
    await service.answer_all(case)
    obligor = (await name(service, case)).json()
    assert (await consent(service, obligor)).json()["has_consented"]
    assert (await ask(service, obligor)).json()["asked"] == len(case.query_ids)
    assert (await ask(service, obligor)).json()["asked"] == len(case.query_ids), "asked once"
    queries = await asked_about(service, case)
    looked = await service.http.get(f"/v1/queries/{queries['tax']}", headers=service.as_department("tax"))
    assert looked.json()["persons"] == [
        {"ref": "o1", "name": DAUGHTER["name"], "identity_number": DAUGHTER["identity_number"]}
    ]
    answer = {
        "grant_id": looked.json()["grant"]["grant_id"],
        "outcome": "matched",
        "records": [
            {
                "person_ref": "o1",
                "data_set": "individual_income",
                "fields": {"wage": "9000.00"},
                "as_of": "2022-09-30",
            }
        ],
    }
    path = f"/v1/queries/{queries['tax']}/answer"
    assert (await service.http.put(path, json=answer, headers=service.as_department("tax"))).status_code == 200
    assert len(await service.recorded(VerificationCompleted)) == 1
    assert "9000.00" not in (await service.facts(case)).text
    path = f"/v1/applications/{case.application_id}/verification"
    (seen,) = (await service.get(path, Role.STREET_CLERK, streets=["420106009"])).json()["obligors"]
    assert (seen["answered"], [(one["person_ref"], one["found"]) for one in seen["findings"]]) == (
        1,
        [("o1", "9000.00")],
    )
    own = await service.get(path, Role.RESIDENT, subject="resident-1")
    assert own.json()["obligors"] == [], "what is found of an obligor is not the applicant's to read"


@pytest.mark.clause("12.1.2")
async def test_a_consent_that_is_withdrawn_closes_the_query(service: Any) -> None:
    case = await service.open()
    obligor = (await name(service, case)).json()
    await consent(service, obligor)
    await ask(service, obligor)
    (letter,) = [one for one in await letters(service, case) if one["capacity"] == "obligor"]
    await withdraw(service, letter, who=CLERK, on_behalf=True)
    query_id = (await asked_about(service, case))["tax"]
    refused = await service.http.get(f"/v1/queries/{query_id}", headers=service.as_department("tax"))
    assert problem_code(refused) == "authorisation_withdrawn"
    assert (await service.read_query(case, "tax")).status_code == 200, "the household's own letters stand"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"obligor_of": "p9"}, "body.obligor_of"),
        ({"identity_number": FATHER["identity_number"]}, "body.identity_number"),
    ],
)
async def test_who_cannot_be_an_obligor(service: Any, change: dict[str, Any], field: str) -> None:
    refused = await name(service, await service.open(), **change)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)


async def test_a_wrong_number_is_named_and_not_repeated(service: Any) -> None:
    wrong = DAUGHTER["identity_number"][:17] + ("0" if DAUGHTER["identity_number"][17] != "0" else "1")
    refused = await name(service, await service.open(), identity_number=wrong)
    assert refused.json()["errors"][0]["code"] == "identity_number_check_digit"
    assert wrong not in refused.text


async def test_the_same_obligor_again_is_the_same(service: Any) -> None:
    case = await service.open()
    first, again, other = [(await name(service, case, **change)).json() for change in ({}, {}, {"obligor_of": "p2"})]
    assert first == again
    assert (first["ref"], other["ref"]) == ("o1", "o2")


@pytest.mark.clause("12.1.2")
async def test_another_street_names_and_asks_nobody(service: Any) -> None:
    case = await service.open()
    obligor = (await name(service, case)).json()
    assert (await ask(service, obligor, streets=["420106006"])).status_code == 404
    path = f"/v1/applications/{case.application_id}/obligors"
    elsewhere = await post(service, path, DAUGHTER, **{**CLERK, "streets": ["420106006"]})
    assert elsewhere.status_code == 404


async def test_two_clerks_at_once_name_sign_and_ask_once(service: Any) -> None:
    case = await service.open()
    other = {"name": "张二样", "identity_number": identity_number(date(2001, 5, 1), sequence=911)}
    named = await asyncio.gather(name(service, case), name(service, case, **other), name(service, case))
    assert [answer.status_code for answer in named] == [201, 201, 201]
    assert {answer.json()["ref"] for answer in named} == {"o1", "o2"}
    obligor = named[0].json()
    signed = await asyncio.gather(*(consent(service, obligor) for _ in range(3)))
    assert {answer.status_code for answer in signed} == {201}
    asked = await asyncio.gather(*(ask(service, obligor) for _ in range(3)))
    assert [answer.json()["asked"] for answer in asked] == [len(case.query_ids)] * 3
    assert len(await asked_about(service, case)) == len(case.query_ids)
