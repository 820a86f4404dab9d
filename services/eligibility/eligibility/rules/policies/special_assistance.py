"""Medical, education, housing, employment, legal and disaster assistance. Clauses 2.2 to 2.7."""

from eligibility.rules.engine.book import Benefit, Book, Names
from eligibility.rules.engine.expressions import Node, all_members, any_member, months_since
from eligibility.rules.policies.foundations import SEED
from eligibility.rules.procedures import LEGAL_AID

book = Book(since=SEED)


@book.rule("person", clause="2.2.1", says="医疗救助对象")
def gets_medical_assistance(rule: Names) -> Node:
    return rule.is_aided


@book.rule("person", clause="2.2.2", says="资助参保对象")
def gets_premium_subsidy(rule: Names) -> Node:
    return rule.is_aided


@book.rule("household", clause="2.2.3", says="有自付医疗支出")
def has_medical_spending(household: Names) -> Node:
    return household.rigid_medical > 0


@book.rule("person", clause="2.2.3", says="重大疾病医疗补充保险对象")
def gets_supplementary_insurance(rule: Names) -> Node:
    return rule.is_aided & rule.has_medical_spending


@book.rule("person", clause="2.3.1", says="在籍在校（含送教上门）")
def is_pupil(person: Names) -> Node:
    return person.school != ""


@book.rule("person", clause="2.3.1", says="教育救助对象")
def gets_education_aid(rule: Names) -> Node:
    return rule.is_pupil & (rule.is_aided | rule.is_disabled)


@book.rule("household", clause="2.4.1", says="无自有住房")
def has_no_home(household: Names) -> Node:
    return household.homes == 0


@book.rule("household", clause="2.4.1", says="有城镇户籍成员")
def has_urban_member(person: Names) -> Node:
    return any_member(person.registration_kind == "urban")


@book.rule("household", clause="2.4.1", says="有已认定的困难成员")
def has_aided_member(rule: Names) -> Node:
    return any_member(rule.is_aided)


@book.rule("household", clause="2.4.1", says="公租房保障对象")
def public_rental_housing(rule: Names) -> Node:
    return rule.has_no_home & rule.has_urban_member & rule.has_aided_member


@book.rule("person", clause="2.5.1", says="失业")
def is_unemployed(person: Names) -> Node:
    return person.employment == "unemployed"


@book.rule("person", clause="2.5.1", says="处于劳动年龄（16至59周岁）")
def is_of_working_age(rule: Names) -> Node:
    return (rule.years >= 16) & (rule.years < 60)


@book.rule("household", clause="2.5.1", says="零就业家庭")
def is_without_work(rule: Names) -> Node:
    return all_members(~rule.is_working)


@book.rule("person", clause="2.5.1", says="失业满一年")
def is_long_unemployed(person: Names, rule: Names) -> Node:
    return rule.is_unemployed & (months_since(person.employment_since) >= 12)


@book.rule("person", clause="2.5.1", says="就业困难人员")
def is_hard_to_employ(rule: Names) -> Node:
    return rule.is_aided | rule.is_without_work | rule.is_certified_disabled | rule.is_long_unemployed


@book.rule("person", clause="2.5.1", says="就业救助对象")
def gets_employment_assistance(rule: Names) -> Node:
    return rule.is_unemployed & rule.is_of_working_age & rule.is_hard_to_employ


@book.rule("person", clause="2.5.2", says="免费技能培训对象")
def gets_skills_training(rule: Names) -> Node:
    return rule.gets_employment_assistance


@book.rule("person", clause="2.6.1", says="法律援助对象（免经济困难审查）")
def gets_legal_aid(rule: Names) -> Node:
    return rule.is_aided


@book.rule("person", clause="2.6.2", says="绿色通道优先办理")
def goes_first_for_legal_aid(rule: Names) -> Node:
    # A disability counts by its certificate: the desk can look that up, and nobody waits for an assessment of it.
    return rule.is_elder | rule.is_certified_disabled | rule.is_minor


@book.rule("household", clause="2.7.2", says="自然灾害、火灾等事件")
def is_struck_by_disaster(household: Names) -> Node:
    return household.incident & household.incident_cause.is_one_of("fire", "public_emergency")


@book.rule("person", clause="2.7.2", says="灾害保险赔付对象")
def gets_disaster_insurance(rule: Names) -> Node:
    return rule.is_struck_by_disaster & rule.is_registered_in_district


@book.rule("household", clause="2.7.1", says="救灾物资发放对象")
def disaster_relief_goods(rule: Names) -> Node:
    return rule.is_struck_by_disaster


book.policy(
    "medical_assistance",
    title="医疗救助",
    clause="2.2.1",
    department="medical_security",
    kind=Benefit.CASH_ONCE,
    basis=("assistance_law", "interim_measures 第五章", "medical_opinion", "district_rules 二（二）"),
    eligible="gets_medical_assistance",
)
book.policy(
    "premium_subsidy",
    title="资助参加居民医保",
    clause="2.2.2",
    department="medical_security",
    kind=Benefit.CASH_ONCE,
    basis=("assistance_law", "interim_measures 第五章", "medical_opinion", "district_rules 二（二）"),
    eligible="gets_premium_subsidy",
)
book.policy(
    "supplementary_illness_insurance",
    title="困难群众重大疾病医疗补充保险",
    clause="2.2.3",
    department="medical_security",
    kind=Benefit.CASH_ONCE,
    basis=("district_rules 二（二）",),
    materials={"uninsured_receipt": ""},
    eligible="gets_supplementary_insurance",
)
book.policy(
    "education_aid",
    title="教育救助",
    clause="2.3.1",
    department="education",
    kind=Benefit.CASH_ONCE,
    basis=("assistance_law 第二十五条", "interim_measures 第六章", "district_rules 二（三）"),
    eligible="gets_education_aid",
)
book.policy(
    "public_rental_housing",
    title="公租房保障",
    clause="2.4.1",
    department="housing",
    kind=Benefit.SERVICE,
    basis=("assistance_law", "interim_measures 第七章", "district_rules 二（四）"),
    on_request=True,
)
book.policy(
    "employment_assistance",
    title="就业救助",
    clause="2.5.1",
    department="human_resources",
    kind=Benefit.SERVICE,
    basis=("assistance_law", "interim_measures 第八章", "district_rules 二（五）"),
    eligible="gets_employment_assistance",
)
book.policy(
    "skills_training",
    title="免费技能培训及生活补助",
    clause="2.5.2",
    department="human_resources",
    kind=Benefit.SERVICE,
    basis=("assistance_law", "interim_measures 第八章", "district_rules 二（五）"),
    eligible="gets_skills_training",
    on_request=True,
)
book.policy(
    "legal_aid",
    title="法律援助",
    clause="2.6.1",
    department="justice",
    kind=Benefit.SERVICE,
    basis=("legal_aid_law 第三十六条、第四十二条、第四十三条", "district_rules 二（六）"),
    procedure=LEGAL_AID,
    materials={"case_papers": ""},
    eligible="gets_legal_aid",
    on_request=True,
    when_eligible={"goes_first": "goes_first_for_legal_aid"},
)
book.policy(
    "disaster_relief_goods",
    title="救灾物资",
    clause="2.7.1",
    department="emergency_management",
    kind=Benefit.SERVICE,
    basis=("assistance_law", "interim_measures 第四章", "district_rules 二（七）"),
)
book.policy(
    "disaster_insurance",
    title="自然灾害、火灾保险赔付",
    clause="2.7.2",
    department="emergency_management",
    kind=Benefit.CASH_ONCE,
    basis=("district_rules 二（七）",),
    materials={"injury_or_damage": ""},
    eligible="gets_disaster_insurance",
)
