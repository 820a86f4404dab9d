"""Support for disabled persons. Clause 2.9, 国发〔2018〕20号, 国发〔2015〕52号."""

from eligibility.rules.engine.book import NO_MATERIALS, Benefit, Book, Materials, Names
from eligibility.rules.engine.expressions import (
    Node,
    any_member,
    members,
    months_later,
    months_since,
    number,
    param,
    today,
)
from eligibility.rules.policies.foundations import SEED

book = Book(since=SEED)

_BASIS = ("district_rules 二（九）",)
_ALLOWANCES = ("allowance_opinion", "allowance_notice", *_BASIS)
_REHABILITATION = ("rehabilitation_opinion", *_BASIS)


@book.rule("person", clause="2.9.1", says="残疾或诊断孤独症的儿童")
def is_disabled_or_autistic(person: Names, rule: Names) -> Node:
    return rule.is_disabled | person.autism


@book.rule("person", clause="2.9.1", says="居住证在有效签注期内")
def has_residence_permit(person: Names) -> Node:
    # Endorsed every year; while an endorsement is overdue the permit opens nothing (居住证暂行条例 art. 10).
    year = number("residence_permit_months")
    return person.residence_permit & (months_later(person.residence_permit_endorsed_on, year) >= today())


@book.rule("person", clause="2.9.1", says="本区户籍或持有居住证")
def may_apply_for_rehabilitation(rule: Names) -> Node:
    # At the federation of the registration or of the residence permit (国发〔2018〕20号).
    return rule.is_registered_in_district | rule.has_residence_permit


@book.rule("person", clause="2.9.1", says="0至14岁残疾儿童")
def gets_rehab_training(rule: Names) -> Node:
    return rule.is_disabled_or_autistic & (rule.years < 15) & rule.may_apply_for_rehabilitation


@book.rule("person", clause="2.9.2", says="0至6岁残疾儿童")
def gets_rehab_living_allowance(rule: Names) -> Node:
    return rule.is_disabled_or_autistic & (rule.years < 7) & rule.may_apply_for_rehabilitation


@book.rule("household", clause="2.9.3", says="两名以上持证残疾人")
def has_two_disabled(rule: Names) -> Node:
    return members(rule.is_certified_disabled) >= 2


@book.rule("household", clause="2.9.3", says="一户双（多）残低保家庭")
def multi_disability_care_subsidy(rule: Names) -> Node:
    return rule.is_dibao_household & rule.has_two_disabled


@book.rule("person", clause="2.9.4", says="就读中专以上学校")
def is_in_higher_school(person: Names) -> Node:
    return person.school.is_one_of("secondary_vocational", "undergraduate", "postgraduate")


@book.rule("household", clause="2.9.4", says="特困、低保残疾人家庭")
def is_disabled_family_in_hardship(rule: Names) -> Node:
    return any_member(rule.is_certified_disabled & rule.is_on_basic_support)


@book.rule("person", clause="2.9.4", says="特困残疾人家庭子女")
def is_child_of_disabled_family(rule: Names) -> Node:
    return rule.is_child_of_family & rule.is_disabled_family_in_hardship


@book.rule("person", clause="2.9.4", says="残疾学生、特困残疾人家庭子女学费补助对象")
def gets_tuition_subsidy(rule: Names) -> Node:
    return rule.is_in_higher_school & (rule.is_certified_disabled | rule.is_child_of_disabled_family)


@book.rule("person", clause="2.9.5", says="严重丧失生活自理能力的重度残疾人")
def gets_home_service(rule: Names) -> Node:
    return rule.is_certified_disabled & rule.is_severely_disabled & rule.has_lost_self_care


@book.rule("person", clause="2.9.6", says="持证残疾人保险对象")
def gets_disability_insurance(rule: Names) -> Node:
    return rule.is_certified_disabled


@book.rule("person", clause="2.9.7", says="残疾人就业帮扶对象")
def gets_disabled_employment_support(rule: Names) -> Node:
    return rule.is_certified_disabled & rule.is_of_working_age & rule.is_unemployed


@book.rule("person", clause="2.9.8", says="灵活就业残疾人")
def gets_social_insurance_subsidy(person: Names, rule: Names) -> Node:
    return rule.is_certified_disabled & (person.employment == "flexible")


@book.rule("person", clause="2.9.9", says="创业满一年")
def has_run_business_a_year(person: Names) -> Node:
    return (person.employment == "self_employed") & (months_since(person.employment_since) >= 12)


@book.rule("person", clause="2.9.9", says="创业残疾人")
def gets_startup_subsidy(rule: Names) -> Node:
    return rule.is_certified_disabled & rule.has_run_business_a_year


@book.rule("household", clause="2.9.10", says="低保边缘家庭（已扩大范围）")
def is_margin_included(rule: Names) -> Node:
    return (number("living_allowance_includes_margin") == 1) & rule.low_income_margin


@book.rule("person", clause="2.9.10", says="低保家庭成员")
def is_in_dibao_household(rule: Names) -> Node:
    return (
        rule.is_single_dibao
        | (rule.is_dibao_household & rule.is_dibao_member)
        | (rule.is_margin_included & rule.is_dibao_member)
    )


@book.rule("person", clause="2.9.10", says="未按孤儿、事实无人抚养儿童保障（补贴已在发放的除外）")
def is_not_on_rate_or_has_allowance(person: Names, rule: Names) -> Node:
    # An allowance that runs is set off against the child's rate, so that it goes on.
    return ~rule.is_child_on_rate | (person.living_allowance_share > 0)


@book.rule("person", clause="2.9.10", says="困难残疾人生活补贴对象")
def gets_living_allowance(rule: Names) -> Node:
    return (
        rule.is_certified_disabled & rule.is_in_dibao_household & ~rule.is_tekun & rule.is_not_on_rate_or_has_allowance
    )


@book.rule("person", clause="2.9.10", says="困难残疾人生活补贴")
def living_allowance() -> Node:
    return param("disability_living_allowance")


@book.rule("person", clause="2.9.10", says="三级智力、精神残疾（已扩大范围）")
def is_grade_3_included(rule: Names) -> Node:
    return (number("nursing_allowance_includes_grade_3") == 1) & rule.has_mental_grade_3


@book.rule("person", clause="2.9.10", says="重度残疾人护理补贴对象")
def gets_nursing_allowance(rule: Names) -> Node:
    return rule.is_certified_disabled & (rule.is_severely_disabled | rule.is_grade_3_included) & ~rule.is_tekun


@book.rule("person", clause="2.9.10", says="重度残疾人护理补贴")
def nursing_allowance() -> Node:
    return param("severe_disability_nursing_allowance")


def _service(
    policy_id: str,
    title: str,
    clause: str,
    eligible: str,
    kind: Benefit,
    basis: tuple[str, ...] = _BASIS,
    materials: Materials = NO_MATERIALS,
) -> None:
    book.policy(
        policy_id,
        title=title,
        clause=clause,
        department="disabled_federation",
        kind=kind,
        basis=basis,
        materials=materials,
        eligible=eligible,
    )


_service(
    "rehab_training_subsidy",
    "残疾儿童康复训练补贴",
    "2.9.1",
    "gets_rehab_training",
    Benefit.CASH_MONTHLY,
    _REHABILITATION,
    {"diagnosis": "孤独症儿童未持残疾人证的"},
)
_service(
    "rehab_living_allowance",
    "残疾儿童家庭生活补助",
    "2.9.2",
    "gets_rehab_living_allowance",
    Benefit.CASH_MONTHLY,
    _REHABILITATION,
    {"diagnosis": "孤独症儿童未持残疾人证的"},
)
_service(
    "multi_disability_care_subsidy",
    "一户双（多）残居家护理补贴",
    "2.9.3",
    "multi_disability_care_subsidy",
    Benefit.CASH_MONTHLY,
)
_service(
    "disabled_tuition_subsidy",
    "残疾学生学费补助",
    "2.9.4",
    "gets_tuition_subsidy",
    Benefit.CASH_ONCE,
)
_service("severe_disability_home_service", "重度残疾人居家服务", "2.9.5", "gets_home_service", Benefit.SERVICE)
_service("disability_insurance", "残疾人意外伤害及住院保险", "2.9.6", "gets_disability_insurance", Benefit.SERVICE)
_service("disabled_employment_support", "残疾人就业帮扶", "2.9.7", "gets_disabled_employment_support", Benefit.SERVICE)
_service(
    "disabled_social_insurance_subsidy",
    "灵活就业残疾人社保补贴",
    "2.9.8",
    "gets_social_insurance_subsidy",
    Benefit.CASH_MONTHLY,
)
_service("disabled_startup_subsidy", "残疾人一次性创业补贴", "2.9.9", "gets_startup_subsidy", Benefit.CASH_ONCE)
book.policy(
    "disability_living_allowance",
    title="困难残疾人生活补贴",
    clause="2.9.10",
    department="disabled_federation",
    kind=Benefit.CASH_MONTHLY,
    basis=_ALLOWANCES,
    eligible="gets_living_allowance",
    amount="living_allowance",
)
book.policy(
    "severe_disability_nursing_allowance",
    title="重度残疾人护理补贴",
    clause="2.9.10",
    department="disabled_federation",
    kind=Benefit.CASH_MONTHLY,
    basis=_ALLOWANCES,
    eligible="gets_nursing_allowance",
    amount="nursing_allowance",
)
