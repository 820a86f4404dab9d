"""A household is looked after once it was paid: a task with a last day, and what was found."""

from datetime import date, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from emergency_fund.rules.follow_up import FollowUpOutcome, is_looked_at_again
from emergency_fund.tables import follow_up
from shared.events.emergency_fund import FollowUpCompleted, FollowUpOpened, FollowUpOverdue
from shared.testing import problem_code

from .conftest import (
    APPROVER,
    CLERK,
    OTHER_APPROVER,
    OTHER_STREET,
    SECOND_CLERK,
    STREET,
    Fund,
    by_day,
    ok,
)
from .raw import raw, refusal

pytestmark = pytest.mark.clause("4.2.2")

_RESOLVED = {"contact": "visit", "outcome": "resolved", "note": "住处已修好"}
_MORE = {"contact": "call", "outcome": "needs_more_help", "route": "apply_for_policy", "note": "治疗还将持续"}
_UNREACHABLE = {"contact": "visit", "outcome": "unreachable", "note": "三次上门无人"}
_ILLNESS = {"cause": "serious_illness", "on": "2022-12-03", "place": "候补街社区"}


async def _complete(
    fund: Fund, follow_up_id: str, found: dict[str, Any], *, by: str = CLERK, key: str | None = None
) -> httpx.Response:
    return await fund.http.post(f"/v1/follow-ups/{follow_up_id}/completion", json=found, headers=fund.as_(by, key))


async def _listed(fund: Fund, state: str = "open") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await fund.read(f"/v1/streets/{STREET}/follow-ups", state=state))["follow_ups"]
    return found


@pytest.mark.parametrize("papers", [(), ("fire_certificate",)])
async def test_a_payment_opens_a_task_for_the_clerk_who_asked(fund: Fund, papers: tuple[str, ...]) -> None:
    grant = await fund.paid(missing=papers)
    [task] = grant["follow_ups"]
    # The thirtieth day, 4 January, is a working day.
    assert (task["round"], task["owner"], task["due_on"], task["outcome"]) == (1, CLERK, "2023-01-04", None)
    [event] = await fund.events(FollowUpOpened)
    assert (event.due_on, event.owner, event.round) == (date(2023, 1, 4), CLERK, 1)
    [listed] = await _listed(fund)
    assert (listed["household_id"], listed["follow_up"]) == (grant["household_id"], task)


async def test_a_plan_opens_one_task_with_its_first_stage(fund: Fund) -> None:
    stages = [by_day("1000.00", "2022-12-05"), by_day("1900.00", "2022-12-05")]
    grant = await fund.read(f"/v1/grants/{await fund.approved('2900.00', missing=(), stages=stages)}")
    assert grant["follow_ups"] == []
    for number in (1, 2):
        grant = ok(await fund.on_stage(grant, number, "payment"))
    assert grant["state"] == "closed"
    assert len(grant["follow_ups"]) == len(await fund.events(FollowUpOpened)) == 1


async def test_what_was_found_is_written_once_and_told_without_the_words(fund: Fund) -> None:
    grant = await fund.paid()
    task_id = grant["follow_ups"][0]["follow_up_id"]
    done = [ok(await _complete(fund, task_id, _MORE, by=SECOND_CLERK, key="follow-up-1")) for _ in range(2)]
    assert done[0] == done[1]
    assert (done[0]["outcome"], done[0]["route"], done[0]["completed_by"]) == (
        "needs_more_help",
        "apply_for_policy",
        SECOND_CLERK,
    )
    [event] = await fund.events(FollowUpCompleted)
    assert (event.outcome, event.route) == ("needs_more_help", "apply_for_policy")
    assert "治疗" not in event.model_dump_json()
    again = await _complete(fund, task_id, _RESOLVED)
    assert (again.status_code, problem_code(again)) == (409, "follow_up_already_completed")
    assert await _listed(fund) == []
    assert (await fund.read(f"/v1/grants/{grant['grant_id']}"))["follow_ups"] == [done[0]]


async def test_an_open_follow_up_does_not_hold_up_the_money(fund: Fund) -> None:
    closed = ok(await fund.settle(await fund.paid()))
    assert (closed["state"], closed["follow_ups"][0]["outcome"]) == ("closed", None)


async def test_a_task_that_is_not_done_is_overdue_once_and_still_open(fund: Fund) -> None:
    grant = await fund.paid(missing=())
    fund.clock.advance(timedelta(days=30))  # 4 January: the last day
    await fund.run_due()
    assert await fund.events(FollowUpOverdue) == []
    assert await _listed(fund, "overdue") == []
    for days in (1, 30):
        fund.clock.advance(timedelta(days=days))
        await fund.run_due()
    [overdue] = await fund.events(FollowUpOverdue)
    assert (overdue.owner, overdue.due_on) == (CLERK, date(2023, 1, 4))
    [listed] = await _listed(fund, "overdue")
    assert listed["follow_up"]["overdue_at"] is not None
    ok(await _complete(fund, grant["follow_ups"][0]["follow_up_id"], _RESOLVED, by=APPROVER))
    assert await _listed(fund) == []


async def test_a_task_that_is_done_in_time_is_never_overdue(fund: Fund) -> None:
    grant = await fund.paid()
    ok(await _complete(fund, grant["follow_ups"][0]["follow_up_id"], _RESOLVED))
    fund.clock.advance(timedelta(days=200))
    await fund.run_due()
    assert await fund.events(FollowUpOverdue) == []


@pytest.mark.parametrize(
    ("completed_round", "cause", "outcome", "is_again"),
    [
        pytest.param(1, "fire", "resolved", False, id="a fire is over"),
        pytest.param(1, "fire", "needs_more_help", False, id="more help has its own way"),
        pytest.param(1, "fire", "unreachable", True, id="nobody was reached"),
        pytest.param(1, "serious_illness", "resolved", True, id="an illness goes on costing money"),
        pytest.param(2, "serious_illness", "needs_more_help", False, id="never a third time"),
        pytest.param(2, "fire", "unreachable", False, id="nor when nobody is reached again"),
    ],
)
def test_who_is_looked_at_again(completed_round: int, cause: str, outcome: str, *, is_again: bool) -> None:
    found = is_looked_at_again(completed_round=completed_round, cause=cause, outcome=FollowUpOutcome(outcome))
    assert found is is_again


async def test_expenditure_that_goes_on_is_looked_at_twice(fund: Fund) -> None:
    grant = await fund.paid(incident=_ILLNESS)
    fund.clock.advance(timedelta(days=10))
    ok(await _complete(fund, grant["follow_ups"][0]["follow_up_id"], _RESOLVED))
    first, second = (await fund.read(f"/v1/grants/{grant['grant_id']}"))["follow_ups"]
    # 90 days after 15 December.
    assert (first["outcome"], second["round"], second["due_on"]) == ("resolved", 2, "2023-03-15")
    ok(await _complete(fund, second["follow_up_id"], _UNREACHABLE))
    assert len((await fund.read(f"/v1/grants/{grant['grant_id']}"))["follow_ups"]) == 2
    assert await _listed(fund) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"route": "district"},
        {"outcome": "needs_more_help"},
        {"outcome": "needs_more_help", "route": "elsewhere"},
        {"outcome": "forgotten"},
        {"contact": "letter"},
        {"note": " "},
        {"note": "电话 13800138000"},
        {"note": "证件 420106199003079031"},
        {"name": "李四"},
    ],
    ids=str,
)
async def test_findings_that_make_no_sense(fund: Fund, changed: dict[str, str]) -> None:
    grant = await fund.paid()
    answer = await _complete(fund, grant["follow_ups"][0]["follow_up_id"], _RESOLVED | changed)
    assert (answer.status_code, problem_code(answer)) == (422, "invalid_input")
    assert "13800138000" not in answer.text
    assert await fund.events(FollowUpCompleted) == []


async def test_another_street_neither_sees_nor_completes_it(fund: Fund) -> None:
    grant = await fund.paid()
    answer = await _complete(fund, grant["follow_ups"][0]["follow_up_id"], _RESOLVED, by=OTHER_APPROVER)
    assert (answer.status_code, problem_code(answer)) == (404, "not_found")
    path = f"/v1/streets/{STREET}/follow-ups"
    assert (await fund.http.get(path, headers=fund.as_(OTHER_APPROVER))).status_code == 403
    connection = await raw(fund, scope="streets", streets=[OTHER_STREET])
    assert await connection.fetch("select * from follow_up") == []
    assert await connection.execute("update follow_up set overdue_at = now()") == "UPDATE 0"
    await connection.close()


async def test_the_database_opens_a_task_for_a_payment_and_completes_it_once(fund: Fund) -> None:
    unpaid = await fund.approved()
    grant = await fund.paid()
    ok(await _complete(fund, grant["follow_ups"][0]["follow_up_id"], _RESOLVED))
    open_grant = await fund.paid()
    connection = await raw(fund)
    insert = (
        "insert into follow_up (follow_up_id, grant_id, street, round, owner, due_on, opened_at) "
        "values (gen_random_uuid(), $1, $2, $3, 'raw', '2023-01-04', now())"
    )
    for grant_id, street, number, constraint in (
        (unpaid, STREET, 1, "follow_up_step"),
        (grant["grant_id"], OTHER_STREET, 2, "follow_up_step"),
        (open_grant["grant_id"], STREET, 2, "follow_up_step"),  # the first is not completed
        (grant["grant_id"], STREET, 1, "follow_up_once_a_round"),
        (grant["grant_id"], STREET, 3, "follow_up_round"),
    ):
        assert await refusal(connection.execute(insert, grant_id, street, number)) == constraint
    assert await refusal(connection.execute("update follow_up set note = 'x'")) in {
        "follow_up_ended",
        "follow_up_completed",
    }
    half = "update follow_up set outcome = 'resolved' where grant_id = $1"
    assert await refusal(connection.execute(half, open_grant["grant_id"])) == "follow_up_completed"
    for change in (
        "delete from follow_up",
        "update follow_up set due_on = '2099-01-01'",
        "update follow_up set owner = 'x'",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            await connection.execute(change)
    await connection.close()
    assert await fund.count(follow_up) == 2
