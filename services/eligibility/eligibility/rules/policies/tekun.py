"""Support for persons in extreme hardship. Clause 2.1.1, 民发〔2021〕43号 arts. 4-9 and 21-26."""

from eligibility.rules.engine.book import Benefit, Book, Names
from eligibility.rules.engine.expressions import Node, any_member, number, param, when
from eligibility.rules.policies.foundations import SEED
from eligibility.rules.procedures import TEKUN

book = Book(since=SEED)


@book.rule("person", clause="2.1.1", says="无劳动能力")
def has_no_labour_capacity(person: Names, rule: Names) -> Node:
    return (
        (rule.years >= 60)
        | (rule.years < 16)
        | rule.has_mental_grade_3
        | (person.disability.is_one_of("intellectual", "mental", "limb", "multiple") & rule.is_severely_disabled)
        | ((person.disability == "sight") & (person.disability_grade == 1))
    )


@book.rule("person", clause="2.1.1", says="已享受供养且未成年或仍在义务教育、高中阶段就读")
def keeps_support_at_school(person: Names, rule: Names) -> Node:
    at_school = person.school.is_one_of("primary", "junior_secondary", "senior_secondary", "secondary_vocational")
    return person.receives_tekun & (rule.is_minor | at_school)


@book.rule("person", clause="2.1.1", says="无生活来源")
def has_no_livelihood(rule: Names) -> Node:
    return rule.own_income < param("urban_dibao_standard")


@book.rule(
    "person",
    clause="2.1.1",
    says="本人年收入低于上年度人均可支配收入",
    otherwise="本人年收入不低于上年度人均可支配收入",
)
def earns_less_than_average(rule: Names) -> Node:
    return rule.own_income * 12 < param("disposable_income_last_year")


@book.rule("person", clause="2.1.1", says="家庭以外无有能力的法定义务人")
def has_no_obligor_outside(person: Names) -> Node:
    # Not declared is not the same as declared to be none: only the latter opens this door.
    return person.obligors_declared & (person.obligors_able == 0)


@book.rule("person", clause="2.1.1", says="本人亦无劳动能力、无生活来源、家庭以外无义务人")
def is_destitute(rule: Names) -> Node:
    return rule.has_no_labour_capacity & rule.has_no_livelihood & rule.has_no_obligor_outside


@book.rule("person", clause="2.1.1", says="有能力履行赡养、扶养、抚养义务")
def can_support(household: Names, rule: Names) -> Node:
    # A tekun person owes no support (民发〔2021〕43号 art. 8): of two who have nothing, neither rules the other out.
    return ~(
        rule.is_minor
        | rule.is_destitute
        | (household.receives_dibao & rule.is_elder)
        | ((rule.years >= 70) & rule.earns_less_than_average)
        | ((rule.is_severely_disabled | rule.has_mental_grade_3) & rule.earns_less_than_average)
    )


@book.rule("household", clause="2.1.1", says="申请人有履行能力")
def applicant_can_support(person: Names, rule: Names) -> Node:
    return any_member((person.relation == "applicant") & rule.can_support)


@book.rule("household", clause="2.1.1", says="申请人配偶有履行能力")
def spouse_can_support(person: Names, rule: Names) -> Node:
    return any_member((person.relation == "spouse") & rule.can_support)


@book.rule("household", clause="2.1.1", says="申请人子女有履行能力")
def child_can_support(person: Names, rule: Names) -> Node:
    return any_member((person.relation == "child") & rule.can_support)


@book.rule("household", clause="2.1.1", says="申请人孙子女有履行能力")
def grandchild_can_support(person: Names, rule: Names) -> Node:
    return any_member((person.relation == "grandchild") & rule.can_support)


@book.rule("household", clause="2.1.1", says="申请人兄弟姐妹有履行能力")
def sibling_can_support(person: Names, rule: Names) -> Node:
    return any_member((person.relation == "sibling") & rule.can_support)


@book.rule("household", clause="2.1.1", says="申请人父亲有履行能力")
def father_can_support(person: Names, rule: Names) -> Node:
    return any_member((person.relation == "father") & rule.can_support)


@book.rule("household", clause="2.1.1", says="申请人母亲有履行能力")
def mother_can_support(person: Names, rule: Names) -> Node:
    return any_member((person.relation == "mother") & rule.can_support)


@book.rule("household", clause="2.1.1", says="申请人祖父母有履行能力")
def grandparent_can_support(person: Names, rule: Names) -> Node:
    return any_member((person.relation == "grandparent") & rule.can_support)


@book.rule("household", clause="2.1.1", says="申请人父母有履行能力")
def parent_can_support(rule: Names) -> Node:
    return rule.father_can_support | rule.mother_can_support


@book.rule(
    "person",
    clause="2.1.1",
    says="共同生活的近亲属有履行能力（按与申请人关系）",
    otherwise="共同生活的近亲属均无履行能力",
)
def is_supported_by_next_of_kin(person: Names, rule: Names) -> Node:
    # Spouses, parents and children, each way (民法典 arts. 1059 and 1067).
    couple = rule.applicant_can_support | rule.spouse_can_support
    own_children = rule.applicant_can_support | rule.sibling_can_support
    kin_of_applicant = rule.spouse_can_support | rule.child_can_support | rule.parent_can_support
    return (
        ((person.relation == "applicant") & kin_of_applicant)
        | ((person.relation == "spouse") & (rule.applicant_can_support | rule.child_can_support))
        | ((person.relation == "child") & (couple | rule.grandchild_can_support))
        | ((person.relation == "grandchild") & rule.child_can_support)
        | ((person.relation == "father") & (rule.mother_can_support | own_children | rule.grandparent_can_support))
        | ((person.relation == "mother") & (rule.father_can_support | own_children | rule.grandparent_can_support))
        | (person.relation.is_one_of("sibling", "grandparent") & rule.parent_can_support)
    )


@book.rule(
    "person",
    clause="2.1.1",
    says="共同生活的祖孙、兄姐有履行能力（按与申请人关系）",
    otherwise="共同生活的祖孙、兄姐均无履行能力",
)
def is_supported_by_wider_kin(person: Names, rule: Names) -> Node:
    # Grown grandchildren owe it to grandparents; grandparents and elder siblings to minors only (arts. 1074 and 1075).
    couple = rule.applicant_can_support | rule.spouse_can_support
    grandchildren = rule.applicant_can_support | rule.sibling_can_support
    minor = (
        ((person.relation == "grandchild") & couple)
        | ((person.relation == "child") & (rule.parent_can_support | rule.child_can_support))
        | ((person.relation == "applicant") & (rule.grandparent_can_support | rule.sibling_can_support))
        | ((person.relation == "sibling") & (rule.grandparent_can_support | grandchildren))
    )
    return (
        (rule.is_minor & minor)
        | (person.relation.is_one_of("applicant", "spouse") & rule.grandchild_can_support)
        | (person.relation.is_one_of("father", "mother") & rule.child_can_support)
        | ((person.relation == "grandparent") & grandchildren)
    )


@book.rule("person", clause="2.1.1", says="未按孤儿、事实无人抚养儿童保障（已享受供养的除外）")
def is_not_on_child_rate(person: Names, rule: Names) -> Node:
    return ~rule.is_child_on_rate | person.receives_tekun


@book.rule("person", clause="2.1.1", says="符合特困人员条件（财产除外）")
def is_in_extreme_hardship(rule: Names) -> Node:
    return (
        (rule.has_no_labour_capacity | rule.keeps_support_at_school)
        & rule.has_no_livelihood
        & rule.has_no_obligor_outside
        & ~rule.is_supported_by_next_of_kin
        & ~rule.is_supported_by_wider_kin
        & rule.is_not_on_child_rate
    )


@book.rule("person", clause="2.1.1", says="特困人员", otherwise="不属于特困人员")
def is_tekun(rule: Names) -> Node:
    return rule.is_in_extreme_hardship & rule.assets_within_limits


@book.rule("person", clause="2.1.1", says="特困供养金")
def tekun_amount() -> Node:
    return param("urban_tekun_standard")


@book.rule("person", clause="2.1.1", says="完全丧失生活自理能力")
def has_lost_self_care(person: Names) -> Node:
    return person.self_care_failed >= number("self_care_loss_items")


@book.rule("household", clause="2.1.1", says="特困人员生活自理能力（取最重者）")
def tekun_self_care(person: Names, rule: Names) -> Node:
    return when(
        any_member(rule.is_tekun & rule.has_lost_self_care),
        "full_loss",
        when(any_member(rule.is_tekun & (person.self_care_failed > 0)), "partial_loss", "full"),
    )


book.policy(
    "tekun",
    title="特困人员救助供养",
    clause="2.1.1",
    department="civil_affairs",
    kind=Benefit.CASH_MONTHLY,
    basis=("assistance_law 第十六条", "interim_measures 第三章", "tekun_rules", "district_rules 二（一）"),
    procedure=TEKUN,
    materials={"obligor_consent": "有此类义务人的"},
    eligible="is_tekun",
    amount="tekun_amount",
    when_eligible={"self_care": "tekun_self_care"},
)
