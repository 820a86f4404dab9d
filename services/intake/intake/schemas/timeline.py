"""The time line as residents and staff read it."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from intake.schemas.facts import Strict


class TimelineEntry(Strict):
    """One thing that happened, in plain words."""

    at: datetime
    kind: str = Field(examples=["application_submitted"])
    text: str = Field(examples=["您的社会救助申请已受理。"])
    application_id: UUID | None
    id: UUID = Field(description="条目编号；重复读到同一编号即为同一条")


class TimelinePage(Strict):
    """What happened, the oldest first."""

    items: list[TimelineEntry]
    next_cursor: str | None = Field(description="下一页；没有更多时为 null", examples=[None])
