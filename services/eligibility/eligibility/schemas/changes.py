"""What callers send and see of changes in a family, and of what a reassessment suggests."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from eligibility.schemas.benefits import PersonRef
from eligibility.schemas.body import Body, Text
from shared.clock import Day
from shared.money import Fen, NonNegativeFenOfYuan, at_most

ReportedKind = Literal[
    "death", "birth", "married", "divorced", "moved", "work_started", "work_ended", "imprisoned", "released"
]
Relation = Literal["applicant", "spouse", "child", "grandchild", "father", "mother", "grandparent", "sibling", "other"]


class HouseholdChangeRequest(Body):
    """What happened in a family, as somebody told it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"kind": "work_ended", "happened_on": "2022-10-01", "person": "p1", "source": "本人到街道窗口告知"}
            ]
        },
    )

    kind: ReportedKind
    happened_on: Day
    source: Text = Field(description="Who told it, or which register")
    person: PersonRef | None = Field(default=None, description="Reference of the member; a new one for who joins")
    relation: Relation | None = Field(default=None, description="To the applicant, of somebody who joins")
    monthly_wage: Annotated[NonNegativeFenOfYuan, at_most(10**9)] | None = Field(
        default=None, description="Of who began to work; absent where it is not known yet"
    )
    street: Annotated[str, Field(pattern=r"^[0-9]{9}$")] | None = Field(
        default=None, description="Where the whole household moved to"
    )


class HouseholdChangeView(BaseModel):
    """A change in a family and whether it was assessed."""

    change_id: UUID
    household_id: UUID
    application_id: UUID
    kind: str
    happened_on: date
    person: str | None
    source: str
    is_late: bool = Field(description="Told more than three months after it happened")
    state: Literal["planned", "reassessed", "facts_refused"] = Field(
        description="facts_refused: data-sharing gives no facts, such as of an expired verification"
    )
    reported_at: datetime


class SuggestionView(BaseModel):
    """What officers should look at after a reassessment. It changes nothing by itself."""

    suggestion_id: UUID
    assessment_id: UUID | None
    kind: Literal["adjust", "resume", "grace", "end", "decide"] = Field(
        description="decide: an entitlement that nobody has decided on, or an identification whose ground is gone;"
        " propose a decision on the assessment"
    )
    policy: str
    benefit_id: UUID | None
    from_on: date
    until_on: date | None
    monthly_amount: Fen | None
    persons: list[str]
    reason: str


class HouseholdChangeList(BaseModel):
    """What happened in a family, and what it suggests."""

    items: list[HouseholdChangeView]
    suggestions: list[SuggestionView]
