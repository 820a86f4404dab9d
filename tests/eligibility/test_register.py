"""The register of needy households: which tier, since when, why, as of any day."""

import json
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

from eligibility.rules import TOOLBOOK
from eligibility.rules.register import Tier, tier_of, until_on
from shared.auth import Role

CASES = Path(__file__).parent / "cases"
OTHER_STREET = "420106001"


def facts(case: str) -> dict[str, Any]:
    household: dict[str, Any] = json.loads((CASES / f"{case}.json").read_text(encoding="utf-8"))["household"]
    return household


async def entries(service: Any, query: str = "", role: Role = Role.AUDITOR, **who: Any) -> list[dict[str, Any]]:
    return list((await service.get(f"/v1/register?{query}", role, **who)).json()["items"])


def test_every_tier_comes_from_a_policy_of_the_toolbook() -> None:
    tiers = {tier_of(policy.id) for policy in TOOLBOOK.policies} - {None}
    assert tiers | {"dibao_grace"} == set(get_args(Tier))


def test_what_lasts_twelve_months_is_over_on_the_same_day_of_the_next_year() -> None:
    assert until_on("rigid_expenditure", date(2025, 3, 3), months_at_most=12) == date(2026, 3, 3)
    assert until_on("low_income_margin", date(2025, 3, 3), months_at_most=None) is None
    assert until_on("temporary_assistance", date(2025, 3, 3), months_at_most=None) == date(2026, 3, 3)


@pytest.mark.clause("12.3.2")
async def test_a_decision_in_force_puts_the_household_on_its_tiers_with_the_reason(eligibility: Any) -> None:
    decision = await eligibility.decided(facts("H01"))
    [entry] = await entries(eligibility)
    assert (entry["tier"], entry["since"], entry["until"]) == ("dibao", "2022-10-18", None)
    assert (entry["cause"], entry["cause_id"]) == ("decision", decision["decision_id"])
    assert entry["persons"] == ["p1", "p2", "p3"]
    assert await entries(eligibility, "on=2022-10-17") == [], "as of any day"


@pytest.mark.clause("12.3.2")
async def test_tiers_without_money_are_on_it_and_rigid_expenditure_ends_by_itself(eligibility: Any) -> None:
    await eligibility.decided(facts("H02"))
    assert [one["tier"] for one in await entries(eligibility)] == ["low_income_margin"]
    await eligibility.at(date(2025, 3, 3))
    await eligibility.decided(facts("H03a"))
    [rigid] = await entries(eligibility, "tier=rigid_expenditure")
    assert rigid["until"] == "2026-03-03"
    assert len(await entries(eligibility, "tier=rigid_expenditure&on=2026-03-02")) == 1
    assert await entries(eligibility, "tier=rigid_expenditure&on=2026-03-03") == []


async def test_somebody_recognised_again_has_one_entry_that_lasts_longer(eligibility: Any) -> None:
    await eligibility.at(date(2025, 3, 3))
    decision = await eligibility.decided(facts("H03a"))
    await eligibility.at(date(2026, 3, 2))
    again = await eligibility.decided(facts("H03a"), whose=decision["household_id"])
    assert "rigid_expenditure" not in {one["policy"] for one in again["measures"]}, "it is still in force"
    await eligibility.at(date(2026, 3, 3))
    await eligibility.decided(facts("H03a"), whose=decision["household_id"])
    [renewed] = await entries(eligibility, "tier=rigid_expenditure")
    assert (renewed["since"], renewed["until"]) == ("2026-03-03", "2027-03-03")


def income(household: dict[str, Any], monthly: str) -> dict[str, Any]:
    household["members"][0]["income"] = [{"kind": "pension", "monthly": monthly}]
    return household


@pytest.mark.clause("12.3.2")
async def test_a_margin_family_that_falls_to_dibao_is_on_one_tier(eligibility: Any) -> None:
    decision = await eligibility.decided(facts("H02"))
    fallen = await eligibility.decided(income(facts("H02"), "900.00"), whose=decision["household_id"])
    assert {(one["policy"], one["outcome"]) for one in fallen["measures"]} >= {
        ("dibao", "granted"),
        ("low_income_margin", "refused"),
    }
    assert fallen["outcome"] == "granted"
    assert [one["tier"] for one in await entries(eligibility)] == ["dibao"]
    assert [one["tier"] for one in await entries(eligibility, "on=2022-10-17")] == ["low_income_margin"]


@pytest.mark.clause("12.3.2")
async def test_a_margin_family_that_has_more_by_now_is_decided_on_and_leaves(eligibility: Any) -> None:
    decision = await eligibility.decided(facts("H02"))
    await eligibility.verified(decision["application_id"], decision["household_id"], income(facts("H02"), "9000.00"))
    assert [one["tier"] for one in await entries(eligibility)] == ["low_income_margin"], "nothing ends by itself"
    path = f"/v1/households/{decision['household_id']}/changes"
    [suggestion] = (await eligibility.get(path, Role.AUDITOR)).json()["suggestions"]
    assert (suggestion["kind"], suggestion["policy"]) == ("decide", "low_income_margin")
    assert "不成立" in suggestion["reason"]

    decision = await eligibility.agreed(suggestion["assessment_id"])
    assert decision["state"] == "in_force"
    assert ("low_income_margin", "refused") in {(one["policy"], one["outcome"]) for one in decision["measures"]}
    assert decision["appeal_routes"], "the family is told how to object"
    assert await entries(eligibility) == []
    assert (await eligibility.get(path, Role.AUDITOR)).json()["suggestions"] == []


async def test_what_waits_for_a_fact_ends_no_identification(eligibility: Any) -> None:
    decision = await eligibility.decided(facts("H02"))
    unknown = facts("H02")
    unknown["members"][1]["income"] = None
    await eligibility.verified(decision["application_id"], decision["household_id"], unknown)
    path = f"/v1/households/{decision['household_id']}/changes"
    assert (await eligibility.get(path, Role.AUDITOR)).json()["suggestions"] == []


async def test_streets_see_their_own_and_the_district_counts_all(eligibility: Any) -> None:
    await eligibility.decided(facts("H01"))
    await eligibility.decided(facts("H01"))
    await eligibility.decided(facts("H02"))
    assert len(await entries(eligibility, role=Role.STREET_CLERK)) == 3
    assert await entries(eligibility, role=Role.STREET_CLERK, streets=(OTHER_STREET,)) == []
    assert await entries(eligibility, f"street={OTHER_STREET}") == []
    counted = (await eligibility.get("/v1/register/counts", Role.DISTRICT_OFFICER)).json()
    assert counted["on"] == eligibility.clock.today().isoformat()
    assert [(one["street"], one["tier"], one["households"]) for one in counted["items"]] == [
        ("420106009", "dibao", 2),
        ("420106009", "low_income_margin", 1),
    ]
    elsewhere = await eligibility.get("/v1/register/counts", Role.STREET_CLERK, streets=(OTHER_STREET,))
    assert elsewhere.json()["items"] == []


async def test_the_register_comes_in_pages(eligibility: Any) -> None:
    for _ in range(3):
        await eligibility.decided(facts("H02"))
    seen: list[str] = []
    cursor = ""
    for _ in range(3):
        page = (await eligibility.get(f"/v1/register?limit=2{cursor}", Role.AUDITOR)).json()
        seen += [one["entry_id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == len(set(seen)) == 3
