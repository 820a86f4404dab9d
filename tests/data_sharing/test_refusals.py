"""Looks that are refused: each with its problem, each on the access ledger, none with personal data in it."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shared.auth import Role
from shared.database import Database
from shared.events.data_sharing import PersonalDataAccessed
from shared.ids import new_id
from shared.testing import SEAL_KEY, problem_code


async def assert_refused(service: Any, case: Any, answer: httpx.Response, status: int, reason: str) -> None:
    """The answer tells nothing, and the last entry of the ledger says why."""
    assert answer.status_code == status
    assert not any(secret in answer.text for secret in service.secrets)
    entry = (await service.ledger(case))[-1]
    assert (entry["outcome"], entry["reason"]) == ("refused", reason)
    looked = (await service.recorded(PersonalDataAccessed))[-1]
    assert (str(looked.access_id), looked.outcome) == (entry["access_id"], "refused")


@pytest.mark.clause("12.1.2")
async def test_expired_authorisation(service: Any) -> None:
    case = await service.open(signed_on="2021-10-10")
    # Signed for twelve months: this is the last day.
    assert (await service.read_query(case, "tax")).status_code == 200
    await service.answer_all(case, but=("tax",))
    await service.pass_time(days=1)
    refused = await service.read_query(case, "tax")
    assert problem_code(refused) == "authorisation_not_in_force"
    await assert_refused(service, case, refused, 403, "authorisation_not_in_force")
    for answer in (await service.answer(case, "tax"), await service.facts(case)):
        await assert_refused(service, case, answer, 403, "authorisation_not_in_force")


@pytest.mark.clause("12.1.2")
async def test_a_letter_that_is_not_yet_in_force(service: Any) -> None:
    case = await service.open(signed_on="2022-10-11")
    await assert_refused(service, case, await service.read_query(case, "tax"), 403, "authorisation_not_in_force")


@pytest.mark.clause("12.1.2")
async def test_a_department_asking_for_anothers_query(service: Any) -> None:
    case = await service.open()
    read = await service.read_query(case, "tax", by="housing")
    unknown = await service.http.get(f"/v1/queries/{new_id()}", headers=service.as_department("housing"))
    assert (read.status_code, problem_code(read)) == (unknown.status_code, problem_code(unknown))
    await assert_refused(service, case, read, 404, "not_addressed")
    assert (await service.ledger(case))[-1]["who"] == "区房管局"
    written = await service.answer(case, "tax", by="housing")
    await assert_refused(service, case, written, 404, "not_addressed")


@pytest.mark.clause("12.1.2")
async def test_a_service_without_a_department_reads_no_query(service: Any) -> None:
    case = await service.open()
    headers = service.mint.authorization("eligibility", Role.SERVICE, client_id="eligibility")
    answer = await service.http.get(f"/v1/queries/{case.query_ids['tax']}", headers=headers)
    await assert_refused(service, case, answer, 404, "not_addressed")


@pytest.mark.clause("12.1.2")
async def test_purpose_not_in_the_letter(service: Any) -> None:
    case = await service.open()
    await service.answer_all(case)
    for purpose in ("case_handling", "marketing"):
        refused = await service.facts(case, purpose=purpose)
        assert problem_code(refused) == "purpose_not_authorised"
        await assert_refused(service, case, refused, 403, "purpose_not_authorised")


@pytest.mark.clause("12.1.2")
async def test_a_client_that_the_purpose_is_not_open_to(service: Any) -> None:
    case = await service.open()
    await service.answer_all(case)
    refused = await service.facts(case, client_id="oversight")
    assert problem_code(refused) == "not_permitted"
    await assert_refused(service, case, refused, 403, "not_permitted")


@pytest.mark.clause("12.1.2")
async def test_a_purpose_that_is_no_word_reaches_neither_ledger_nor_event(service: Any) -> None:
    case = await service.open()
    refused = await service.facts(case, purpose="420199199003079030")
    assert refused.status_code == 422
    assert await service.recorded(PersonalDataAccessed) == []


@pytest.mark.clause("12.1.2")
async def test_an_adult_who_did_not_sign(service: Any) -> None:
    case = await service.open(signed_by=["p1"])
    await assert_refused(service, case, await service.read_query(case, "tax"), 403, "authorisation_missing")


@pytest.mark.clause("12.1.2")
async def test_minors_alone_need_their_guardians_letter(service: Any) -> None:
    minor = {
        "id": "p1",
        "name": "张小样",
        "identity_number": "420199201003219053",
        "relation": "applicant",
    }
    unsigned = await service.open(minor, signed_by=[])
    answer = await service.read_query(unsigned, "tax")
    await assert_refused(service, unsigned, answer, 403, "authorisation_missing")
    signed = await service.open(minor, signed_by=[], guardian_name="王监护")
    assert (await service.read_query(signed, "tax")).status_code == 200


@pytest.mark.clause("12.1.2")
async def test_a_field_that_is_not_in_the_letter(service: Any) -> None:
    case = await service.open()
    owner = Database(service.urls.owner, seal_key=SEAL_KEY)
    async with owner.transaction() as tx:
        await tx.execute(text("update authorisation set fields = array_remove(fields, 'individual_income.wage')"))
    await owner.close()
    await assert_refused(service, case, await service.read_query(case, "tax"), 403, "field_not_authorised")
    assert (await service.read_query(case, "housing")).status_code == 200


@pytest.mark.clause("12.3.1")
async def test_facts_before_the_verification_is_completed(service: Any) -> None:
    case = await service.open()
    refused = await service.facts(case)
    assert problem_code(refused) == "not_completed"
    await assert_refused(service, case, refused, 409, "not_completed")


@pytest.mark.clause("12.3.1")
async def test_facts_after_the_verification_has_expired(service: Any) -> None:
    case = await service.open()
    await service.answer_all(case)
    await service.pass_time(days=182)
    assert (await service.facts(case)).status_code == 200
    await service.pass_time(days=1)
    await assert_refused(service, case, await service.facts(case), 409, "verification_expired")


@pytest.mark.clause("12.1.2")
async def test_a_clerk_of_another_street(service: Any) -> None:
    case = await service.open()
    for path in (f"/v1/verifications/{case.verification_id}", f"/v1/applications/{case.application_id}/verification"):
        answer = await service.get(path, Role.STREET_CLERK, streets=["420106006"])
        await assert_refused(service, case, answer, 404, "out_of_scope")
    assert (await service.ledger(case))[-1]["who"] == "中华路街道工作人员"


@pytest.mark.clause("12.1.2")
async def test_another_resident(service: Any) -> None:
    case = await service.open()
    answer = await service.get(
        f"/v1/applications/{case.application_id}/verification", Role.RESIDENT, subject="resident-2"
    )
    await assert_refused(service, case, answer, 404, "out_of_scope")


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("/v1/queries/{query}", Role.DISTRICT_OFFICER),
        ("/v1/queries/{query}", Role.DEPARTMENT_OFFICER),
        ("/v1/applications/{application}/facts?purpose=assessment", Role.DISTRICT_OFFICER),
        ("/v1/verifications/{verification}", Role.OPS),
        ("/v1/accesses", Role.STREET_CLERK),
        ("/v1/indicators/verification-rate", Role.RESIDENT),
    ],
)
async def test_a_role_that_has_no_business_there(service: Any, path: str, role: Role) -> None:
    case = await service.open()
    filled = path.format(
        query=case.query_ids["tax"], application=case.application_id, verification=case.verification_id
    )
    answer = await service.get(filled, role, streets=["420106009"], department="tax")
    assert (answer.status_code, problem_code(answer)) == (403, "not_permitted")
