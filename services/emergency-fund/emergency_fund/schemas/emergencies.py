"""A public emergency that raises the limit of its streets on its days. Clause 4.4.2."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from emergency_fund.schemas.values import Seen, Strict, Words
from shared.clock import Day
from shared.identity import StreetCode

_EMERGENCY = "01930000-0000-7000-8000-00000000000e"


class EmergencyDeclaration(Strict):
    """What a district officer declares."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "title": "强降雨内涝",
                    "document_number": "武昌应急〔2022〕3号",
                    "streets": ["420106006"],
                    "first_day": "2022-12-05",
                    "last_day": "2022-12-31",
                    "limit_multiple": 8,
                }
            ]
        },
    )

    title: Words = Field(examples=["强降雨内涝"])
    document_number: Words = Field(description="启动应急响应的文号", examples=["武昌应急〔2022〕3号"])
    streets: Annotated[list[StreetCode], Field(min_length=1, max_length=14)] = Field(examples=[["420106006"]])
    first_day: Day = Field(examples=["2022-12-05"])
    last_day: Day = Field(description="含当日，至多一年", examples=["2022-12-31"])
    limit_multiple: int = Field(ge=5, le=100, description="限额提高到城市低保标准的倍数，须低于此倍数", examples=[8])

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if not 0 <= (self.last_day - self.first_day).days <= _DAYS_AT_MOST:
            raise ValueError("last_day is not before first_day, and at most 366 days after it")
        if len(self.streets) != len(set(self.streets)):
            raise ValueError("a street stands once")
        return self


_DAYS_AT_MOST = 366


class EmergencyEnd(Strict):
    """An emergency is over before its last day."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"reason": "响应终止"}]})

    reason: Words = Field(examples=["响应终止"])


class EmergencyView(Seen):
    """A declared emergency. It is in force once it is confirmed."""

    emergency_id: UUID = Field(examples=[_EMERGENCY])
    title: str
    document_number: str
    streets: list[str]
    first_day: date
    last_day: date
    limit_multiple: int
    declared_by: str
    declared_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    ended_on: date | None = Field(description="提前终止的，其最后一日")
    ended_by: str | None
    end_reason: str | None
