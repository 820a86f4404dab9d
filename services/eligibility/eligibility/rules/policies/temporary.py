"""Temporary assistance and what comes after it. Clauses 4 and 9.1: who pays depends on the amount asked for.

At most one standard: quick relief (from 2026); strictly below four: the street's reserve, for sudden emergencies only;
up to the cap: the district; above it: a resolution of the coordination group.
"""

from eligibility.rules.engine.book import Benefit, Book, Names
from eligibility.rules.engine.expressions import (
    Node,
    any_member,
    months_since,
    number,
    param,
    ratio,
    today,
    when,
)
from eligibility.rules.engine.working_days import working_days_later
from eligibility.rules.facts.records import NEVER
from eligibility.rules.policies.foundations import SEED
from eligibility.rules.procedures import TEMPORARY

book = Book(since=SEED)


@book.rule("household", clause="4.1.1", says="遭遇急难事件")
def is_in_emergency(household: Names) -> Node:
    # No condition of registration or residence: help is given where the trouble strikes.
    return household.incident


@book.rule("household", clause="4.2.2", says="困难家庭有刚性支出并申请临时救助")
def is_burdened_by_spending(household: Names, rule: Names) -> Node:
    return household.requested & rule.has_rigid_spending & rule.has_aided_member


@book.rule("person", clause="4.1.1", says="失业满三个月且无收入、无失业保险金")
def is_jobless_without_means(person: Names, rule: Names) -> Node:
    # Three months without income in a row are those of the status (民政部2022年10月20日通知).
    return rule.is_unemployed & (months_since(person.employment_since) >= 3) & (rule.own_income == 0)


@book.rule("household", clause="4.1.1", says="困难家庭有未参保失业人员连续三个月无收入并申请临时救助")
def is_without_pay_for_months(household: Names, rule: Names) -> Node:
    return household.requested & rule.is_within_margin & any_member(rule.is_jobless_without_means)


@book.rule("household", clause="4.1.1", says="临时救助对象")
def temporary_assistance(rule: Names) -> Node:
    return rule.is_in_emergency | rule.is_burdened_by_spending


@book.rule("household", clause="4.1.1", says="临时救助对象", since="2022-10-20", name="temporary_assistance")
def temporary_assistance_since_notice(rule: Names) -> Node:
    return rule.is_in_emergency | rule.is_burdened_by_spending | rule.is_without_pay_for_months


@book.rule("household", clause="4.2.1", says="申请金额不超过小额快救上限", since="2026-01-01")
def is_within_quick_relief(household: Names) -> Node:
    return household.requested_amount <= param("urban_dibao_standard") * ratio("quick_relief_multiple")


@book.rule("household", clause="4.3.3", says="申请金额低于城市低保标准的规定倍数")
def is_below_reserve_limit(household: Names) -> Node:
    return household.requested_amount < param("urban_dibao_standard") * ratio("street_reserve_multiple")


@book.rule("household", clause="4.2.4", says="申请金额不超过临时救助封顶线", otherwise="申请金额超过临时救助封顶线")
def is_within_cap(household: Names) -> Node:
    return household.requested_amount <= param("urban_dibao_standard") * ratio("temporary_assistance_cap_multiple")


@book.rule("household", clause="4.2.4", says="区级或一事一议")
def district_route(rule: Names) -> Node:
    return when(rule.is_within_cap, "district", "special_deliberation")


@book.rule("household", clause="4.3.3", says="备用金、区级或一事一议")
def ordinary_route(rule: Names) -> Node:
    return when(rule.is_in_emergency & rule.is_below_reserve_limit, "street_reserve", rule.district_route)


@book.rule("household", clause="4.3.3", says="办理途径")
def temporary_assistance_route(household: Names, rule: Names) -> Node:
    return when(household.requested, rule.ordinary_route, "")


@book.rule("household", clause="4.2.1", says="办理途径", since="2026-01-01", name="temporary_assistance_route")
def temporary_assistance_route_with_quick_relief(household: Names, rule: Names) -> Node:
    route = when(rule.is_in_emergency & rule.is_within_quick_relief, "quick_relief", rule.ordinary_route)
    return when(household.requested, route, "")


@book.rule("household", clause="4.2.1", says="先行救助、后补材料")
def is_paid_before_papers(rule: Names) -> Node:
    return rule.temporary_assistance_route.is_one_of("street_reserve", "quick_relief")


@book.rule("household", clause="4.2.1", says="补齐材料的最后一日")
def papers_due_on(rule: Names) -> Node:
    # As if paid on the day of the assessment; the debt of a payment has its own day, in emergency-fund.
    last_day = working_days_later(today(), number("paper_debt_working_days"))
    return when(rule.is_paid_before_papers, last_day, NEVER)


@book.rule("household", clause="9.1.1", says="遇急难且申请金额超过封顶线")
def is_beyond_cap(rule: Names) -> Node:
    return rule.is_in_emergency & ~rule.is_within_cap


@book.rule("household", clause="9.1.1", says="有刚性支出且占比超过规定比例")
def is_crushed_by_spending(rule: Names) -> Node:
    return rule.has_rigid_spending & rule.has_dibao_members & rule.rigid_share_exceeded


@book.rule("household", clause="9.1.1", says="成员患重大疾病")
def has_seriously_ill_member(person: Names) -> Node:
    return any_member(person.serious_illness != "")


@book.rule("household", clause="9.1.1", says="慈善爱心特助对象")
def charity_special_aid(rule: Names) -> Node:
    return rule.is_beyond_cap | (rule.is_crushed_by_spending & (rule.has_aided_member | rule.has_seriously_ill_member))


book.policy(
    "temporary_assistance",
    title="临时救助",
    clause="4.1.1",
    department="civil_affairs",
    kind=Benefit.CASH_ONCE,
    basis=(
        "assistance_law 第三十七条、第五十条",
        "interim_measures 第九章",
        "temporary_opinion_2026",
        "temporary_opinion_2018",
        "district_rules 四",
    ),
    procedure=TEMPORARY,
    materials={"explanation": "可在救助后补交", "uninsured_receipt": "支出型救助"},
    when_eligible={"route": "temporary_assistance_route", "papers_due_on": "papers_due_on"},
)
book.policy(
    "charity_special_aid",
    title="慈善爱心特助",
    clause="9.1.1",
    department="civil_affairs",
    kind=Benefit.CASH_ONCE,
    basis=("district_rules 九（一）",),
    materials={"charity_consent": ""},
    on_request=True,
)
