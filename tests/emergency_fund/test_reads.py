"""Who may read what of the reserves, and that a statement tells the day. Clause 4.3.4."""

from datetime import timedelta

import pytest

from shared.auth import Role

from .conftest import APPROVER, CLERK, OTHER_STREET, STREET, Fund

pytestmark = pytest.mark.clause("4.3.4")


async def test_a_statement_tells_the_day_with_running_balances(fund: Fund) -> None:
    await fund.paid("1000.00")
    fund.clock.advance(timedelta(days=1))
    grant = await fund.paid("500.00", missing=())
    await fund.paid("250.00")
    statement = await fund.read(f"/v1/streets/{STREET}/statement", on="2022-12-06", by=CLERK)
    accounts = {account["account"]: account for account in statement["accounts"]}
    cash = accounts["cash"]
    assert (cash["opening"], cash["closing"]) == ("29000.00", "28250.00")
    assert [(line["amount"], line["balance_after"], line["kind"]) for line in cash["entries"]] == [
        ("-500.00", "28500.00", "payment"),
        ("-250.00", "28250.00", "payment"),
    ]
    assert (cash["entries"][0]["cause_id"], cash["entries"][0]["actor"]) == (grant["grant_id"], APPROVER)
    assert (accounts["documented"]["opening"], accounts["documented"]["closing"]) == ("0.00", "500.00")


async def test_a_day_ends_at_midnight_in_wuhan(fund: Fund) -> None:
    fund.clock.advance(timedelta(hours=13, minutes=59))  # 23:59
    await fund.paid("1000.00")
    fund.clock.advance(timedelta(minutes=1))
    await fund.paid("500.00")
    closings = []
    for on in ("2022-12-05", "2022-12-06", "2022-12-07"):
        statement = await fund.read(f"/v1/streets/{STREET}/statement", on=on)
        closings.append(statement["accounts"][0]["closing"])
    assert closings == ["29000.00", "28500.00", "28500.00"]


async def test_the_trial_balance_comes_to_zero_after_anything(fund: Fund) -> None:
    await fund.paid("1000.00")
    await fund.paid("500.00", missing=())
    balance = await fund.read("/v1/trial-balance")
    assert balance["total_debit"] == balance["total_credit"] == "420000.00"
    assert len(balance["accounts"]) == 14 * 5 + 3


async def test_who_may_read_what(fund: Fund) -> None:
    own, other = f"/v1/streets/{STREET}", f"/v1/streets/{OTHER_STREET}"
    for role, path, status in (
        (Role.STREET_CLERK, f"{own}/reserve", 200),
        (Role.STREET_APPROVER, f"{own}/statement?on=2022-12-05", 200),
        (Role.STREET_CLERK, f"{other}/reserve", 403),
        (Role.STREET_APPROVER, f"{other}/statement?on=2022-12-05", 403),
        (Role.STREET_CLERK, "/v1/trial-balance", 403),
        (Role.RESIDENT, f"{own}/reserve", 403),
        (Role.DEPARTMENT_OFFICER, f"{own}/reserve", 403),
        (Role.DISTRICT_OFFICER, f"{own}/reserve", 200),
        (Role.DISTRICT_OFFICER, "/v1/trial-balance", 200),
        (Role.INSPECTOR, f"{other}/statement?on=2022-12-05", 200),
        (Role.AUDITOR, "/v1/trial-balance", 200),
    ):
        answer = await fund.http.get(path, headers=fund.mint.authorization("somebody", role, streets=[STREET]))
        assert answer.status_code == status, (role, path)


async def test_a_district_officer_pays_nothing_from_a_street(fund: Fund) -> None:
    grant_id = await fund.approved()
    for roles in ((Role.DISTRICT_OFFICER,), (Role.DISTRICT_OFFICER, Role.STREET_CLERK)):
        headers = fund.mint.authorization("district-1", *roles) | {"Idempotency-Key": "district-pays"}
        answer = await fund.http.post(f"/v1/grants/{grant_id}/payment", headers=headers)
        assert answer.status_code in {403, 404}
        answer = await fund.http.post(f"/v1/streets/{STREET}/grants", headers=headers, json={})
        assert answer.status_code in {403, 422}
    assert (await fund.reserve())["cash"] == "30000.00"
