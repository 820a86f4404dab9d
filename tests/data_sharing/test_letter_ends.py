"""When the letters of a household end: with its last benefit, on that day and not before (12.1.2)."""

from datetime import date
from typing import Any

import pytest
from tests.data_sharing.conftest import FATHER, MOTHER
from tests.data_sharing.test_letters import CLERK, about, post, sign

from shared.events.eligibility import BenefitEnded, BenefitStarted, DecisionConfirmed, HouseholdChangeReported
from shared.ids import new_id
from shared.testing import problem_code

pytestmark = pytest.mark.clause("12.1.2")


async def with_a_benefit_that_ends(service: Any, *, ends_on: date) -> tuple[Any, Any]:
    case = await service.open()
    await service.answer_all(case, but=("tax",))
    await service.pass_time(days=15)
    started = about(BenefitStarted, case, benefit_id=new_id())
    await service.hear(about(DecisionConfirmed, case), started)
    return case, about(BenefitEnded, case, benefit_id=started.benefit_id, ends_on=ends_on)


async def test_a_change_before_the_last_day_ends_them_for_asking(service: Any) -> None:
    case, ended = await with_a_benefit_that_ends(service, ends_on=date(2022, 11, 30))
    await service.hear(ended, about(HouseholdChangeReported, case, members_changed=True))
    refused = await service.read_query(case, "tax")
    assert (refused.status_code, problem_code(refused)) == (403, "authorisation_ended")


async def test_who_is_not_declared_any_more_is_not_asked_about_although_a_last_day_is_known(service: Any) -> None:
    case, ended = await with_a_benefit_that_ends(service, ends_on=date(2022, 11, 30))
    await service.hear(ended)
    await service.open(FATHER, household_id=case.household_id, signed_on="2022-10-25")
    assert (await service.read_query(case, "tax")).status_code == 403


async def test_those_of_a_household_that_changed_are_over_with_its_last_benefit(service: Any) -> None:
    case, ended = await with_a_benefit_that_ends(service, ends_on=date(2022, 10, 31))
    await service.hear(about(HouseholdChangeReported, case, members_changed=True), ended)
    assert (await service.facts(case)).status_code == 200, "the change itself is assessed"
    assert (await service.read_query(case, "tax")).status_code == 403
    await service.pass_time(days=30)
    assert (await service.facts(case)).status_code == 403


async def test_a_benefit_that_starts_before_the_last_day_keeps_them(service: Any) -> None:
    case, ended = await with_a_benefit_that_ends(service, ends_on=date(2022, 11, 30))
    await service.hear(ended)
    await service.pass_time(days=10)
    await service.hear(about(BenefitStarted, case, benefit_id=new_id(), starts_on=date(2022, 12, 1)))
    await service.pass_time(days=50)
    assert (await service.facts(case)).status_code == 200


async def test_an_application_that_was_undecided_on_the_last_day_and_is_refused_ends_them(service: Any) -> None:
    case, ended = await with_a_benefit_that_ends(service, ends_on=date(2022, 10, 31))
    later = await service.open(household_id=case.household_id, signed_on="2022-10-25")
    await service.hear(ended)
    await service.pass_time(days=10)
    assert (await service.facts(later)).status_code == 200
    await service.hear(about(DecisionConfirmed, later, outcome="refused", granted=()))
    await service.run_due()
    assert (await service.facts(later)).status_code == 403


@pytest.mark.parametrize("signed_on", ["0001-01-01", "2021-10-09"])
async def test_a_signature_whose_letter_is_over_replaces_nothing(service: Any, signed_on: str) -> None:
    case = await service.open()
    answer = await sign(service, case, "p1", signed_on=signed_on)
    assert (answer.status_code, (await service.read_query(case, "tax")).status_code) == (422, 200)


async def test_a_letter_as_obligor_does_not_replace_that_as_a_member(service: Any) -> None:
    """The father is named as obligor of the mother's application, then lives with her."""
    mother = {**MOTHER, "relation": "applicant"}
    first = await service.open(mother)
    person = {"name": FATHER["name"], "identity_number": FATHER["identity_number"]}
    body = {**person, "relation": "spouse", "obligor_of": "p2"}
    named = await post(service, f"/v1/applications/{first.application_id}/obligors", body, **CLERK)
    assert named.status_code == 201, named.text
    together = (mother, {**FATHER, "relation": "spouse"})
    second = await service.open(*together, household_id=first.household_id, signed_by=["p1", "p2"])
    assert (await service.read_query(second, "tax")).status_code == 200
    path = f"/v1/obligors/{named.json()['obligor_id']}/consent"
    assert (await post(service, path, {"signed_on": "2022-10-10"}, **CLERK)).is_success
    assert (await service.read_query(second, "tax")).status_code == 200


async def test_a_department_that_answered_has_nothing_to_look_for_once_the_verification_lapsed(service: Any) -> None:
    case = await service.open()
    await service.answer_all(case)
    assert (await service.read_query(case, "tax")).status_code == 200
    await service.pass_time(days=200)
    looked = await service.read_query(case, "tax")
    assert (looked.status_code, problem_code(looked)) == (409, "verification_expired")
    assert FATHER["identity_number"] not in looked.text
