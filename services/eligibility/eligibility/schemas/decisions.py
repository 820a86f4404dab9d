"""What callers send and see of a decision."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from eligibility.schemas.body import Amount, Body, Text
from shared.clock import Day
from shared.money import Fen


class OverrideRequest(Body):
    """One policy on which the officer decides other than the engine advised."""

    policy: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z_]+$")]
    outcome: Literal["granted", "refused"]
    monthly_amount: Amount | None = None
    reason: Text


class ProposalRequest(Body):
    """The clerk's comprehensive opinion. Without overrides it is the engine's advice."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"comment": "入户核实，情况属实", "overrides": []}]}
    )

    comment: Text
    overrides: Annotated[list[OverrideRequest], Field(default_factory=list, max_length=80)]


class ConfirmationRequest(Body):
    """The second officer agrees."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"comment": "同意"}]})

    comment: Text
    district_visit_on: Day | None = Field(
        default=None,
        description="Day of the district's home visit, where a near relative is in office or somebody complained",
    )


class ReturnRequest(Body):
    """The second officer does not agree."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "请补充入户调查记录"}]})

    reason: Text


class RecusalRequest(Body):
    """The officer is a near relative of the household, or has another interest in it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "申请人系本人的兄弟"}]})

    reason: Text


class RecusalView(BaseModel):
    """Who stepped back from a household."""

    household_id: UUID
    decision_id: UUID
    subject: str = Field(description="The officer's number")


class ObjectionRequest(Body):
    """Somebody objected while the notice hung."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"ground": "反映该户另有房产"}]})

    ground: Text


class MeasureView(BaseModel):
    """One policy in a decision."""

    policy: str
    title: str
    outcome: Literal["granted", "refused"]
    monthly_amount: Fen | None
    persons: list[str]
    reason: str = Field(description="In plain Chinese")
    differs_from_assessment: bool


class DecisionView(BaseModel):
    """A decision and where it stands."""

    decision_id: UUID
    assessment_id: UUID
    application_id: UUID
    household_id: UUID
    street: str
    state: Literal["proposed", "on_notice", "in_force", "returned"]
    outcome: Literal["granted", "refused"]
    measures: list[MeasureView]
    differs_from_assessment: bool
    proposed_by: str | None = Field(description="The officer's number; not shown to residents")
    confirmed_by: str | None
    decide_by: date | None = Field(description="Last day of the whole procedure")
    resolution_number: str | None = Field(description="Of the coordination group, above the ordinary standard")
    notice_ends_on: date | None
    in_force_at: datetime | None
    on_request: list[str] = Field(description="Titles of what the household is entitled to and may ask for")
    appeal_routes: list[str] = Field(description="Ways of appeal, where something was refused")


class ObjectionView(BaseModel):
    """A recorded objection."""

    objection_id: UUID
    decision: DecisionView
