"""What callers send and see of the price linkage: readings of prices, and the supplements that follow."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from eligibility.schemas.body import Body, Text
from shared.clock import Day
from shared.money import Fen

Percent = Annotated[
    str,
    Field(pattern=r"^-?[0-9]{1,2}(\.[0-9]{1,2})?$", description="Rise over the same month a year before, in percent"),
]


class PriceReadingRequest(Body):
    """The rise of consumer prices of one month."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "month": "2022-09-01",
                    "cpi_rise": "3.1",
                    "food_rise": "4.8",
                    "published_on": "2022-10-09",
                    "source": "湖北省统计局月度数据（示例）",
                }
            ]
        },
    )

    month: Day = Field(description="Its first day")
    cpi_rise: Percent
    food_rise: Percent
    published_on: Day
    source: Text

    @field_validator("month")
    @classmethod
    def _first_day(cls, month: date) -> date:
        if month.day != 1:
            raise PydanticCustomError("not_a_month", "应为当月1日，如 2022-09-01")
        return month

    @property
    def cpi_percent(self) -> Decimal:
        """The rise of consumer prices."""
        return Decimal(self.cpi_rise)

    @property
    def food_percent(self) -> Decimal:
        """The rise of food prices."""
        return Decimal(self.food_rise)


class PriceReadingView(BaseModel):
    """A reading, and what it did to the supplement."""

    month: date
    cpi_rise: str
    food_rise: str
    published_on: date
    source: str
    step: Literal["starts", "continues", "ends", "rests"]
    amount_per_person: Fen = Field(description="Of that month; 0.00 where there is none")
    due_on: date = Field(description="Last day on which the supplement may be paid")
    households: int = Field(description="Households whose supplement of the month is on record")
    total: Fen


class PriceReadingList(BaseModel):
    """Readings, the newest month first."""

    items: list[PriceReadingView]


class PriceSubsidyView(BaseModel):
    """The supplement of a household for one month; what back pay brought later stands apart."""

    month: date
    persons: list[str]
    amount: Fen
    due_on: date


class PriceSubsidyList(BaseModel):
    """The supplements of a household, the newest month first."""

    items: list[PriceSubsidyView]
