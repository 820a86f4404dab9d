"""The base registries as overseers see them."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from data_sharing.schemas.values import seen

_VERSION = {
    "valid_from": "2022-10-09",
    "valid_until": None,
    "name": "示例商贸有限公司",
    "kind": "company",
    "state": "active",
    "batch_id": "01930000-0000-7000-8000-000000000006",
    "recorded_at": "2022-10-10T02:00:06Z",
}


class LegalEntityVersionView(BaseModel):
    """What held about a legal entity for some time."""

    model_config = seen(**_VERSION)

    valid_from: date
    valid_until: date | None = Field(default=None, description="不含当日；null 表示至今")
    name: str
    kind: str
    state: str
    batch_id: UUID | None = Field(description="哪一次文件提供")
    recorded_at: datetime


class LegalEntityView(BaseModel):
    """A legal entity with its history, the newest first."""

    model_config = seen(credit_code="91420199MA4K000023", versions=[_VERSION])

    credit_code: str
    versions: list[LegalEntityVersionView]
