"""核对报告: masked for the family and its street, in full for who may unmask this very case; on the ledger."""

from typing import Any

import pytest

from shared.auth import Role
from shared.testing import problem_code

WAGE = {"person_ref": "p1", "data_set": "individual_income", "fields": {"wage": "2600.00"}, "as_of": "2022-09-30"}


async def report(service: Any, case: Any, role: Role, *, view: str = "masked", **scope: Any) -> Any:
    return await service.get(f"/v1/applications/{case.application_id}/verification/report?view={view}", role, **scope)


@pytest.mark.clause("1.2", "12.3.1")
async def test_the_report_says_who_was_checked_under_whose_letters_and_what_came_of_it(service: Any) -> None:
    case = await service.open()
    await service.answer(case, "tax", "matched", WAGE)
    await service.answer_all(case, but=("tax",))
    answer = await report(service, case, Role.RESIDENT, subject="resident-1")
    document = answer.json()
    assert not any(secret in answer.text for secret in service.secrets)
    assert [(one["ref"], one["name"], one["identity_number"]) for one in document["persons"]] == [
        ("p1", "张*试", "420199********903X"),
        ("p2", "李*例", "420199********9042"),
        ("p3", "张*样", "420199********9056"),
    ]
    assert sorted(one["signer"] for one in document["letters"]) == ["p1", "p2"]
    assert (document["conclusion"], document["is_valid"], document["valid_until"]) == (
        "differs",
        True,
        "2023-04-10T16:00:00Z",
    )
    assert [one["path"] for one in document["differences"]] == ["members.p1.income.wage"]
    assert await service.ledger(case) == [], "the applicant's own look is no look of others"


@pytest.mark.clause("1.2")
@pytest.mark.parametrize(("silent", "conclusion"), [((), "consistent"), (("tax",), "cannot_decide")])
async def test_what_nobody_said_is_no_agreement(service: Any, silent: tuple[str, ...], conclusion: str) -> None:
    case = await service.open()
    await service.answer_all(case, but=silent)
    await service.pass_time(days=15)
    answer = await report(service, case, Role.STREET_CLERK, streets=["420106009"])
    assert answer.json()["conclusion"] == conclusion


@pytest.mark.clause("12.1.2")
async def test_in_full_for_this_case_alone(service: Any) -> None:
    case, other = await service.open(), await service.open(subject="resident-2")
    for one in (case, other):
        await service.answer_all(one)
    clerk: dict[str, Any] = {"streets": ["420106009"], "scope": f"unmask:{case.application_id}"}
    full = await report(service, case, Role.STREET_CLERK, view="full", **clerk)
    assert [one["identity_number"] for one in full.json()["persons"]] == list(service.secrets[1::2])
    (entry,) = await service.ledger(case)
    assert "身份证号码" in entry["fields"]
    refused = await report(service, other, Role.STREET_CLERK, view="full", **clerk)
    assert (refused.status_code, problem_code(refused)) == (403, "unmask_not_permitted")
    assert not any(secret in refused.text for secret in service.secrets)
    assert (await service.ledger(other))[-1]["reason"] == "unmask_not_permitted"
    unscoped = await report(service, case, Role.STREET_CLERK, view="full", streets=["420106009"])
    assert problem_code(unscoped) == "unmask_not_permitted"


@pytest.mark.clause("12.1.2")
async def test_no_report_before_completion_and_none_for_strangers(service: Any) -> None:
    case = await service.open()
    for role, scope in ((Role.RESIDENT, {"subject": "resident-1"}), (Role.STREET_CLERK, {"streets": ["420106009"]})):
        early = await report(service, case, role, **scope)
        assert (early.status_code, problem_code(early)) == (409, "not_completed")
    await service.answer_all(case)
    assert (await report(service, case, Role.RESIDENT, subject="resident-2")).status_code == 404
    assert (await report(service, case, Role.STREET_CLERK, streets=["420106006"])).status_code == 404
