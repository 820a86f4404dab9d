"""What callers send and see of an assessment."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from eligibility.schemas.body import Body
from shared.clock import Day

_CASE: JsonDict = {
    "as_of": "2022-10-10",
    "household": {
        "street": "420106009",
        "members": [
            {
                "id": "p1",
                "relation": "applicant",
                "birth_date": "1977-05-12",
                "sex": "M",
                "registration": {"region": "420106", "kind": "urban"},
                "employment": {"status": "employed", "since": "2015-01-01"},
                "income": [{"kind": "wage", "monthly": "2000.00"}],
            }
        ],
    },
}


class PreviewRequest(Body):
    """A household on a day, in the form of the facts contract."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_CASE]})

    as_of: Day
    household: dict[str, Any]


class AssessmentResult(BaseModel):
    """The answer of the whole toolbook, each policy with its explanation."""

    model_config = ConfigDict(extra="allow")

    as_of: date
    toolbook_version: str
    policies: dict[str, Any]
    profile: dict[str, Any] | None = Field(
        default=None,
        description="多维度综合评估（7.1）：困难指数（0—100，未知事实使其成为区间）、需求、匹配的措施；仅供排序和建议",
    )


class AssessmentView(BaseModel):
    """An assessment on record."""

    assessment_id: UUID
    application_id: UUID
    household_id: UUID
    street: str
    requested: list[str]
    assessed_at: datetime
    result: AssessmentResult


class DifferenceView(BaseModel):
    """One place where a replay says something else than the record."""

    path: str = Field(examples=["policies.dibao.monthly_amount"])
    recorded: str
    replayed: str
    only_words: bool = Field(description="The wording of an explanation, and neither answer, amount nor state")


class ReplayView(BaseModel):
    """An assessment run again from its archived rules, parameters, calendar and facts."""

    assessment_id: UUID
    toolbook_version: str
    parameters_version: str
    calendar_version: str | None = Field(description="None from before rules counted working days")
    same_bytes: bool
    differences: list[DifferenceView]
