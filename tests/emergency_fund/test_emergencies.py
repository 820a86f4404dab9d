"""A declared public emergency raises the limit, for its streets and days only, on record. Clause 4.4.2."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from shared.events.emergency_fund import EmergencyDeclared, EmergencyEnded
from shared.testing import let_in, problem_code

from .conftest import OTHER_STREET, STREET, Fund, ok

pytestmark = pytest.mark.clause("4.4.2")

OFFICER, SECOND_OFFICER = "officer-1", "officer-2"
FLOOD = {
    "title": "强降雨内涝",
    "document_number": "武昌应急〔2022〕3号",
    "streets": [STREET],
    "first_day": "2022-12-06",
    "last_day": "2022-12-08",
    "limit_multiple": 8,
}


async def declare(fund: Fund, *, by: str = OFFICER, **changes: Any) -> Any:
    return await fund.http.post("/v1/emergencies", json=FLOOD | changes, headers=fund.as_(by))


async def act(fund: Fund, emergency_id: str, action: str, body: Any = None, *, by: str = SECOND_OFFICER) -> Any:
    return await fund.http.post(f"/v1/emergencies/{emergency_id}/{action}", json=body, headers=fund.as_(by))


async def confirmed(fund: Fund, **changes: Any) -> str:
    emergency_id: str = ok(await declare(fund, **changes))["emergency_id"]
    ok(await act(fund, emergency_id, "confirmation"))
    return emergency_id


async def limit_of(fund: Fund, street: str = STREET) -> str:
    answer = ok(await fund.request("1.00", street=street, by=f"clerk-{street}-1"))
    limit: str = answer["limit"]["limit"]
    return limit


async def test_the_limit_is_raised_on_its_days_in_its_streets_and_the_grant_says_by_what(fund: Fund) -> None:
    emergency_id = await confirmed(fund)
    limits = []
    for _ in range(5):
        limits.append((await limit_of(fund), await limit_of(fund, OTHER_STREET)))
        fund.clock.advance(timedelta(days=1))
    assert limits == [
        ("3640.00", "3640.00"),
        *[("7280.00", "3640.00")] * 3,
        ("3640.00", "3640.00"),
    ]
    [event] = await fund.events(EmergencyDeclared)
    assert (event.streets, event.limit_multiple) == ((STREET,), 8)
    fund.clock.advance(timedelta(days=-3))
    grant = ok(await fund.request("7279.99"))
    assert grant["limit"]["emergency_id"] == emergency_id
    assert problem_code(await fund.request("7280.00")) == "not_below_limit"


async def test_it_is_in_force_only_when_another_officer_confirms(fund: Fund) -> None:
    fund.clock.advance(timedelta(days=1))
    emergency_id = ok(await declare(fund))["emergency_id"]
    assert await limit_of(fund) == "3640.00"
    refused = await act(fund, emergency_id, "confirmation", by=OFFICER)
    assert (refused.status_code, problem_code(refused)) == (403, "same_person")
    ok(await act(fund, emergency_id, "confirmation"))
    assert await limit_of(fund) == "7280.00"
    again = await act(fund, emergency_id, "confirmation", by="officer-3")
    assert (again.status_code, problem_code(again)) == (409, "not_possible_now")


async def test_ended_early_the_limit_is_the_ordinary_one_and_what_was_asked_for_keeps_its_own(fund: Fund) -> None:
    emergency_id = await confirmed(fund)
    fund.clock.advance(timedelta(days=2))
    asked = ok(await fund.request("7000.00"))["grant_id"]
    ended = ok(await act(fund, emergency_id, "end", {"reason": "响应终止"}))
    assert (ended["ended_on"], ended["ended_by"]) == ("2022-12-06", SECOND_OFFICER)
    assert await limit_of(fund) == "3640.00"
    ok(await fund.act(asked, "approval"))
    [event] = await fund.events(EmergencyEnded)
    assert str(event.ended_on) == "2022-12-06"
    assert problem_code(await act(fund, emergency_id, "end", {"reason": "再次"})) == "not_possible_now"


async def test_one_that_was_never_confirmed_is_not_confirmed_after_its_end(fund: Fund) -> None:
    emergency_id = ok(await declare(fund))["emergency_id"]
    ok(await act(fund, emergency_id, "end", {"reason": "误报"}))
    assert await fund.events(EmergencyEnded) == []
    assert problem_code(await act(fund, emergency_id, "confirmation")) == "not_possible_now"


async def test_of_two_the_higher_counts_and_none_lowers_the_limit(fund: Fund) -> None:
    for multiple in (6, 12, 5):
        await confirmed(fund, limit_multiple=multiple, first_day="2022-12-05")
    assert await limit_of(fund) == "10920.00"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        pytest.param({"limit_multiple": 4}, 422, id="not above the ordinary one"),
        pytest.param({"limit_multiple": 101}, 422, id="beyond all measure"),
        pytest.param({"last_day": "2022-12-05"}, 422, id="ends before it begins"),
        pytest.param({"last_day": "2024-12-31"}, 422, id="longer than a year"),
        pytest.param({"streets": []}, 422, id="nowhere"),
        pytest.param({"streets": [STREET, STREET]}, 422, id="a street twice"),
        pytest.param({"streets": ["420106004"]}, 422, id="a street without a reserve"),
        pytest.param({"document_number": ""}, 422, id="without a document"),
    ],
)
async def test_bad_declarations_are_refused(fund: Fund, changes: dict[str, Any], status: int) -> None:
    assert (await declare(fund, **changes)).status_code == status
    assert (await fund.http.get("/v1/emergencies", headers=fund.as_(OFFICER))).json() == []


async def test_streets_read_it_and_do_not_declare_it(fund: Fund) -> None:
    emergency_id = await confirmed(fund)
    clerk = f"clerk-{STREET}-1"
    assert (await declare(fund, by=clerk)).status_code == 403
    [seen] = (await fund.http.get("/v1/emergencies", headers=fund.as_(clerk))).json()
    assert seen["emergency_id"] == emergency_id


async def test_the_database_lets_nobody_change_what_was_said(fund: Fund) -> None:
    await confirmed(fund)
    connection = await asyncpg.connect(fund.urls.app.replace("+asyncpg", ""))
    await let_in(connection, scope="service")
    with pytest.raises(asyncpg.RestrictViolationError):
        await connection.execute("update declared_emergency set confirmed_by = 'raw'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("update declared_emergency set limit_multiple = 99")
    await connection.close()
