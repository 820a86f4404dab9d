"""The access ledger as residents and overseers see it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from data_sharing.schemas.values import seen

_QUERY = "01930000-0000-7000-8000-000000000004"
_VERIFICATION = "01930000-0000-7000-8000-000000000003"
_APPLICATION = "01930000-0000-7000-8000-000000000002"
_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
_ACCESS = "01930000-0000-7000-8000-000000000005"
_AT = "2022-10-11T01:30:00Z"


class AccessView(BaseModel):
    """One look at a household's data."""

    model_config = seen(
        access_id=_ACCESS,
        at=_AT,
        who="白沙洲街道工作人员",
        subject="clerk-420106009-1",
        purpose="办理救助申请",
        fields=["申报的家庭情况", "月工资薪金"],
        outcome="refused",
        reason="out_of_scope",
        application_id=_APPLICATION,
        text="2022年10月11日 09:30，白沙洲街道工作人员为“办理救助申请”查询您家的申报的家庭情况、月工资薪金：未提供。",
    )

    access_id: UUID
    at: datetime
    who: str = Field(description="单位或系统")
    subject: str | None = Field(description="经办账号，仅审计、监察人员可见")
    purpose: str
    fields: list[str]
    outcome: Literal["answered", "refused"]
    reason: str | None = Field(description="拒绝原因代码")
    application_id: UUID | None
    text: str


class AccessPage(BaseModel):
    """Looks, the newest first."""

    model_config = seen(items=[], next_cursor=_ACCESS)

    items: list[AccessView]
    next_cursor: str | None = Field(description="下一页；没有更多时为 null")
