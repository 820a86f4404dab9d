"""核对报告: the report of a verification, as it is put into the file or shown to the family."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from data_sharing.schemas.objections import ObjectionView
from data_sharing.schemas.values import seen
from data_sharing.schemas.verifications import DepartmentState, DifferenceView, FindingView

_VERIFICATION = "01930000-0000-7000-8000-000000000003"
_PERSON = {"ref": "p1", "name": "张*", "identity_number": "420199********9030", "is_adult": True}
_LETTER = {
    "authorisation_id": "01930000-0000-7000-8000-000000000007",
    "signer": "p1",
    "is_by_guardian": False,
    "signed_on": "2022-10-10",
    "valid_until": "2023-10-10T16:00:00Z",
}


class ReportedPerson(BaseModel):
    """Who was checked."""

    model_config = seen(**_PERSON)

    ref: str
    name: str
    identity_number: str | None
    is_adult: bool


class ReportedLetter(BaseModel):
    """Under whose letter."""

    model_config = seen(**_LETTER)

    authorisation_id: UUID
    signer: str = Field(description="签署人在申请中的代号")
    is_by_guardian: bool
    signed_on: date
    valid_until: datetime


class ReportView(BaseModel):
    """核对报告. Masked unless the caller may see names and numbers."""

    model_config = seen(
        report_number=f"{_VERIFICATION}/1",
        application_id="01930000-0000-7000-8000-000000000002",
        street="420106009",
        legal_basis=["社会救助法第四十一条"],
        purpose="家庭经济状况核对",
        is_masked=True,
        persons=[_PERSON],
        letters=[_LETTER],
        checked_from="2022-10-10T02:00:00Z",
        checked_until="2022-10-11T01:30:00Z",
        valid_until="2023-04-11T16:00:00Z",
        is_valid=True,
        departments=[],
        differences=[],
        findings=[],
        conclusion="consistent",
        objections=[],
    )

    report_number: str
    application_id: UUID
    street: str
    legal_basis: list[str]
    purpose: str
    is_masked: bool
    persons: list[ReportedPerson]
    letters: list[ReportedLetter]
    checked_from: datetime
    checked_until: datetime
    valid_until: datetime
    is_valid: bool
    departments: list[DepartmentState]
    differences: list[DifferenceView]
    findings: list[FindingView]
    conclusion: Literal["consistent", "differs", "cannot_decide"] = Field(
        description="consistent 与申报一致；differs 与申报不一致；cannot_decide 有部门未答复或出错，不能得出结论"
    )
    objections: list[ObjectionView]
