"""Orphans and de-facto unattended children, never posted. Clauses 2.1.5, 2.1.6, 民发〔2019〕62号, 民发〔2020〕125号."""

from eligibility.rules.engine.book import Benefit, Book, Names
from eligibility.rules.engine.expressions import Node, greatest, param, total
from eligibility.rules.policies.foundations import SEED
from eligibility.rules.procedures import CHILD

book = Book(since=SEED)


def _is_gone(status: Node) -> Node:
    return status.is_one_of("dead", "missing")


def _cannot_raise(status: Node, months: Node, category: Node, grade: Node) -> Node:
    severe = (grade >= 1) & ((grade <= 2) | category.is_one_of("mental", "intellectual"))
    return (
        status.is_one_of("severely_disabled", "seriously_ill", "guardianship_revoked", "deported")
        | (status.is_one_of("imprisoned", "compulsory_rehab", "detained", "out_of_contact") & (months >= 6))
        | severe
    )


@book.rule("person", clause="2.1.5", says="父亲死亡或失踪", otherwise="父亲未死亡或失踪")
def father_is_gone(person: Names) -> Node:
    return _is_gone(person.father)


@book.rule("person", clause="2.1.5", says="母亲死亡或失踪", otherwise="母亲未死亡或失踪")
def mother_is_gone(person: Names) -> Node:
    return _is_gone(person.mother)


@book.rule("person", clause="2.1.6", says="父亲重残、重病、服刑、强制隔离戒毒、失联等")
def father_cannot_raise(person: Names) -> Node:
    return _cannot_raise(person.father, person.father_months, person.father_disability, person.father_grade)


@book.rule("person", clause="2.1.6", says="母亲重残、重病、服刑、强制隔离戒毒、失联等")
def mother_cannot_raise(person: Names) -> Node:
    return _cannot_raise(person.mother, person.mother_months, person.mother_disability, person.mother_grade)


@book.rule("person", clause="2.1.5", says="孤儿")
def is_orphan(rule: Names) -> Node:
    return rule.is_minor & rule.father_is_gone & rule.mother_is_gone


@book.rule("person", clause="2.1.6", says="父母双方均不能履行抚养职责")
def no_parent_raises(rule: Names) -> Node:
    return (rule.father_is_gone | rule.father_cannot_raise) & (rule.mother_is_gone | rule.mother_cannot_raise)


@book.rule("person", clause="2.1.6", says="事实无人抚养儿童")
def is_unattended(rule: Names) -> Node:
    return rule.is_minor & rule.no_parent_raises & ~(rule.father_is_gone & rule.mother_is_gone)


@book.rule("person", clause="2.1.5", says="享受儿童基本生活费", otherwise="未享受儿童基本生活费")
def is_child_on_rate(rule: Names) -> Node:
    return rule.is_minor & rule.no_parent_raises


@book.rule("person", clause="2.1.6", says="儿童基本生活费（抵扣已领金额后）")
def child_top_up(person: Names) -> Node:
    paid = person.dibao_share + person.tekun_share + person.living_allowance_share
    return greatest(param("child_rate_at_home") - paid, 0)


@book.rule("household", clause="2.1.6", says="儿童基本生活费全额")
def unattended_full_rate(rule: Names) -> Node:
    return total(param("child_rate_at_home"), where=rule.is_unattended)


book.policy(
    "orphan",
    title="孤儿基本生活保障",
    clause="2.1.5",
    department="civil_affairs",
    kind=Benefit.CASH_MONTHLY,
    basis=("orphan_opinion", "child_privacy_rules", "district_rules 二（一）"),
    procedure=CHILD,
    eligible="is_orphan",
    amount="child_top_up",
)
book.policy(
    "defacto_unattended_child",
    title="事实无人抚养儿童基本生活保障",
    clause="2.1.6",
    department="civil_affairs",
    kind=Benefit.CASH_MONTHLY,
    basis=("unattended_opinion", "unattended_notice", "child_privacy_rules", "district_rules 二（一）"),
    procedure=CHILD,
    materials={"diagnosis": "父母重病的", "police_report": "父母失联的"},
    eligible="is_unattended",
    amount="child_top_up",
    when_eligible={"full_rate": "unattended_full_rate"},
)
