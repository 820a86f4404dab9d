"""Reconciliation with the bank: a reserve's account, its statements, and which line is which posting."""

from base64 import b64encode
from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Base64Bytes, ConfigDict, Field, StringConstraints, model_validator

from emergency_fund.rules.ledger import TransferKind
from emergency_fund.rules.matching import Basis
from emergency_fund.schemas.values import Seen, Strict, Words
from shared.clock import Day
from shared.money import Fen, FenOfYuan

_STREET = "420106006"
_STATEMENT = "01930000-0000-7000-8000-000000000021"
_LINE = "01930000-0000-7000-8000-000000000022"
_MATCH = "01930000-0000-7000-8000-000000000023"
_DIFFERENCE = "01930000-0000-7000-8000-000000000024"
_GRANT = "01930000-0000-7000-8000-00000000000b"
_TRANSFER = "01930000-0000-7000-8000-00000000000d"
_INSTANT = "2023-01-03T02:00:00Z"
_ACCOUNT = "4200600601234567"
_CSV = "交易日期,借方金额,贷方金额,余额,对方户名,摘要,流水号\n2022-12-05,3639.99,,26360.01,,,0001\n"
FIRST_DAY, LAST_DAY = date(2022, 9, 8), date(2099, 12, 31)

StatementFormat = Literal["csv", "camt_053"]
AccountNumber = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{8,34}$")]
BoundedDay = Annotated[Day, Field(ge=FIRST_DAY, le=LAST_DAY)]


class AccountRequest(Strict):
    """The account at which the money of a reserve lies."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"account_number": _ACCOUNT, "since": "2022-09-08"}]},
    )

    account_number: AccountNumber = Field(description="账号，数字或大写字母", examples=[_ACCOUNT])
    since: BoundedDay = Field(description="自该日起对账", examples=["2022-09-08"])


class AccountView(Seen):
    """The account of a street reserve."""

    street: str = Field(examples=[_STREET])
    account_number: str = Field(examples=[_ACCOUNT])
    since: date = Field(examples=["2022-09-08"])
    registered_by: str = Field(examples=["district-1"])
    registered_at: datetime = Field(examples=[_INSTANT])


class Covers(Strict):
    """What a CSV file does not say of itself."""

    account_number: AccountNumber = Field(examples=[_ACCOUNT])
    first_day: BoundedDay = Field(examples=["2022-12-01"])
    last_day: BoundedDay = Field(description="含当日", examples=["2022-12-31"])
    opening: FenOfYuan = Field(description="期初余额", examples=["30000.00"])
    closing: FenOfYuan = Field(description="期末余额", examples=["26360.01"])


class StatementRequest(Strict):
    """A bank statement of the reserve's account, as the bank gave it."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "format": "csv",
                    "content": b64encode(_CSV.encode()).decode(),
                    "covers": {
                        "account_number": _ACCOUNT,
                        "first_day": "2022-12-01",
                        "last_day": "2022-12-31",
                        "opening": "30000.00",
                        "closing": "26360.01",
                    },
                }
            ]
        },
    )

    format: StatementFormat = Field(examples=["csv"])
    content: Annotated[Base64Bytes, Field(min_length=1, description="文件原文，Base64；整个请求至多 1 MiB")]
    covers: Covers | None = Field(default=None, description="CSV 必填；camt.053 文件自带，不填")

    @model_validator(mode="after")
    def _covers_with_csv(self) -> Self:
        if (self.format == "csv") != (self.covers is not None):
            raise ValueError("a CSV file needs `covers`, and a camt.053 message says it by itself")
        return self


class StatementImport(Seen):
    """A statement that was taken in, as it was answered the first time."""

    statement_id: UUID = Field(examples=[_STATEMENT])
    street: str = Field(examples=[_STREET])
    format: StatementFormat
    first_day: date = Field(examples=["2022-12-01"])
    last_day: date = Field(description="含当日", examples=["2022-12-31"])
    opening: Fen = Field(examples=["30000.00"])
    closing: Fen = Field(examples=["26360.01"])
    lines: int = Field(examples=[1])
    matched_at_import: int = Field(description="导入时按规则对上的笔数", examples=[1])
    missing_days_before: int = Field(description="与上一份对账单（或对账起始日）之间缺少的天数", examples=[0])
    imported_by: str = Field(examples=["clerk-420106006-1"])
    imported_at: datetime = Field(examples=[_INSTANT])


class LineMatch(Strict):
    """What an officer knows about a line: which postings it is."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"transfer_ids": [_TRANSFER], "reason": "核对取款凭条，为同一笔"}]},
    )

    transfer_ids: Annotated[list[UUID], Field(min_length=1, max_length=50)] = Field(examples=[[_TRANSFER]])
    reason: Words = Field(description="依据", examples=["核对取款凭条，为同一笔"])

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(self.transfer_ids) != len(set(self.transfer_ids)):
            raise ValueError("a transfer stands once")
        return self


class MatchEnd(Strict):
    """Why a match was wrong."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"reason": "凭条属于另一笔支付"}]}
    )

    reason: Words = Field(examples=["凭条属于另一笔支付"])


class LineView(Seen):
    """A line of a statement. Nothing of the counterparty is kept."""

    line_id: UUID = Field(examples=[_LINE])
    statement_id: UUID = Field(examples=[_STATEMENT])
    number: int = Field(description="文件中的行号或笔序", examples=[2])
    booked_on: date = Field(examples=["2022-12-05"])
    amount: Fen = Field(description="收入为正，支出为负", examples=["-3639.99"])
    serial: str = Field(description="银行流水号", examples=["0001"])


class PostingView(Seen):
    """A movement of the cash account."""

    transfer_id: UUID = Field(examples=[_TRANSFER])
    kind: TransferKind
    cause_id: UUID | None = Field(examples=[_GRANT])
    posted_on: date = Field(examples=["2022-12-05"])
    amount: Fen = Field(examples=["-3639.99"])
    actor: str = Field(examples=["clerk-420106006-1"])


class MatchView(Seen):
    """A line and the postings that it is."""

    match_id: UUID = Field(examples=[_MATCH])
    line: LineView
    postings: list[PostingView]
    basis: Basis = Field(description="依据：附言中的编号、唯一可能、人工")
    made_by: str | None = Field(description="空：按规则", examples=[None])
    reason: str | None
    made_at: datetime
    ended_by: str | None = Field(description="空：有效", examples=[None])
    ended_reason: str | None
    ended_at: datetime | None


class OpenLine(Seen):
    """A line without a posting."""

    line: LineView
    candidates: list[UUID] = Field(description="可能对应的入账")
    difference_id: UUID | None = Field(description="已通报监督的差异；空：未到期", examples=[_DIFFERENCE])


class OpenPosting(Seen):
    """A posting without a line."""

    posting: PostingView
    difference_id: UUID | None = Field(description="已通报监督的差异；空：未到期", examples=[_DIFFERENCE])


class StatementSpan(Seen):
    """A statement in short."""

    statement_id: UUID = Field(examples=[_STATEMENT])
    first_day: date
    last_day: date
    opening: Fen
    closing: Fen


class DaySpan(Seen):
    """Days, both counted."""

    first_day: date
    last_day: date


class BalanceComparison(Seen):
    """Bank and ledger at the end of a day, and all that lies between them, to the fen."""

    on: date = Field(description="对账单覆盖的最后一日")
    bank: Fen = Field(examples=["26360.01"])
    ledger: Fen = Field(examples=["26360.01"])
    difference: Fen = Field(description="银行减账面", examples=["0.00"])
    opening_difference: Fen = Field(description="对账起始时已有的差额")
    between_statements: Fen = Field(description="缺少对账单的日子里银行余额的变动")
    lines_without_posting: Fen = Field(description="银行已记、账面未记")
    postings_without_line: Fen = Field(description="账面已记、银行未记，反号")
    timing: Fen = Field(description="已对上但一方在此日之后")


class ReconciliationView(Seen):
    """A reserve against its bank account. Lists hold what falls into the days asked for; the comparison holds all."""

    street: str = Field(examples=[_STREET])
    since: date
    first_day: date
    last_day: date
    statements: list[StatementSpan]
    days_without_statement: list[DaySpan]
    matched: list[MatchView]
    lines_without_posting: list[OpenLine]
    postings_without_line: list[OpenPosting]
    balances: BalanceComparison | None = Field(description="空：所查日期之前还没有对账单")
