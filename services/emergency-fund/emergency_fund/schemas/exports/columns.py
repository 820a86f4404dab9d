"""The columns of a transfer in tables for people and programs, with Chinese headings, once for CSV and workbook."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from emergency_fund.rules.ledger import Account, TransferKind
from emergency_fund.rules.postings import Posting
from shared.clock import DISTRICT_TIMEZONE

Cell = str | int | Decimal | datetime | None

ACCOUNT_WORDS = {
    Account.CASH: "现金",
    Account.ADVANCES: "已支付待补材料",
    Account.DOCUMENTED: "材料已齐待补充",
    Account.DUE_FROM_FINANCE: "应收财政",
    Account.RECOVERABLE: "应追回",
    Account.FINANCE: "财政拨款",
    Account.REFILLED_EXPENSE: "已补充支出",
    Account.WRITTEN_OFF: "已核销",
}
KIND_WORDS = {
    TransferKind.PRESET: "预置",
    TransferKind.PAYMENT: "支付",
    TransferKind.SETTLEMENT: "材料补齐",
    TransferKind.REFILL: "财政补充",
    TransferKind.REVERSAL: "退回冲正",
    TransferKind.CLAIM: "追回立项",
    TransferKind.RECOVERY: "追回到账",
    TransferKind.WRITE_OFF: "核销",
}
_FORMULA_BEGINNINGS = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and what stands below it for a transfer."""

    heading: str
    cell: Callable[[Posting], Cell]


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe before what would begin one, no control characters.

    Also behind spaces, which some programs strip.
    """
    printable = "".join(character if character.isprintable() else "�" for character in text)
    return "'" + printable if printable.lstrip().startswith(_FORMULA_BEGINNINGS) else printable


def yuan(amount_fen: int) -> Decimal:
    """Exactly, with two decimals."""
    return Decimal(amount_fen).scaleb(-2)


def _moved(account: Account) -> Column:
    return Column(f"{ACCOUNT_WORDS[account]}（变动）", lambda posting: yuan(getattr(posting.moved, account)))


def _after(account: Account) -> Column:
    return Column(f"{ACCOUNT_WORDS[account]}（余额）", lambda posting: yuan(getattr(posting.after, account)))


COLUMNS = (
    Column("街道", lambda posting: posting.street),
    Column("序号", lambda posting: posting.version),
    Column("记账时间", lambda posting: posting.posted_at.astimezone(DISTRICT_TIMEZONE)),
    Column("业务", lambda posting: KIND_WORDS[posting.kind]),
    Column("业务代码", lambda posting: posting.kind.value),
    Column("经办", lambda posting: harmless(posting.actor)),
    *(_moved(account) for account in Account),
    *(_after(account) for account in Account),
    Column("转账编号", lambda posting: str(posting.transfer_id)),
    Column("事由编号", lambda posting: str(posting.cause_id) if posting.cause_id else None),
    Column("更正的转账", lambda posting: str(posting.corrects) if posting.corrects else None),
)
