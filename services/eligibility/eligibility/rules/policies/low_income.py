"""Households just above dibao, households pushed down by spending, and who counts as aided. Clause 2.2.1.

民发〔2021〕57号 art. 8; 刚性支出困难家庭认定办法 arts. 4 and 10.
"""

from eligibility.rules.engine.book import Benefit, Book, Names
from eligibility.rules.engine.expressions import Node, number, param, ratio
from eligibility.rules.policies.foundations import SEED
from eligibility.rules.procedures import MARGIN, RIGID

book = Book(since=SEED)


@book.rule("household", clause="2.2.1", says="人均收入低于低保标准的规定倍数")
def income_below_margin(rule: Names) -> Node:
    return rule.household_income < rule.household_standard * ratio("margin_multiple")


@book.rule("household", clause="2.2.1", says="收入和财产不超过低保边缘标准")
def is_within_margin(rule: Names) -> Node:
    return rule.has_dibao_members & rule.income_below_margin & rule.assets_within_margin


@book.rule("household", clause="2.2.1", says="低保边缘家庭", otherwise="不属于低保边缘家庭")
def low_income_margin(rule: Names) -> Node:
    # Income equal to the standard is not below it: this family is in the margin.
    return ~rule.dibao & rule.is_within_margin


@book.rule("household", clause="2.2.1", says="人均收入低于上年度人均可支配收入")
def income_below_average(rule: Names) -> Node:
    return rule.household_income * 12 < param("disposable_income_last_year") * rule.dibao_members


@book.rule("household", clause="2.2.1", says="刚性支出困难家庭")
def rigid_expenditure(rule: Names) -> Node:
    return (
        ~rule.dibao
        & ~rule.low_income_margin
        & rule.has_dibao_members
        & rule.income_below_average
        & rule.assets_within_margin
        & rule.has_rigid_spending
        & rule.rigid_share_exceeded
    )


@book.rule("household", clause="2.2.1", says="有效期上限（月）")
def rigid_months_at_most() -> Node:
    return number("rigid_months_at_most")


@book.rule("household", clause="2.1.7", says="享受低保（含渐退期）的家庭")
def is_dibao_household(rule: Names) -> Node:
    # Below the standard dibao, above it grace: either way the household is protected.
    return rule.dibao | rule.is_protected_by_work


@book.rule("household", clause="2.2.1", says="低保、低保边缘或刚性支出困难家庭")
def is_low_income_household(rule: Names) -> Node:
    # Not asking which of dibao and margin it is: an unknown that decides only between them leaves this decided.
    return rule.is_dibao_household | rule.is_within_margin | rule.rigid_expenditure


@book.rule("person", clause="2.2.1", says="特困、低保（含单人保）人员")
def is_on_basic_support(rule: Names) -> Node:
    return rule.is_tekun | rule.is_single_dibao | (rule.is_dibao_household & rule.is_dibao_member)


@book.rule("person", clause="2.2.1", says="一人户，收入和财产不超过低保边缘标准")
def is_needy_alone(rule: Names) -> Node:
    # Tekun, dibao or margin: help that each of them opens need not wait until it is known which.
    below_margin = rule.net_income < param("urban_dibao_standard") * ratio("margin_multiple")
    return rule.has_one_member & rule.is_family_member & below_margin & rule.assets_within_margin


@book.rule("person", clause="2.2.1", says="已认定的困难群众")
def is_aided(rule: Names) -> Node:
    return (
        rule.is_tekun
        | rule.is_single_dibao
        | rule.is_child_on_rate
        | rule.is_needy_alone
        | (rule.is_low_income_household & rule.is_family_member)
    )


book.policy(
    "low_income_margin",
    title="低保边缘家庭认定",
    clause="2.2.1",
    department="civil_affairs",
    kind=Benefit.IDENTIFICATION,
    basis=(
        "assistance_law 第二十一条",
        "dibao_rules 第八条",
        "monitoring_opinion",
        "margin_rules",
        "district_rules 二（二）",
    ),
    procedure=MARGIN,
    chapter="2.1",
    persons="is_dibao_member",
)
book.policy(
    "rigid_expenditure",
    title="刚性支出困难家庭认定（支出型困难家庭）",
    clause="2.2.1",
    department="civil_affairs",
    kind=Benefit.IDENTIFICATION,
    basis=("assistance_law 第二十二条", "rigid_rules 第四条、第十条", "district_rules 二（二）"),
    procedure=RIGID,
    chapter="2.1",
    materials={"uninsured_receipt": ""},
    persons="is_dibao_member",
    when_eligible={"months_at_most": "rigid_months_at_most"},
)
