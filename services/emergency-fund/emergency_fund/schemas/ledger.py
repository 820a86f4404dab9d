"""A street reserve and its ledger."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from emergency_fund.rules.ledger import Account, TransferKind
from emergency_fund.schemas.values import Seen
from shared.money import Fen

_GRANT = "01930000-0000-7000-8000-00000000000b"
_DEBT = "01930000-0000-7000-8000-00000000000c"
_TRANSFER = "01930000-0000-7000-8000-00000000000d"
_REPLENISHMENT = "01930000-0000-7000-8000-00000000000a"
_STREET = "420106006"
_INSTANT = "2022-12-05T02:00:00Z"


class OpenDebt(Seen):
    """A paper that a street owes."""

    grant_id: UUID = Field(examples=[_GRANT])
    debt_id: UUID = Field(examples=[_DEBT])
    paper: str = Field(examples=["fire_certificate"])
    owner: str = Field(examples=["clerk-420106006-1"])
    due_on: date = Field(examples=["2022-12-19"])
    overdue: bool


class OpenReplenishment(Seen):
    """A request for replenishment that finance has not answered."""

    replenishment_id: UUID = Field(examples=[_REPLENISHMENT])
    amount: Fen = Field(examples=["18199.95"])
    requested_at: datetime


class ReserveView(Seen):
    """A street reserve at an instant. The five balances always come to the float."""

    street: str = Field(examples=[_STREET])
    at: datetime = Field(description="所述时点；该时点记账的已计入", examples=[_INSTANT])
    float_amount: Fen = Field(serialization_alias="float", examples=["30000.00"])
    cash: Fen = Field(description="现金", examples=["26360.01"])
    advances: Fen = Field(description="已支付、材料未齐", examples=["3639.99"])
    documented: Fen = Field(description="已支付、材料已齐、尚未补充", examples=["0.00"])
    due_from_finance: Fen = Field(description="应收财政；负数为财政先于材料补充的金额", examples=["0.00"])
    recoverable: Fen = Field(description="应追回", examples=["0.00"])
    low_water: Fen = Field(description="低于此数自动申请补充", examples=["15000.00"])
    open_replenishment: OpenReplenishment | None
    open_debts: list[OpenDebt]


class StatementEntry(Seen):
    """One entry with the balance after it."""

    version: int = Field(examples=[2])
    transfer_id: UUID = Field(examples=[_TRANSFER])
    kind: TransferKind
    cause_id: UUID | None = Field(description="支付单、分阶段支付的一个阶段、补充申请或更正", examples=[_GRANT])
    corrects: UUID | None = Field(description="所更正的分录", examples=[None])
    amount: Fen = Field(examples=["-3639.99"])
    balance_after: Fen = Field(examples=["26360.01"])
    posted_at: datetime = Field(examples=[_INSTANT])
    actor: str = Field(examples=["clerk-420106006-1"])


class AccountStatement(Seen):
    """One account on some days."""

    account: Account
    opening: Fen = Field(examples=["30000.00"])
    entries: list[StatementEntry]
    closing: Fen = Field(examples=["26360.01"])


class StatementView(Seen):
    """All accounts of a street on some days, both included."""

    street: str = Field(examples=[_STREET])
    first_day: date = Field(serialization_alias="from", examples=["2022-12-05"])
    last_day: date = Field(serialization_alias="to", examples=["2022-12-05"])
    accounts: list[AccountStatement]


class TrialBalanceLine(Seen):
    """One account with its balance on the side where it stands."""

    holder: str = Field(description="街道代码；420106 为区级", examples=[_STREET])
    account: Account
    debit: Fen = Field(examples=["26360.01"])
    credit: Fen = Field(examples=["0.00"])


class TrialBalanceView(Seen):
    """Every account at an instant; both sides come to the same."""

    at: datetime = Field(description="所述时点；该时点记账的已计入", examples=[_INSTANT])
    accounts: list[TrialBalanceLine]
    total_debit: Fen = Field(examples=["420000.00"])
    total_credit: Fen = Field(examples=["420000.00"])
