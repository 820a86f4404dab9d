"""Agreements between who holds data and who uses them, with the looks of each day, as both sides see them."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from data_sharing.schemas.values import seen

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
_DAY = {"day": "2022-10-10", "used": 12, "quota": 100000}


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


class AgreementDetail(AgreementView):
    """An agreement with the days on which it was used, the newest first."""

    model_config = seen(**_AGREEMENT, days=[_DAY])

    days: list[AgreementDay] = Field(description="最近90个有使用的日子")
