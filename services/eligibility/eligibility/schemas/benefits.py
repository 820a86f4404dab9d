"""What callers send and see of benefits in payment, their changes, and who was heard before."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from eligibility.rules.benefits import Cause
from eligibility.rules.facts.reading import ID
from eligibility.schemas.body import Amount, Body, Text
from shared.clock import Day
from shared.money import Fen

ChangeKind = Literal["adjust", "suspend", "resume", "grace", "end"]
PersonRef = Annotated[str, Field(pattern=rf"^{ID}$")]


class BenefitView(BaseModel):
    """A monthly benefit. `state` is where the newest decision on it leads; from which day, its amounts say."""

    benefit_id: UUID
    policy: str
    state: Literal["running", "suspended", "in_grace", "ended"]
    monthly_amount: Fen = Field(description="While it is paid")
    persons: list[str]
    starts_on: date
    ends_on: date | None
    review_due_on: date | None


class BenefitList(BaseModel):
    """The benefits of a household."""

    items: list[BenefitView]


class AmountView(BaseModel):
    """What is owed a month from a day on, until the next entry. Zero: suspended or over."""

    from_on: date
    amount: Fen
    old_amount: Fen
    back_pay: Fen = Field(description="Owed for months that had begun when it was entered")
    cause: str
    document: str
    recorded_at: datetime


class ChangeRequest(Body):
    """What should change about a benefit, from the first day of a month on."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"kind": "end", "cause": "reassessment", "reason": "家庭人均收入已高于低保标准，且无成员就业"}]
        },
    )

    kind: ChangeKind
    cause: Cause
    reason: Text
    from_on: Day | None = Field(default=None, description="First day of a month; by default of the next one")
    monthly_amount: Amount | None = Field(default=None, description="Of adjust, and of resume where it differs")
    persons: Annotated[list[PersonRef], Field(min_length=1, max_length=50)] | None = Field(
        default=None, description="Whom the benefit is for, where that changes"
    )
    until_on: Day | None = Field(default=None, description="Last day of a grace period, where it is not the default")
    extension_reason: Text | None = Field(default=None, description="Why a grace period is longer than the default")


class ChangeReturnRequest(Body):
    """The second officer does not agree."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "请先听取当事人意见"}]})

    reason: Text


class HearingRequest(Body):
    """The recipient was told what is planned and why."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"notice_given_on": "2022-10-10"}]})

    notice_given_on: Day


class StatementRequest(Body):
    """The recipient spoke."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"heard_on": "2022-10-10", "statement": "本人称上月已失业，将补交证明"}]},
    )

    heard_on: Day
    statement: Annotated[str, Field(min_length=1, max_length=4000, pattern=r"^[^\x00]*$")]


class HearingView(BaseModel):
    """Who was heard, and what was said. Silence until the day counts as having nothing to say."""

    notice_given_on: date
    respond_by: date
    heard_on: date | None
    statement: str | None


class ChangeView(BaseModel):
    """A change of a benefit and where it stands."""

    change_id: UUID
    benefit_id: UUID
    household_id: UUID
    kind: ChangeKind
    cause: Cause
    state: Literal["proposed", "confirmed", "returned"]
    from_on: date
    until_on: date | None = Field(description="Last day of a grace period")
    monthly_amount: Fen = Field(description="From then on; zero where nothing is paid")
    persons: list[str]
    reason: str
    extension_reason: str | None
    hearing: HearingView | None
    proposed_by: str | None = Field(description="The officer's number; not shown to residents")
    confirmed_by: str | None
    returned_because: str | None


class BenefitDetail(BenefitView):
    """A benefit with its whole history."""

    owed_this_month: Fen
    amounts: list[AmountView]
    changes: list[ChangeView]
