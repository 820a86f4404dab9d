"""Fields are given under an agreement in force and within its quota of the day, else refused and put on the ledger."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from data_sharing.handlers.quotas import spend
from shared.auth import Principal, Role
from shared.database import Database
from shared.testing import SEAL_KEY, problem_code

TO_MIDNIGHT = timedelta(hours=14)
SECOND = timedelta(seconds=1)
TAX_FIELD = "individual_income.wage"


@pytest.fixture
async def owner(service: Any) -> AsyncIterator[Any]:
    """Runs a statement that the service itself is not granted."""
    database = Database(service.urls.owner, seal_key=SEAL_KEY)

    async def run(statement: str, **values: object) -> None:
        async with database.transaction() as tx:
            await tx.execute(text(statement), values)

    yield run
    await database.close()


async def completed(service: Any) -> Any:
    case = await service.open()
    await service.answer_all(case)
    return case


async def used(service: Any, day: date = date(2022, 10, 10)) -> dict[str, int]:
    """The looks counted on a day, by provider."""
    async with service.database.transaction() as tx:
        rows = await tx.execute(
            text("select provider, used from agreement join agreement_day using (agreement_id) where day = :day"),
            {"day": day},
        )
        return {row.provider: row.used for row in rows}


async def assert_refused(service: Any, case: Any, reason: str, *, status: int = 403) -> None:
    answer = await service.facts(case)
    assert (answer.status_code, problem_code(answer)) == (status, reason)
    assert not any(secret in answer.text for secret in (*service.secrets, "individual_income"))
    entry = (await service.ledger(case))[-1]
    assert (entry["outcome"], entry["reason"]) == ("refused", reason)


@pytest.mark.clause("12.1.2")
async def test_a_look_is_counted_under_the_agreement_with_each_department(service: Any) -> None:
    case = await completed(service)
    for _ in range(2):
        assert (await service.facts(case)).status_code == 200
    assert await used(service) == dict.fromkeys(service.means.catalogue.by_department, 2)


@pytest.mark.clause("12.1.2")
async def test_field_not_in_the_agreement(service: Any, owner: Any) -> None:
    case = await completed(service)
    await owner("update agreement set fields = '{individual_income.other}' where provider = 'tax'")
    await assert_refused(service, case, "field_not_in_agreement")
    assert await used(service) == {}, "a refused look is not counted, with no department"


@pytest.mark.clause("12.1.2")
async def test_no_agreement(service: Any, owner: Any) -> None:
    case = await completed(service)
    await owner("update agreement set consumer = 'somebody_else'")
    await assert_refused(service, case, "agreement_missing")


@pytest.mark.clause("12.1.2")
@pytest.mark.parametrize("state", ["suspended", "ended", "refused"])
async def test_agreement_that_is_not_granted(service: Any, owner: Any, state: str) -> None:
    case = await completed(service)
    await owner("update agreement set state = :state where provider = 'tax'", state=state)
    await assert_refused(service, case, "agreement_not_in_force")
    await owner("update agreement set state = 'granted' where provider = 'tax'")
    assert (await service.facts(case)).status_code == 200


@pytest.mark.clause("12.1.2")
async def test_agreement_ended_at_midnight(service: Any, owner: Any) -> None:
    case = await completed(service)
    await owner("update agreement set last_on = '2022-10-10' where provider = 'tax'")
    service.clock.advance(TO_MIDNIGHT - SECOND)
    assert (await service.facts(case)).status_code == 200, "23:59:59 in Wuhan"
    service.clock.advance(SECOND)
    await assert_refused(service, case, "agreement_not_in_force")


@pytest.mark.clause("12.1.2")
async def test_agreement_not_yet_begun(service: Any, owner: Any) -> None:
    case = await completed(service)
    await owner("update agreement set first_on = '2022-10-11' where provider = 'tax'")
    await assert_refused(service, case, "agreement_not_in_force")
    service.clock.advance(TO_MIDNIGHT)
    assert (await service.facts(case)).status_code == 200


@pytest.mark.clause("12.1.2")
async def test_quota_spent(service: Any, owner: Any) -> None:
    case = await completed(service)
    await owner("update agreement set daily_quota = 1 where provider = 'tax'")
    assert (await service.facts(case)).status_code == 200
    await assert_refused(service, case, "quota_spent", status=429)
    assert set((await used(service)).values()) == {1}, "the refused look is counted with none of them"
    service.clock.advance(TO_MIDNIGHT)
    assert (await service.facts(case)).status_code == 200, "another day of the district"


@pytest.mark.clause("12.1.2")
async def test_many_at_once_do_not_pass_the_last_look(service: Any, owner: Any) -> None:
    case = await completed(service)
    await owner("update agreement set daily_quota = 3 where provider = 'tax'")
    answers = await asyncio.gather(*(service.facts(case) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [429] * 5
    assert set((await used(service)).values()) == {3}


@pytest.mark.clause("12.1.2")
async def test_what_is_not_committed_is_not_counted(service: Any) -> None:
    async def look_and_fail() -> None:
        async with service.database.transaction() as tx:
            now = service.clock.now()
            assert await spend(tx, consumer="eligibility", purpose="assessment", fields=[TAX_FIELD], now=now) is None
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await look_and_fail()
    assert await used(service) == {}


@pytest.mark.clause("12.1.2")
async def test_self_granted_agreement(owner: Any) -> None:
    with pytest.raises(IntegrityError):
        await owner("update agreement set decided_by = asked_by where provider = 'tax'")


@pytest.mark.clause("12.1.2")
async def test_a_department_sees_its_own_agreements_and_writes_none(service: Any) -> None:
    tax = Principal(subject="t", client_id="department-tax", roles=frozenset({Role.SERVICE}), department="tax")
    async with service.database.transaction(tax) as tx:
        seen = (await tx.execute(text("select provider from agreement"))).scalars().all()
        changed = await tx.execute(text("update agreement set state = 'granted' where provider = 'housing'"))
    assert (set(seen), changed.rowcount) == ({"tax"}, 0)


@pytest.mark.clause("12.1.2")
async def test_both_sides_see_what_was_used(service: Any) -> None:
    case = await completed(service)
    for _ in range(2):
        assert (await service.facts(case)).status_code == 200
    tax: dict[str, Any] = {"subject": "officer-tax", "department": "tax"}
    eligibility: dict[str, Any] = {"subject": "eligibility", "client_id": "eligibility"}
    of_provider = await service.get("/v1/agreements", Role.DEPARTMENT_OFFICER, **tax)
    (one,) = (item for item in of_provider.json()["items"] if item["purpose"] == "assessment")
    assert (one["provider_title"], one["consumer_title"], one["used_today"]) == ("区税务局", "救助资格认定服务", 2)
    of_consumer = await service.get("/v1/agreements", Role.SERVICE, **eligibility)
    assert one in of_consumer.json()["items"]
    of_assessment = [item for item in of_consumer.json()["items"] if item["purpose"] == "assessment"]
    assert len(of_assessment) == len(service.means.catalogue.by_department)
    await service.pass_time(days=1)
    await service.facts(case)
    path = f"/v1/agreements/{one['agreement_id']}"
    for role, scope in ((Role.DEPARTMENT_OFFICER, tax), (Role.SERVICE, eligibility), (Role.AUDITOR, {})):
        detail = (await service.get(path, role, **scope)).json()
        assert [(day["day"], day["used"]) for day in detail["days"]] == [("2022-10-11", 1), ("2022-10-10", 2)]


@pytest.mark.clause("12.1.2")
async def test_others_do_not_see_an_agreement(service: Any) -> None:
    housing: dict[str, Any] = {"subject": "officer-housing", "department": "housing"}
    intake: dict[str, Any] = {"subject": "intake", "client_id": "intake"}
    path = "/v1/agreements/00000000-0000-7000-8000-000000000003"
    for role, scope in ((Role.DEPARTMENT_OFFICER, housing), (Role.SERVICE, intake)):
        assert (await service.get(path, role, **scope)).status_code == 404
    listed = await service.get("/v1/agreements", Role.DEPARTMENT_OFFICER, **housing)
    assert {one["provider"] for one in listed.json()["items"]} == {"housing"}
