"""The closing of a fiscal year."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from emergency_fund.rules.ledger import Account, Amounts, TransferKind
from emergency_fund.schemas.values import Seen, Strict
from shared.identity import StreetCode
from shared.money import Fen

_GRANT = "01930000-0000-7000-8000-00000000000b"
_TRANSFER = "01930000-0000-7000-8000-00000000000d"
_REPLENISHMENT = "01930000-0000-7000-8000-00000000000a"
_STREET = "420106006"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class ClosingRequest(Strict):
    """Which streets' year is closed."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"streets": [_STREET]}]})

    streets: Annotated[list[StreetCode], Field(min_length=1, max_length=50)] | None = Field(
        default=None, description="空：全部街道", examples=[[_STREET]]
    )


class Balances(Seen):
    """Every account of a street, and what the district's have for it."""

    cash: Fen = Field(examples=["26360.01"])
    advances: Fen = Field(examples=["3639.99"])
    documented: Fen = Field(examples=["0.00"])
    due_from_finance: Fen = Field(examples=["0.00"])
    recoverable: Fen = Field(examples=["0.00"])
    finance: Fen = Field(examples=["-30000.00"])
    refilled_expense: Fen = Field(examples=["0.00"])
    written_off: Fen = Field(examples=["0.00"])

    @classmethod
    def of(cls, amounts: Amounts) -> "Balances":
        """As they are shown."""
        return cls(**{account.value: getattr(amounts, account) for account in Account})

    @property
    def amounts(self) -> Amounts:
        """As they are reckoned with."""
        return Amounts(**{account.value: getattr(self, account) for account in Account})


class KindOfYear(Seen):
    """All transfers of one kind in a year."""

    kind: TransferKind
    transfers: int = Field(examples=[1])
    moved: Balances


class CarriedAdvance(Seen):
    """A payment whose papers were still missing at the end of the year."""

    grant_id: UUID = Field(examples=[_GRANT])
    amount: Fen = Field(examples=["3639.99"])


class CarriedClaim(Seen):
    """Money that was still asked back at the end of the year."""

    grant_id: UUID = Field(examples=[_GRANT])
    transfer_id: UUID = Field(description="追回决定分录", examples=[_TRANSFER])
    amount: Fen = Field(examples=["1000.00"])


class CarriedReplenishment(Seen):
    """What finance had been asked for and had not answered when the year was closed."""

    replenishment_id: UUID = Field(examples=[_REPLENISHMENT])
    amount: Fen = Field(examples=["18199.95"])


class ClosingStatement(Seen):
    """The year of a street, as it was signed off. The opening of the next year is its closing."""

    street: str = Field(examples=[_STREET])
    year: int = Field(examples=[2022])
    float_amount: Fen = Field(description="备用金标准", examples=["30000.00"])
    last_version: int = Field(description="本年度最后一笔分录的序号", examples=[2])
    opening: Balances
    movements: list[KindOfYear]
    closing: Balances
    open_advances: list[CarriedAdvance]
    open_claims: list[CarriedClaim]
    open_replenishment: CarriedReplenishment | None
    previous_sha256: str | None = Field(description="上年度结账单的摘要；空：首年", examples=[None])


class ClosingView(Seen):
    """A year of a street: as it was signed off, or, while it is open, as it stands now."""

    street: str = Field(examples=[_STREET])
    year: int = Field(examples=[2022])
    sha256: str | None = Field(description="document 的 SHA-256；空：尚未结账", examples=[_SHA256])
    closed_by: str | None = Field(examples=["district-1"])
    closed_at: datetime | None = Field(examples=["2023-01-03T01:00:00Z"])
    statement: ClosingStatement
    document: str | None = Field(description="结账单原文，逐字节保存；空：尚未结账")


class ClosedStreet(Seen):
    """One street of a closing."""

    street: str = Field(examples=[_STREET])
    sha256: str = Field(examples=[_SHA256])
    closed_by: str = Field(examples=["district-1"])
    closed_at: datetime = Field(examples=["2023-01-03T01:00:00Z"])


class ClosingsView(Seen):
    """A year that is closed on these streets, now or before."""

    year: int = Field(examples=[2022])
    streets: list[ClosedStreet]
