"""Support for the elderly, and places in public elder homes. Clauses 2.8 and 5."""

from eligibility.rules.engine.book import Benefit, Book, Names
from eligibility.rules.engine.expressions import Node, all_members, members, months_since, number
from eligibility.rules.policies.foundations import SEED
from eligibility.rules.procedures import FOUR_LEVELS

book = Book(since=SEED)

_BASIS = ("district_rules 二（八）",)


@book.rule("person", clause="2.8.8", says="独居")
def is_living_alone(person: Names, rule: Names) -> Node:
    return person.lives_alone | rule.has_one_member


@book.rule("household", clause="2.8.8", says="一人户")
def has_one_member() -> Node:
    return members() == 1


@book.rule("household", clause="2.8.8", says="空巢（成员均年满60周岁）")
def is_empty_nest(rule: Names) -> Node:
    return all_members(rule.is_elder)


@book.rule("person", clause="2.8.1", says="生活自理能力受损")
def has_impaired_self_care(person: Names) -> Node:
    return person.self_care_failed > 0


@book.rule("person", clause="2.8.1", says="高龄、独居或生活自理能力受损")
def is_frail(rule: Names) -> Node:
    return rule.is_very_old | rule.is_living_alone | rule.has_impaired_self_care


@book.rule("person", clause="2.8.1", says="特殊困难老年人")
def is_elder_in_hardship(rule: Names) -> Node:
    return rule.is_elder & rule.is_aided & rule.is_frail


@book.rule("person", clause="2.8.2", says="三助一护上门服务对象")
def gets_home_services(rule: Names) -> Node:
    return rule.is_elder_in_hardship


@book.rule("household", clause="2.8.5", says="每名老人每月专业护理不少于")
def care_hours_per_month() -> Node:
    return number("care_hours_per_month")


@book.rule("person", clause="2.8.3", says="适老化改造对象")
def gets_home_adaptation(rule: Names) -> Node:
    return rule.is_elder_in_hardship


@book.rule("person", clause="2.8.6", says="助餐补贴对象")
def gets_meal_subsidy(rule: Names) -> Node:
    return rule.is_elder


@book.rule("person", clause="2.8.7", says="在本区居住满一年")
def has_lived_here_a_year(person: Names) -> Node:
    return months_since(person.living_here_since) >= 12


@book.rule("person", clause="2.8.7", says="老年人意外伤害险对象")
def gets_accident_insurance(rule: Names) -> Node:
    return rule.is_elder & (rule.is_registered_in_district | rule.has_lived_here_a_year)


@book.rule("person", clause="2.8.8", says="每周巡访对象")
def gets_weekly_visit(rule: Names) -> Node:
    return rule.is_elder & (
        rule.is_tekun | rule.is_very_old | rule.has_lost_self_care | rule.is_empty_nest | rule.is_living_alone
    )


@book.rule("person", clause="5.1", says="不能完全自理的已救助家庭成员")
def gets_service_assistance(rule: Names) -> Node:
    return rule.is_aided & rule.has_impaired_self_care


@book.rule("person", clause="5.2", says="公办养老机构轮候对象")
def gets_elderly_home_place(rule: Names) -> Node:
    return rule.is_elder & (rule.is_tekun | (rule.is_aided & (rule.has_impaired_self_care | rule.is_very_old)))


book.policy(
    "elderly_service_subsidy",
    title="养老服务补贴",
    clause="2.8.1",
    department="civil_affairs",
    kind=Benefit.CASH_MONTHLY,
    basis=_BASIS,
    eligible="is_elder_in_hardship",
)
book.policy(
    "elderly_home_services",
    title="三助一护上门服务",
    clause="2.8.2",
    department="civil_affairs",
    kind=Benefit.SERVICE,
    basis=_BASIS,
    eligible="gets_home_services",
    on_request=True,
    when_eligible={"care_hours_per_month": "care_hours_per_month"},
    response=FOUR_LEVELS,
)
book.policy(
    "home_adaptation",
    title="适老化改造和智能化改造",
    clause="2.8.3",
    department="civil_affairs",
    kind=Benefit.SERVICE,
    basis=_BASIS,
    materials={"owner_consent": "住房非自有的"},
    eligible="gets_home_adaptation",
    on_request=True,
)
book.policy(
    "elderly_meal_subsidy",
    title="老年幸福食堂助餐补贴",
    clause="2.8.6",
    department="civil_affairs",
    kind=Benefit.SERVICE,
    basis=_BASIS,
    eligible="gets_meal_subsidy",
)
book.policy(
    "elderly_accident_insurance",
    title="老年人意外伤害险",
    clause="2.8.7",
    department="civil_affairs",
    kind=Benefit.SERVICE,
    basis=_BASIS,
    eligible="gets_accident_insurance",
)
book.policy(
    "weekly_visit",
    title="每周巡访",
    clause="2.8.8",
    department="civil_affairs",
    kind=Benefit.SERVICE,
    basis=_BASIS,
    eligible="gets_weekly_visit",
)
book.policy(
    "service_assistance",
    title="服务类社会救助",
    clause="5.1",
    department="civil_affairs",
    kind=Benefit.SERVICE,
    basis=("service_opinion", "district_rules 五"),
    eligible="gets_service_assistance",
)
book.policy(
    "elderly_home_place",
    title="公办养老机构轮候",
    clause="5.2",
    department="civil_affairs",
    kind=Benefit.SERVICE,
    basis=("district_rules 五",),
    materials={"health_examination": ""},
    eligible="gets_elderly_home_place",
    on_request=True,
)
