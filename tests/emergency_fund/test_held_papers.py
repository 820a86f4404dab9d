"""No household owes the street a paper that departments' data stand in for (8.2)."""

from datetime import timedelta

import pytest

from emergency_fund.consumers import SUBSCRIPTIONS
from shared.events.data_sharing import HeldPapersAnnounced
from shared.testing import deliver

from .conftest import Fund

LIST = HeldPapersAnnounced(held=("income_certificate", "vehicle_licence"))


async def hear(fund: Fund, *events: HeldPapersAnnounced) -> None:
    await deliver(fund.database, SUBSCRIPTIONS, *events, clock=fund.clock, group="emergency-fund")


@pytest.mark.clause("8.2", "4.2.1")
async def test_a_held_paper_is_not_listed_as_missing_and_nothing_is_recorded(fund: Fund) -> None:
    await hear(fund, LIST)
    answer = await fund.request(missing=("fire_certificate", "income_certificate"), key="one-request")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "paper_is_held")
    assert problem["errors"][0] | {"message": ""} == {
        "field": "body.papers_missing[1].paper",
        "code": "paper_is_held",
        "value": "income_certificate",
        "message": "",
    }
    assert "收入证明" in problem["detail"]
    # The clerk takes it out and sends the rest: the refused request has used up nothing.
    assert (await fund.request(missing=("fire_certificate",), key="one-request")).status_code == 201


@pytest.mark.clause("8.2", "4.2.3")
async def test_no_stage_waits_for_a_held_paper(fund: Fund) -> None:
    await hear(fund, LIST)
    waits_for = {"kind": "paper", "words": "提交行驶证", "paper": "vehicle_licence"}
    stages = [
        {"amount": "1000.00", "planned_on": "2022-12-05", "condition": {"kind": "day", "words": "审批后即付"}},
        {"amount": "1900.00", "planned_on": "2023-01-05", "condition": waits_for},
    ]
    answer = await fund.request("2900.00", missing=(), stages=stages)
    assert (answer.status_code, answer.json()["code"]) == (409, "paper_is_held")
    assert answer.json()["errors"][0]["field"] == "body.stages[1].condition.paper"


@pytest.mark.clause("8.2", "4.2.1")
async def test_help_never_waits_for_the_list(fund: Fund) -> None:
    assert (await fund.request(missing=("income_certificate",))).status_code == 201


@pytest.mark.clause("8.2")
async def test_the_newest_list_counts(fund: Fund) -> None:
    await hear(fund, LIST)
    fund.clock.advance(timedelta(days=1))
    await hear(fund, HeldPapersAnnounced(held=("vehicle_licence",)))
    assert (await fund.request(missing=("income_certificate",))).status_code == 201
    assert (await fund.request(missing=("vehicle_licence",))).status_code == 409
