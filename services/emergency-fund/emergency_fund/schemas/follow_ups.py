"""Follow-ups of households that were paid. Clause 4.2.2."""

from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from emergency_fund.rules.follow_up import FollowUpOutcome, FollowUpRoute
from emergency_fund.schemas.values import Note, Seen, Strict

_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
_GRANT = "01930000-0000-7000-8000-00000000000b"
_FOLLOW_UP = "01930000-0000-7000-8000-00000000001b"

Contact = Literal["visit", "call"]


class Finding(Strict):
    """What a look at the household found."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "contact": "visit",
                    "outcome": "needs_more_help",
                    "route": "apply_for_policy",
                    "note": "治疗还将持续，建议申请低保和医疗救助",
                }
            ]
        },
    )

    contact: Contact = Field(description="上门或电话", examples=["visit"])
    outcome: FollowUpOutcome = Field(description="已缓解、仍需帮助、联系不上", examples=["needs_more_help"])
    route: FollowUpRoute | None = Field(
        default=None, description="仍需帮助时必填：申请政策、分阶段救助、转区级", examples=["apply_for_policy"]
    )
    note: Note = Field(description="情况说明，不写姓名和证件号码", examples=["治疗还将持续"])

    @model_validator(mode="after")
    def _route_with_need(self) -> Self:
        if (self.outcome is FollowUpOutcome.NEEDS_MORE_HELP) != (self.route is not None):
            raise ValueError("more help needs a route, and nothing else has one")
        return self


class FollowUpView(Seen):
    """One follow-up."""

    follow_up_id: UUID = Field(examples=[_FOLLOW_UP])
    grant_id: UUID = Field(examples=[_GRANT])
    round: int = Field(description="第几次跟进", examples=[1])
    owner: str = Field(description="负责的经办人", examples=["clerk-420106006-1"])
    due_on: date = Field(examples=["2023-01-04"])
    overdue_at: datetime | None
    outcome: FollowUpOutcome | None = Field(description="空：尚未完成", examples=[None])
    contact: Contact | None
    route: FollowUpRoute | None
    note: str | None
    completed_by: str | None
    completed_at: datetime | None


class OpenFollowUp(Seen):
    """A household, or a homeless person, that somebody must look after."""

    household_id: UUID = Field(examples=[_HOUSEHOLD])
    homeless_person_id: UUID | None = Field(description="空：受助人是家庭成员", examples=[None])
    follow_up: FollowUpView


class OpenFollowUps(Seen):
    """Open follow-ups of a street, the earliest last day first."""

    street: str = Field(examples=["420106006"])
    follow_ups: list[OpenFollowUp]
