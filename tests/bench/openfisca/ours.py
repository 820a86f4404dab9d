"""27 rules of clause 2 in our language: from persons to the household and back, twice. `theirs` says the same."""

from pathlib import Path

from eligibility.rules.engine.book import Benefit, Book, Names
from eligibility.rules.engine.expressions import (
    Node,
    age,
    any_member,
    greatest,
    members,
    number,
    param,
    ratio,
    total,
    when,
)
from eligibility.rules.engine.toolbook import Toolbook, bind
from shared.parameters import Parameters

PARAMETERS = Parameters.load(Path(__file__).parents[3] / "services/eligibility/eligibility/rules/parameters.yaml")
OUTPUTS = (
    "net_income", "is_working", "household_income", "income_below_standard", "assets_within_limits", "dibao",
    "dibao_amount", "low_income_margin", "is_single_dibao", "single_dibao_amount", "gets_education_aid",
    "aided_members", "has_aided_elder",
)  # fmt: skip

book = Book(since="2022-09-08")


@book.rule("person", clause="2.1.2", says="周岁年龄")
def years(person: Names) -> Node:
    return age(person.birth_date)


@book.rule("person", clause="2.8.6", says="年满60周岁")
def is_elder(rule: Names) -> Node:
    return rule.years >= 60


@book.rule("person", clause="2.1.3", says="扣减就业成本后的月工资")
def net_wage(person: Names) -> Node:
    return greatest(person.wage - param("employment_deduction"), 0)


@book.rule("person", clause="2.1.2", says="不计劳动所得的月收入")
def unearned_income(person: Names) -> Node:
    return person.property + person.pension + person.unemployment_benefit + person.support_received + person.other


@book.rule("person", clause="2.1.2", says="不计基础养老金的本人月收入")
def own_income(person: Names, rule: Names) -> Node:
    return rule.net_wage + person.business + rule.unearned_income


@book.rule("person", clause="2.1.3", says="核算后个人月收入")
def net_income(person: Names, rule: Names) -> Node:
    return rule.own_income + when(number("central_base_pension_counted") == 1, person.central_base_pension, 0)


@book.rule("person", clause="2.1.3", says="已就业")
def is_working(person: Names) -> Node:
    return person.employment.is_one_of("employed", "flexible", "self_employed")


@book.rule("person", clause="2.1.1", says="重度残疾（一、二级）")
def is_severely_disabled(person: Names) -> Node:
    return (person.disability_grade >= 1) & (person.disability_grade <= 2)


@book.rule("person", clause="2.1.1", says="智力、精神残疾三级")
def has_mental_grade_3(person: Names) -> Node:
    return person.disability.is_one_of("intellectual", "mental") & (person.disability_grade == 3)


@book.rule("person", clause="2.1.2", says="重残、三级智力精神残疾或重病")
def is_in_special_hardship(person: Names, rule: Names) -> Node:
    return rule.is_severely_disabled | rule.has_mental_grade_3 | (person.serious_illness != "")


@book.rule("household", clause="2.1.3", says="家庭核算月收入")
def household_income(rule: Names) -> Node:
    return total(rule.net_income)


@book.rule("household", clause="2.1.2", says="低保标准乘以人口")
def household_standard() -> Node:
    return param("urban_dibao_standard") * members()


@book.rule("household", clause="2.1.2", says="人均收入低于低保标准")
def income_below_standard(rule: Names) -> Node:
    return rule.household_income < rule.household_standard


@book.rule("household", clause="2.1.2", says="金融资产不超限")
def financial_assets_within_limit(household: Names) -> Node:
    return household.financial <= param("dibao_financial_assets_per_person") * members()


@book.rule("household", clause="2.1.2", says="无机动车")
def has_no_vehicle(household: Names) -> Node:
    return household.vehicles == 0


@book.rule("household", clause="2.1.2", says="住房不超限")
def homes_within_limit(household: Names) -> Node:
    return household.homes <= number("dibao_homes_at_most")


@book.rule("household", clause="2.1.2", says="财产状况符合低保规定")
def assets_within_limits(rule: Names) -> Node:
    return rule.financial_assets_within_limit & rule.has_no_vehicle & rule.homes_within_limit


@book.rule("household", clause="2.1.2", says="最低生活保障资格")
def dibao(rule: Names) -> Node:
    return rule.income_below_standard & rule.assets_within_limits


@book.rule("household", clause="2.1.2", says="月低保金")
def dibao_amount(rule: Names) -> Node:
    return when(rule.dibao, rule.household_standard - rule.household_income, 0)


@book.rule("household", clause="2.2.1", says="低保边缘家庭")
def low_income_margin(rule: Names) -> Node:
    below = rule.household_income < rule.household_standard * ratio("margin_multiple")
    return ~rule.dibao & below & rule.assets_within_limits


@book.rule("person", clause="2.1.2", says="本人收入低于低保标准")
def own_income_below_standard(rule: Names) -> Node:
    return rule.net_income < param("urban_dibao_standard")


@book.rule("person", clause="2.1.2", says="单人保资格")
def is_single_dibao(rule: Names) -> Node:
    return rule.low_income_margin & rule.is_in_special_hardship & rule.own_income_below_standard


@book.rule("person", clause="2.1.2", says="单人保月低保金")
def single_dibao_amount(rule: Names) -> Node:
    return when(rule.is_single_dibao, param("urban_dibao_standard") - rule.net_income, 0)


@book.rule("person", clause="2.2.1", says="已认定的困难群众")
def is_aided(rule: Names) -> Node:
    return rule.dibao | rule.low_income_margin | rule.is_single_dibao


@book.rule("person", clause="2.3.1", says="教育救助对象")
def gets_education_aid(person: Names, rule: Names) -> Node:
    return (person.school != "") & (rule.is_aided | (person.disability != ""))


@book.rule("household", clause="2.2.1", says="困难群众人数")
def aided_members(rule: Names) -> Node:
    return members(rule.is_aided)


@book.rule("household", clause="2.8.1", says="有困难老年人")
def has_aided_elder(rule: Names) -> Node:
    return any_member(rule.is_aided & rule.is_elder)


for policy_id, eligible, amount in (
    ("dibao", "dibao", "dibao_amount"),
    ("low_income_margin", "low_income_margin", None),
    ("single_person_dibao", "is_single_dibao", "single_dibao_amount"),
    ("education_aid", "gets_education_aid", None),
    ("elder_in_need", "has_aided_elder", None),
):
    book.policy(
        policy_id,
        title=policy_id,
        clause="2.1.2",
        department="civil_affairs",
        kind=Benefit.CASH_MONTHLY,
        basis="二",
        eligible=eligible,
        amount=amount,
    )

TOOLBOOK: Toolbook = bind([book], PARAMETERS)
