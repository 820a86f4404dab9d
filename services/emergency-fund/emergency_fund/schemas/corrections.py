"""A correction: proposed, decided, posted."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from emergency_fund.rules.corrections import CorrectionKind, CorrectionState
from emergency_fund.rules.ledger import TransferKind
from emergency_fund.schemas.values import Amount, Seen, Strict, Words
from shared.money import Fen

_GRANT = "01930000-0000-7000-8000-00000000000b"
_TRANSFER = "01930000-0000-7000-8000-00000000000d"
_CORRECTION = "01930000-0000-7000-8000-00000000000e"
_STREET = "420106006"
_INSTANT = "2022-12-05T02:00:00Z"


class CorrectionRequest(Strict):
    """A clerk's proposal to take money of a grant back, or to give it up."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {"kind": "reversal", "corrects": _TRANSFER, "amount": "1000.00", "reason": "住宿由亲属解决，余款退回"}
            ]
        },
    )

    kind: CorrectionKind = Field(
        description="退回（reversal）、追回决定（claim）、追回到账（recovery）、核销（write_off）",
        examples=["reversal"],
    )
    corrects: UUID = Field(description="所更正的分录：支付，或追回决定", examples=[_TRANSFER])
    amount: Amount
    reason: Words = Field(examples=["住宿由亲属解决，余款退回"])


class Decision(Strict):
    """The second person's decision on a correction."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"outcome": "confirmed"}]})

    outcome: Literal["confirmed", "rejected"] = Field(examples=["confirmed"])
    reason: Words | None = Field(default=None, description="不同意时必填", examples=[None])

    @model_validator(mode="after")
    def _reason_with_rejection(self) -> Self:
        if self.outcome == "rejected" and self.reason is None:
            raise ValueError("a rejection needs a reason")
        return self


class DistrictDecision(Strict):
    """The district's decision on a write-off, always with its reason."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"outcome": "confirmed", "reason": "债务人死亡，无遗产可供追偿"}]},
    )

    outcome: Literal["confirmed", "rejected"] = Field(examples=["confirmed"])
    reason: Words = Field(examples=["债务人死亡，无遗产可供追偿"])


class CorrectionView(Seen):
    """One correction."""

    correction_id: UUID = Field(examples=[_CORRECTION])
    grant_id: UUID = Field(examples=[_GRANT])
    street: str = Field(examples=[_STREET])
    kind: CorrectionKind
    corrects: UUID = Field(examples=[_TRANSFER])
    amount: Fen = Field(examples=["1000.00"])
    reason: str
    state: CorrectionState
    proposed_by: str = Field(examples=["clerk-420106006-1"])
    proposed_at: datetime = Field(examples=[_INSTANT])
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    transfer_id: UUID | None = Field(description="更正分录；空：待确认或未同意")


class CorrectableTransfer(Seen):
    """A payment or a claim, and what is left of it."""

    transfer_id: UUID = Field(examples=[_TRANSFER])
    kind: TransferKind
    amount: Fen = Field(examples=["3639.99"])
    left: Fen = Field(description="尚可更正的金额", examples=["2639.99"])
    posted_at: datetime = Field(examples=[_INSTANT])
    corrected_by: list[CorrectionKind] = Field(description="可用的更正方式")


class CorrectionsView(Seen):
    """What can be corrected of a grant, and what was."""

    grant_id: UUID = Field(examples=[_GRANT])
    transfers: list[CorrectableTransfer]
    corrections: list[CorrectionView]
