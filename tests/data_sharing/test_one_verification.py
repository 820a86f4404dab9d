"""One verification serves every application of a household while it holds (1.2), and is renewed when it has lapsed."""

import asyncio
from datetime import date
from typing import Any

import pytest
from tests.data_sharing.conftest import CHILD, FATHER, MOTHER

from shared.auth import Role
from shared.events.data_sharing import VerificationCompleted, VerificationRequested
from shared.testing import identity_number, problem_code

WAGE = {"person_ref": "p1", "data_set": "individual_income", "fields": {"wage": "2600.00"}, "as_of": "2022-09-30"}
BENEFIT = {
    "person_ref": "p1",
    "data_set": "benefit_register",
    "fields": {
        "receiving": [{"policy": "dibao", "monthly_amount": "900.00", "shares": {"p1": "300.00", "p3": "600.00"}}]
    },
    "as_of": "2022-09-30",
}


async def renew(service: Any, case: Any, *, key: str = "renewal-1", **scope: Any) -> Any:
    scope = scope or {"streets": ["420106009"]}
    headers = service.mint.authorization("clerk-1", Role.STREET_CLERK, **scope) | {"Idempotency-Key": key}
    return await service.http.post(f"/v1/applications/{case.application_id}/verifications", headers=headers)


@pytest.mark.clause("1.2")
async def test_a_second_application_asks_nobody_again(service: Any) -> None:
    first = await service.open()
    await service.answer(first, "tax", "matched", WAGE)
    await service.answer_all(first, but=("tax",))
    await service.pass_time(days=30)
    second = await service.open(household_id=first.household_id, requested=("education_aid",))
    assert second.verification_id == first.verification_id
    assert len(await service.recorded(VerificationRequested)) == len(service.means.catalogue.by_department)
    completed = await service.recorded(VerificationCompleted)
    assert [event.application_id for event in completed] == [first.application_id, second.application_id]
    assert completed[0].valid_until == completed[1].valid_until, "what is reused is not fresher for it"
    assert (await service.facts(second)).json()["household"]["members"][0]["income"] == [
        {"kind": "wage", "monthly": "2600.00"}
    ]


@pytest.mark.clause("1.2")
async def test_each_application_is_merged_with_its_own_declaration_and_under_its_own_names(service: Any) -> None:
    first = await service.open()
    await service.answer(first, "tax", "matched", WAGE)
    await service.answer(first, "civil_affairs", "matched", BENEFIT)
    members: list[dict[str, Any]] = [MOTHER, CHILD, FATHER]
    renamed = [{**member, "id": f"m{at}"} for at, member in enumerate(members)]
    renamed[2]["income"] = [{"kind": "wage", "monthly": "2600.00"}]
    second = await service.open(*renamed, household_id=first.household_id, subject="resident-1")
    await service.answer_all(first, but=("tax", "civil_affairs"))
    facts = [(await service.facts(case)).json() for case in (first, second)]
    assert facts[0]["person_ids"]["p1"] == facts[1]["person_ids"]["m2"]
    assert [
        one["provenance"][path]["differs"]
        for one, path in zip(facts, ("members.p1.income.wage", "members.m2.income.wage"), strict=True)
    ] == [True, False]
    assert facts[1]["household"]["receiving"][0]["shares"] == {"m2": "300.00", "m1": "600.00"}


@pytest.mark.clause("1.2")
async def test_two_applications_at_once_open_one(service: Any) -> None:
    first = await service.submit()
    second = await service.submit(household_id=first.household_id)
    await asyncio.gather(*(service.run_due() for _ in range(3)))
    for case in (first, second):
        await service.look_up(case)
    assert first.verification_id == second.verification_id
    assert len(await service.recorded(VerificationRequested)) == len(service.means.catalogue.by_department)


@pytest.mark.clause("1.2")
async def test_other_persons_are_another_verification(service: Any) -> None:
    first = await service.open()
    await service.answer_all(first)
    newcomer = {
        "id": "p4",
        "name": "赵",
        "identity_number": identity_number(date(2000, 2, 29), sequence=906),
        "relation": "other",
    }
    second = await service.open(FATHER, MOTHER, CHILD, newcomer, household_id=first.household_id)
    assert second.verification_id != first.verification_id


@pytest.mark.clause("1.2", "12.3.1")
async def test_a_lapsed_verification_is_not_reused(service: Any) -> None:
    first = await service.open()
    await service.answer_all(first)
    await service.pass_time(days=183)
    second = await service.open(household_id=first.household_id, signed_on="2023-04-11")
    assert second.verification_id != first.verification_id


@pytest.mark.clause("1.2")
async def test_one_that_holds_is_not_renewed(service: Any) -> None:
    case = await service.open()
    refused = await renew(service, case)
    assert (refused.status_code, problem_code(refused)) == (409, "verification_in_force")
    await service.answer_all(case)
    refused = await renew(service, case)
    assert "有效期至 2023-04-10" in refused.json()["detail"]


@pytest.mark.clause("1.2", "12.3.1")
async def test_a_lapsed_one_is_renewed_once_under_letters_that_stand(service: Any) -> None:
    case = await service.open()
    await service.answer_all(case)
    await service.pass_time(days=183)
    assert problem_code(await service.facts(case)) == "verification_expired"
    renewed = [await renew(service, case) for _ in range(2)]
    assert [answer.status_code for answer in renewed] == [202, 202]
    assert renewed[0].json() == renewed[1].json(), "the same key is the same renewal"
    assert problem_code(await renew(service, case, key="renewal-2")) == "verification_in_force"
    await service.look_up(case)
    await service.answer(case, "tax", "matched", WAGE)
    await service.answer_all(case, but=("tax",))
    facts = (await service.facts(case)).json()
    assert (facts["revision"], facts["as_of"]) == (2, "2023-04-11")
    assert len(await service.recorded(VerificationRequested)) == 2 * len(service.means.catalogue.by_department)


@pytest.mark.clause("12.1.2")
async def test_no_renewal_under_a_letter_that_is_over(service: Any) -> None:
    case = await service.open()
    await service.answer_all(case)
    await service.pass_time(days=366)
    refused = await renew(service, case)
    assert (refused.status_code, problem_code(refused)) == (403, "authorisation_not_in_force")
    assert (await service.ledger(case))[-1]["reason"] == "authorisation_not_in_force"


@pytest.mark.clause("12.1.2")
async def test_another_street_renews_nothing(service: Any) -> None:
    case = await service.open()
    refused = await renew(service, case, streets=["420106006"])
    assert refused.status_code == 404
