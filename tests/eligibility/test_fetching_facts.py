"""Facts that data-sharing does not give now: who asks again, and when."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.auth import Role
from shared.events.intake import ApplicationSubmitted
from shared.ids import new_id

CASES = Path(__file__).with_name("cases")


class DataSharing:
    """data-sharing as a case meets it: `refusal` is answered as long as there is one."""

    def __init__(self, eligibility: Any) -> None:
        self._eligibility = eligibility
        self.refusal: httpx.Response | None = None
        self.looks = 0
        eligibility.mint.route("data-sharing", self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.looks += 1
        answer: httpx.Response = self.refusal or self._eligibility.answer_facts(request)
        return answer


async def verified(eligibility: Any) -> UUID:
    """A case that was applied for and verified, and whose facts were asked for once."""
    household = json.loads((CASES / "H01.json").read_text(encoding="utf-8"))["household"]
    application_id, household_id = new_id(), new_id()
    submitted = ApplicationSubmitted.from_example().model_copy(
        update={"application_id": application_id, "household_id": household_id}
    )
    await eligibility.hear(submitted)
    await eligibility.verified(application_id, household_id, household)
    return application_id


async def is_assessed(eligibility: Any, application_id: UUID) -> bool:
    answer = await eligibility.get(f"/v1/applications/{application_id}/assessment", Role.AUDITOR)
    return bool(answer.is_success)


@pytest.mark.clause("12.1.2")
async def test_a_spent_quota_is_asked_about_once_and_again_the_next_day(eligibility: Any) -> None:
    data_sharing = DataSharing(eligibility)
    data_sharing.refusal = httpx.Response(429, json={"code": "quota_spent", "title": "今日的共享次数已用完"})
    application_id = await verified(eligibility)
    eligibility.clock.advance(timedelta(hours=14, minutes=59))
    await eligibility.run_due()
    assert data_sharing.looks == 1
    data_sharing.refusal = None
    assert not await is_assessed(eligibility, application_id)
    eligibility.clock.advance(timedelta(minutes=1))
    await eligibility.run_due()
    assert data_sharing.looks == 2
    assert await is_assessed(eligibility, application_id)


@pytest.mark.clause("12.1.2")
async def test_facts_that_are_refused_are_asked_for_by_the_hour(eligibility: Any) -> None:
    data_sharing = DataSharing(eligibility)
    data_sharing.refusal = httpx.Response(403, json={"code": "agreement_not_in_force", "title": "共享协议不在有效期内"})
    application_id = await verified(eligibility)
    for _ in range(59):
        eligibility.clock.advance(timedelta(minutes=1))
        await eligibility.run_due()
    assert data_sharing.looks == 1
    data_sharing.refusal = None
    eligibility.clock.advance(timedelta(minutes=1))
    await eligibility.run_due()
    assert await is_assessed(eligibility, application_id)


@pytest.mark.clause("1.2")
async def test_two_applications_on_one_verification_are_both_assessed(eligibility: Any) -> None:
    """The first is refused and waits; the second must not take its place."""
    data_sharing = DataSharing(eligibility)
    data_sharing.refusal = httpx.Response(429, json={"code": "quota_spent", "title": "今日的共享次数已用完"})
    first = await verified(eligibility)
    verification_id = eligibility.cases[str(first)]["verification_id"]
    second, household_id = new_id(), new_id()
    await eligibility.hear(
        ApplicationSubmitted.from_example().model_copy(update={"application_id": second, "household_id": household_id})
    )
    household = eligibility.cases[str(first)]["household"]
    await eligibility.verified(second, household_id, household, verification_id=UUID(verification_id))
    data_sharing.refusal = None
    eligibility.clock.advance(timedelta(days=1))
    await eligibility.run_due()
    assert await is_assessed(eligibility, first)
    assert await is_assessed(eligibility, second)


@pytest.mark.parametrize("body", [{"code": "too_many_requests"}, {"message": "slow down"}], ids=["ours", "a gateway's"])
async def test_who_asked_too_fast_asks_again_at_once(eligibility: Any, body: dict[str, str]) -> None:
    data_sharing = DataSharing(eligibility)
    refusals = iter([httpx.Response(429, json=body)] * 2)

    def answer(request: httpx.Request) -> httpx.Response:
        data_sharing.refusal = next(refusals, None)
        return data_sharing.answer(request)

    eligibility.mint.route("data-sharing", answer)
    application_id = await verified(eligibility)
    assert data_sharing.looks == 3
    assert await is_assessed(eligibility, application_id)
