"""Saved comparisons, their runs and what they found."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from data_sharing.schemas.values import seen, sent

_RUN = {
    "run_id": "01930000-0000-7000-8000-000000000018",
    "state": "completed",
    "started_at": "2022-10-10T19:00:00Z",
    "found": 3,
    "new": 1,
    "gone": 0,
    "reason": "agreement_missing",
}
_HIT = {
    "hit_id": "01930000-0000-7000-8000-000000000019",
    "comparison": "dead_but_paid",
    "street": "420106009",
    "state": "settled",
    "found_at": "2022-10-10T19:00:00Z",
    "last_seen_at": "2022-10-10T19:00:00Z",
    "lead_id": "01930000-0000-7000-8000-000000000015",
    "outcome": "confirmed",
    "words": "已通知街道核实并停发",
    "settled_at": "2022-10-11T02:00:00Z",
}


class RunView(BaseModel):
    """One run, or one that was not let."""

    model_config = seen(**_RUN)

    run_id: UUID
    state: Literal["completed", "refused"]
    started_at: datetime
    found: int
    new: int = Field(description="此前没有的")
    gone: int = Field(description="此前有、现在没有的")
    reason: str | None = Field(description="没有获准的原因代码")


class ComparisonView(BaseModel):
    """A saved comparison."""

    model_config = seen(
        comparison="dead_but_paid",
        title="已故人员仍在领取待遇",
        basis="社会救助暂行办法第四十一条",
        finds="clue",
        every="day",
        fields=["household_register.death", "benefit_register.receiving"],
        open_hits=3,
        next_run_at="2022-10-11T19:00:00Z",
        last_run=_RUN,
    )

    comparison: str
    title: str
    basis: str
    finds: Literal["clue", "lead"] = Field(description="clue 供民政部门核实；lead 可能需要帮助的人")
    every: Literal["day", "week", "month"]
    fields: list[str]
    open_hits: int
    next_run_at: datetime | None
    last_run: RunView | None


class ComparisonList(BaseModel):
    """All of them."""

    items: list[ComparisonView]


class RunList(BaseModel):
    """The last runs of one comparison, the newest first."""

    items: list[RunView]


class HitView(BaseModel):
    """What was found of one person, without what it was. A clue or a lead, never a decision."""

    model_config = seen(**_HIT)

    hit_id: UUID
    comparison: str
    street: str | None
    state: Literal["open", "gone", "settled"] = Field(description="gone 数据已变化，不再符合")
    found_at: datetime
    last_seen_at: datetime
    lead_id: UUID | None = Field(description="由此产生的线索")
    outcome: Literal["confirmed", "explained", "data_error"] | None
    words: str | None
    settled_at: datetime | None


class HitPage(BaseModel):
    """Hits, the newest first."""

    model_config = seen(items=[], next_cursor=120)

    items: list[HitView]
    next_cursor: int | None = Field(description="下一页；没有更多时为 null")


class HitDetail(HitView):
    """A hit with what was found."""

    model_config = seen(
        **_HIT,
        person_id="01930000-0000-7000-8000-000000000017",
        evidence={"household_register.death": ["2022-08-01"], "benefit_register.receiving": ["dibao"]},
    )

    person_id: UUID | None
    evidence: dict[str, Any]


class HitOutcome(BaseModel):
    """What came of a hit."""

    model_config = sent(outcome="confirmed", words="已通知街道核实并停发")

    outcome: Literal["confirmed", "explained", "data_error"] = Field(
        description="confirmed 属实，另行依程序处理；explained 有合理解释；data_error 数据有误，请提供部门更正"
    )
    words: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)] = Field(
        description="核实经过，不写姓名、证件号码"
    )
