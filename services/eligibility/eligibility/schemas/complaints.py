"""What callers send and see of complaints about a case."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from eligibility.schemas.body import Body, Text


class ComplaintRequest(Body):
    """Somebody complains about a case, or reports it under their name."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"ground": "反映该户有隐瞒的工资收入", "is_real_name": True}]}
    )

    ground: Text
    is_real_name: bool = Field(description="The one who reports gave a name and is told the outcome")


class AnswerRequest(Body):
    """What came of it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"answer": "经入户核查，所反映情况不属实，已告知反映人"}]}
    )

    answer: Text


class ComplaintView(BaseModel):
    """A complaint, with its answer once there is one."""

    complaint_id: UUID
    application_id: UUID
    street: str
    ground: str
    is_real_name: bool
    recorded_at: datetime
    answer: str | None
    answered_at: datetime | None


class ComplaintPage(BaseModel):
    """A page of complaints."""

    items: list[ComplaintView]
    next_cursor: UUID | None
