"""What callers send and see of resolutions of the coordination group."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from eligibility.schemas.body import Amount, Body
from shared.clock import Day
from shared.money import Fen

Member = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]


class ResolutionRequest(Body):
    """What the coordination group resolved on one case."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "number": "武协调〔2022〕7号",
                    "held_on": "2022-10-10",
                    "application_id": "01930000-0000-7000-8000-000000000002",
                    "amount": "20000.00",
                    "members_present": ["区民政局", "区财政局", "区医保局"],
                }
            ]
        },
    )

    number: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00]*$")]
    held_on: Day
    application_id: UUID
    amount: Amount
    members_present: Annotated[list[Member], Field(min_length=1, max_length=50)]


class ResolutionView(BaseModel):
    """A recorded resolution."""

    resolution_id: UUID
    number: str
    held_on: date
    application_id: UUID
    household_id: UUID
    amount: Fen
    members_present: list[str]
    recorded_at: datetime


class ResolutionList(BaseModel):
    """The resolutions on a case."""

    items: list[ResolutionView]
