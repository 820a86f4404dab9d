"""Population snapshots as those who may have them see them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from data_sharing.schemas.values import seen

_SNAPSHOT = {
    "snapshot_id": "01930000-0000-7000-8000-00000000001a",
    "state": "ready",
    "asked_at": "2022-10-10T02:00:00Z",
    "built_at": "2022-10-10T02:01:00Z",
    "persons": 1_080_000,
    "households": 410_000,
    "left_out": 1200,
    "size_bytes": 21_000_000,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "reason": "not_delivered:household_composition",
}


class SnapshotView(BaseModel):
    """A snapshot and what became of it."""

    model_config = seen(**_SNAPSHOT)

    snapshot_id: UUID
    state: Literal["asked", "ready", "refused", "erased"]
    asked_at: datetime
    built_at: datetime | None
    persons: int | None
    households: int | None
    left_out: int | None = Field(description="人口库中不知道同住成员、因而未列入的人数")
    size_bytes: int | None
    sha256: str | None
    reason: str | None = Field(description="未获准或缺少数据的原因代码")


class SnapshotList(BaseModel):
    """Snapshots, the newest first."""

    model_config = seen(items=[_SNAPSHOT])

    items: list[SnapshotView]
