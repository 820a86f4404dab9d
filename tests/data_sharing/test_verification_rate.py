"""核对率: its numerator, its denominator, and what is exempt."""

from typing import Any

import pytest

from shared.auth import Role
from shared.events.eligibility import DecisionConfirmed
from shared.ids import new_id


async def rate(service: Any, **scope: Any) -> dict[str, Any]:
    role = Role.STREET_CLERK if scope else Role.DISTRICT_OFFICER
    answer = await service.get("/v1/indicators/verification-rate", role, **scope)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def counts(document: dict[str, Any]) -> tuple[int, int, int, int]:
    return document["numerator"], document["denominator"], document["pending"], document["exempt"]


@pytest.mark.clause("12.3.1")
async def test_the_rate_is_whole_when_every_due_case_is_verified(service: Any) -> None:
    assert (await rate(service))["rate"] is None
    completed, partial = await service.open(), await service.open()
    await service.answer_all(completed)
    assert counts(await rate(service)) == (1, 1, 1, 0)
    await service.answer_all(partial, but=("tax",))
    await service.pass_time(days=15)
    document = await rate(service)
    assert counts(document) == (2, 2, 0, 0)
    assert document["rate"] == "1.0000"


@pytest.mark.clause("12.3.1")
async def test_a_case_whose_verification_could_not_be_opened_lowers_the_rate(service: Any) -> None:
    await service.answer_all(await service.open())
    service.intake.is_down = True
    await service.submit()
    assert counts(await rate(service)) == (1, 1, 1, 0)
    await service.pass_time(days=15)
    document = await rate(service)
    assert (counts(document), document["rate"]) == ((1, 2, 0, 0), "0.5000")


@pytest.mark.clause("12.3.1")
async def test_a_verification_that_came_after_the_decision_does_not_count(service: Any) -> None:
    case = await service.open()
    decided = DecisionConfirmed.from_example().model_copy(
        update={"household_id": case.household_id, "application_id": case.application_id, "street": "420106009"}
    )
    await service.hear(decided)
    await service.pass_time(hours=1)
    await service.answer_all(case)
    assert counts(await rate(service)) == (0, 1, 0, 0)


@pytest.mark.clause("12.3.1")
async def test_a_case_decided_on_a_verification_counts_after_that_has_expired(service: Any) -> None:
    decided_case, waiting_case = await service.open(), await service.open()
    for case in (decided_case, waiting_case):
        await service.answer_all(case)
    await service.hear(
        DecisionConfirmed.from_example().model_copy(
            update={"household_id": decided_case.household_id, "application_id": decided_case.application_id}
        )
    )
    await service.pass_time(days=200)
    assert counts(await rate(service)) == (1, 2, 0, 0)


@pytest.mark.clause("12.3.1")
async def test_a_decision_heard_before_its_application_counts_once(service: Any) -> None:
    early = DecisionConfirmed.from_example().model_copy(update={"household_id": new_id(), "application_id": new_id()})
    await service.hear(early)
    assert counts(await rate(service)) == (0, 1, 0, 0)


@pytest.mark.clause("12.3.1")
async def test_children_without_a_means_test_are_exempt(service: Any) -> None:
    await service.open(requested=("orphan",))
    await service.open(requested=("orphan", "dibao"))
    assert counts(await rate(service)) == (0, 0, 1, 1)


@pytest.mark.clause("12.3.1")
async def test_a_street_sees_its_own_rate(service: Any) -> None:
    await service.answer_all(await service.open())
    assert counts(await rate(service, streets=["420106009"])) == (1, 1, 0, 0)
    assert counts(await rate(service, streets=["420106006"])) == (0, 0, 0, 0)
