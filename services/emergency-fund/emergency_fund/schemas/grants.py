"""A grant: asked for, decided, paid, its papers."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from emergency_fund.rules.grant import GrantState
from emergency_fund.rules.stages import FEWEST_STAGES, MOST_STAGES
from emergency_fund.schemas.follow_ups import FollowUpView
from emergency_fund.schemas.stages import PlannedStage, PlanView
from emergency_fund.schemas.values import Amount, PaperCode, Reference, Seen, Strict, Words
from shared.clock import Day
from shared.events.emergency_fund import IncidentCause
from shared.money import Fen

_HOUSEHOLD = "01930000-0000-7000-8000-000000000001"
_HOMELESS_PERSON = "01930000-0000-7000-8000-000000000031"
_GRANT = "01930000-0000-7000-8000-00000000000b"
_DEBT = "01930000-0000-7000-8000-00000000000c"
_TRANSFER = "01930000-0000-7000-8000-00000000000d"
_STREET = "420106006"
_INSTANT = "2022-12-05T02:00:00Z"
_FIRST_INCIDENT_DAY = date(2000, 1, 1)

MissingKind = Literal["relief_before_approval", "approval_with_pending_materials", "notice_and_commitment"]


class Incident(Strict):
    """What happened. All that a household is paid within 30 days counts together, unless the clerk says why this is
    another incident; who approves the grant approves that too.
    """

    cause: IncidentCause = Field(examples=["fire"])
    on: Day = Field(ge=_FIRST_INCIDENT_DAY, description="发生日期", examples=["2022-12-03"])
    place: Words = Field(description="发生地点，仅本服务留存", examples=["中华路街道候补街社区"])
    separate_because: Words | None = Field(
        default=None, description="与该户近期其他急难无关的理由；为空则一并计入限额", examples=[None]
    )


class Payment(Strict):
    """How the money is handed over."""

    method: Literal["cash", "transfer"] = Field(examples=["cash"])
    payee_ref: Reference = Field(
        description="收款人在家庭档案中的成员编号，不是姓名或账号；流浪乞讨人员本人为 p1", examples=["p1"]
    )


class MissingPaper(Strict):
    """A paper that is not in yet, and on what ground the grant goes ahead without it."""

    paper: PaperCode = Field(examples=["fire_certificate"])
    kind: MissingKind = Field(description="先行救助、容缺审批或告知承诺", examples=["relief_before_approval"])


class Asked(Strict):
    """Who is to get how much, for what: persons of a household, or a homeless person, with papers and a name or not."""

    household_id: UUID | None = Field(default=None, description="家庭档案；与 homeless_person_id 二者取一")
    homeless_person_id: UUID | None = Field(
        default=None, description="流浪乞讨人员档案，没有证件、不知姓名也可以；此时不填 household_id 和 persons"
    )
    incident: Incident
    amount: Amount
    persons: Annotated[list[Reference], Field(min_length=1, max_length=50)] | None = Field(
        default=None, description="受助人在家庭档案中的成员编号", examples=[["p1", "p2"]]
    )
    payment: Payment

    @model_validator(mode="after")
    def _one_recipient(self) -> Self:
        of_household = (self.household_id is not None, self.persons is not None)
        if of_household != (self.homeless_person_id is None,) * 2:
            raise PydanticCustomError(
                "recipient_unclear", "须填写 household_id 和 persons，或者只填写 homeless_person_id"
            )
        return self

    @model_validator(mode="after")
    def _each_person_once(self) -> Self:
        if self.persons is not None and len(self.persons) != len(set(self.persons)):
            raise ValueError("a person stands once")
        return self


class GrantRequest(Asked):
    """A clerk's request to pay from the street reserve."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "household_id": _HOUSEHOLD,
                    "incident": {"cause": "fire", "on": "2022-12-03", "place": "中华路街道候补街社区"},
                    "amount": "3639.99",
                    "persons": ["p1", "p2"],
                    "payment": {"method": "cash", "payee_ref": "p1"},
                    "papers_present": ["identity_card"],
                    "papers_missing": [{"paper": "fire_certificate", "kind": "relief_before_approval"}],
                },
                {
                    "household_id": _HOUSEHOLD,
                    "incident": {"cause": "serious_illness", "on": "2022-12-03", "place": "中华路街道候补街社区"},
                    "amount": "3000.00",
                    "persons": ["p1"],
                    "payment": {"method": "transfer", "payee_ref": "p1"},
                    "papers_present": ["identity_card"],
                    "stages": [
                        {
                            "amount": "1000.00",
                            "planned_on": "2022-12-05",
                            "condition": {"kind": "day", "words": "审批后即付"},
                        },
                        {
                            "amount": "2000.00",
                            "planned_on": "2023-01-05",
                            "condition": {"kind": "visit", "words": "走访核实患者仍在住院治疗"},
                        },
                    ],
                },
                {
                    "homeless_person_id": _HOMELESS_PERSON,
                    "incident": {"cause": "serious_illness", "on": "2022-12-03", "place": "中华路地下通道东口"},
                    "amount": "800.00",
                    "payment": {"method": "cash", "payee_ref": "p1"},
                },
            ]
        },
    )

    papers_present: Annotated[list[PaperCode], Field(max_length=20)] = Field(
        default=[], description="已提交的材料", examples=[["identity_card"]]
    )
    papers_missing: Annotated[list[MissingPaper], Field(max_length=20)] = Field(
        default=[], description="待补的材料，每份在支付时成为限期补交的欠件"
    )

    stages: Annotated[list[PlannedStage], Field(min_length=FEWEST_STAGES, max_length=MOST_STAGES)] | None = Field(
        default=None, description="分阶段支付的计划，各阶段金额之和等于申请金额；空：一次支付", examples=[None]
    )

    @model_validator(mode="after")
    def _each_paper_once(self) -> Self:
        awaited = {stage.condition.paper for stage in self.stages or () if stage.condition.paper is not None}
        papers = [*self.papers_present, *(missing.paper for missing in self.papers_missing), *awaited]
        if len(papers) != len(set(papers)):
            raise ValueError("a paper stands once: as present, as missing, or as what a stage waits for")
        return self


class QuickRelief(Asked):
    """The short form: paid at once, approved and explained after. Clause 4.2.1."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "household_id": _HOUSEHOLD,
                    "incident": {"cause": "accident", "on": "2022-12-05", "place": "中华路街道候补街社区"},
                    "amount": "800.00",
                    "persons": ["p1"],
                    "payment": {"method": "cash", "payee_ref": "p1"},
                }
            ]
        },
    )

    @property
    def papers_present(self) -> list[str]:
        """None are asked for."""
        return []

    @property
    def papers_missing(self) -> list[MissingPaper]:
        """What happened is explained after."""
        return [MissingPaper(paper="explanation", kind="relief_before_approval")]


class Refusal(Strict):
    """The second officer's refusal."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"reason": "现场核实未发现火灾", "route": "district"}]},
    )

    reason: Words = Field(examples=["现场核实未发现火灾"])
    route: Literal["district", "special_deliberation"] | None = Field(
        default=None, description="仍可走的途径：区级、一事一议", examples=["district"]
    )


class Settlement(Strict):
    """How a paper debt ends."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"outcome": "supplied"}]})

    outcome: Literal["supplied", "waived"] = Field(examples=["supplied"])
    reason: Words | None = Field(default=None, description="免交时必填", examples=[None])

    @model_validator(mode="after")
    def _reason_with_waiver(self) -> Self:
        if (self.outcome == "waived") != (self.reason is not None):
            raise ValueError("a waiver needs a reason, and nothing else has one")
        return self


class PaperDebt(Seen):
    """A paper that is owed, or was."""

    debt_id: UUID = Field(examples=[_DEBT])
    paper: str = Field(examples=["fire_certificate"])
    kind: MissingKind
    owner: str = Field(description="负责补交的经办人", examples=["clerk-420106006-1"])
    due_on: date = Field(examples=["2022-12-19"])
    overdue_at: datetime | None
    outcome: Literal["supplied", "waived", "recovered"] | None = Field(
        description="空：尚未了结；recovered：款项已退回，不再需要材料", examples=[None]
    )
    waived_reason: str | None
    settled_by: str | None
    settled_at: datetime | None


class AppliedLimit(Seen):
    """The limit that the grant was held against."""

    standard: Fen = Field(description="当日城市低保标准", examples=["910.00"])
    limit: Fen = Field(description="须低于此数", examples=["3640.00"])
    counted: Fen = Field(description="同户同一事件已计金额", examples=["0.00"])
    emergency_id: UUID | None = Field(description="提高限额的突发公共事件；空：未提高", examples=[None])


class GrantRefusal(Seen):
    """Why a grant was refused, and what is still open."""

    code: Literal["not_below_limit", "refused_by_officer", "objected_after_payment"]
    reason: str
    route: Literal["district", "special_deliberation"] | None
    refused_by: str | None = Field(description="空：按规则当场拒绝")
    refused_at: datetime


class GrantView(Seen):
    """One grant with its papers, its plan and its follow-ups."""

    grant_id: UUID = Field(examples=[_GRANT])
    street: str = Field(examples=[_STREET])
    household_id: UUID = Field(description="流浪乞讨人员为一人家庭档案", examples=[_HOUSEHOLD])
    homeless_person_id: UUID | None = Field(description="空：受助人是家庭成员", examples=[None])
    incident: Incident
    amount: Fen = Field(examples=["3639.99"])
    persons: list[str] = Field(examples=[["p1", "p2"]])
    payment: Payment
    papers_present: list[str] = Field(examples=[["identity_card"]])
    papers_missing: list[MissingPaper]
    debts: list[PaperDebt] = Field(description="支付后才有")
    limit: AppliedLimit
    state: GrantState
    requested_by: str = Field(examples=["clerk-420106006-1"])
    requested_at: datetime = Field(examples=[_INSTANT])
    approve_by: date | None = Field(description="先行支付的，须在此日前审批；空：先审批后支付", examples=[None])
    approved_by: str | None
    approved_at: datetime | None
    refusal: GrantRefusal | None
    paid_by: str | None
    paid_at: datetime | None
    transfer_id: UUID | None = Field(description="分阶段支付时为首次支付", examples=[_TRANSFER])
    closed_at: datetime | None
    plan: PlanView | None = Field(description="空：一次支付")
    follow_ups: list[FollowUpView] = Field(description="首次支付后才有；不影响办结")
