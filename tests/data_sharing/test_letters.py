"""The letter as a key (12.1.2): signed later, withdrawn in the middle, over with the benefit or with the household."""

import asyncio
from datetime import date
from typing import Any

import pytest
from tests.data_sharing.conftest import FATHER, MOTHER

from shared.auth import Role
from shared.events.data_sharing import AuthorisationEnded, VerificationAnswered
from shared.events.eligibility import (
    BenefitEnded,
    BenefitStarted,
    DecisionConfirmed,
    GracePeriodEnded,
    HouseholdChangeReported,
)
from shared.ids import new_id
from shared.testing import problem_code

STREET = "420106009"
CLERK: dict[str, Any] = {"roles": (Role.STREET_CLERK,), "subject": "clerk-1", "streets": [STREET]}
RESIDENT: dict[str, Any] = {"roles": (Role.RESIDENT,), "subject": "resident-1"}


async def post(
    service: Any, path: str, body: Any, *, roles: tuple[Role, ...], subject: str, key: str | None = None, **scope: Any
) -> Any:
    headers = service.mint.authorization(subject, *roles, **scope)
    headers |= {"Idempotency-Key": key or f"{subject}:{path}"}
    return await service.http.post(path, json=body, headers=headers)


async def sign(service: Any, case: Any, member: str, *, who: dict[str, Any] | None = None, **body: Any) -> Any:
    path = f"/v1/applications/{case.application_id}/authorisations"
    body = {"member": member, "signed_on": "2022-10-10", **body}
    return await post(service, path, body, **{**CLERK, **(who or {}), "key": f"sign-{new_id()}"})


async def letters(service: Any, case: Any) -> list[dict[str, Any]]:
    path = f"/v1/authorisations?household_id={case.household_id}"
    answer = await service.get(path, Role.STREET_CLERK, streets=[STREET])
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def withdraw(service: Any, letter: dict[str, Any], *, who: dict[str, Any], **body: Any) -> Any:
    path = f"/v1/authorisations/{letter['authorisation_id']}/withdrawal"
    return await post(service, path, body, **who)


async def letter_of(service: Any, case: Any, member: str) -> dict[str, Any]:
    """The newest letter of a member, by the person behind the name."""
    await service.answer_all(case, but=("tax",))
    return await newest_letter(service, case, member)


async def newest_letter(service: Any, case: Any, member: str) -> dict[str, Any]:
    """The same, and nothing is answered before."""
    persons = await persons_of(service, case)
    return next(letter for letter in await letters(service, case) if letter["person_id"] == persons[member])


async def persons_of(service: Any, case: Any) -> dict[str, str]:
    from_application = "select refs from application where application_id = $1"
    async with service.database.transaction() as tx:
        rows = await tx.exec_driver_sql(from_application, (case.application_id,))
        refs: dict[str, str] = rows.scalar_one()
    return refs


@pytest.mark.clause("12.1.2")
async def test_ask_be_refused_sign_ask_again_and_see_it_in_the_ledger(service: Any) -> None:
    case = await service.open(signed_by=["p1"])
    refused = await service.read_query(case, "tax")
    assert (refused.status_code, problem_code(refused)) == (403, "authorisation_missing")
    signed = await sign(service, case, "p2")
    assert (signed.status_code, signed.json()["state"]) == (201, "in_force")
    assert (await service.read_query(case, "tax")).status_code == 200
    entries = [(entry["outcome"], entry["reason"]) for entry in await service.ledger(case)]
    assert entries == [("refused", "authorisation_missing"), ("answered", None)]


@pytest.mark.clause("12.1.2")
async def test_a_letter_signed_for_another_household_opens_nothing(service: Any) -> None:
    """The same persons, of whom one signed in one application only."""
    await service.open()
    elsewhere = await service.open(signed_by=["p1"])
    refused = await service.read_query(elsewhere, "tax")
    assert (refused.status_code, problem_code(refused)) == (403, "authorisation_missing")
    assert (await service.ledger(elsewhere))[-1]["reason"] == "authorisation_missing"


@pytest.mark.clause("12.1.2")
async def test_a_resident_signs_for_themself_alone(service: Any) -> None:
    case = await service.open(signed_by=[])
    assert (await sign(service, case, "p1", who={**RESIDENT, "streets": []})).status_code == 201
    refused = await sign(service, case, "p2", who={**RESIDENT, "streets": []})
    assert (refused.status_code, problem_code(refused)) == (403, "not_the_signer")
    stranger = await sign(service, case, "p2", who={**RESIDENT, "subject": "resident-2", "streets": []})
    assert stranger.status_code == 404


@pytest.mark.parametrize(
    ("member", "body", "field"),
    [
        ("p9", {}, "body.member"),
        ("p3", {}, "body.member"),
        ("p2", {"signed_on": "2022-10-11"}, "body.signed_on"),
        ("p2", {"guardian_name": "王监护"}, "body.guardian_name"),
    ],
)
async def test_what_cannot_be_signed(service: Any, member: str, body: dict[str, Any], field: str) -> None:
    case = await service.open(signed_by=["p1"])
    refused = await sign(service, case, member, **body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == field
    assert len(await letters(service, case)) == 1


@pytest.mark.clause("12.1.2")
async def test_a_new_letter_replaces_the_old_one(service: Any) -> None:
    case = await service.open()
    await service.pass_time(days=40)
    await sign(service, case, "p1", signed_on="2022-11-19")
    states = [(letter["state"], letter["signed_on"]) for letter in await letters(service, case)]
    assert sorted(states) == [("in_force", "2022-10-10"), ("in_force", "2022-11-19"), ("replaced", "2022-10-10")]
    assert await service.recorded(AuthorisationEnded) == [], "a letter in place of another tells nobody anything"


@pytest.mark.clause("12.1.2")
async def test_revoked_in_mid_query(service: Any) -> None:
    """The department has looked, and the letter is withdrawn before it answers."""
    case = await service.open()
    letter = await letter_of(service, case, "p1")
    looked = await service.read_query(case, "tax")
    assert looked.status_code == 200
    assert (await withdraw(service, letter, who=RESIDENT)).json()["state"] == "withdrawn"
    answer = await service.http.put(
        f"/v1/queries/{case.query_ids['tax']}/answer",
        json={"grant_id": looked.json()["grant"]["grant_id"], "outcome": "no_record", "records": []},
        headers=service.as_department("tax"),
    )
    assert (answer.status_code, problem_code(answer)) == (403, "authorisation_withdrawn")
    assert not any(secret in answer.text for secret in service.secrets)
    assert (await service.ledger(case))[-1]["reason"] == "authorisation_withdrawn"
    assert "tax" not in {event.department for event in await service.recorded(VerificationAnswered)}
    (ended,) = await service.recorded(AuthorisationEnded)
    assert ended.reason == "withdrawn"


@pytest.mark.clause("12.1.2")
async def test_after_withdrawal_nothing_is_read_and_what_was_done_stays(service: Any) -> None:
    case = await service.open()
    letter = await letter_of(service, case, "p1")
    await service.answer(case, "tax")
    assert (await service.facts(case)).status_code == 200
    await withdraw(service, letter, who=RESIDENT)
    assert problem_code(await service.facts(case)) == "authorisation_withdrawn"
    report = await service.get(
        f"/v1/applications/{case.application_id}/verification", Role.STREET_CLERK, streets=[STREET]
    )
    assert report.json()["state"] == "completed"


@pytest.mark.clause("12.1.2")
async def test_only_the_signer_withdraws_or_a_clerk_with_their_paper(service: Any) -> None:
    case = await service.open()
    of_mother = await letter_of(service, case, "p2")
    assert (await withdraw(service, of_mother, who=RESIDENT)).status_code == 404
    assert (
        await withdraw(service, of_mother, who={**CLERK, "streets": ["420106006"]}, on_behalf=True)
    ).status_code == 404
    bare = await withdraw(service, of_mother, who=CLERK)
    assert (bare.status_code, bare.json()["errors"][0]["field"]) == (422, "body.on_behalf")
    done = await withdraw(service, of_mother, who={**CLERK, "key": "paper-0001"}, on_behalf=True)
    again = await withdraw(service, of_mother, who={**CLERK, "key": "paper-0002"}, on_behalf=True)
    assert (done.status_code, done.json()) == (200, again.json())
    assert len(await service.recorded(AuthorisationEnded)) == 1


async def test_two_withdrawals_at_once_are_one(service: Any) -> None:
    case = await service.open()
    letter = await letter_of(service, case, "p1")
    answers = await asyncio.gather(
        *(withdraw(service, letter, who={**RESIDENT, "key": f"withdraw-{at}"}) for at in range(4))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len(await service.recorded(AuthorisationEnded)) == 1


@pytest.mark.clause("12.1.2")
async def test_letters_end_with_the_last_benefit(service: Any) -> None:
    case = await service.open()
    await service.answer_all(case)
    started = [about(BenefitStarted, case, benefit_id=new_id()) for _ in range(2)]
    await service.hear(about(DecisionConfirmed, case), *started)
    first, last = (
        about(kind, case, benefit_id=one.benefit_id, ends_on=date(2022, 11, 30))
        for kind, one in zip((BenefitEnded, GracePeriodEnded), started, strict=True)
    )
    await service.hear(first)
    assert {letter["state"] for letter in await letters(service, case)} == {"in_force"}
    await service.hear(last)
    assert {letter["state"] for letter in await letters(service, case)} == {"in_force"}, "to the end of the last day"
    assert (await service.facts(case)).status_code == 200
    await service.pass_time(days=51, hours=14)
    assert service.clock.now().isoformat() == "2022-11-30T16:00:00+00:00"
    assert {letter["state"] for letter in await letters(service, case)} == {"benefit_ended"}
    assert problem_code(await service.facts(case)) == "authorisation_ended"


@pytest.mark.clause("12.1.2")
async def test_an_undecided_application_keeps_the_letters(service: Any) -> None:
    case = await service.open()
    started = about(BenefitStarted, case, benefit_id=new_id())
    await service.hear(started, about(BenefitEnded, case, benefit_id=started.benefit_id, ends_on=date(2022, 10, 9)))
    assert {letter["state"] for letter in await letters(service, case)} == {"in_force"}


@pytest.mark.clause("12.1.2", "12.3.2")
async def test_a_marriage_ends_the_letters_for_asking_and_not_for_what_is_known(service: Any) -> None:
    case = await service.open()
    await service.answer_all(case, but=("tax",))
    await service.pass_time(days=15)
    await service.hear(about(HouseholdChangeReported, case, members_changed=False))
    assert (await service.read_query(case, "tax")).status_code == 200
    await service.hear(about(HouseholdChangeReported, case, members_changed=True))
    assert problem_code(await service.read_query(case, "tax")) == "authorisation_ended"
    assert (await service.facts(case)).status_code == 200
    assert {event.reason for event in await service.recorded(AuthorisationEnded)} == {"household_changed"}


@pytest.mark.clause("12.1.2")
async def test_who_is_not_declared_any_more_is_not_asked_about(service: Any) -> None:
    together = await service.open(FATHER, MOTHER)
    apart = await service.open(FATHER, household_id=together.household_id)
    assert problem_code(await service.read_query(together, "tax")) == "authorisation_ended"
    assert (await service.read_query(apart, "tax")).status_code == 200


@pytest.mark.clause("12.1.2")
@pytest.mark.parametrize(("minutes", "code"), [(14, None), (15, "grant_expired")])
async def test_a_grant_lives_for_minutes(service: Any, minutes: int, code: str | None) -> None:
    case = await service.open()
    looked = await service.read_query(case, "tax")
    await service.pass_time(minutes=minutes)
    answer = await service.http.put(
        f"/v1/queries/{case.query_ids['tax']}/answer",
        json={"grant_id": looked.json()["grant"]["grant_id"], "outcome": "no_record"},
        headers=service.as_department("tax"),
    )
    assert (None if answer.is_success else problem_code(answer)) == code
    if code is not None:
        assert (await service.ledger(case))[-1]["reason"] == code


@pytest.mark.clause("12.1.2")
async def test_the_grant_of_another_query_or_of_nobody(service: Any) -> None:
    case = await service.open()
    looked = await service.read_query(case, "housing")
    for grant_id in (looked.json()["grant"]["grant_id"], str(new_id())):
        answer = await service.http.put(
            f"/v1/queries/{case.query_ids['tax']}/answer",
            json={"grant_id": grant_id, "outcome": "no_record"},
            headers=service.as_department("tax"),
        )
        assert (answer.status_code, problem_code(answer)) == (403, "grant_unknown")
        assert (await service.ledger(case))[-1]["reason"] == "grant_unknown"


@pytest.mark.clause("12.1.2")
async def test_letters_are_seen_by_the_family_and_its_street(service: Any) -> None:
    case = await service.open()
    path = f"/v1/authorisations?household_id={case.household_id}"
    for subject, status in (("resident-1", 200), ("resident-2", 404)):
        assert (await service.get(path, Role.RESIDENT, subject=subject)).status_code == status
    assert (await service.get(path, Role.STREET_CLERK, streets=["420106006"])).status_code == 404
    assert (await service.get(path, Role.AUDITOR)).status_code == 200


def about(kind: type[Any], case: Any, **fields: Any) -> Any:
    """An event about this household."""
    return kind.model_validate(
        {**kind.example, "household_id": case.household_id, "application_id": case.application_id, **fields}
    )
