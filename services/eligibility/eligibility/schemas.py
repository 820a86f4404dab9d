"""What callers of eligibility send and see."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from shared.clock import Day
from shared.money import Fen, FenOfYuan

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

Text = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
# PostgreSQL keeps money as bigint; twelve digits of yuan fit, and no benefit comes near.
Amount = Annotated[FenOfYuan, Field(ge=1, le=10**9)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PreviewRequest(_Body):
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


class AssessmentView(BaseModel):
    """An assessment on record."""

    assessment_id: UUID
    application_id: UUID
    household_id: UUID
    street: str
    requested: list[str]
    assessed_at: datetime
    result: AssessmentResult


class OverrideRequest(_Body):
    """One policy on which the officer decides other than the engine advised."""

    policy: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z_]+$")]
    outcome: Literal["granted", "refused"]
    monthly_amount: Amount | None = None
    reason: Text


class ProposalRequest(_Body):
    """The clerk's comprehensive opinion. Without overrides it is the engine's advice."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"comment": "入户核实，情况属实", "overrides": []}]}
    )

    comment: Text
    overrides: Annotated[list[OverrideRequest], Field(max_length=80)] = []


class ConfirmationRequest(_Body):
    """The second officer agrees."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"comment": "同意"}]})

    comment: Text
    district_visit_on: Day | None = Field(
        default=None, description="Day of the district's home visit, where a near relative is in office"
    )


class ReturnRequest(_Body):
    """The second officer does not agree."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "请补充入户调查记录"}]})

    reason: Text


class ObjectionRequest(_Body):
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
    notice_ends_on: date | None
    in_force_at: datetime | None
    on_request: list[str] = Field(description="Titles of what the household is entitled to and may ask for")
    appeal_routes: list[str] = Field(description="Ways of appeal, where something was refused")


class ObjectionView(BaseModel):
    """A recorded objection."""

    objection_id: UUID
    decision: DecisionView


class BenefitView(BaseModel):
    """A monthly benefit."""

    benefit_id: UUID
    policy: str
    monthly_amount: Fen
    persons: list[str]
    starts_on: date
    ends_on: date | None


class BenefitList(BaseModel):
    """The benefits of a household."""

    items: list[BenefitView]


class ParameterView(BaseModel):
    """One value of a dated parameter."""

    parameter: str
    value: str
    unit: str
    first_day: date
    source: str
    assumed: bool = Field(description="Ours, not Wuhan's: to be replaced by an operator")


class ParameterList(BaseModel):
    """All values, or those in force on a day."""

    items: list[ParameterView]


class Criterion(BaseModel):
    """One condition of a policy, in words."""

    rule: str
    says: str = Field(examples=["人均收入低于低保标准"])
    clause: str


class ToolbookEntry(BaseModel):
    """One policy of the toolbook."""

    policy: str
    title: str
    clause: str
    department: str
    kind: str
    public_notice: bool = Field(description="The opinion hangs seven days in the community before it is in force")
    on_request: bool = Field(description="Handed to its department once the entitled want it")
    legal_basis: list[str]
    since: date = Field(description="First day of the rule in force")
    criteria: list[Criterion]


class Toolbook(BaseModel):
    """《武昌区分层分类社会救助政策工具书》."""

    toolbook_version: str
    policies: list[ToolbookEntry]
