"""Bad input: each a problem document with a stable code, the field and the value; nothing is posted."""

from typing import Any
from uuid import UUID

import httpx

from emergency_fund.tables import emergency_grant
from shared.ids import new_id
from shared.testing import problem_code

from .conftest import CLERK, OTHER_STREET, STREET, Fund, ok

_INCIDENT = {"cause": "fire", "on": "2022-12-03", "place": "候补街社区"}
_MISSING = {"paper": "fire_certificate", "kind": "relief_before_approval"}


async def _nothing_happened(fund: Fund, answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, problem_code(answer)) == (status, code), answer.text
    assert await fund.count(emergency_grant) == 0
    assert await fund.events() == []


async def test_amounts_that_are_none(fund: Fund) -> None:
    amounts: list[Any] = [
        "0",
        "0.00",
        "-100.00",
        "100.001",
        "1000000000000000000",
        "1e3",
        "NaN",
        "",
        "一百",
        2900,
        29.5,
    ]
    for amount in amounts:
        answer = await fund.request(amount)
        await _nothing_happened(fund, answer, 422, "invalid_input")
        assert answer.json()["errors"][0]["field"] == "body.amount", amount


_NO_SENSE: dict[str, tuple[dict[str, Any], str]] = {
    "nobody": ({"persons": []}, "body.persons"),
    "the same person twice": ({"persons": ["p1", "p1"]}, "body"),
    "no household id": ({"household_id": "H16"}, "body.household_id"),
    "no such cause": ({"incident": _INCIDENT | {"cause": "boredom"}}, "body.incident.cause"),
    "30 February": ({"incident": _INCIDENT | {"on": "2022-02-30"}}, "body.incident.on"),
    "no place": ({"incident": _INCIDENT | {"place": " "}}, "body.incident.place"),
    "a NUL in the place": ({"incident": _INCIDENT | {"place": "a\u0000b"}}, "body.incident.place"),
    "paid in gold": ({"payment": {"method": "gold", "payee_ref": "p1"}}, "body.payment.method"),
    "a paper missing twice": ({"papers_missing": [_MISSING, _MISSING]}, "body"),
    "missing and present": ({"papers_missing": [_MISSING | {"paper": "identity_card"}]}, "body"),
    "no ground to go ahead": ({"papers_missing": [_MISSING | {"kind": "later"}]}, "body.papers_missing[0].kind"),
    "an unknown field": ({"approved": True}, "body.approved"),
}


async def test_requests_that_make_no_sense(fund: Fund) -> None:
    for case, (changes, field) in _NO_SENSE.items():
        answer = await fund.request(**changes)
        await _nothing_happened(fund, answer, 422, "invalid_input")
        assert answer.json()["errors"][0]["field"] == field, case


async def test_an_incident_of_tomorrow(fund: Fund) -> None:
    answer = await fund.request(incident=_INCIDENT | {"on": "2022-12-06"})
    await _nothing_happened(fund, answer, 422, "incident_in_future")


async def test_a_household_without_a_file(fund: Fund) -> None:
    household_id = new_id()
    fund.intake.unknown.add(household_id)
    answer = await fund.request(household_id=household_id)
    await _nothing_happened(fund, answer, 422, "household_unknown")
    assert answer.json()["errors"][0]["value"] == str(household_id)


async def test_a_person_who_is_not_in_the_file(fund: Fund) -> None:
    answer = await fund.request(persons=["p1", "p9"])
    await _nothing_happened(fund, answer, 422, "member_unknown")
    assert answer.json()["errors"][0] | {"message": ""} == {
        "field": "body.persons[1]",
        "code": "member_unknown",
        "value": "p9",
        "message": "",
    }


async def test_the_street_of_somebody_else(fund: Fund) -> None:
    await _nothing_happened(fund, await fund.request(street=OTHER_STREET), 403, "not_permitted")


async def test_streets_that_are_none_of_the_fourteen(fund: Fund) -> None:
    for street in ("420106004", "420106490", "420102001", "x"):
        await _nothing_happened(fund, await fund.request(street=street), 422, "invalid_input")


async def test_without_an_idempotency_key(fund: Fund) -> None:
    headers = fund.as_(CLERK)
    del headers["Idempotency-Key"]
    answer = await fund.http.post(f"/v1/streets/{STREET}/grants", json={}, headers=headers)
    await _nothing_happened(fund, answer, 422, "invalid_input")


async def test_grants_of_another_street_and_grants_that_are_not_look_the_same(fund: Fund) -> None:
    grant_id = ok(await fund.request())["grant_id"]
    other_approver = f"approver-{OTHER_STREET}-1"
    for unseen in (grant_id, str(UUID(int=9))):
        for action in ("approval", "payment"):
            answer = await fund.act(unseen, action, by=other_approver)
            assert (answer.status_code, problem_code(answer)) == (404, "not_found")
        read = await fund.http.get(f"/v1/grants/{unseen}", headers=fund.as_(other_approver))
        assert read.status_code == 404
    assert ok(await fund.act(grant_id, "approval"))["state"] == "approved"


async def test_settlements_that_make_no_sense(fund: Fund) -> None:
    grant = await fund.paid()
    path = f"debts/{grant['debts'][0]['debt_id']}/settlement"
    for body in ({"outcome": "waived"}, {"outcome": "supplied", "reason": "不需要"}, {"outcome": "lost"}, {}):
        answer = await fund.act(grant["grant_id"], path, body)
        assert (answer.status_code, problem_code(answer)) == (422, "invalid_input"), body
    assert (await fund.reserve())["advances"] == "2900.00"


async def test_statements_of_days_that_have_none(fund: Fund) -> None:
    for on in ("2022-09-07", "2100-01-01", "9999-12-31", "yesterday"):
        answer = await fund.http.get(f"/v1/streets/{STREET}/statement", params={"on": on}, headers=fund.as_(CLERK))
        assert (answer.status_code, problem_code(answer)) == (422, "invalid_input"), on
