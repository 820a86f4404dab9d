"""Verifications, their results, the merged facts, and the rate."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from data_sharing.schemas.objections import ObjectionView
from data_sharing.schemas.values import State, seen

_QUERY = "01930000-0000-7000-8000-000000000004"
_VERIFICATION = "01930000-0000-7000-8000-000000000003"
_APPLICATION = "01930000-0000-7000-8000-000000000002"
_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
_OBLIGOR = "01930000-0000-7000-8000-000000000009"
_ACCESS = "01930000-0000-7000-8000-000000000005"
_AT = "2022-10-11T01:30:00Z"
_PROVENANCE = {
    "source": "found",
    "department": "tax",
    "data_set": "individual_income",
    "state": "matched",
    "as_of": "2022-09-30",
    "differs": True,
}
_DEPARTMENT = {
    "department": "public_security",
    "title": "武昌公安分局",
    "kind": "on_request",
    "data_sets": ["household_composition"],
    "state": "matched",
    "answered_at": _AT,
    "is_late": False,
    "reason": "核实共同生活的家庭成员",
    "file_as_of": "2022-10-09",
}
_DIFFERENCE = {
    "path": "members.p1.income.wage",
    "title": "月工资薪金",
    "department": "tax",
    "data_set": "individual_income",
    "declared": "2000.00",
    "found": "2600.00",
    "as_of": "2022-09-30",
}


class ProvenanceView(BaseModel):
    """Where a fact comes from."""

    model_config = seen(**_PROVENANCE)

    source: Literal["found", "declared", "unknown"]
    department: str
    data_set: str
    state: State
    as_of: date | None
    differs: bool = Field(description="核实结果与申报不一致")


class FactsView(BaseModel):
    """The household as verified, in the form of the household contract, without names and identity numbers."""

    model_config = seen(
        verification_id=_VERIFICATION,
        application_id=_APPLICATION,
        household_id=_HOUSEHOLD,
        applicant_subject="resident-1",
        revision=1,
        as_of="2022-10-11",
        valid_until="2023-04-11T16:00:00Z",
        not_answered=[],
        household={"street": "420106009", "members": [{"id": "p1", "relation": "applicant"}]},
        provenance={"members.p1.income.wage": _PROVENANCE},
        person_ids={"p1": "01930000-0000-7000-8000-000000000010"},
    )

    verification_id: UUID
    application_id: UUID
    household_id: UUID
    applicant_subject: str | None = Field(description="小程序用户标识；街道代为受理的没有")
    revision: int = Field(description="每有迟到的答复加一")
    as_of: date
    valid_until: datetime
    not_answered: list[str]
    household: dict[str, Any]
    provenance: dict[str, ProvenanceView] = Field(description="按事实路径；未列出的事实以申报为准")
    person_ids: dict[str, UUID] = Field(description="成员的长期编号，不是身份证号码")


class DepartmentState(BaseModel):
    """How one department stands."""

    model_config = seen(**_DEPARTMENT)

    department: str
    title: str
    kind: Literal["first", "recheck", "on_request"] = Field(
        description="first 首次核对；recheck 异议复核；on_request 按需查询"
    )
    data_sets: list[str]
    state: State
    answered_at: datetime | None
    is_late: bool = Field(description="已过答复期限，或在期限后才答复")
    reason: str | None = Field(description="为什么查询，仅按需查询有")
    file_as_of: date | None = Field(description="由部门提供的数据文件答复的，为文件的数据日期")


class DifferenceView(BaseModel):
    """Found and declared, side by side."""

    model_config = seen(**_DIFFERENCE)

    path: str
    title: str
    department: str
    data_set: str
    declared: Any
    found: Any
    as_of: date


class FindingView(BaseModel):
    """Something found that is no fact of the household contract."""

    model_config = seen(
        person_ref="p1",
        title="婚姻状况",
        department="civil_affairs",
        data_set="marriage_register",
        field="marital_status",
        found="married",
        as_of="2022-10-10",
        unexpected=False,
    )

    person_ref: str
    title: str
    department: str
    data_set: str
    field: str
    found: Any
    as_of: date
    unexpected: bool = Field(description="与申报相矛盾，例如已注销户籍")


class ObligorView(BaseModel):
    """Somebody outside the household with a duty to support, and what departments found of them."""

    model_config = seen(
        obligor_id=_OBLIGOR,
        ref="o1",
        relation="child",
        obligor_of="p1",
        has_consented=True,
        asked=9,
        answered=4,
        findings=[],
    )

    obligor_id: UUID
    ref: str
    relation: str
    obligor_of: str
    has_consented: bool = Field(description="本人签署的授权书在有效期内")
    asked: int = Field(description="已查询的部门数")
    answered: int
    findings: list[FindingView]


class VerificationView(BaseModel):
    """核对报告: how a verification stands, what was found."""

    model_config = seen(
        verification_id=_VERIFICATION,
        application_id=_APPLICATION,
        household_id=_HOUSEHOLD,
        street="420106009",
        state="completed",
        is_partial=False,
        opened_at="2022-10-10T02:00:00Z",
        answer_by="2022-10-24T16:00:00Z",
        completed_at=_AT,
        valid_until="2023-04-11T16:00:00Z",
        revision=1,
        departments=[_DEPARTMENT],
        differences=[_DIFFERENCE],
        findings=[],
        objections=[],
        obligors=[],
    )

    verification_id: UUID
    application_id: UUID
    household_id: UUID
    street: str
    state: Literal["open", "completed"]
    is_partial: bool = Field(description="已完成，但有部门未答复或答复出错")
    opened_at: datetime
    answer_by: datetime
    completed_at: datetime | None
    valid_until: datetime | None
    revision: int
    departments: list[DepartmentState]
    differences: list[DifferenceView]
    findings: list[FindingView]
    objections: list[ObjectionView]
    obligors: list[ObligorView] = Field(description="家庭以外的法定义务人，仅工作人员可见")


class VerificationReceipt(BaseModel):
    """The verification that an application rests on from now on."""

    model_config = seen(application_id=_APPLICATION, verification_id=_VERIFICATION, state="open")

    application_id: UUID
    verification_id: UUID
    state: Literal["open", "completed"]


class VerificationRate(BaseModel):
    """核对率 with everything it is made of. `rate` is null while no case counts yet."""

    model_config = seen(
        numerator=19,
        denominator=20,
        rate="0.9500",
        pending=3,
        exempt=2,
        exemptions=["仅申请孤儿保障、事实无人抚养儿童保障的（不核对家庭经济状况）"],
        definition="分母：须核对且已决定、已完成核对或已过核对期限的申请；分子：其中核对有效的。",
    )

    numerator: int
    denominator: int
    rate: str | None
    pending: int = Field(description="核对期限内尚未完成的，不计入分母")
    exempt: int
    exemptions: list[str]
    definition: str
