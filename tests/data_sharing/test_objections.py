"""Objections: the department looks again within ten working days, and the family learns what came of it (1.2)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.data_sharing.test_letters import CLERK, RESIDENT, post

from shared.auth import Role
from shared.events.data_sharing import ObjectionRaised, ObjectionSettled, VerificationCompleted, VerificationRequested
from shared.ids import new_id
from shared.testing import problem_code


def wage(amount: str) -> dict[str, Any]:
    return {"person_ref": "p1", "data_set": "individual_income", "fields": {"wage": amount}, "as_of": "2022-09-30"}


async def raise_objection(service: Any, case: Any, *, who: dict[str, Any] | None = None, **changes: Any) -> Any:
    path = f"/v1/applications/{case.application_id}/objections"
    body = {"data_set": "individual_income", "ground": "wrong_value", "evidence": "upload:5f1c", **changes}
    return await post(service, path, body, **{**RESIDENT, **(who or {}), "key": f"object-{new_id()}"})


async def verified(service: Any) -> Any:
    case = await service.open()
    await service.answer(case, "tax", "matched", wage("2600.00"))
    await service.answer_all(case, but=("tax",))
    return case


async def asked_again(service: Any, case: Any) -> None:
    """From now on `case` answers the re-check."""
    newest = (await service.recorded(VerificationRequested))[-1]
    case.query_ids = {newest.department: newest.query_id}


@pytest.mark.clause("1.2")
@pytest.mark.parametrize(
    ("again", "outcome", "income"),
    [("1500.00", "corrected", "1500.00"), ("2600.00", "upheld", "2600.00"), (None, "corrected", "2000.00")],
)
async def test_the_department_looks_again(service: Any, again: str | None, outcome: str, income: str) -> None:
    case = await verified(service)
    raised = await raise_objection(service, case)
    assert (raised.status_code, raised.json()["settled_at"]) == (201, None)
    (event,) = await service.recorded(ObjectionRaised)
    assert (event.department, event.answer_by) == ("tax", datetime(2022, 10, 24, 16, tzinfo=UTC))
    await asked_again(service, case)
    answer = ("no_record",) if again is None else ("matched", wage(again))
    assert (await service.answer(case, "tax", *answer)).status_code == 200
    (settled,) = await service.recorded(ObjectionSettled)
    assert settled.outcome == outcome
    facts = (await service.facts(case)).json()
    assert (facts["revision"], facts["household"]["members"][0]["income"][0]["monthly"]) == (2, income)
    assert len(await service.recorded(VerificationCompleted)) == 2, "what was assessed is assessed anew"
    assert problem_code(await service.answer(case, "tax", "matched", wage("1.00"))) == "verification_completed"


@pytest.mark.clause("1.2")
async def test_a_department_that_does_not_look_again(service: Any) -> None:
    case = await verified(service)
    await raise_objection(service, case)
    await service.pass_time(days=14)
    assert await service.recorded(ObjectionSettled) == []
    await service.pass_time(days=1)
    (settled,) = await service.recorded(ObjectionSettled)
    assert settled.outcome == "not_answered"
    facts = (await service.facts(case)).json()
    assert facts["household"]["members"][0]["income"][0]["monthly"] == "2600.00", "what was found before stands"
    await asked_again(service, case)
    assert (await service.answer(case, "tax", "matched", wage("1500.00"))).status_code == 200
    facts = (await service.facts(case)).json()
    assert facts["household"]["members"][0]["income"][0]["monthly"] == "1500.00", "late is better than wrong"
    assert len(await service.recorded(ObjectionSettled)) == 1


@pytest.mark.clause("1.2")
async def test_a_department_that_could_not_look_may_look_until_its_time_is_over(service: Any) -> None:
    case = await verified(service)
    await raise_objection(service, case)
    await asked_again(service, case)
    assert (await service.answer(case, "tax", "error")).status_code == 200
    assert await service.recorded(ObjectionSettled) == []
    assert (await service.answer(case, "tax", "matched", wage("1500.00"))).status_code == 200
    (settled,) = await service.recorded(ObjectionSettled)
    assert (settled.outcome, settled.is_of_facts) == ("corrected", True)


async def test_a_department_that_could_not_look_at_all_has_not_answered(service: Any) -> None:
    case = await verified(service)
    await raise_objection(service, case)
    await asked_again(service, case)
    await service.answer(case, "tax", "error")
    await service.pass_time(days=15)
    (settled,) = await service.recorded(ObjectionSettled)
    assert settled.outcome == "not_answered"


async def test_what_nobody_had_answered_is_not_upheld(service: Any) -> None:
    case = await service.open()
    await service.answer_all(case, but=("tax",))
    await service.pass_time(days=15)
    await raise_objection(service, case)
    await asked_again(service, case)
    await service.answer(case, "tax", "no_record")
    (settled,) = await service.recorded(ObjectionSettled)
    assert settled.outcome == "corrected"


async def test_one_objection_at_a_time(service: Any) -> None:
    case = await verified(service)
    await raise_objection(service, case)
    refused = await raise_objection(service, case)
    assert (refused.status_code, problem_code(refused)) == (409, "objection_open")
    other = await raise_objection(service, case, data_set="vehicle_register", ground="outdated")
    assert other.status_code == 201


async def test_what_cannot_be_objected_to(service: Any) -> None:
    case = await service.open()
    assert problem_code(await raise_objection(service, case)) == "not_completed"
    await service.answer_all(case)
    unknown = await raise_objection(service, case, data_set="no_such_set")
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "body.data_set")
    for stranger in ({"subject": "resident-2"}, {**CLERK, "streets": ["420106006"]}):
        assert (await raise_objection(service, case, who=stranger)).status_code == 404


@pytest.mark.clause("1.2")
async def test_objections_stand_in_the_report(service: Any) -> None:
    case = await verified(service)
    await raise_objection(service, case)
    path = f"/v1/applications/{case.application_id}/verification/report"
    report = (await service.get(path, Role.RESIDENT, subject="resident-1")).json()
    assert [(one["data_set"], one["outcome"]) for one in report["objections"]] == [("individual_income", None)]
