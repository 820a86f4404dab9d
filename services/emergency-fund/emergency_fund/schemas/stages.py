"""A plan of stages: asked for with a grant, met, paid, stopped. Clause 4.2.3."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from emergency_fund.rules.stages import ConditionKind, StageState
from emergency_fund.schemas.values import Amount, Note, PaperCode, Seen, Strict, Words
from shared.clock import Day
from shared.money import Fen

_GRANT = "01930000-0000-7000-8000-00000000000b"
_STAGE = "01930000-0000-7000-8000-00000000001a"
_TRANSFER = "01930000-0000-7000-8000-00000000000d"


class StageCondition(Strict):
    """What a stage waits for: its day, what an officer finds on a visit, or a paper."""

    kind: ConditionKind = Field(description="到期、走访核实或提交材料", examples=["visit"])
    words: Words = Field(description="支付条件", examples=["走访核实患者仍在住院治疗"])
    paper: PaperCode | None = Field(default=None, description="条件为提交材料时必填", examples=[None])

    @model_validator(mode="after")
    def _paper_with_its_kind(self) -> Self:
        if (self.kind is ConditionKind.PAPER) != (self.paper is not None):
            raise ValueError("a condition that is a paper names the paper, and no other condition does")
        return self


class PlannedStage(Strict):
    """One stage of a plan."""

    amount: Amount
    planned_on: Day = Field(description="计划支付日期", examples=["2023-01-05"])
    condition: StageCondition


class ConditionMet(Strict):
    """What was found, by whom it was seen."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"note": "已到医院走访，仍在住院"}]},
    )

    note: Note = Field(description="核实情况，不写姓名和证件号码", examples=["已到医院走访，仍在住院"])


class PlanStop(Strict):
    """Why the rest of a plan is not paid."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"reason": "已纳入低保"}]})

    reason: Words = Field(examples=["已纳入低保"])


class StageView(Seen):
    """One stage of a plan."""

    stage_id: UUID = Field(examples=[_STAGE])
    number: int = Field(examples=[1])
    amount: Fen = Field(examples=["1000.00"])
    planned_on: date = Field(examples=["2023-01-05"])
    condition: StageCondition
    state: StageState
    is_due: bool = Field(description="计划日期已到，尚未支付")
    overdue_at: datetime | None
    met_by: str | None = Field(description="calendar 表示到期", examples=["clerk-420106006-1"])
    met_at: datetime | None
    met_note: str | None
    paid_by: str | None
    paid_at: datetime | None
    transfer_id: UUID | None = Field(examples=[_TRANSFER])


class PlanView(Seen):
    """A plan with its stages."""

    stages: list[StageView]
    paid: Fen = Field(description="已支付", examples=["1000.00"])
    unpaid: Fen = Field(description="尚待支付；中止的不计", examples=["2000.00"])
    stopped_by: str | None
    stopped_at: datetime | None
    stop_reason: str | None


class OpenStage(Seen):
    """A stage that somebody must see to."""

    grant_id: UUID = Field(examples=[_GRANT])
    owner: str = Field(description="负责的经办人", examples=["clerk-420106006-1"])
    stage: StageView


class OpenStages(Seen):
    """Open stages of approved plans of a street, the earliest planned day first."""

    street: str = Field(examples=["420106006"])
    stages: list[OpenStage]
