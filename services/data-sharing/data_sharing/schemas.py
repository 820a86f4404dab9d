"""What callers send and see."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.clock import Day

_QUERY = "01930000-0000-7000-8000-000000000004"
_VERIFICATION = "01930000-0000-7000-8000-000000000003"
_APPLICATION = "01930000-0000-7000-8000-000000000002"
_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
_ACCESS = "01930000-0000-7000-8000-000000000005"
_AT = "2022-10-11T01:30:00Z"
_RECORD = {
    "person_ref": "p1",
    "data_set": "individual_income",
    "fields": {"wage": "2600.00"},
    "as_of": "2022-09-30",
}
_FIELD = {"name": "wage", "title": "月工资薪金", "sensitivity": "sensitive", "verifies": "members.income.wage"}
_PROVENANCE = {
    "source": "found",
    "department": "tax",
    "data_set": "individual_income",
    "state": "matched",
    "as_of": "2022-09-30",
    "differs": True,
}
_DEPARTMENT = {
    "department": "tax",
    "title": "区税务局",
    "data_sets": ["individual_income"],
    "state": "matched",
    "answered_at": _AT,
    "is_late": False,
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

Outcome = Literal["matched", "no_record", "error"]
State = Literal["matched", "no_record", "error", "not_answered"]
Ref = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]


def _example(**example: Any) -> ConfigDict:
    return ConfigDict(frozen=True, json_schema_extra={"examples": [example]})


def _sent(**example: Any) -> ConfigDict:
    return ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [example]})


class FieldView(BaseModel):
    """One field of a data set."""

    model_config = _example(**_FIELD)

    name: str
    title: str
    sensitivity: Literal["ordinary", "sensitive"]
    verifies: str | None = Field(description="它核实的家庭事实；null 表示仅作为核对发现列出")


class DataSetView(BaseModel):
    """One data set."""

    model_config = _example(
        code="individual_income",
        title="个人所得",
        department="tax",
        department_title="区税务局",
        refreshed="monthly",
        fields=[_FIELD],
    )

    code: str
    title: str
    department: str
    department_title: str
    refreshed: str
    fields: list[FieldView]


class DataSetList(BaseModel):
    """The catalogue."""

    model_config = _example(items=[])

    items: list[DataSetView]


class QueryPerson(BaseModel):
    """A person to be looked up. No number: a child that has none yet."""

    model_config = _example(ref="p1", name="张三", identity_number="420199199003079030")

    ref: str
    name: str
    identity_number: str | None


class QueryView(BaseModel):
    """What one department is asked."""

    model_config = _example(
        query_id=_QUERY,
        verification_id=_VERIFICATION,
        application_id=_APPLICATION,
        household_id=_HOUSEHOLD,
        department="tax",
        purpose="verification",
        data_sets=["individual_income"],
        answer_by="2022-10-24T16:00:00Z",
        persons=[{"ref": "p1", "name": "张三", "identity_number": "420199199003079030"}],
    )

    query_id: UUID
    verification_id: UUID
    application_id: UUID
    household_id: UUID
    department: str
    purpose: str
    data_sets: list[str]
    answer_by: datetime
    persons: list[QueryPerson]


class AnswerRecord(BaseModel):
    """What one data set holds on one person. A field that is absent or null: nothing is recorded."""

    model_config = _sent(**_RECORD)

    person_ref: Ref
    data_set: Code
    fields: Annotated[dict[Code, Any], Field(max_length=50)]
    as_of: Day = Field(description="数据日期")


class AnswerRequest(BaseModel):
    """A department's answer. matched: found; no_record: looked and found nothing; error: could not look."""

    model_config = _sent(outcome="matched", records=[_RECORD])

    outcome: Outcome
    records: Annotated[list[AnswerRecord], Field(max_length=200)] = Field(default_factory=list)


class AnswerReceipt(BaseModel):
    """The answer as it is kept."""

    model_config = _example(query_id=_QUERY, version=1, outcome="matched", answered_at=_AT)

    query_id: UUID
    version: int
    outcome: Outcome
    answered_at: datetime


class ProvenanceView(BaseModel):
    """Where a fact comes from."""

    model_config = _example(**_PROVENANCE)

    source: Literal["found", "declared", "unknown"]
    department: str
    data_set: str
    state: State
    as_of: date | None
    differs: bool = Field(description="核实结果与申报不一致")


class FactsView(BaseModel):
    """The household as verified, in the form of the household contract, without names and identity numbers."""

    model_config = _example(
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

    model_config = _example(**_DEPARTMENT)

    department: str
    title: str
    data_sets: list[str]
    state: State
    answered_at: datetime | None
    is_late: bool = Field(description="已过答复期限，或在期限后才答复")


class DifferenceView(BaseModel):
    """Found and declared, side by side."""

    model_config = _example(**_DIFFERENCE)

    path: str
    title: str
    department: str
    data_set: str
    declared: Any
    found: Any
    as_of: date


class FindingView(BaseModel):
    """Something found that is no fact of the household contract."""

    model_config = _example(
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


class VerificationView(BaseModel):
    """核对报告: how a verification stands, what was found."""

    model_config = _example(
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


class AccessView(BaseModel):
    """One look at a household's data."""

    model_config = _example(
        access_id=_ACCESS,
        at=_AT,
        who="白沙洲街道工作人员",
        subject="clerk-420106009-1",
        purpose="办理救助申请",
        fields=["申报的家庭情况", "月工资薪金"],
        outcome="refused",
        reason="out_of_scope",
        application_id=_APPLICATION,
        text="2022年10月11日 09:30，白沙洲街道工作人员为“办理救助申请”查询您家的申报的家庭情况、月工资薪金：未提供。",
    )

    access_id: UUID
    at: datetime
    who: str = Field(description="单位或系统")
    subject: str | None = Field(description="经办账号，仅审计、监察人员可见")
    purpose: str
    fields: list[str]
    outcome: Literal["answered", "refused"]
    reason: str | None = Field(description="拒绝原因代码")
    application_id: UUID
    text: str


class AccessPage(BaseModel):
    """Looks, the newest first."""

    model_config = _example(items=[], next_cursor=_ACCESS)

    items: list[AccessView]
    next_cursor: str | None = Field(description="下一页；没有更多时为 null")


class VerificationRate(BaseModel):
    """核对率 with everything it is made of. `rate` is null while no case counts yet."""

    model_config = _example(
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
