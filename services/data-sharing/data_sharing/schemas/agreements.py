"""Agreements between who holds data and who uses them, with the looks of each day, as both sides see them."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from data_sharing.schemas.values import Code, seen, sent
from shared.clock import Day

_AGREEMENT = {
    "agreement_id": "00000000-0000-7000-8000-000000000003",
    "provider": "tax",
    "provider_title": "区税务局",
    "consumer": "eligibility",
    "consumer_title": "救助资格认定服务",
    "purpose": "assessment",
    "fields": ["individual_income.wage"],
    "legal_basis": "社会救助法第四十一条",
    "sharing": "conditional",
    "state": "granted",
    "first_on": "2022-01-01",
    "last_on": "2026-12-31",
    "daily_quota": 100000,
    "used_today": 12,
}
_STEP = {"state": "granted", "taken_by": "officer-tax", "taken_at": "2022-10-11T01:30:00Z", "reason": "符合共享条件"}
_DAY = {"day": "2022-10-10", "used": 12, "quota": 100000}


class AgreementRequest(BaseModel):
    """What is asked of a department: for whom, which fields, what for, on which basis, for how long, how often."""

    model_config = sent(
        provider="natural_resources",
        consumer="tax",
        purpose="verification",
        fields=["real_estate_details.registered_on"],
        legal_basis="社会救助法第四十一条",
        sharing="conditional",
        first_on="2030-01-01",
        last_on="2030-12-31",
        daily_quota=500,
    )

    provider: Code
    consumer: Code = Field(description="使用方：部门代码，或平台服务的代号")
    purpose: Code
    fields: Annotated[list[Annotated[str, StringConstraints(max_length=121)]], Field(min_length=1, max_length=200)]
    legal_basis: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200, pattern=r"^[^\x00]*$")
    ]
    sharing: Literal["unconditional", "conditional"]
    first_on: Day
    last_on: Day
    daily_quota: Annotated[int, Field(ge=1, le=10_000_000)]


class StepRequest(BaseModel):
    """What the provider does with an agreement."""

    model_config = sent(step="grant", reason="符合共享条件")

    step: Literal["extend", "grant", "refuse", "suspend", "resume", "end"] = Field(
        description="extend：有条件共享的答复期限延长10个工作日，只能一次"
    )
    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200, pattern=r"^[^\x00]*$")
    ]


class AgreementView(BaseModel):
    """共享协议, and what was used of it today."""

    model_config = seen(**_AGREEMENT)

    agreement_id: UUID
    provider: str
    provider_title: str
    consumer: str
    consumer_title: str
    purpose: str
    fields: list[str]
    legal_basis: str
    sharing: Literal["unconditional", "conditional"]
    state: Literal["asked", "granted", "refused", "suspended", "ended"]
    first_on: date
    last_on: date | None = Field(description="最后一日；没有的为 null，至终止时止")
    daily_quota: int = Field(description="每日可查看次数")
    used_today: int = Field(description="今日已用次数，只计已提供的")


class AgreementList(BaseModel):
    """Agreements that the caller is a side of, or oversees."""

    model_config = seen(items=[_AGREEMENT])

    items: list[AgreementView]


class AgreementDay(BaseModel):
    """The looks of one day, and the quota at the last of them."""

    model_config = seen(**_DAY)

    day: date
    used: int
    quota: int


class AgreementStep(BaseModel):
    """A step, who took it and why."""

    model_config = seen(**_STEP)

    state: Literal["asked", "granted", "refused", "suspended", "ended"]
    taken_by: str
    taken_at: datetime
    reason: str | None


class AgreementDetail(AgreementView):
    """An agreement with the days on which it was used, the newest first."""

    model_config = seen(
        **_AGREEMENT, answer_on="2022-10-24", is_extended=False, supply_on="2022-11-08", steps=[_STEP], days=[_DAY]
    )

    answer_on: date | None = Field(description="提供方答复的最后一日")
    is_extended: bool = Field(description="答复期限是否已延长")
    supply_on: date | None = Field(description="同意后提供数据的最后一日")
    steps: list[AgreementStep]
    days: list[AgreementDay] = Field(description="最近90个有使用的日子")
