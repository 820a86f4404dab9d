"""What the multi-dimension assessment asks beside the policies' own conditions. Clause 7.1; it decides no policy."""

from eligibility.rules.engine.book import Book, Names
from eligibility.rules.engine.expressions import Node, any_member, members, number, param, ratio, total
from eligibility.rules.policies.foundations import SEED

book = Book(since=SEED)


@book.rule("household", clause="7.1", says="家庭月收入")
def family_income(rule: Names) -> Node:
    # Of the whole family: who has tekun or a child's rate leaves the income of dibao, not the hardship of the home.
    return total(rule.net_income, where=rule.is_family_member)


@book.rule("household", clause="7.1", says="低保标准乘以家庭人口")
def family_standard(rule: Names) -> Node:
    return param("urban_dibao_standard") * rule.family_members


@book.rule("household", clause="7.1", says="家庭人均收入低于低保标准")
def is_family_below_standard(rule: Names) -> Node:
    return rule.family_income < rule.family_standard


@book.rule("household", clause="7.1", says="家庭人均收入低于低保边缘标准")
def is_family_below_margin(rule: Names) -> Node:
    return rule.family_income < rule.family_standard * ratio("margin_multiple")


@book.rule("household", clause="7.1", says="家庭人均收入低于上年度人均可支配收入")
def is_family_below_average(rule: Names) -> Node:
    return rule.family_income * 12 < param("disposable_income_last_year") * rule.family_members


@book.rule("household", clause="7.1", says="家庭人口多")
def is_large_family(rule: Names) -> Node:
    return rule.family_members >= number("hardship_large_family_members")


@book.rule("household", clause="7.1", says="父母一方独自抚养未成年子女")
def is_single_parent_family(person: Names, rule: Names) -> Node:
    has_father = any_member(person.relation == "father")
    has_mother = any_member(person.relation == "mother")
    of_applicant = any_member(rule.is_minor & (person.relation == "child")) & ~any_member(person.relation == "spouse")
    of_a_parent = any_member(rule.is_minor & (person.relation == "applicant")) & (
        (has_father & ~has_mother) | (has_mother & ~has_father)
    )
    return of_applicant | of_a_parent


@book.rule("person", clause="7.1", says="劳动年龄内因残疾或其他原因无劳动能力")
def cannot_work(person: Names, rule: Names) -> Node:
    return rule.is_of_working_age & (
        rule.is_severely_disabled | rule.has_mental_grade_3 | (person.employment == "unable")
    )


@book.rule("person", clause="7.1", says="需供养（未成年、年老、就学或无劳动能力）")
def is_dependant(rule: Names) -> Node:
    return rule.is_family_member & (rule.is_minor | rule.is_elder | rule.is_pupil | rule.cannot_work)


@book.rule("household", clause="7.1", says="需供养的成员超过半数")
def is_burdened_by_dependants(rule: Names) -> Node:
    return members(rule.is_dependant) * 2 > rule.family_members


@book.rule("person", clause="7.1", says="残疾（非重度）")
def is_less_severely_disabled(rule: Names) -> Node:
    return rule.is_disabled & ~rule.is_severely_disabled


@book.rule("person", clause="7.1", says="患重大疾病")
def is_seriously_ill(person: Names) -> Node:
    return person.serious_illness != ""


@book.rule("person", clause="7.1", says="劳动年龄内失业")
def is_jobless(rule: Names) -> Node:
    return rule.is_unemployed & rule.is_of_working_age


@book.rule("household", clause="7.1", says="有教育支出")
def has_education_spending(household: Names) -> Node:
    return household.rigid_education > 0


@book.rule("household", clause="7.1", says="刚性支出占家庭收入超过规定比例")
def is_family_crushed_by_spending(household: Names, rule: Names) -> Node:
    spent_too_much = household.rigid_total > rule.family_income * 12 * ratio("rigid_spending_ratio")
    return rule.has_rigid_spending & ((rule.family_income == 0) | spent_too_much)


@book.rule("household", clause="7.1", says="有成员残疾")
def has_disabled_member(rule: Names) -> Node:
    return any_member(rule.is_disabled)


@book.rule("household", clause="7.1", says="有成员失业")
def has_jobless_member(rule: Names) -> Node:
    return any_member(rule.is_jobless)


@book.rule("household", clause="7.1", says="有未成年人失去父母抚养")
def has_child_without_parents(rule: Names) -> Node:
    return any_member(rule.is_child_on_rate)


@book.rule("person", clause="7.1", says="独居老年人")
def is_elder_alone(rule: Names) -> Node:
    return rule.is_elder & rule.is_living_alone


@book.rule("person", clause="7.1", says="残疾或孤独症儿童")
def is_disabled_child(rule: Names) -> Node:
    return rule.is_minor & rule.is_disabled_or_autistic


@book.rule("person", clause="7.1", says="低收入家庭学生")
def is_pupil_in_need(rule: Names) -> Node:
    return rule.is_pupil & rule.is_family_below_margin


@book.rule("household", clause="7.1", says="低收入且无自有住房")
def is_without_home_in_need(rule: Names) -> Node:
    return rule.has_no_home & rule.is_family_below_margin


@book.rule("person", clause="7.1", says="精神残疾")
def has_mental_disability(person: Names) -> Node:
    return person.disability == "mental"
