"""What several policies rest on: family, ages, incomes, disability, assets. Clauses 2.1.2, 2.1.3, 民发〔2021〕57号."""

from eligibility.rules.engine.book import Book, Names
from eligibility.rules.engine.expressions import Node, age, any_member, greatest, members, number, param, ratio, when

SEED = "2022-09-08"
"""First day of 武昌办发〔2022〕8号."""

WUCHANG = "420106"
"""Region code of the district, whose household registration (武昌户籍) some clauses ask for."""

book = Book(since=SEED)


@book.rule("person", clause="2.1.2", says="周岁年龄")
def years(person: Names) -> Node:
    return age(person.birth_date)


@book.rule("person", clause="2.1.5", says="未满18周岁", otherwise="已满18周岁")
def is_minor(rule: Names) -> Node:
    return rule.years < 18


@book.rule("person", clause="2.8.6", says="年满60周岁", otherwise="未满60周岁")
def is_elder(rule: Names) -> Node:
    return rule.years >= 60


@book.rule("person", clause="2.8.8", says="高龄")
def is_very_old(rule: Names) -> Node:
    return rule.years >= number("very_old_age")


@book.rule("household", clause="2.1.2", says="申请人与父母共同生活")
def has_parent_of_applicant(person: Names) -> Node:
    return any_member(person.relation.is_one_of("father", "mother"))


@book.rule("person", clause="2.1.2", says="父母（或子女的父母）在家庭中")
def is_child_of_family(person: Names, rule: Names) -> Node:
    # The same family whoever applies: relations are to the applicant, who may be the child.
    return person.relation.is_one_of("child", "grandchild") | (
        person.relation.is_one_of("applicant", "sibling") & rule.has_parent_of_applicant
    )


@book.rule("person", clause="2.1.2", says="共同生活的家庭成员")
def is_family_member(person: Names, rule: Names) -> Node:
    # A grown child at school is counted up to bachelor level (民发〔2021〕57号 art. 7), not beyond.
    return ~(rule.is_child_of_family & (rule.years >= 18) & (person.school == "postgraduate"))


@book.rule("household", clause="2.1.2", says="共同生活的家庭成员人数")
def family_members(rule: Names) -> Node:
    return members(rule.is_family_member)


@book.rule("person", clause="2.7.2", says="本区户籍")
def is_registered_in_district(person: Names) -> Node:
    return person.region == WUCHANG


@book.rule("person", clause="2.1.3", says="扣减就业成本后的月工资")
def net_wage(person: Names) -> Node:
    return greatest(person.wage - param("employment_deduction"), 0)


@book.rule("person", clause="2.1.2", says="不计劳动所得的月收入")
def unearned_income(person: Names) -> Node:
    # Assistance by the government is no income (民发〔2021〕57号 art. 13).
    return person.property + person.pension + person.unemployment_benefit + person.support_received + person.other


@book.rule("person", clause="2.1.3", says="月劳动所得")
def earned_income(person: Names, rule: Names) -> Node:
    return rule.net_wage + person.business


@book.rule("person", clause="2.1.1", says="不计基础养老金的本人月收入")
def own_income(rule: Names) -> Node:
    return rule.earned_income + rule.unearned_income


@book.rule("person", clause="2.1.2", says="计入的中央基础养老金")
def counted_base_pension(person: Names) -> Node:
    return when(number("central_base_pension_counted") == 1, person.central_base_pension, 0)


@book.rule("person", clause="2.1.3", says="核算后个人月收入")
def net_income(rule: Names) -> Node:
    return rule.own_income + rule.counted_base_pension


@book.rule("person", clause="2.1.3", says="已就业", otherwise="未就业")
def is_working(person: Names) -> Node:
    return person.employment.is_one_of("employed", "flexible", "self_employed")


@book.rule("person", clause="2.3.1", says="残疾")
def is_disabled(person: Names) -> Node:
    # A known grade is a disability, whatever its category.
    return (person.disability != "") | (person.disability_grade >= 1)


@book.rule("person", clause="2.3.1", says="持证残疾人")
def is_certified_disabled(person: Names) -> Node:
    return person.disability_certificate


@book.rule("person", clause="2.1.1", says="重度残疾（一、二级）", otherwise="非重度残疾（一、二级）")
def is_severely_disabled(person: Names) -> Node:
    return (person.disability_grade >= 1) & (person.disability_grade <= 2)


@book.rule("person", clause="2.1.1", says="智力、精神残疾三级", otherwise="非智力、精神残疾三级")
def has_mental_grade_3(person: Names) -> Node:
    return person.disability.is_one_of("intellectual", "mental") & (person.disability_grade == 3)


@book.rule("household", clause="2.1.2", says="金融资产不超限")
def financial_assets_within_limit(household: Names, rule: Names) -> Node:
    return household.financial <= param("dibao_financial_assets_per_person") * rule.family_members


@book.rule("household", clause="2.1.2", says="无机动车")
def has_no_vehicle(household: Names) -> Node:
    return household.vehicles == 0


@book.rule("household", clause="2.1.2", says="住房不超限")
def homes_within_limit(household: Names) -> Node:
    return household.homes <= number("dibao_homes_at_most")


@book.rule("household", clause="2.1.2", says="财产状况符合低保规定")
def assets_within_limits(rule: Names) -> Node:
    return rule.financial_assets_within_limit & rule.has_no_vehicle & rule.homes_within_limit


@book.rule("household", clause="2.2.1", says="金融资产不超过低保边缘限额")
def financial_assets_within_margin(household: Names, rule: Names) -> Node:
    return household.financial <= param("margin_financial_assets_per_person") * rule.family_members


@book.rule("household", clause="2.2.1", says="机动车不超过低保边缘限额")
def vehicles_within_margin(household: Names) -> Node:
    return (household.vehicles <= number("margin_vehicles_at_most")) & (
        household.dearest_vehicle <= param("margin_vehicle_value_at_most")
    )


@book.rule("household", clause="2.2.1", says="住房不超过低保边缘限额")
def homes_within_margin(household: Names) -> Node:
    return household.homes <= number("margin_homes_at_most")


@book.rule("household", clause="2.2.1", says="财产状况符合低保边缘规定")
def assets_within_margin(rule: Names) -> Node:
    return rule.financial_assets_within_margin & rule.vehicles_within_margin & rule.homes_within_margin


@book.rule("household", clause="2.2.1", says="有刚性支出")
def has_rigid_spending(household: Names) -> Node:
    return household.rigid_total > 0


@book.rule("household", clause="2.2.1", says="刚性支出占比超过规定比例")
def rigid_share_exceeded(household: Names, rule: Names) -> Node:
    # Without income there is no ratio: it counts as exceeded.
    income_12m = rule.household_income * 12
    return (rule.household_income == 0) | (household.rigid_total > income_12m * ratio("rigid_spending_ratio"))
