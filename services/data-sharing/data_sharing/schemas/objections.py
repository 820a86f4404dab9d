"""Objections to what departments found."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from data_sharing.schemas.values import Code, Reference, seen, sent

_EXAMPLE = {"data_set": "vehicle_register", "ground": "outdated", "evidence": "upload:5f1c"}

Ground = Literal["outdated", "wrong_person", "wrong_value", "missing"]


class ObjectionRequest(BaseModel):
    """What is said to be wrong, and where the evidence lies."""

    model_config = sent(**_EXAMPLE)

    data_set: Code = Field(description="有异议的数据集")
    ground: Ground = Field(
        description="outdated 已变化未更新；wrong_person 不是本人的；wrong_value 数值不对；missing 应有而没有"
    )
    evidence: Reference | None = Field(default=None, description="佐证材料的编号")


class ObjectionView(BaseModel):
    """An objection and what came of it."""

    model_config = seen(
        **_EXAMPLE,
        objection_id="01930000-0000-7000-8000-000000000008",
        application_id="01930000-0000-7000-8000-000000000002",
        raised_at="2022-10-12T01:30:00Z",
        answer_by="2022-10-26T16:00:00Z",
        settled_at="2022-10-13T01:30:00Z",
        outcome="corrected",
    )

    objection_id: UUID
    application_id: UUID
    data_set: str
    ground: Ground
    evidence: str | None
    raised_at: datetime
    answer_by: datetime = Field(description="数据部门复核的期限")
    settled_at: datetime | None
    outcome: Literal["corrected", "upheld", "not_answered"] | None = Field(
        description="corrected 已更正；upheld 经复核无误；not_answered 期限内未能复核"
    )
