"""The limit of the street reserve in the words of the policy: strictly below 4 times the urban dibao standard."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from emergency_fund.rules.grant import Limit
from emergency_fund.tables import emergency_grant
from emergency_fund.tables import standard as standards
from shared.events.emergency_fund import GrantRefused, GrantRequested
from shared.ids import new_id
from shared.testing import problem_code

from .conftest import OTHER_STREET, Fund, ok, standard

pytestmark = pytest.mark.clause("4.3.3")


@pytest.mark.parametrize(
    ("standard_fen", "counted_fen", "amount_fen", "is_below"),
    [
        pytest.param(91000, 0, 363999, True, id="3,639.99 with 910 in force"),
        pytest.param(91000, 0, 364000, False, id="3,640.00, exactly 4 times 910"),
        pytest.param(91000, 0, 364001, False, id="3,640.01"),
        pytest.param(91000, 290000, 290000, False, id="a second payment of 2,900 for the same incident"),
        pytest.param(91000, 290000, 73999, True, id="739.99 after 2,900"),
        pytest.param(91000, 290000, 74000, False, id="740.00 after 2,900"),
        pytest.param(94000, 0, 364000, True, id="3,640.00 with 940 in force"),
    ],
)
def test_grants_stay_strictly_below_the_limit(
    standard_fen: int, counted_fen: int, amount_fen: int, *, is_below: bool
) -> None:
    assert Limit(standard_fen, 4).is_below(amount_fen, counted_fen=counted_fen) is is_below


async def test_one_fen_below_is_accepted(fund: Fund) -> None:
    grant = ok(await fund.request("3639.99"))
    assert grant["state"] == "requested"
    assert grant["limit"] == {"standard": "910.00", "limit": "3640.00", "counted": "0.00", "emergency_id": None}


async def test_exactly_four_times_is_refused_on_record_with_the_open_route(fund: Fund) -> None:
    answer = await fund.request("3640.00", key="request-0001")
    assert (answer.status_code, problem_code(answer)) == (422, "not_below_limit")
    problem = answer.json()
    assert problem["errors"][0]["value"] == "3640.00"
    assert "低于 3640.00 元" in problem["detail"]
    assert "区级" in problem["way_out"]
    [refused] = await fund.events()
    assert isinstance(refused, GrantRefused)
    assert (refused.reason_code, refused.route, refused.amount_fen) == ("not_below_limit", "district", 364000)
    kept = await fund.read(f"/v1/grants/{refused.grant_id}")
    assert (kept["state"], kept["refusal"]["route"]) == ("refused", "district")


async def test_a_retry_of_a_refused_request_is_told_the_same_and_recorded_once(fund: Fund) -> None:
    household_id = new_id()
    answers = [await fund.request("3640.00", household_id=household_id, key="request-0001") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert len(await fund.events(GrantRefused)) == 1
    assert await fund.count(emergency_grant) == 1


async def test_three_payments_of_2900_are_not_a_way_round(fund: Fund) -> None:
    household_id = new_id()
    await fund.paid("2900.00", household_id=household_id)
    for _ in range(2):
        answer = await fund.request("2900.00", household_id=household_id)
        assert (answer.status_code, problem_code(answer)) == (422, "not_below_limit")
        assert "已计 2900.00 元" in answer.json()["detail"]
    ok(await fund.request("739.99", household_id=household_id))


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"incident": {"cause": "fire", "on": "2022-12-02", "place": "别处"}}, id="another day and place"),
        pytest.param(
            {"incident": {"cause": "accident", "on": "2022-12-03", "place": "别处"}}, id="another word for it"
        ),
    ],
)
async def test_telling_the_same_incident_differently_is_not_a_way_round(fund: Fund, changed: dict[str, Any]) -> None:
    household_id = new_id()
    ok(await fund.request("2900.00", household_id=household_id))
    answer = await fund.request("2900.00", household_id=household_id, **changed)
    assert problem_code(answer) == "not_below_limit"


async def test_another_day_and_another_word_for_it_is_not_a_way_round(fund: Fund) -> None:
    household_id = new_id()
    await fund.paid("2900.00", household_id=household_id)
    for cause, day in (("accident", "2022-12-04"), ("serious_illness", "2022-11-20"), ("other", "2022-12-05")):
        incident = {"cause": cause, "on": day, "place": "别处"}
        answer = await fund.request("2900.00", household_id=household_id, incident=incident)
        assert (answer.status_code, problem_code(answer)) == (422, "not_below_limit")


async def test_a_date_long_ago_is_not_a_way_round(fund: Fund) -> None:
    household_id = new_id()
    await fund.paid("2900.00", household_id=household_id)
    for day in ("2022-11-02", "2022-10-01", "2021-12-03"):
        incident = {"cause": "fire", "on": day, "place": "候补街社区"}
        answer = await fund.request("2900.00", household_id=household_id, incident=incident)
        assert (answer.status_code, problem_code(answer)) == (422, "not_below_limit")
    # Thirty days after the asking, by the calendar of Wuhan, it no longer counts for itself.
    fund.clock.advance(timedelta(days=31))
    ok(await fund.request("2900.00", household_id=household_id, incident=incident))


async def test_another_incident_counts_for_itself_when_the_clerk_says_why(fund: Fund) -> None:
    household_id = new_id()
    await fund.paid("2900.00", household_id=household_id)
    separate = {"separate_because": "火灾之后一周，p2 在外地遭遇车祸"}
    same_day = {"cause": "traffic_accident", "on": "2022-12-03", "place": "外地", **separate}
    assert problem_code(await fund.request("2900.00", household_id=household_id, incident=same_day)) == (
        "not_below_limit"
    )
    again = {"cause": "fire", "on": "2022-12-05", "place": "别处", **separate}
    assert problem_code(await fund.request("2900.00", household_id=household_id, incident=again)) == "not_below_limit"
    other = {"cause": "traffic_accident", "on": "2022-12-05", "place": "外地", **separate}
    grant = ok(await fund.request("2900.00", household_id=household_id, incident=other))
    assert (grant["limit"]["counted"], grant["incident"]["separate_because"]) == (
        "0.00",
        separate["separate_because"],
    )


async def test_another_street_is_not_a_way_round(fund: Fund) -> None:
    household_id = new_id()
    ok(await fund.request("2900.00", household_id=household_id))
    answer = await fund.request("2900.00", household_id=household_id, by=f"clerk-{OTHER_STREET}-1", street=OTHER_STREET)
    assert problem_code(answer) == "not_below_limit"


async def test_refused_requests_do_not_count(fund: Fund) -> None:
    household_id = new_id()
    grant_id = ok(await fund.request("2900.00", household_id=household_id))["grant_id"]
    ok(await fund.act(grant_id, "refusal", {"reason": "金额应为一千元"}))
    assert ok(await fund.request("2900.00", household_id=household_id))["limit"]["counted"] == "0.00"


async def test_another_household_or_a_later_incident_counts_for_itself(fund: Fund) -> None:
    household_id = new_id()
    ok(await fund.request("2900.00", household_id=household_id))
    another = ok(await fund.request("2900.00"))
    fund.clock.advance(timedelta(days=60))
    incident = {"cause": "fire", "on": "2023-02-01", "place": "候补街社区"}
    later = ok(await fund.request("2900.00", household_id=household_id, incident=incident))
    assert [grant["limit"]["counted"] for grant in (another, later)] == ["0.00", "0.00"]


async def test_the_standard_in_force_that_day_decides(fund: Fund) -> None:
    await fund.publish_standard("940", "2022-12-06")
    assert problem_code(await fund.request("3640.00")) == "not_below_limit"
    fund.clock.advance(timedelta(days=1))
    assert ok(await fund.request("3640.00"))["limit"]["limit"] == "3760.00"


async def test_a_corrected_standard_replaces_the_earlier_one(fund: Fund) -> None:
    await fund.publish_standard("900", "2022-04-01")
    await fund.hear(standard("rural_dibao_standard", "780", "2022-04-01"))
    assert ok(await fund.request("1000.00"))["limit"]["standard"] == "900.00"


async def test_without_a_standard_nothing_is_decided(fund: Fund) -> None:
    async with fund.database.transaction() as tx:
        await tx.execute(update(standards).values(first_day=date(2022, 12, 6)))
    answer = await fund.request("1000.00")
    assert (answer.status_code, problem_code(answer)) == (503, "standard_unknown")
    assert await fund.count(emergency_grant) == 0
    assert await fund.events(GrantRequested) == []
