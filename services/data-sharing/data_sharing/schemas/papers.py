"""Papers: which may be asked for, and what was asked of a family."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from data_sharing.schemas.values import Code, seen, sent

_SUPPLY = {
    "data_set": "individual_income",
    "department": "tax",
    "department_title": "区税务局",
    "fields": ["individual_income.wage"],
}
_ASKED = {"paper": "diagnosis", "reason": "核实重病成员单独纳入低保"}


class Supply(BaseModel):
    """A data set that says what a paper shows."""

    model_config = seen(**_SUPPLY)

    data_set: str
    department: str
    department_title: str
    fields: list[str]


class PaperView(BaseModel):
    """A paper, and who supplies what it shows."""

    model_config = seen(paper="income_certificate", title="收入证明", may_be_asked_for=False, supplied_by=[_SUPPLY])

    paper: str
    title: str
    may_be_asked_for: bool = Field(description="部门数据能够提供的，不得要求群众提交")
    supplied_by: list[Supply]


class PaperList(BaseModel):
    """Every paper that has a name."""

    items: list[PaperView]


class PaperRequest(BaseModel):
    """A paper that a family is asked for, and why."""

    model_config = sent(**_ASKED)

    paper: Code = Field(description="材料代码，见 GET /v1/papers")
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)] = Field(
        description="为什么需要，居民可见；不写姓名、证件号码"
    )


class PaperOutcome(BaseModel):
    """How a request for a paper ends."""

    model_config = sent(outcome="supplied")

    outcome: Literal["supplied", "withdrawn"] = Field(description="supplied 已收到；withdrawn 不再需要")


class PaperRequestView(BaseModel):
    """A request for a paper and what came of it."""

    model_config = seen(
        **_ASKED,
        paper_request_id="01930000-0000-7000-8000-000000000014",
        application_id="01930000-0000-7000-8000-000000000002",
        title="医院诊断证明",
        due_on="2022-10-24",
        asked_at="2022-10-10T02:00:00Z",
        outcome="supplied",
        settled_at="2022-10-12T02:00:00Z",
    )

    paper_request_id: UUID
    application_id: UUID
    paper: str
    title: str
    reason: str
    due_on: date = Field(description="请在此日前提交；逾期不影响按期作出决定")
    asked_at: datetime
    outcome: Literal["supplied", "withdrawn"] | None
    settled_at: datetime | None


class PaperRequestList(BaseModel):
    """What one application was asked for, the oldest first."""

    items: list[PaperRequestView]
