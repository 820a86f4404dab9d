"""Family-planning families, health, and workers in hardship. Clauses 2.10 and 2.11."""

from eligibility.rules.engine.book import NO_MATERIALS, Benefit, Book, Materials, Names
from eligibility.rules.engine.expressions import Node, any_member, number, today, year_of
from eligibility.rules.policies.foundations import SEED

book = Book(since=SEED)

_FAMILY = ("district_rules 二（十）",)
_WORKER = ("district_rules 二（十一）",)


@book.rule("household", clause="2.10.1", says="有达到特别扶助年龄的成员")
def has_member_of_special_age(rule: Names) -> Node:
    return any_member(rule.years >= number("special_family_age"))


@book.rule("household", clause="2.10.1", says="计生特别扶助家庭（以卫健部门登记为准）")
def is_special_family(household: Names, rule: Names) -> Node:
    return rule.has_member_of_special_age & household.special_family


@book.rule("household", clause="2.10.1", says="计生特别扶助家庭健康服务对象")
def special_family_health(rule: Names) -> Node:
    return rule.is_special_family


@book.rule("person", clause="2.10.2", says="老年特扶对象")
def gets_special_family_home_care(rule: Names) -> Node:
    return rule.is_elder & rule.is_special_family


@book.rule("household", clause="2.10.3", says="失独家庭（以卫健部门登记为准）")
def bereaved_care_parcel(household: Names, rule: Names) -> Node:
    return rule.has_member_of_special_age & household.lost_only_child


@book.rule("household", clause="2.10.4", says="特扶金对象")
def special_support_payment(rule: Names) -> Node:
    return rule.is_special_family


@book.rule("household", clause="2.10.5", says="有重度精神残疾成员")
def has_member_with_severe_mental_disorder(person: Names, rule: Names) -> Node:
    return any_member((person.disability == "mental") & rule.is_severely_disabled)


@book.rule("household", clause="2.10.5", says="有能担任监护人的成员")
def has_possible_guardian(person: Names, rule: Names) -> Node:
    return any_member(~rule.is_minor & (person.disability != "mental"))


@book.rule("household", clause="2.10.5", says="严重精神障碍患者监护人以奖代补对象")
def guardian_award(rule: Names) -> Node:
    return rule.has_member_with_severe_mental_disorder & rule.has_possible_guardian


@book.rule("person", clause="2.10.6", says="家庭医生服务对象")
def gets_family_doctor(rule: Names) -> Node:
    return rule.is_aided & rule.is_registered_in_district


@book.rule("person", clause="2.11.1", says="在职职工")
def is_employee(person: Names) -> Node:
    return person.employment == "employed"


@book.rule("household", clause="2.11.4", says="突发疾病、交通事故或火灾致困")
def is_struck_by_illness_or_accident(household: Names) -> Node:
    return household.incident & household.incident_cause.is_one_of("serious_illness", "traffic_accident", "fire")


@book.rule("person", clause="2.11.4", says="本人长期患病且治疗费用过大")
def is_ill_at_great_cost(person: Names, rule: Names) -> Node:
    # The clause has no number for "too great": the share that makes a rigid-expenditure household.
    return (person.serious_illness != "") & rule.has_medical_spending & rule.is_crushed_by_spending


@book.rule("person", clause="2.11.4", says="疾病、交通事故或火灾致困")
def is_struck_as_worker(rule: Names) -> Node:
    return rule.is_struck_by_illness_or_accident | rule.is_ill_at_great_cost


@book.rule("person", clause="2.11.1", says="困难职工建档对象")
def gets_worker_file(rule: Names) -> Node:
    return rule.is_employee & (rule.is_aided | rule.is_struck_as_worker)


@book.rule("person", clause="2.11.2", says="困难职工生活、医疗、助学救助对象")
def gets_worker_aid(rule: Names) -> Node:
    return rule.gets_worker_file


@book.rule("person", clause="2.11.3", says="年度内初次确诊四类重大疾病")
def is_diagnosed_this_year(person: Names) -> Node:
    of_the_four = person.serious_illness.is_one_of(
        "malignant_tumour", "kidney_failure", "coronary_surgery", "leukaemia"
    )
    return of_the_four & (year_of(person.diagnosed_on) == year_of(today()))


@book.rule("person", clause="2.11.3", says="在职职工重大疾病一次性救助对象")
def gets_worker_illness_aid(rule: Names) -> Node:
    return rule.is_employee & rule.is_diagnosed_this_year


@book.rule("person", clause="2.11.4", says="职工临时关爱救助对象")
def gets_worker_temporary_care(rule: Names) -> Node:
    return rule.is_employee & rule.is_struck_as_worker


def _health(
    policy_id: str,
    title: str,
    clause: str,
    kind: Benefit,
    eligible: str = "",
    materials: Materials = NO_MATERIALS,
) -> None:
    book.policy(
        policy_id,
        title=title,
        clause=clause,
        department="health",
        kind=kind,
        basis=_FAMILY,
        materials=materials,
        eligible=eligible,
    )


def _worker(
    policy_id: str, title: str, clause: str, kind: Benefit, eligible: str, materials: Materials = NO_MATERIALS
) -> None:
    book.policy(
        policy_id,
        title=title,
        clause=clause,
        department="trade_union",
        kind=kind,
        basis=_WORKER,
        materials=materials,
        eligible=eligible,
        on_request=True,
    )


_health("special_family_health", "计生特别扶助家庭健康服务", "2.10.1", Benefit.SERVICE)
_health(
    "special_family_home_care", "老年特扶对象居家养老服务", "2.10.2", Benefit.SERVICE, "gets_special_family_home_care"
)
_health("bereaved_care_parcel", "失独家庭医疗保健爱心包", "2.10.3", Benefit.SERVICE)
_health("special_support_payment", "特扶金及慰问金", "2.10.4", Benefit.CASH_MONTHLY)
_health(
    "guardian_award",
    "严重精神障碍患者监护人以奖代补",
    "2.10.5",
    Benefit.CASH_ONCE,
    materials={"guardianship_commitment": ""},
)
_health("family_doctor", "家庭健康档案和家庭医生", "2.10.6", Benefit.SERVICE, "gets_family_doctor")
_worker("worker_file", "困难职工建档", "2.11.1", Benefit.IDENTIFICATION, "gets_worker_file")
_worker("worker_aid", "困难职工生活、医疗、助学救助", "2.11.2", Benefit.CASH_ONCE, "gets_worker_aid")
_worker(
    "worker_serious_illness_aid",
    "在职职工重大疾病一次性救助",
    "2.11.3",
    Benefit.CASH_ONCE,
    "gets_worker_illness_aid",
    {"diagnosis": "首次确诊的"},
)
_worker(
    "worker_temporary_care",
    "职工临时关爱救助",
    "2.11.4",
    Benefit.CASH_ONCE,
    "gets_worker_temporary_care",
    {"accident_certificate": "因事故的", "fire_certificate": "因火灾的", "diagnosis": "因疾病的"},
)
