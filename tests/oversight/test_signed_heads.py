"""Heads are signed every local midnight and when operations ask."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from oversight.rules.checkpoint import KeyRing, open_checkpoint
from oversight.rules.note import SigningKey, VerifierKey
from shared.auth import Role
from shared.events.intake import ApplicationSubmitted
from shared.events.oversight import CheckpointSigned
from shared.testing import problem_code

SUBMITTED = ApplicationSubmitted.from_example()


async def heads_on(oversight: Any, day: str) -> list[dict[str, Any]]:
    answer = await oversight.ask("/v1/log/checkpoints", Role.INSPECTOR, on=day)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


@pytest.mark.clause("13.2.2")
async def test_a_head_is_signed_at_the_first_instant_of_each_local_day(oversight: Any) -> None:
    await oversight.run_due()
    await oversight.hear(SUBMITTED, SUBMITTED)
    oversight.clock.advance(datetime(2022, 10, 17, 15, 59, 59, tzinfo=UTC) - oversight.clock.now())
    assert await oversight.run_due() == 0
    oversight.clock.advance(timedelta(seconds=1))
    assert await oversight.run_due() == 1
    (head,) = await heads_on(oversight, "2022-10-18")
    assert (head["tree_size"], head["signed_at"]) == (2, "2022-10-17T16:00:00Z")
    assert await heads_on(oversight, "2022-10-17") == []
    await oversight.hear(SUBMITTED)
    oversight.clock.advance(timedelta(days=1))
    assert await oversight.run_due() == 1
    assert [head["tree_size"] for head in await heads_on(oversight, "2022-10-19")] == [3]


async def test_an_empty_log_has_no_head_to_sign(oversight: Any) -> None:
    assert await oversight.run_due() == 1
    refused = await oversight.ask_for_checkpoint()
    assert (refused.status_code, problem_code(refused)) == (409, "log_is_empty")
    assert await oversight.recorded() == []


async def test_a_service_that_slept_for_a_month_signs_one_head_and_goes_on(oversight: Any) -> None:
    await oversight.run_due()
    await oversight.hear(SUBMITTED)
    oversight.clock.advance(timedelta(days=30))
    assert await oversight.run_due() == 1
    assert len(await heads_on(oversight, "2022-11-16")) == 1
    oversight.clock.advance(timedelta(days=1))
    assert await oversight.run_due() == 1
    assert len(await heads_on(oversight, "2022-11-17")) == 1


async def test_a_signed_head_is_announced(oversight: Any) -> None:
    await oversight.hear(SUBMITTED)
    answer = await oversight.ask_for_checkpoint()
    assert await oversight.recorded() == [CheckpointSigned(tree_size=1, root_hash=answer.json()["root_hash"])]


async def test_a_request_that_is_sent_twice_signs_once(oversight: Any) -> None:
    await oversight.hear(SUBMITTED)
    first = await oversight.ask_for_checkpoint()
    await oversight.hear(SUBMITTED)
    again = await oversight.ask_for_checkpoint()
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(await heads_on(oversight, "2022-10-17")) == 1


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_a_day_far_away_has_no_heads(oversight: Any, day: str) -> None:
    assert await heads_on(oversight, day) == []


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.INSPECTOR, Role.STREET_CLERK, Role.RESIDENT, Role.SERVICE])
async def test_only_operations_may_ask_for_a_head(oversight: Any, role: Role) -> None:
    await oversight.hear(SUBMITTED)
    refused = await oversight.ask_for_checkpoint(role=role)
    assert (refused.status_code, problem_code(refused)) == (403, "not_permitted")


@pytest.mark.parametrize(
    "role", [Role.STREET_CLERK, Role.STREET_APPROVER, Role.DEPARTMENT_OFFICER, Role.AUDITOR, Role.INSPECTOR, Role.OPS]
)
async def test_any_staff_reads_key_and_head_and_needs_nothing_else_to_check_it(oversight: Any, role: Role) -> None:
    await oversight.hear(SUBMITTED)
    signed = (await oversight.ask_for_checkpoint()).json()
    key = VerifierKey.parse((await oversight.ask("/v1/log/key", role)).json()["verifier_key"])
    answer = await oversight.ask("/v1/log/checkpoint", role)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    head = open_checkpoint(answer.text, [key])
    assert (head.origin, head.tree_size) == ("doudi.test/oversight", 1)
    assert str(head).split("\n")[2] == signed["root_hash"]


async def test_the_list_of_a_day_is_todays_when_no_day_is_named(oversight: Any) -> None:
    await oversight.hear(SUBMITTED)
    await oversight.ask_for_checkpoint()
    answer = await oversight.ask("/v1/log/checkpoints")
    assert answer.json()["on"] == "2022-10-17"
    assert len(answer.json()["items"]) == 1


async def test_after_a_change_of_key_earlier_heads_count_only_under_a_key_that_is_named(oversight: Any) -> None:
    await oversight.hear(SUBMITTED)
    await oversight.ask_for_checkpoint()
    former = oversight.keys.signing_key.verifier_key
    new = SigningKey(former.name, Ed25519PrivateKey.generate())
    oversight.clock.advance(timedelta(days=1))
    oversight.keys = KeyRing(signing_key=new)
    assert await oversight.run_due() == 1  # tried, refused and put back
    assert await heads_on(oversight, "2022-10-18") == []
    async with oversight.database.transaction() as tx:
        await tx.execute(text("update deadline set blocked_until = null"))
    oversight.keys = KeyRing(signing_key=new, former=(former,))
    await oversight.run_due()
    (head,) = await heads_on(oversight, "2022-10-18")
    assert open_checkpoint(head["note"], [new.verifier_key]).tree_size == 1
