"""Minimum living guarantee, alone or as a household, and its grace period. Clauses 2.1.2 to 2.1.4, 民发〔2021〕57号."""

from eligibility.rules.engine.book import Benefit, Book, Names
from eligibility.rules.engine.expressions import (
    Node,
    any_member,
    day_before,
    first_of_next_month,
    greatest,
    least,
    members,
    months_later,
    number,
    param,
    today,
    total,
    when,
)
from eligibility.rules.policies.foundations import SEED
from eligibility.rules.procedures import DIBAO, GRACE

book = Book(since=SEED)


@book.rule("person", clause="2.1.6", says="享受全额儿童基本生活费", otherwise="未享受全额儿童基本生活费")
def is_child_on_full_rate(person: Names, rule: Names) -> Node:
    # A child whose dibao or grace already runs stays in it and gets the difference.
    return rule.is_child_on_rate & (person.dibao_share == 0)


@book.rule("person", clause="2.1.2", says="计入低保核算人口")
def is_dibao_member(rule: Names) -> Node:
    return rule.is_family_member & ~rule.is_tekun & ~rule.is_child_on_full_rate


@book.rule("household", clause="2.1.2", says="低保核算人口")
def dibao_members(rule: Names) -> Node:
    return members(rule.is_dibao_member)


@book.rule("household", clause="2.1.2", says="至少一人计入低保核算")
def has_dibao_members(rule: Names) -> Node:
    return rule.dibao_members > 0


@book.rule("household", clause="2.1.3", says="家庭核算月收入")
def household_income(rule: Names) -> Node:
    return total(rule.net_income, where=rule.is_dibao_member)


@book.rule("household", clause="2.1.2", says="低保标准乘以人口")
def household_standard(rule: Names) -> Node:
    return param("urban_dibao_standard") * rule.dibao_members


@book.rule("household", clause="2.1.2", says="人均收入低于低保标准", otherwise="人均收入不低于低保标准")
def income_below_standard(rule: Names) -> Node:
    return rule.household_income < rule.household_standard


@book.rule("household", clause="2.1.2", says="有低保核算人口")
def has_member_for_dibao(rule: Names) -> Node:
    # With assets within the limits this is to have dibao members, and it is decided while the assets are unknown.
    return any_member(rule.is_family_member & ~rule.is_in_extreme_hardship & ~rule.is_child_on_full_rate)


@book.rule("household", clause="2.1.2", says="符合最低生活保障条件", otherwise="不符合最低生活保障条件")
def dibao(rule: Names) -> Node:
    return rule.has_member_for_dibao & rule.income_below_standard & rule.assets_within_limits


@book.rule("household", clause="2.1.2", says="月低保金（标准与收入之差）")
def dibao_amount(rule: Names) -> Node:
    return rule.household_standard - rule.household_income


@book.rule("household", clause="2.1.2", says="有近亲属为经办人员或村（居）委会成员，区级入户复核")
def needs_district_home_visit(household: Names) -> Node:
    return household.near_relatives > 0


@book.rule("person", clause="2.1.2", says="重残、三级智力精神残疾或重病")
def is_in_special_hardship(person: Names, rule: Names) -> Node:
    return rule.is_severely_disabled | rule.has_mental_grade_3 | (person.serious_illness != "")


@book.rule("person", clause="2.1.2", says="低保边缘家庭中的重残、重病人员")
def is_hard_hit_in_margin(rule: Names) -> Node:
    return rule.low_income_margin & rule.is_dibao_member & rule.is_in_special_hardship


@book.rule("person", clause="2.1.2", says="本人财产符合规定")
def has_few_assets_alone(person: Names, rule: Names) -> Node:
    # Assets are declared for the household: where they are too many, whose they are has still to be found out.
    return rule.assets_within_margin | person.own_assets_within_limits


@book.rule("person", clause="2.1.2", says="成年无业重度残疾人")
def is_adult_severely_disabled_without_work(rule: Names) -> Node:
    return ~rule.is_minor & ~rule.is_working & rule.is_severely_disabled & rule.has_few_assets_alone


@book.rule("person", clause="2.1.2", says="可单独申请低保")
def may_apply_alone(rule: Names) -> Node:
    return rule.is_hard_hit_in_margin


@book.rule("person", clause="2.1.2", says="可单独申请低保", since="2022-10-20", name="may_apply_alone")
def may_apply_alone_since_notice(rule: Names) -> Node:
    # The ministry's notice of that day opened the second way, whatever the family's income.
    return rule.is_hard_hit_in_margin | rule.is_adult_severely_disabled_without_work


@book.rule("person", clause="2.1.2", says="本人收入低于低保标准")
def own_income_below_standard(rule: Names) -> Node:
    return rule.net_income < param("urban_dibao_standard")


@book.rule("person", clause="2.1.2", says="随家庭享受低保或渐退期")
def is_protected_with_household(rule: Names) -> Node:
    return rule.is_dibao_household & rule.is_dibao_member


@book.rule("person", clause="2.1.2", says="符合单人保条件", otherwise="不符合单人保条件")
def is_single_dibao(rule: Names) -> Node:
    # A family that qualifies is protected whole, nobody of it alone.
    return (
        rule.may_apply_alone
        & rule.own_income_below_standard
        & ~rule.is_protected_with_household
        & ~rule.is_tekun
        & ~rule.is_child_on_rate
    )


@book.rule("person", clause="2.1.2", says="单人保月低保金")
def single_dibao_amount(rule: Names) -> Node:
    return param("urban_dibao_standard") - rule.net_income


@book.rule("household", clause="2.1.4", says="正享受低保或处于渐退期")
def is_on_dibao(household: Names) -> Node:
    return household.receives_dibao | household.receives_grace


@book.rule("household", clause="2.1.4", says="有成员就业")
def has_working_member(rule: Names) -> Node:
    return any_member(rule.is_working)


@book.rule("household", clause="2.1.4", says="家庭劳动所得以外的月收入")
def household_income_without_work(rule: Names) -> Node:
    return total(rule.unearned_income + rule.counted_base_pension, where=rule.is_dibao_member)


@book.rule("household", clause="2.1.4", says="不计劳动所得仍低于低保标准")
def is_lifted_by_work(rule: Names) -> Node:
    return rule.household_income_without_work < rule.household_standard


@book.rule("household", clause="2.1.4", says="渐退期首日")
def grace_starts_on(household: Names) -> Node:
    return when(household.receives_grace, household.grace_since, first_of_next_month(today()))


@book.rule("household", clause="2.1.4", says="渐退期末日")
def grace_ends_on(rule: Names) -> Node:
    months = least(number("grace_months_default"), number("grace_months_at_most"))
    return day_before(months_later(rule.grace_starts_on, months))


@book.rule("household", clause="2.1.4", says="渐退期最迟末日")
def grace_ends_on_at_most(rule: Names) -> Node:
    return day_before(months_later(rule.grace_starts_on, number("grace_months_at_most")))


@book.rule("household", clause="2.1.4", says="渐退期未满")
def grace_is_not_over(rule: Names) -> Node:
    return rule.grace_ends_on >= today()


@book.rule("household", clause="2.1.4", says="正享受低保且就业（收入超标即进入渐退期）")
def is_protected_by_work(rule: Names) -> Node:
    return (
        rule.is_on_dibao
        & rule.has_dibao_members
        & rule.has_working_member
        & rule.is_lifted_by_work
        & rule.assets_within_limits
        & rule.grace_is_not_over
    )


@book.rule("household", clause="2.1.4", says="低保渐退期")
def dibao_grace(rule: Names) -> Node:
    return rule.is_protected_by_work & ~rule.income_below_standard


@book.rule("household", clause="2.1.4", says="已不计入低保人口的成员原份额")
def shares_of_those_who_left(person: Names, rule: Names) -> Node:
    return total(person.dibao_share, where=~rule.is_dibao_member)


@book.rule("household", clause="2.1.4", says="原低保金")
def dibao_so_far(household: Names) -> Node:
    return when(household.receives_dibao, household.dibao_monthly, household.grace_monthly)


@book.rule("household", clause="2.1.4", says="渐退期低保金")
def grace_amount(rule: Names) -> Node:
    # What a member got who has tekun by now is not paid a second time.
    return greatest(rule.dibao_so_far - rule.shares_of_those_who_left, 0)


book.policy(
    "dibao",
    title="最低生活保障",
    clause="2.1.2",
    department="civil_affairs",
    kind=Benefit.CASH_MONTHLY,
    basis=(
        "assistance_law 第十八条",
        "interim_measures 第二章",
        "dibao_rules",
        "safety_net_notice",
        "district_rules 二（一）",
    ),
    procedure=DIBAO,
    amount="dibao_amount",
    persons="is_dibao_member",
    always={"district_home_visit": "needs_district_home_visit"},
)
book.policy(
    "single_person_dibao",
    title="最低生活保障（单人保）",
    clause="2.1.2",
    department="civil_affairs",
    kind=Benefit.CASH_MONTHLY,
    basis=("assistance_law 第二十一条", "dibao_rules 第八条", "safety_net_notice", "district_rules 二（一）"),
    procedure=DIBAO,
    materials={"diagnosis": "因重病申请的"},
    eligible="is_single_dibao",
    amount="single_dibao_amount",
)
book.policy(
    "dibao_grace",
    title="低保渐退期",
    clause="2.1.4",
    department="civil_affairs",
    kind=Benefit.CASH_MONTHLY,
    basis=("safety_net_notice", "district_rules 二（一）"),
    procedure=GRACE,
    amount="grace_amount",
    persons="is_dibao_member",
    when_eligible={
        "starts_on": "grace_starts_on",
        "ends_on": "grace_ends_on",
        "ends_on_at_most": "grace_ends_on_at_most",
    },
)
