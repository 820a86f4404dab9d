"""Somebody applies in a family's name with a login of their own (12.1.2)."""

from typing import Any

import pytest
from tests.data_sharing.test_letters import about, letters, withdraw
from tests.data_sharing.test_one_verification import WAGE

from shared.auth import Role
from shared.events.eligibility import DecisionConfirmed

STRANGER = "resident-9"


@pytest.mark.clause("12.1.2")
@pytest.mark.parametrize("is_granted", [True, False])
async def test_they_read_nothing_and_end_nothing_before_something_is_granted(service: Any, *, is_granted: bool) -> None:
    family = await service.open()
    await service.answer(family, "tax", "matched", WAGE)
    await service.answer_all(family, but=("tax",))
    await service.hear(about(DecisionConfirmed, family))
    await service.pass_time(days=1)
    claimed = await service.open(household_id=family.household_id, subject=STRANGER)
    of_case = f"/v1/applications/{claimed.application_id}/verification"
    assert (await service.get(of_case, Role.RESIDENT, subject=STRANGER)).status_code == 404
    path = f"/v1/authorisations?household_id={family.household_id}"
    assert (await service.get(path, Role.RESIDENT, subject=STRANGER)).status_code == 404
    assert (await service.get("/v1/accesses", Role.RESIDENT, subject=STRANGER)).json()["items"] == []
    pretender: dict[str, Any] = {"roles": (Role.RESIDENT,), "subject": STRANGER}
    for letter in await letters(service, family):
        assert (await withdraw(service, letter, who=pretender)).status_code == 404
    assert (await service.facts(family)).status_code == 200
    decided = {} if is_granted else {"outcome": "refused", "granted": ()}
    await service.hear(about(DecisionConfirmed, claimed, **decided))
    seen = await service.get(of_case, Role.RESIDENT, subject=STRANGER)
    assert seen.status_code == (200 if is_granted else 404)
