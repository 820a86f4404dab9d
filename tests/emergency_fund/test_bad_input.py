"""Bad input: each a problem document with a stable code, the field and the value; nothing is posted."""

import base64
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from emergency_fund.tables import bank_line, bank_statement, emergency_grant, transfer
from shared.auth import Role
from shared.events.eligibility import OfficerRecused
from shared.ids import new_id
from shared.testing import problem_code

from .conftest import APPROVER, CLERK, DISTRICT_OFFICER, OTHER_STREET, STREET, Fund, by_day, ok

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_NEW_YEAR = datetime(2022, 12, 31, 16, tzinfo=UTC)
_INCIDENT = {"cause": "fire", "on": "2022-12-03", "place": "候补街社区"}
_MISSING = {"paper": "fire_certificate", "kind": "relief_before_approval"}


async def _nothing_happened(fund: Fund, answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, problem_code(answer)) == (status, code), answer.text
    assert await fund.count(emergency_grant) == 0
    assert await fund.events() == []


_NO_AMOUNTS: dict[str, list[Any]] = {
    "amount_not_positive": ["0", "0.00", "-100.00", "-0.01"],
    "amount_too_precise": ["100.001", "0.000", "-1.999"],
    "amount_too_large": ["1000000000000000000", "1000000000000", "-1000000000000000000.00"],
    "not_an_amount": ["1e3", "NaN", "", "一百", "1,000.00", "+1", ".5", "1.", " 1", 2900, 29.5, None, [], True],
}


@pytest.mark.parametrize(("code", "amounts"), _NO_AMOUNTS.items())
async def test_amounts_that_are_none(fund: Fund, code: str, amounts: list[Any]) -> None:
    for amount in amounts:
        for answer in (await fund.request(amount), await fund.give(amount)):
            await _nothing_happened(fund, answer, 422, code)
            document = answer.json()
            (error,) = document["errors"]
            assert (error["field"], error["code"]) == ("body.amount", code), amount
            assert all(_CHINESE.search(document[member]) for member in ("title", "detail", "way_out")), document
            if isinstance(amount, str) and amount:
                assert error["value"] == amount
                assert amount in document["detail"]


async def test_an_amount_of_a_stage_has_the_same_codes(fund: Fund) -> None:
    for code, (amount, *_) in _NO_AMOUNTS.items():
        stages = [by_day(amount, "2022-12-05"), by_day("1.00", "2022-12-06")]
        answer = await fund.request("2900.00", missing=(), stages=stages)
        await _nothing_happened(fund, answer, 422, code)
        assert answer.json()["errors"][0]["field"] == "body.stages[0].amount"


async def test_several_faults_are_told_together(fund: Fund) -> None:
    answer = await fund.request("0", persons=[])
    await _nothing_happened(fund, answer, 422, "invalid_input")
    assert [error["code"] for error in answer.json()["errors"]] == ["amount_not_positive", "too_short"]


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
        answer = await fund.request(street=street)
        await _nothing_happened(fund, answer, 422, "unknown_street")
        assert answer.json()["errors"][0]["value"] == street


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


# What the platform promises of bad input: each kind with its code, the value, and the way out; nothing is posted.

Case = Callable[[Fund], Awaitable[tuple[httpx.Response, str]]]


async def _amount(fund: Fund, amount: str) -> tuple[httpx.Response, str]:
    return await fund.request(amount), amount


async def _wrong_street(fund: Fund) -> tuple[httpx.Response, str]:
    return await fund.request(street=OTHER_STREET), OTHER_STREET


async def _no_street(fund: Fund) -> tuple[httpx.Response, str]:
    return await fund.request(street="420106004"), "420106004"


async def _closed_year(fund: Fund) -> tuple[httpx.Response, str]:
    grant_id = await fund.approved()
    fund.clock.advance(_NEW_YEAR - fund.clock.now())
    ok(await fund.http.post("/v1/fiscal-years/2022/closing", json={}, headers=fund.as_(DISTRICT_OFFICER)))
    fund.clock.advance(timedelta(seconds=-1))
    return await fund.act(grant_id, "payment"), "2022"


async def _unknown_case(fund: Fund) -> tuple[httpx.Response, str]:
    household_id = new_id()
    fund.intake.unknown.add(household_id)
    return await fund.request(household_id=household_id), str(household_id)


async def _unknown_person(fund: Fund) -> tuple[httpx.Response, str]:
    homeless_person_id = new_id()
    return await fund.request_for_homeless(homeless_person_id), str(homeless_person_id)


async def _unknown_grant(fund: Fund) -> tuple[httpx.Response, str]:
    return await fund.act(str(UUID(int=9)), "payment"), str(UUID(int=9))


async def _same_person(fund: Fund) -> tuple[httpx.Response, str]:
    grant = ok(await fund.request(by=CLERK))
    both = fund.mint.authorization(CLERK, Role.STREET_APPROVER, streets=[STREET]) | {"Idempotency-Key": str(new_id())}
    return await fund.http.post(f"/v1/grants/{grant['grant_id']}/approval", headers=both), CLERK


async def _near_relative(fund: Fund) -> tuple[httpx.Response, str]:
    grant = ok(await fund.request())
    household_id = grant["household_id"]
    await fund.hear(OfficerRecused(household_id=household_id, street=STREET, subject=APPROVER))
    return await fund.act(grant["grant_id"], "approval"), household_id


async def _stage_above_plan(fund: Fund) -> tuple[httpx.Response, str]:
    stages = [by_day("1000.00", "2022-12-05"), by_day("2000.00", "2022-12-06")]
    return await fund.request("2900.00", stages=stages), "3000.00"


async def _broken_statement(fund: Fund) -> tuple[httpx.Response, str]:
    account = {"account_number": "4200600601234567", "since": "2022-09-08"}
    path = f"/v1/streets/{STREET}"
    ok(await fund.http.post(f"{path}/reserve-account", json=account, headers=fund.as_(DISTRICT_OFFICER)))
    text = "交易日期,借方金额,贷方金额,余额,对方户名,摘要,流水号\n2022-09-08,,三万,30000.00,财政,预置,1\n"
    days = {"first_day": "2022-09-08", "last_day": "2022-12-04", "opening": "0.00", "closing": "30000.00"}
    body = {
        "format": "csv",
        "content": base64.b64encode(text.encode()).decode(),
        "covers": {"account_number": account["account_number"], **days},
    }
    return await fund.http.post(f"{path}/bank-statements", json=body, headers=fund.as_(CLERK)), "三万"


_PROMISED: dict[str, tuple[Case, int, str]] = {
    "zero": (lambda fund: _amount(fund, "0.00"), 422, "amount_not_positive"),
    "negative": (lambda fund: _amount(fund, "-100.00"), 422, "amount_not_positive"),
    "three decimals": (lambda fund: _amount(fund, "100.001"), 422, "amount_too_precise"),
    "10^18": (lambda fund: _amount(fund, str(10**18)), 422, "amount_too_large"),
    "the street of somebody else": (_wrong_street, 403, "not_permitted"),
    "a street that is none": (_no_street, 422, "unknown_street"),
    "a closed year": (_closed_year, 409, "year_closed"),
    "an unknown case": (_unknown_case, 422, "household_unknown"),
    "an unknown homeless person": (_unknown_person, 422, "homeless_person_unknown"),
    "an unknown grant": (_unknown_grant, 404, "not_found"),
    "the same person as handler and approver": (_same_person, 403, "same_person"),
    "a near relative": (_near_relative, 409, "recused"),
    "a stage above the plan": (_stage_above_plan, 422, "stage_above_plan"),
    "a statement with a broken line": (_broken_statement, 422, "statement_unreadable"),
}


@pytest.mark.parametrize(("case", "status", "code"), _PROMISED.values(), ids=_PROMISED)
async def test_bad_input_has_its_code_the_value_and_the_way_out_and_nothing_is_posted(
    fund: Fund, case: Case, status: int, code: str
) -> None:
    posted = await fund.count(transfer)
    answer, value = await case(fund)
    assert (answer.status_code, problem_code(answer)) == (status, code), answer.text
    document = answer.json()
    assert document["type"] == f"urn:doudi:problem:{code}"
    assert _CHINESE.search(document["title"]), document
    assert _CHINESE.search(document["way_out"]), document
    assert value in document["detail"] + str(document["errors"]), document
    assert await fund.count(transfer) == posted
    assert (await fund.reserve())["cash"] == "30000.00"
    assert await fund.count(bank_statement) == await fund.count(bank_line) == 0
