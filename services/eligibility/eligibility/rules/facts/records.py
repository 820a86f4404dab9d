"""The facts that rules may ask for: one flat record per person and one per household.

A fact is known, or unknown: None for a truth, a word or a date, a Span for a number. What was declared as nothing is a
value of its own (0, False, "", NEVER), never unknown. Flat, so that the same names are columns of the population.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from typing import Any, Self

from eligibility.rules.engine.expressions import Scope, Unit
from eligibility.rules.engine.spans import Number

NEVER = date.max
"""The day of something that was declared as nothing: later than every assessment."""

Truth = bool | None
Word = str | None
Day = date | None
Value = Truth | Word | Day | Number


def _fact(label: str, unit: Unit, path: str, held_by: str, measure: str = "") -> Any:
    return field(metadata={"label": label, "unit": unit, "path": path, "held_by": held_by, "measure": measure})


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """One member. Months, grades and counts are numbers; amounts are fen a month."""

    id: str = _fact("成员", Unit.WORD, "id", "applicant")
    relation: Word = _fact("与申请人关系", Unit.WORD, "relation", "applicant")
    birth_date: Day = _fact("出生日期", Unit.DATE, "birth_date", "public_security")
    sex: Word = _fact("性别", Unit.WORD, "sex", "public_security")
    region: Word = _fact("户籍地", Unit.WORD, "registration", "public_security")
    registration_kind: Word = _fact("户籍类型", Unit.WORD, "registration", "public_security")
    living_here_since: Day = _fact("本地居住起始日", Unit.DATE, "living_here_since", "street")
    residence_permit: Truth = _fact("持有居住证", Unit.TRUTH, "residence_permit", "applicant")
    residence_permit_endorsed_on: Day = _fact("居住证签注日期", Unit.DATE, "residence_permit", "applicant")
    employment: Word = _fact("就业状态", Unit.WORD, "employment", "human_resources")
    employment_since: Day = _fact("就业状态起始日", Unit.DATE, "employment", "human_resources")
    wage: Number = _fact("月工资性收入", Unit.FEN, "income", "tax")
    business: Number = _fact("月经营净收入", Unit.FEN, "income", "market_regulation")
    property: Number = _fact("月财产净收入", Unit.FEN, "income", "applicant")
    pension: Number = _fact("月养老金", Unit.FEN, "income", "human_resources")
    central_base_pension: Number = _fact("月中央基础养老金", Unit.FEN, "income", "human_resources")
    unemployment_benefit: Number = _fact("月失业保险金", Unit.FEN, "income", "human_resources")
    support_received: Number = _fact("月赡养抚养费", Unit.FEN, "income", "applicant")
    assistance: Number = _fact("月救助金", Unit.FEN, "income", "applicant")
    other: Number = _fact("月其他收入", Unit.FEN, "income", "applicant")
    disability: Word = _fact("残疾类别", Unit.WORD, "disability", "disabled_federation")
    disability_grade: Number = _fact("残疾等级", Unit.COUNT, "disability", "disabled_federation", "级")
    disability_certificate: Truth = _fact("持有残疾人证", Unit.TRUTH, "disability", "disabled_federation")
    own_assets_within_limits: Truth = _fact("本人名下财产符合规定", Unit.TRUTH, "assets", "applicant")
    autism: Truth = _fact("诊断孤独症", Unit.TRUTH, "diagnoses", "applicant")
    serious_illness: Word = _fact("重大疾病", Unit.WORD, "serious_illness", "applicant")
    diagnosed_on: Day = _fact("首次确诊日期", Unit.DATE, "diagnosed_on", "applicant")
    self_care_failed: Number = _fact("不能自理项目数", Unit.COUNT, "self_care_failed", "street", "项")
    lives_alone: Truth = _fact("独居", Unit.TRUTH, "lives_alone", "street")
    school: Word = _fact("就读阶段", Unit.WORD, "school", "education")
    home_teaching: Truth = _fact("送教上门", Unit.TRUTH, "school", "education")
    father: Word = _fact("父亲情形", Unit.WORD, "father", "street")
    father_months: Number = _fact("父亲情形持续月数", Unit.COUNT, "father", "street", "个月")
    father_disability: Word = _fact("父亲残疾类别", Unit.WORD, "father", "street")
    father_grade: Number = _fact("父亲残疾等级", Unit.COUNT, "father", "street", "级")
    mother: Word = _fact("母亲情形", Unit.WORD, "mother", "street")
    mother_months: Number = _fact("母亲情形持续月数", Unit.COUNT, "mother", "street", "个月")
    mother_disability: Word = _fact("母亲残疾类别", Unit.WORD, "mother", "street")
    mother_grade: Number = _fact("母亲残疾等级", Unit.COUNT, "mother", "street", "级")
    obligors_declared: Truth = _fact("已申报法定义务人", Unit.TRUTH, "obligors", "applicant")
    obligors_able: Number = _fact("有履行能力的法定义务人数", Unit.COUNT, "obligors", "street", "人")
    receives_tekun: Truth = _fact("正享受特困供养", Unit.TRUTH, "receiving", "civil_affairs")
    dibao_share: Number = _fact("已领低保份额", Unit.FEN, "receiving", "civil_affairs")
    tekun_share: Number = _fact("已领特困供养金", Unit.FEN, "receiving", "civil_affairs")
    living_allowance_share: Number = _fact("已领残疾人生活补贴", Unit.FEN, "receiving", "civil_affairs")


@dataclass(frozen=True, slots=True)
class HouseholdFacts:
    """What is known of the household as a whole. Amounts are fen."""

    street: Word = _fact("居住街道", Unit.WORD, "street", "applicant")
    financial: Number = _fact("存款", Unit.FEN, "assets.financial", "applicant")
    vehicles: Number = _fact("机动车", Unit.COUNT, "assets.vehicles", "public_security", "辆")
    dearest_vehicle: Number = _fact("机动车价值", Unit.FEN, "assets.vehicles", "public_security")
    homes: Number = _fact("住房套数", Unit.COUNT, "assets.homes", "housing", "套")
    rigid_medical: Number = _fact("12个月医疗支出", Unit.FEN, "rigid_spending_12m", "medical_security")
    rigid_education: Number = _fact("12个月教育支出", Unit.FEN, "rigid_spending_12m", "applicant")
    rigid_total: Number = _fact("12个月刚性支出", Unit.FEN, "rigid_spending_12m", "applicant")
    receives_dibao: Truth = _fact("正享受低保", Unit.TRUTH, "receiving", "civil_affairs")
    dibao_monthly: Number = _fact("现低保金", Unit.FEN, "receiving", "civil_affairs")
    receives_grace: Truth = _fact("正在渐退期", Unit.TRUTH, "receiving", "civil_affairs")
    grace_monthly: Number = _fact("现渐退期低保金", Unit.FEN, "receiving", "civil_affairs")
    grace_since: Day = _fact("渐退期起始日", Unit.DATE, "receiving", "civil_affairs")
    incident: Truth = _fact("发生急难事件", Unit.TRUTH, "incident", "street")
    incident_cause: Word = _fact("急难事由", Unit.WORD, "incident", "street")
    incident_on: Day = _fact("事件日期", Unit.DATE, "incident", "street")
    requested: Truth = _fact("已申请临时救助", Unit.TRUTH, "requested_amount", "applicant")
    requested_amount: Number = _fact("申请金额", Unit.FEN, "requested_amount", "applicant")
    near_relatives: Number = _fact("经办人员近亲属人数", Unit.COUNT, "near_relatives_in_office", "street", "人")
    special_family: Truth = _fact("计生特别扶助登记", Unit.TRUTH, "special_family", "health")
    lost_only_child: Truth = _fact("失独登记", Unit.TRUTH, "lost_only_child", "health")


@dataclass(frozen=True, slots=True)
class Facts:
    """A household on a day, its members in the order of their ids."""

    as_of: date
    household: HouseholdFacts
    people: tuple[PersonFacts, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One fact by name: what it is called, what it is, where in the contract it comes from, and who can answer it.

    `held_by` is a code of `departments.HOLDERS`: a department whose register holds the fact, else the street, which
    sees it on its visit, or the applicant. `measure` is the word after a count.
    """

    scope: Scope
    name: str
    unit: Unit
    label: str
    path: str
    held_by: str
    measure: str


def _columns(scope: Scope, record: type[PersonFacts] | type[HouseholdFacts]) -> dict[str, Column]:
    return {item.name: Column(scope, item.name, **item.metadata) for item in fields(record)}


PERSON_COLUMNS = _columns("person", PersonFacts)
HOUSEHOLD_COLUMNS = _columns("household", HouseholdFacts)
COLUMNS: dict[Scope, dict[str, Column]] = {"person": PERSON_COLUMNS, "household": HOUSEHOLD_COLUMNS}


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of a declaration: where it stands, what was found there (shortened), what is expected."""

    path: str
    found: str
    expected: str
    code: str = "invalid_value"

    @classmethod
    def of(cls, path: str, found: Any, expected: str, code: str = "invalid_value") -> Self:
        """A finding about any value."""
        try:
            shown = json.dumps(found, ensure_ascii=False, default=str)
        except RecursionError:
            shown = "…"  # nested deeper than anybody could read
        return cls(path, shown[:_FOUND_AT_MOST], expected, code)

    def __str__(self) -> str:
        return f"{self.path or 'household'}: found {self.found}, expected {self.expected}"


_FOUND_AT_MOST = 80
"""Characters: enough to recognise the value, whatever was sent."""


class FactsInvalid(ValueError):
    """The household cannot be read. `findings` lists every fault, not just the first."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings

    def as_json(self) -> list[dict[str, str]]:
        """The findings as data."""
        return [asdict(finding) for finding in self.findings]
