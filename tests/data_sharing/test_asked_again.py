"""Who was refused for want of a letter is asked again when the family has signed (1.2, 12.1.2)."""

from typing import Any

import pytest
from tests.data_sharing.test_letters import sign

from shared.events.data_sharing import VerificationRequested

pytestmark = [pytest.mark.clause("1.2"), pytest.mark.clause("12.1.2")]


async def test_departments_hear_again_of_what_they_were_refused(service: Any) -> None:
    case = await service.open(signed_by=["p1"])
    assert (await service.read_query(case, "tax")).status_code == 403
    assert (await sign(service, case, "p2")).status_code == 201
    asked = await service.recorded(VerificationRequested)
    assert [one.query_id for one in asked if one.department == "tax"] == [case.query_ids["tax"]] * 2
    await service.answer(case, "tax", "no_record")
    await sign(service, case, "p2", key="signed-again")
    asked = await service.recorded(VerificationRequested)
    assert len([one for one in asked if one.department == "tax"]) == 2, "what was answered is not asked again"
