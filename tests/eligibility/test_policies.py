"""The policies at their edges, in the words of the clauses."""

from datetime import date
from typing import Any

import pytest

from eligibility.rules import assess

TODAY = date(2022, 12, 5)
HERE = {"region": "420106", "kind": "urban"}


def person(name: str, birth: str = "1980-01-01", relation: str = "other", **facts: Any) -> dict[str, Any]:
    return {"id": name, "relation": relation, "birth_date": birth, "registration": HERE, **facts}


def applicant(birth: str = "1980-01-01", **facts: Any) -> dict[str, Any]:
    return person("p1", birth, "applicant", **facts)


def wage(monthly: str | None) -> dict[str, Any]:
    return {"employment": {"status": "employed"}, "income": [{"kind": "wage", "monthly": monthly}]}


def pension(monthly: str | None) -> dict[str, Any]:
    return {"income": [{"kind": "pension", "monthly": monthly}]}


def answers(*members: dict[str, Any], on: date = TODAY, **household: Any) -> dict[str, Any]:
    given = {"street": "420106006", "members": list(members), **household}
    policies: dict[str, Any] = assess(given, on).as_json()["policies"]
    return policies


@pytest.mark.clause("2.1.2")
@pytest.mark.parametrize(("amount", "eligible"), [("909.99", True), ("910.00", False)])
def test_dibao_is_strictly_below_the_standard(amount: str, *, eligible: bool) -> None:
    found = answers(applicant(**pension(amount)))["dibao"]
    assert found["eligible"] is eligible
    assert found.get("monthly_amount") == ("0.01" if eligible else None)


@pytest.mark.clause("2.1.2")
@pytest.mark.parametrize(
    ("assets", "dibao", "margin"),
    [
        ({"financial": "21840.00"}, True, False),
        ({"financial": "21840.01"}, False, True),
        ({"financial": "32760.01"}, False, False),
        ({"vehicles": [{"value": "30000.00"}]}, False, True),
        ({"homes": 2}, False, True),
        ({"financial": None}, None, None),
        ({"financial": None, "vehicles": [{"value": None}]}, False, None),
        ({"financial": None, "homes": 3}, False, False),
    ],
)
def test_assets_decide_and_unknown_assets_leave_open_only_what_they_can_change(
    *, assets: Any, dibao: bool | None, margin: bool | None
) -> None:
    found = answers(applicant(), assets=assets)
    assert found["dibao"]["eligible"] is dibao
    assert found["low_income_margin"]["eligible"] is margin


@pytest.mark.clause("2.1.2")
def test_income_over_the_limit_is_over_it_whatever_the_bank_and_the_second_employer_say() -> None:
    members = [applicant(**wage("4000.00")), person("p2", relation="spouse", **wage(None))]
    found = answers(*members, assets=None)["dibao"]
    assert found["eligible"] is False
    assert found["explanation"]["awaits"] == []


@pytest.mark.clause("2.1.2")
def test_undecided_dibao_names_the_facts_it_waits_for() -> None:
    members = [applicant(), person("p2", relation="spouse", **wage(None))]
    found = answers(*members, assets={"financial": None})["dibao"]
    assert found["eligible"] is None
    assert [item["path"] for item in found["explanation"]["awaits"]] == ["assets.financial", "members[p2].income"]
    lines = [line.strip("　") for line in found["explanation"]["text"]]
    limit = "低保家庭人均金融资产限额 21,840.00 元〔暂定〕 × 共同生活的家庭成员人数 2 人 = 43,680.00 元"
    assert f"待核：金融资产不超限（存款 未知，须不超过{limit}）" in lines
    assert lines[1:3] == ["等待申请人申报：存款", "等待区税务局：配偶 p2 月工资性收入"]


def test_failed_condition_says_values_parameter_and_what_would_have_to_change() -> None:
    given = {"members": [applicant(**pension("1000.00"))], "assets": {"vehicles": [{"value": "30000.00"}]}}
    answer = assess(given, TODAY).as_json()
    explanation = answer["policies"]["dibao"]["explanation"]
    assert "　不成立：无机动车（机动车 1 辆，须为 0 辆）" in explanation["text"]
    (income,) = [one for one in explanation["conditions"] if one["rule"] == "income_below_standard"]
    assert income["state"] == "failed"
    assert income["clause"] == "2.1.2"
    assert income["changes"] == ["家庭核算月收入须低于低保标准乘以人口 910.00 元，现为 1,000.00 元"]
    assert income["parameters"] == ["central_base_pension_counted", "employment_deduction", "urban_dibao_standard"]
    standard = answer["parameters"]["urban_dibao_standard"]
    assert (standard["first_day"], standard["source"]) == ("2022-04-01", "武汉市2022年4月27日公布")
    assert [answer["parameters"][name]["assumed"] for name in income["parameters"]] == [False, True, False]


@pytest.mark.clause("2.1.2")
def test_near_relative_in_office_asks_for_a_district_visit() -> None:
    relatives = [{"role": "residents_committee", "relation": "sibling"}]
    assert answers(applicant(), near_relatives_in_office=relatives)["dibao"]["district_home_visit"] is True
    assert answers(applicant())["dibao"]["district_home_visit"] is False
    assert answers(applicant(), near_relatives_in_office=None)["dibao"]["district_home_visit"] is None


@pytest.mark.clause("2.1.2")
def test_graduate_student_is_not_counted_as_dependent() -> None:
    child = person("p2", "2000-01-01", "child", school={"stage": "postgraduate"})
    assert answers(applicant(), child)["dibao"]["persons"] == ["p1"]
    child["school"] = {"stage": "undergraduate"}
    assert answers(applicant(), child)["dibao"]["persons"] == ["p1", "p2"]


@pytest.mark.clause("2.1.2")
@pytest.mark.parametrize(
    ("facts", "on", "eligible"),
    [
        ({"disability": {"category": "limb", "grade": 2, "certificate": True}}, TODAY, True),
        ({"disability": {"category": "limb", "grade": 3, "certificate": True}}, TODAY, False),
        ({"disability": {"category": "mental", "grade": 3, "certificate": True}}, TODAY, True),
        ({"serious_illness": "leukaemia"}, TODAY, True),
    ],
)
def test_hard_hit_member_of_a_margin_household_is_protected_alone(*, facts: Any, on: date, eligible: bool) -> None:
    members = [applicant(**pension("2000.00")), person("p2", "1985-01-01", "sibling", **facts)]
    found = answers(*members, on=on)
    assert found["low_income_margin"]["eligible"] is True
    assert found["single_person_dibao"]["eligible"] is eligible
    if eligible:
        assert found["single_person_dibao"]["monthly_amount"] == "910.00"
        assert found["single_person_dibao"]["persons"] == ["p2"]


@pytest.mark.clause("2.1.2")
@pytest.mark.parametrize(("own", "amount"), [("909.99", "0.01"), ("910.00", None)])
def test_protection_alone_looks_at_own_income(own: str, amount: str | None) -> None:
    ill = person("p2", "1985-01-01", "sibling", serious_illness="leukaemia", **pension(own))
    found = answers(applicant(**pension("1000.00")), ill)
    assert found["low_income_margin"]["eligible"] is True
    assert found["single_person_dibao"]["eligible"] is (amount is not None)
    assert found["single_person_dibao"].get("monthly_amount") == amount


@pytest.mark.clause("2.1.2")
@pytest.mark.parametrize(("on", "eligible"), [(date(2022, 10, 19), False), (date(2022, 10, 20), True)])
def test_adult_without_work_and_severely_disabled_is_protected_alone_since_the_notice(
    on: date, *, eligible: bool
) -> None:
    disabled = person("p2", "1990-01-01", "child", disability={"category": "limb", "grade": 1, "certificate": True})
    found = answers(applicant(**pension("20000.00")), disabled, on=on)
    assert found["low_income_margin"]["eligible"] is False
    assert found["single_person_dibao"]["eligible"] is eligible


@pytest.mark.clause("2.1.3")
@pytest.mark.parametrize(("amount", "paid"), [("1000.00", "210.00"), ("200.00", "910.00")])
def test_cost_of_employment_is_deducted_from_wages_down_to_nothing(amount: str, paid: str) -> None:
    assert answers(applicant(**wage(amount)))["dibao"]["monthly_amount"] == paid


@pytest.mark.clause("2.1.4")
@pytest.mark.parametrize(
    ("facts", "eligible"),
    [
        (wage("2000.00"), True),
        (pension("2000.00"), False),
        ({**pension("1000.00"), "employment": {"status": "employed"}}, False),
    ],
)
def test_grace_follows_a_rise_through_employment_only(*, facts: Any, eligible: bool) -> None:
    receiving = [{"policy": "dibao", "monthly_amount": "500.00", "since": "2022-10-01"}]
    assert answers(applicant(**facts), receiving=receiving)["dibao_grace"]["eligible"] is eligible


@pytest.mark.clause("2.1.4")
@pytest.mark.parametrize(("on", "eligible"), [(date(2023, 6, 30), True), (date(2023, 7, 1), False)])
def test_running_grace_keeps_its_days_and_ends_by_itself(on: date, *, eligible: bool) -> None:
    receiving = [{"policy": "dibao_grace", "monthly_amount": "500.00", "since": "2023-01-01"}]
    found = answers(applicant(**wage("2000.00")), on=on, receiving=receiving)["dibao_grace"]
    assert found["eligible"] is eligible
    if eligible:
        assert (found["starts_on"], found["ends_on"]) == ("2023-01-01", "2023-06-30")
        assert found["ends_on_at_most"] == "2023-12-31"
        assert found["monthly_amount"] == "500.00"


@pytest.mark.clause("2.1.1")
@pytest.mark.parametrize(
    ("facts", "eligible"),
    [
        ({"birth_date": "1962-12-05", "obligors": []}, True),
        ({"birth_date": "1962-12-06", "obligors": []}, False),
        ({"birth_date": "1950-01-01"}, False),
        ({"birth_date": "1950-01-01", "obligors": None}, None),
        ({"birth_date": "1950-01-01", "obligors": [{"relation": "child", "age": 40, "able": True}]}, False),
        ({"birth_date": "1950-01-01", "obligors": [{"relation": "child", "age": 40, "able": False}]}, True),
        ({"birth_date": "1950-01-01", "obligors": [{"relation": "child", "age": 40, "able": None}]}, None),
        ({"birth_date": "1950-01-01", "obligors": [], **pension("909.99")}, True),
        ({"birth_date": "1950-01-01", "obligors": [], **pension("910.00")}, False),
        ({"obligors": [], "disability": {"category": "sight", "grade": 1}}, True),
        ({"obligors": [], "disability": {"category": "sight", "grade": 2}}, False),
        ({"obligors": [], "disability": {"category": "intellectual", "grade": 3}}, True),
    ],
)
def test_tekun_needs_no_capacity_no_livelihood_and_no_able_obligor(*, facts: Any, eligible: bool | None) -> None:
    assert answers({**applicant(), **facts})["tekun"]["eligible"] is eligible


@pytest.mark.clause("2.1.1")
def test_able_child_in_the_same_home_rules_tekun_out_and_an_old_poor_spouse_does_not() -> None:
    elder = applicant("1950-01-01", obligors=[])
    assert answers(elder, person("p2", "1980-01-01", "child"))["tekun"]["eligible"] is False
    couple = answers(elder, person("p2", "1951-01-01", "spouse", obligors=[]))["tekun"]
    assert couple["persons"] == ["p1", "p2"]
    assert couple["monthly_amount"] == "3640.00"


@pytest.mark.clause("1.1")
@pytest.mark.parametrize(
    ("member", "household", "policy", "eligible"),
    [
        # tekun within the limit of assets, nothing beyond it: no dibao either way
        (applicant("1950-01-01", obligors=[]), {"assets": {"financial": None}}, "dibao", False),
        # dibao below the standard, grace above it: aided either way
        (
            applicant(**wage(None)),
            {"receiving": [{"policy": "dibao", "monthly_amount": "500.00", "since": "2022-10-01"}]},
            "medical_assistance",
            True,
        ),
        # a certificate is one of a disability, whatever its category
        (applicant(disability={"category": None, "grade": 1, "certificate": True}), {}, "disability_insurance", True),
        # an income not known makes no rigid expenditure where nothing was spent
        (applicant(**wage(None)), {}, "rigid_expenditure", False),
    ],
)
def test_what_is_the_same_whatever_the_unknown_turns_out_to_be_is_answered(
    *, member: Any, household: Any, policy: str, eligible: bool
) -> None:
    assert answers(member, **household)[policy]["eligible"] is eligible


@pytest.mark.clause("2.1.1")
@pytest.mark.parametrize(("failed", "care"), [(0, "full"), (1, "partial_loss"), (3, "partial_loss"), (4, "full_loss")])
def test_self_care_is_graded_by_failed_items(failed: int, care: str) -> None:
    items = ["eat", "dress", "bed", "toilet", "walk", "bathe"][:failed]
    found = answers(applicant("1950-01-01", obligors=[], self_care_failed=items))["tekun"]
    assert found["self_care"] == care


def child(father: Any, mother: Any, birth: str = "2013-09-01", **facts: Any) -> dict[str, Any]:
    parents = {key: value for key, value in (("father", father), ("mother", mother)) if value is not None}
    return person("p2", birth, "grandchild", **parents, **facts)


@pytest.mark.clause("2.1.5")
@pytest.mark.clause("2.1.6")
@pytest.mark.parametrize(
    ("father", "mother", "orphan", "unattended"),
    [
        ({"status": "dead"}, {"status": "dead"}, True, False),
        ({"status": "dead"}, {"status": "missing"}, True, False),
        ({"status": "dead"}, None, False, False),
        ({"status": "dead"}, {"status": "imprisoned", "months": 6}, False, True),
        ({"status": "dead"}, {"status": "imprisoned", "months": 5}, False, False),
        ({"status": "dead"}, {"status": "imprisoned", "months": None}, False, None),
        ({"status": "seriously_ill"}, {"status": "out_of_contact", "months": 6}, False, True),
        ({"status": "seriously_ill"}, {"status": "out_of_contact", "months": 5}, False, False),
        ({"status": "deported"}, {"status": "guardianship_revoked"}, False, True),
        ({"status": "dead"}, {"status": "disabled", "disability": {"category": "mental", "grade": 4}}, False, True),
        ({"status": "dead"}, {"status": "disabled", "disability": {"category": "limb", "grade": 3}}, False, False),
        ({"status": "dead"}, {"status": None}, None, None),
    ],
)
def test_orphans_and_unattended_children(*, father: Any, mother: Any, orphan: Any, unattended: Any) -> None:
    found = answers(applicant("1951-03-03"), child(father, mother))
    assert found["orphan"]["eligible"] is orphan
    assert found["defacto_unattended_child"]["eligible"] is unattended
    assert found["orphan"]["public_notice"] is False
    assert found["defacto_unattended_child"]["public_notice"] is False


@pytest.mark.clause("2.1.5")
@pytest.mark.parametrize(("birth", "eligible"), [("2004-12-06", True), ("2004-12-05", False)])
def test_child_support_ends_on_the_eighteenth_birthday(birth: str, *, eligible: bool) -> None:
    dead = {"status": "dead"}
    assert answers(applicant(), child(dead, dead, birth))["orphan"]["eligible"] is eligible


@pytest.mark.clause("2.2.1")
@pytest.mark.parametrize(
    ("spending", "eligible"), [("14400.00", False), ("14400.01", True), (None, None), ("0.00", False)]
)
def test_rigid_share_must_exceed_the_ratio(spending: str | None, *, eligible: bool | None) -> None:
    rigid = [{"kind": "medical", "amount": spending}]
    found = answers(applicant(**pension("2000.00")), rigid_spending_12m=rigid)["rigid_expenditure"]
    assert found["eligible"] is eligible


@pytest.mark.clause("2.8.6")
@pytest.mark.clause("2.8.7")
@pytest.mark.parametrize(
    ("facts", "meal", "insured"),
    [
        ({"birth_date": "1962-12-05"}, True, True),
        ({"birth_date": "1962-12-06"}, False, False),
        ({"birth_date": "1950-01-01", "registration": {"region": "420199", "kind": "rural"}}, True, False),
        ({"birth_date": "1950-01-01", "registration": None, "living_here_since": "2022-01-05"}, True, None),
        ({"birth_date": "1950-01-01", "registration": None, "living_here_since": "2021-12-05"}, True, True),
    ],
)
def test_elders_of_sixty_by_registration_or_a_year_of_residence(*, facts: Any, meal: Any, insured: Any) -> None:
    found = answers({**applicant(), **facts})
    assert found["elderly_meal_subsidy"]["eligible"] is meal
    assert found["elderly_accident_insurance"]["eligible"] is insured


@pytest.mark.clause("2.9.1")
@pytest.mark.clause("2.9.2")
@pytest.mark.parametrize(
    ("birth", "training", "living"),
    [
        ("2015-12-06", True, True),
        ("2015-12-05", True, False),
        ("2007-12-06", True, False),
        ("2007-12-05", False, False),
    ],
)
def test_rehabilitation_ends_before_the_seventh_and_fifteenth_birthday(
    birth: str, *, training: Any, living: Any
) -> None:
    found = answers(applicant(), person("p2", birth, "child", diagnoses=["autism"]))
    assert found["rehab_training_subsidy"]["eligible"] is training
    assert found["rehab_living_allowance"]["eligible"] is living


@pytest.mark.clause("2.9.3")
@pytest.mark.clause("2.9.10")
def test_two_disabled_members_of_a_dibao_household() -> None:
    severe = {"category": "limb", "grade": 1, "certificate": True}
    found = answers(applicant(disability=severe), person("p2", disability={**severe, "grade": 4}))
    assert found["multi_disability_care_subsidy"]["eligible"] is True
    assert found["disability_living_allowance"]["monthly_amount"] == "200.00"
    assert found["severe_disability_nursing_allowance"]["persons"] == ["p1"]
    assert found["severe_disability_nursing_allowance"]["monthly_amount"] == "100.00"


@pytest.mark.clause("4.2.1")
@pytest.mark.clause("4.2.4")
@pytest.mark.clause("4.3.3")
@pytest.mark.parametrize(
    ("on", "amount", "route"),
    [
        (date(2025, 12, 31), "940.00", "street_reserve"),
        (date(2026, 1, 1), "940.00", "quick_relief"),
        (date(2026, 1, 1), "940.01", "street_reserve"),
        (date(2026, 1, 1), "3759.99", "street_reserve"),
        (date(2026, 1, 1), "3760.00", "district"),
        (date(2026, 1, 1), "11280.00", "district"),
        (date(2026, 1, 1), "11280.01", "special_deliberation"),
        (date(2026, 1, 1), None, None),
    ],
)
def test_route_of_temporary_assistance_follows_the_amount_and_the_day(on: date, amount: Any, route: Any) -> None:
    found = answers(applicant(), on=on, incident={"cause": "accident"}, requested_amount=amount)["temporary_assistance"]
    assert found["eligible"] is True
    assert found["route"] == route


@pytest.mark.clause("4.3.3")
def test_reserve_pays_sudden_emergencies_only() -> None:
    spending = [{"kind": "education", "amount": "5000.00"}]
    found = answers(applicant(), requested_amount="1000.00", rigid_spending_12m=spending)["temporary_assistance"]
    assert found["eligible"] is True
    assert found["route"] == "district"


@pytest.mark.clause("2.11.3")
@pytest.mark.parametrize(("day", "eligible"), [("2022-01-01", True), ("2021-12-31", False)])
def test_illness_of_a_worker_counts_in_the_year_of_diagnosis(day: str, *, eligible: bool) -> None:
    worker = applicant(serious_illness="leukaemia", diagnosed_on=day, **wage("9000.00"))
    assert answers(worker)["worker_serious_illness_aid"]["eligible"] is eligible


@pytest.mark.clause("2.10.4")
def test_what_only_another_register_knows_is_awaited_not_denied() -> None:
    found = answers(applicant("1960-01-01"))["special_support_payment"]
    assert found["eligible"] is None
    assert [item["fact"] for item in found["explanation"]["awaits"]] == ["special_family"]
    assert answers(applicant("1990-01-01"))["special_support_payment"]["eligible"] is False


def test_before_the_first_day_of_the_policy_nothing_is_in_force() -> None:
    found = answers(applicant(), on=date(2022, 9, 7))["dibao"]
    assert found["eligible"] is False
    assert found["explanation"]["text"] == ["不符合：最低生活保障（自2022年9月8日起施行）"]
