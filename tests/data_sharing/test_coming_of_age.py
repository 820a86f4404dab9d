"""Somebody turns 18 while a case runs: from then on nobody is asked about them before they signed (12.1.2)."""

from datetime import date
from typing import Any

import pytest
from tests.data_sharing.conftest import CHILD, FATHER, MOTHER
from tests.data_sharing.test_letters import CLERK, newest_letter, sign, withdraw
from tests.data_sharing.test_one_verification import renew

from shared.testing import identity_number, problem_code

YOUTH = {**CHILD, "identity_number": identity_number(date(2004, 12, 1), sequence=907)}


@pytest.mark.clause("12.1.2")
async def test_who_came_of_age_is_not_asked_about_anew_before_they_signed(service: Any) -> None:
    case = await service.open(FATHER, MOTHER, YOUTH)
    await service.answer_all(case)
    await service.pass_time(days=183)
    refused = await renew(service, case)
    assert (refused.status_code, problem_code(refused)) == (403, "authorisation_missing")
    signed = await sign(service, case, "p3", signed_on="2023-04-11")
    assert signed.status_code == 201, signed.text
    assert (await renew(service, case, key="renewal-2")).status_code == 202
    await service.look_up(case)
    assert (await service.read_query(case, "tax")).status_code == 200
    letter = await newest_letter(service, case, "p3")
    await withdraw(service, letter, who=CLERK, on_behalf=True)
    refused = await service.read_query(case, "tax")
    assert (refused.status_code, problem_code(refused)) == (403, "authorisation_withdrawn")


@pytest.mark.clause("12.1.2")
async def test_who_signed_for_a_later_application_may_withdraw_it(service: Any) -> None:
    """It joins the verification of before, in which they were a child."""
    first = await service.open(FATHER, MOTHER, YOUTH)
    await service.answer_all(first)
    await service.pass_time(days=60)
    signed = {"signed_by": ["p1", "p2", "p3"], "signed_on": "2022-12-09"}
    second = await service.open(FATHER, MOTHER, YOUTH, household_id=first.household_id, **signed)
    assert (await service.facts(second)).status_code == 200
    letter = await newest_letter(service, second, "p3")
    await withdraw(service, letter, who=CLERK, on_behalf=True)
    refused = await service.facts(second)
    assert (refused.status_code, problem_code(refused)) == (403, "authorisation_withdrawn")
