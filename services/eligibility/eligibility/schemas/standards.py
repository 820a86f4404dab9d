"""What callers send and see of standards: proposals, shadow runs, recomputed benefits."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from eligibility.schemas.body import Body, Text
from shared.clock import Day
from shared.money import Fen

ParameterName = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[a-z][a-z0-9_]*$")]
DecimalText = Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,4})?$", description="A decimal, not negative")]
Document = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]


class StandardRequest(Body):
    """A new value of a parameter, with the document that orders it (文号)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "parameter": "urban_dibao_standard",
                    "value": "925",
                    "unit": "yuan/person/month",
                    "first_day": "2022-10-01",
                    "document_number": "武民政发〔2022〕0号",
                    "issued_on": "2022-10-08",
                    "note": "示例",
                    "correction": False,
                    "lower_value_confirmed": False,
                }
            ]
        },
    )

    parameter: ParameterName
    value: DecimalText
    unit: Annotated[str, Field(min_length=1, max_length=80, description="As GET /v1/parameters shows it")]
    first_day: Day
    document_number: Document
    issued_on: Day
    note: Text | None = None
    correction: bool = Field(default=False, description="Takes the place of the value that has this first day")
    lower_value_confirmed: bool = Field(default=False, description="The value is meant to be lower than the one before")

    @property
    def plain_value(self) -> Decimal:
        """The value without needless zeros: equal values are written alike."""
        return Decimal(f"{Decimal(self.value).normalize():f}")


class StandardConfirmation(Body):
    """Another officer agrees."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"comment": "与文件核对无误"}]})

    comment: Text


class StandardReturn(Body):
    """The proposal is not followed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "执行日期与文件不符"}]})

    reason: Text


class StandardView(BaseModel):
    """A standard and where it stands."""

    standard_id: UUID
    parameter: str
    value: str
    unit: str
    first_day: date
    document_number: str
    issued_on: date
    note: str | None
    correction: bool
    state: Literal["proposed", "published", "returned"]
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    comment: str | None = Field(description="Of the officer who confirmed it")
    returned_because: str | None


class StandardList(BaseModel):
    """Standards, the newest proposal first."""

    items: list[StandardView]


class EffectView(BaseModel):
    """What a standard would change in one policy. Counts are households, money is a month's."""

    policy: str
    running: int = Field(description="Receive it now")
    entering: int = Field(description="Not entitled before, entitled after")
    leaving: int = Field(description="Entitled before, not after")
    changing: int = Field(description="Entitled before and after, to another amount")
    undecided: int = Field(description="Hang on a fact that is not known")
    just_over: int = Field(description="Not entitled, but would be if the new value were a little higher")
    cost_before: Fen
    cost_after: Fen
    cost_difference: Fen


class StreetEffects(BaseModel):
    """The effects in one street."""

    street: str
    policies: list[EffectView]


class ShadowRunView(BaseModel):
    """A shadow run: what a standard would do, before it does. Nothing is changed by it."""

    run_id: UUID
    standard_id: UUID
    state: Literal["running", "completed"]
    households_total: int
    households_done: int
    unreadable: int = Field(description="Households whose facts on record cannot be assessed on the first day")
    started_at: datetime
    completed_at: datetime | None
    district: list[EffectView]
    streets: list[StreetEffects]


class RecomputationView(BaseModel):
    """One benefit in one stretch of time: old and new amount, and what is paid back."""

    benefit_id: UUID
    household_id: UUID
    street: str
    policy: str
    outcome: Literal["raised", "unchanged", "lowered", "lost", "undecided", "by_officer"] = Field(
        description="Only raised is applied; the others that are not unchanged wait for an officer"
    )
    from_on: date
    old_amount: Fen
    new_amount: Fen | None
    back_pay: Fen
    recomputed_at: datetime


class OutcomeTotal(BaseModel):
    """How many benefits had an outcome."""

    outcome: str
    benefits: int
    back_pay: Fen


class RecomputationPage(BaseModel):
    """What the values of a first day made of running benefits."""

    totals: list[OutcomeTotal]
    items: list[RecomputationView]
    next_cursor: UUID | None = Field(default=None, description="Send as `cursor` for the next page; absent at the end")
