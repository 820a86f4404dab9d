"""Each policy that no other test names: a household just inside its condition, and one just outside."""

from datetime import date
from typing import Any

import pytest

from eligibility.rules import assess

TODAY = date(2022, 12, 1)
HERE = {"registration": {"region": "420106", "kind": "urban"}}
ELDER = {"birth_date": "1962-12-01", **HERE}
ALMOST_ELDER = {"birth_date": "1962-12-02", **HERE}
YOUNG = {"birth_date": "1985-05-05", **HERE}
BLIND = {"disability": {"category": "sight", "grade": 1, "certificate": True}}
HELPLESS = ["eat", "dress", "bed", "toilet"]
RICH = {"income": [{"kind": "pension", "monthly": "9000.00"}]}
WORKER = {**YOUNG, "employment": {"status": "employed"}, "income": [{"kind": "wage", "monthly": "1000.00"}]}
MEDICAL = {"rigid_spending_12m": [{"kind": "medical", "amount": "3000.00"}]}
FIRE = {"incident": {"cause": "fire", "on": "2022-11-30"}}
CRASH = {"incident": {"cause": "traffic_accident", "on": "2022-11-30"}}


def entitled(policy: str, member: dict[str, Any], household: dict[str, Any]) -> Any:
    alone = {"id": "p1", "relation": "applicant", **member}
    return assess({"street": "420106009", "members": [alone], **household}, TODAY).results[policy].eligible


def case(clause: str, policy: str, inside: Any, outside: Any) -> Any:
    """Each side is a member, or a member and what is said of the household."""
    sides = [side if isinstance(side, tuple) else (side, {}) for side in (inside, outside)]
    return pytest.param(policy, *sides, marks=pytest.mark.clause(clause), id=policy)


@pytest.mark.parametrize(
    ("policy", "inside", "outside"),
    [
        case("2.1.7", "education_aid", {**YOUNG, "school": {"stage": "undergraduate"}}, YOUNG),
        case("2.1.7", "temporary_assistance", (YOUNG, {**MEDICAL, "requested_amount": "500.00"}), (YOUNG, MEDICAL)),
        case("2.2.3", "supplementary_illness_insurance", (YOUNG, MEDICAL), YOUNG),
        case("2.4.1", "public_rental_housing", YOUNG, (YOUNG, {"assets": {"homes": 1}})),
        case("2.6.1", "legal_aid", YOUNG, {**YOUNG, **RICH}),
        case("2.7.1", "disaster_relief_goods", ({**YOUNG, **RICH}, FIRE), ({**YOUNG, **RICH}, CRASH)),
        case(
            "2.7.2",
            "disaster_insurance",
            ({**YOUNG, **RICH}, FIRE),
            ({**YOUNG, "registration": {"region": "420107", "kind": "urban"}}, FIRE),
        ),
        case("2.8.1", "elderly_service_subsidy", ELDER, ALMOST_ELDER),
        case("2.8.2", "elderly_home_services", ELDER, {**ELDER, **RICH}),
        case("2.8.3", "home_adaptation", ELDER, ALMOST_ELDER),
        case("2.8.8", "weekly_visit", {**ELDER, **RICH}, {**ALMOST_ELDER, **RICH}),
        case(
            "2.9.5",
            "severe_disability_home_service",
            {**YOUNG, **BLIND, "self_care_failed": HELPLESS},
            {**YOUNG, **BLIND, "self_care_failed": HELPLESS[:3]},
        ),
        case(
            "2.9.8",
            "disabled_social_insurance_subsidy",
            {**YOUNG, **BLIND, "employment": {"status": "flexible"}},
            {**YOUNG, **BLIND, "employment": {"status": "employed"}},
        ),
        case(
            "2.9.9",
            "disabled_startup_subsidy",
            {**YOUNG, **BLIND, "employment": {"status": "self_employed", "since": "2021-12-01"}},
            {**YOUNG, **BLIND, "employment": {"status": "self_employed", "since": "2021-12-02"}},
        ),
        case("2.11.1", "worker_file", WORKER, {**WORKER, **RICH}),
        case("2.11.4", "worker_temporary_care", (WORKER, CRASH), WORKER),
    ],
)
def test_who_is_just_inside_gets_it_and_who_is_just_outside_does_not(
    policy: str, inside: tuple[Any, Any], outside: tuple[Any, Any]
) -> None:
    assert entitled(policy, *inside) is True
    assert entitled(policy, *outside) is False


@pytest.mark.clause("2.10.3")
def test_whether_an_only_child_was_lost_is_asked_of_the_health_department() -> None:
    answer = assess({"members": [{"id": "p1", "relation": "applicant", **ELDER}]}, TODAY).as_json()
    parcel = answer["policies"]["bereaved_care_parcel"]
    assert parcel["eligible"] is None
    assert [(one["fact"], one["held_by"]) for one in parcel["explanation"]["awaits"]] == [("lost_only_child", "health")]
    young = assess({"members": [{"id": "p1", "relation": "applicant", **YOUNG}]}, TODAY)
    assert young.results["bereaved_care_parcel"].eligible is False
