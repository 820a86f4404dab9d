"""What each policy's completion must report: one pure function per policy, in one dict.

Clauses 2.2 to 2.11 of 武昌办发〔2022〕8号 say what each measure delivers and to whom; a completion that reports it so
can be counted and paid. Who is entitled was decided before, in eligibility.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Result = Literal["delivered", "declined_by_resident", "not_possible"]
Money = Literal["always", "sometimes", "never"]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What an officer reports. `amount_fen` is the sum for all persons of the referral."""

    result: Result
    amount_fen: int | None
    note: str | None
    details: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong with a report. `field` is relative to it, such as details.group."""

    field: str
    code: str
    message: str
    value: str | None = None


Programme = Callable[[Report], tuple[Fault, ...]]
"""Looks at a report of its policy; no fault: it can be taken."""

PUPIL_GROUPS = (
    "out_of_poverty_family",
    "dibao_family",
    "tekun_pupil",
    "orphan_or_defacto_unattended",
    "martyrs_child",
    "disabled_pupil",
    "other_economic_difficulty",
)
"""七类教育救助对象 (2.3.1)."""
MEDICAL_GROUPS = ("key_recipient", "low_income", "expenditure_poverty", "other_recognised")
"""重点救助对象、低收入、支出型贫困及区里认定的其他人员 (2.2.1)."""
POSTS = ("company_post", "public_welfare_post")
"""岗位对接: posts of willing firms, and public-welfare posts offered openly (2.5.1)."""
LEGAL_MATTERS = ("labour", "marriage_and_family", "education", "medical", "criminal_defence", "other")
"""法律援助事项 (2.6.1, 2.6.3)."""
HOUSING_FORMS = ("allocated", "rent_subsidy")


def delivers(*, money: Money, **details: tuple[str, ...]) -> Programme:
    """A programme that pays always, sometimes or never, and reports these details, each one of some words."""

    def faults(report: Report) -> tuple[Fault, ...]:
        if report.result != "delivered":
            return _not_delivered(report)
        return (*_money_faults(report, money), *_detail_faults(report, details))

    return faults


def _public_rental_housing(report: Report) -> tuple[Fault, ...]:
    pays = report.details.get("form") == "rent_subsidy"
    return delivers(money="always" if pays else "never", form=HOUSING_FORMS)(report)


def _not_delivered(report: Report) -> tuple[Fault, ...]:
    faults = [*_money_faults(report, "never"), *_detail_faults(report, {})]
    if report.result == "not_possible" and not report.note:
        faults.append(Fault(field="note", code="note_required", message="无法办理时须说明原因"))
    return tuple(faults)


def _money_faults(report: Report, money: Money) -> list[Fault]:
    if report.amount_fen is None:
        if money == "always":
            return [Fault(field="amount", code="amount_required", message="此项救助办结时须填报发放金额")]
        return []
    if money == "never":
        return [Fault(field="amount", code="amount_not_allowed", message="此办理结果不发放资金，不得填报金额")]
    if report.amount_fen <= 0:
        return [Fault(field="amount", code="amount_not_positive", message="发放金额必须大于0")]
    return []


def _detail_faults(report: Report, required: Mapping[str, tuple[str, ...]]) -> list[Fault]:
    faults = [
        Fault(
            field=f"details.{name}",
            code="detail_unknown",
            message="此项救助不填报该内容" + (f"；应为 {'、'.join(required)}" if required else ""),
        )
        for name in report.details.keys() - required.keys()
    ]
    for name, words in required.items():
        given = report.details.get(name)
        if given not in words:
            code = "detail_required" if given is None else "detail_invalid"
            message = f"须填报 {name}，应为 {'、'.join(words)} 之一"
            faults.append(Fault(field=f"details.{name}", code=code, message=message, value=given))
    return faults


PROGRAMMES: Mapping[str, Programme] = {
    # 2.2 medical
    # On the list of recipients now; what is paid follows each settlement.
    "medical_assistance": delivers(money="sometimes", group=MEDICAL_GROUPS),
    "premium_subsidy": delivers(money="always"),
    "supplementary_illness_insurance": delivers(money="always"),
    # 2.3 education, 2.4 housing
    "education_aid": delivers(money="always", group=PUPIL_GROUPS),
    "public_rental_housing": _public_rental_housing,
    # 2.5 employment, 2.6 legal aid: a training's living subsidy is paid for the days attended, which may be none
    "employment_assistance": delivers(money="never", post=POSTS),
    "skills_training": delivers(money="sometimes"),
    "legal_aid": delivers(money="never", matter=LEGAL_MATTERS),
    # 2.7 disaster
    "disaster_relief_goods": delivers(money="never"),
    "disaster_insurance": delivers(money="always"),
    # 2.8 elderly, with 5 and 9
    "elderly_service_subsidy": delivers(money="always"),
    "elderly_home_services": delivers(money="never"),
    "home_adaptation": delivers(money="sometimes"),
    "elderly_meal_subsidy": delivers(money="sometimes"),
    "elderly_accident_insurance": delivers(money="never"),
    "weekly_visit": delivers(money="never"),
    "service_assistance": delivers(money="never"),
    "elderly_home_place": delivers(money="never"),
    "charity_special_aid": delivers(money="sometimes"),
    # 2.9 disability
    "rehab_training_subsidy": delivers(money="always"),
    "rehab_living_allowance": delivers(money="always"),
    "multi_disability_care_subsidy": delivers(money="always"),
    "disabled_tuition_subsidy": delivers(money="always"),
    "severe_disability_home_service": delivers(money="never"),
    "disability_insurance": delivers(money="sometimes"),
    "disabled_employment_support": delivers(money="sometimes"),
    "disabled_social_insurance_subsidy": delivers(money="always"),
    "disabled_startup_subsidy": delivers(money="always"),
    "disability_living_allowance": delivers(money="always"),
    "severe_disability_nursing_allowance": delivers(money="always"),
    # 2.10 families under family planning, health
    "special_family_health": delivers(money="never"),
    "special_family_home_care": delivers(money="never"),
    "bereaved_care_parcel": delivers(money="never"),
    "special_support_payment": delivers(money="always"),
    "guardian_award": delivers(money="always"),
    "family_doctor": delivers(money="never"),
    # 2.11 workers
    "worker_file": delivers(money="never"),
    "worker_aid": delivers(money="always"),
    "worker_serious_illness_aid": delivers(money="always"),
    "worker_temporary_care": delivers(money="always"),
}
