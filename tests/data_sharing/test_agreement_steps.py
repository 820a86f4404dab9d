"""Agreements are asked for, granted by somebody else, suspended and ended; their clocks run (12.1.1)."""

import asyncio
from typing import Any

import pytest
from tests.data_sharing.deliveries import csv_file, deliver, number

from shared.auth import Role
from shared.events.data_sharing import AgreementChanged, AgreementNotSupplied, AgreementOverdue
from shared.ids import new_id
from shared.testing import problem_code

REQUEST: dict[str, Any] = {
    "provider": "natural_resources",
    "consumer": "housing",
    "purpose": "verification",
    "fields": ["real_estate_details.registered_on"],
    "legal_basis": "社会救助法第四十一条",
    "sharing": "conditional",
    "first_on": "2022-10-11",
    "last_on": "2022-11-30",
    "daily_quota": 2,
}


async def post(service: Any, path: str, body: Any, *, officer: str, department: str) -> Any:
    headers = service.mint.authorization(officer, Role.DEPARTMENT_OFFICER, department=department)
    return await service.http.post(path, json=body, headers=headers | {"Idempotency-Key": str(new_id())})


async def ask(service: Any, *, officer: str = "officer-housing", department: str = "housing", **changes: Any) -> Any:
    return await post(service, "/v1/agreements", {**REQUEST, **changes}, officer=officer, department=department)


async def step(
    service: Any,
    agreement: dict[str, Any],
    name: str,
    *,
    officer: str = "officer-natural_resources",
    department: str = "natural_resources",
) -> Any:
    path = f"/v1/agreements/{agreement['agreement_id']}/steps"
    return await post(service, path, {"step": name, "reason": "依规办理"}, officer=officer, department=department)


@pytest.mark.clause("12.1.1")
async def test_from_asked_to_ended_every_step_is_on_record(service: Any) -> None:
    asked = await ask(service)
    agreement = asked.json()
    assert (asked.status_code, agreement["state"], agreement["answer_on"]) == (201, "asked", "2022-10-24")
    for name, state in (("grant", "granted"), ("suspend", "suspended"), ("resume", "granted"), ("end", "ended")):
        assert (await step(service, agreement, name)).json()["state"] == state
    path = f"/v1/agreements/{agreement['agreement_id']}"
    seen = (await service.get(path, Role.DEPARTMENT_OFFICER, department="housing")).json()
    states = ["asked", "granted", "suspended", "granted", "ended"]
    assert [one["state"] for one in seen["steps"]] == states
    assert [event.state for event in await service.recorded(AgreementChanged)] == states
    refused = await step(service, agreement, "resume")
    assert (refused.status_code, problem_code(refused)) == (409, "step_not_open")


@pytest.mark.clause("12.1.2")
async def test_self_granted_agreement(service: Any) -> None:
    """Somebody who moved from the asking office to the deciding one decides on what they asked for."""
    agreement = (await ask(service, officer="officer-moved")).json()
    refused = await step(service, agreement, "grant", officer="officer-moved")
    assert (refused.status_code, problem_code(refused)) == (403, "self_granted")


@pytest.mark.clause("12.1.2")
async def test_a_department_granting_for_another(service: Any) -> None:
    agreement = (await ask(service)).json()
    of_consumer = await step(service, agreement, "grant", officer="officer-2", department="housing")
    of_nobody = await step(service, agreement, "grant", officer="officer-3", department="tax")
    assert (of_consumer.status_code, of_nobody.status_code) == (403, 404)
    assert (await ask(service, officer="officer-tax", department="tax")).status_code == 403


@pytest.mark.clause("12.1.1")
async def test_what_stands_is_not_asked_for_again(service: Any) -> None:
    answers = await asyncio.gather(*(ask(service) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    (first,) = [answer.json() for answer in answers if answer.status_code == 201]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert problem_code(refused) == "agreement_overlaps"
    assert first["agreement_id"] in refused.json()["detail"]
    assert (await ask(service, first_on="2022-12-01", last_on="2022-12-31")).status_code == 201
    await step(service, first, "refuse")
    assert (await ask(service)).status_code == 201


@pytest.mark.clause("12.1.1")
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"fields": ["individual_income.wage"]}, "body.fields[0]"),
        ({"fields": ["real_estate_details.registered_on"] * 2}, "body.fields[1]"),
        ({"provider": "nobody"}, "body.provider"),
        ({"purpose": "marketing"}, "body.purpose"),
        ({"last_on": "2022-10-10"}, "body.last_on"),
        ({"first_on": "2022-10-09"}, "body.first_on"),
        ({"daily_quota": 0}, "body.daily_quota"),
        ({"provider": "health", "fields": ["serious_mental_disorders.registered"]}, "body.fields[0]"),
    ],
)
async def test_what_cannot_be_asked_for(service: Any, change: dict[str, Any], field: str) -> None:
    refused = await ask(service, **change)
    assert refused.status_code == 422
    assert field in [error["field"] for error in refused.json()["errors"]]
    assert await service.recorded(AgreementChanged) == []


@pytest.mark.clause("12.1.1")
async def test_an_unanswered_request_is_late_after_its_last_working_day(service: Any) -> None:
    late, answered = (await ask(service)).json(), (await ask(service, purpose="assessment")).json()
    await step(service, answered, "grant")
    await service.pass_time(days=14, hours=13)
    assert await service.recorded(AgreementOverdue) == []
    await service.pass_time(hours=1)
    (overdue,) = await service.recorded(AgreementOverdue)
    assert str(overdue.agreement_id) == late["agreement_id"]


@pytest.mark.clause("12.1.1")
async def test_nothing_is_granted_after_its_last_day(service: Any) -> None:
    fields = ["household_composition.relation_to_head"]
    asked = (await ask(service, provider="public_security", fields=fields, last_on="2022-10-14")).json()
    await service.pass_time(days=7)
    late = await step(service, asked, "grant", officer="officer-police", department="public_security")
    assert (late.status_code, problem_code(late)) == (409, "step_not_open")
    await service.pass_time(days=40)
    assert await service.recorded(AgreementNotSupplied) == []


@pytest.mark.parametrize(
    "wrong", [{"last_on": "9999-12-31"}, {"legal_basis": "社会救助法\x00第四十一条"}], ids=["for ever", "NUL"]
)
async def test_what_cannot_be_kept_is_refused(service: Any, wrong: dict[str, Any]) -> None:
    assert (await ask(service, **wrong)).status_code == 422


async def test_the_provider_takes_more_time_once(service: Any) -> None:
    agreement = (await ask(service)).json()
    await service.pass_time(days=14, hours=13)  # the evening of the last day
    extended = await step(service, agreement, "extend")
    assert extended.json()["state"] == "asked"
    assert (extended.json()["is_extended"], extended.json()["answer_on"]) == (True, "2022-11-07")
    await service.pass_time(hours=2)
    assert await service.recorded(AgreementOverdue) == []
    again = await step(service, agreement, "extend")
    assert (again.status_code, problem_code(again)) == (409, "step_not_open")
    await service.pass_time(days=14)
    (overdue,) = await service.recorded(AgreementOverdue)
    assert str(overdue.answer_on) == "2022-11-07"


@pytest.mark.clause("12.1.1")
async def test_who_is_late_gets_no_more_time(service: Any) -> None:
    agreement = (await ask(service)).json()
    await service.pass_time(days=15)
    refused = await step(service, agreement, "extend")
    assert (refused.status_code, problem_code(refused)) == (409, "step_not_open")
    assert len(await service.recorded(AgreementOverdue)) == 1


@pytest.mark.clause("12.1.1")
async def test_a_suspension_does_not_stop_the_time_to_give_data(service: Any) -> None:
    fields = ["household_composition.relation_to_head"]
    agreement = (await ask(service, provider="public_security", fields=fields)).json()
    for name in ("grant", "suspend"):
        await step(service, agreement, name, officer="officer-police", department="public_security")
    await service.pass_time(days=29)
    assert len(await service.recorded(AgreementNotSupplied)) == 1


@pytest.mark.clause("12.1.1")
async def test_an_unconditional_request_and_one_that_was_answered_get_no_more_time(service: Any) -> None:
    unconditional = (await ask(service, sharing="unconditional")).json()
    refused = await step(service, unconditional, "extend")
    assert (refused.status_code, problem_code(refused)) == (409, "step_not_open")
    await step(service, unconditional, "grant")
    refused = await step(service, unconditional, "extend")
    assert (refused.status_code, problem_code(refused)) == (409, "step_not_open")


@pytest.mark.clause("12.1.1")
async def test_data_that_are_not_there_twenty_working_days_after_the_grant_are_told_of(service: Any) -> None:
    by_file: dict[str, Any] = {"provider": "public_security", "fields": ["household_composition.relation_to_head"]}
    by_service: dict[str, Any] = {"provider": "tax", "fields": ["individual_income.wage"]}
    late, there = (await ask(service, **by_file)).json(), (await ask(service, **by_service)).json()
    refused = (await ask(service, **by_file, purpose="assessment")).json()
    await step(service, refused, "refuse", officer="officer-police", department="public_security")
    granted = await step(service, late, "grant", officer="officer-police", department="public_security")
    assert granted.json()["supply_on"] == "2022-11-07"
    await step(service, there, "grant", officer="officer-tax", department="tax")
    await service.pass_time(days=28, hours=13)
    assert await service.recorded(AgreementNotSupplied) == []
    await service.pass_time(hours=1)
    (told,) = await service.recorded(AgreementNotSupplied)
    assert (str(told.agreement_id), told.data_sets) == (late["agreement_id"], ("household_composition",))


@pytest.mark.clause("12.1.1")
async def test_data_that_were_delivered_in_time_are_there(service: Any) -> None:
    fields = ["household_composition.relation_to_head"]
    agreement = (await ask(service, provider="public_security", fields=fields)).json()
    await step(service, agreement, "grant", officer="officer-police", department="public_security")
    rows = csv_file("identity_number,household_number,relation_to_head", f"{number(1)},H1,head")
    await deliver(service, rows, data_set="household_composition", by="public_security", rows=1)
    await service.pass_time(days=29)
    assert await service.recorded(AgreementNotSupplied) == []


@pytest.mark.clause("12.1.1")
async def test_it_ends_with_its_last_day(service: Any) -> None:
    agreement = (await ask(service)).json()
    await step(service, agreement, "grant")
    path = f"/v1/agreements/{agreement['agreement_id']}"

    async def state() -> str:
        answer = await service.get(path, Role.DEPARTMENT_OFFICER, department="housing")
        return str(answer.json()["state"])

    await service.pass_time(days=51, hours=13)
    assert await state() == "granted"
    await service.pass_time(hours=1)
    assert await state() == "ended"
