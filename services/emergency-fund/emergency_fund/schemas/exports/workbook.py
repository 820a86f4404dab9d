"""A workbook for Excel: a sheet for each street, and the trial balance at the end of the days. Numbers are numbers and
times are times of Wuhan; written row by row, without the rows in memory.
"""

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from emergency_fund.rules.ledger import Account, Amounts
from emergency_fund.rules.periods import Days
from emergency_fund.rules.postings import Posting, Stretch
from emergency_fund.schemas.exports.columns import ACCOUNT_WORDS, COLUMNS, Cell, yuan
from emergency_fund.schemas.ledger import TrialBalanceLine

TRIAL_BALANCE_SHEET = "试算平衡"
_YUAN_FORMAT = "#,##0.00"
_INSTANT_FORMAT = "yyyy-mm-dd hh:mm:ss"
_BOLD = Font(bold=True)
_WIDTH = 18
_BALANCES_FROM = next(n for n, column in enumerate(COLUMNS) if column.heading.endswith("（余额）"))
_WORDS_AT = next(n for n, column in enumerate(COLUMNS) if column.heading == "业务")


class LedgerWorkbook:
    """Streets one after the other, each from its opening to its closing balance; then the trial balance; then done."""

    def __init__(self, days: Days) -> None:
        self._days = days
        self._book = Workbook(write_only=True)
        # Any: a write-only sheet is of a private class of openpyxl.
        self._sheet: Any = None

    def open_street(self, stretch: Stretch) -> None:
        """Begin the sheet of a street."""
        self._new_sheet(stretch.street, [column.heading for column in COLUMNS])
        self._append_balances(f"{self._days.first} 期初余额", stretch.opening)

    def add(self, postings: Iterable[Posting]) -> None:
        """Transfers of the street whose sheet was begun."""
        assert self._sheet is not None, "a street was opened"
        for posting in postings:
            self._append(*(column.cell(posting) for column in COLUMNS))

    def close_street(self, stretch: Stretch) -> None:
        """End the sheet of a street."""
        self._append_balances(f"{self._days.last} 期末余额", stretch.closing)

    def finish(self, trial_balance: Sequence[TrialBalanceLine]) -> bytes:
        """Add the trial balance at the end of the last day; the file."""
        self._new_sheet(TRIAL_BALANCE_SHEET, ["街道（420106 为区级）", "科目", "借方", "贷方"])
        for line in trial_balance:
            self._append(line.holder, ACCOUNT_WORDS[line.account], yuan(line.debit), yuan(line.credit))
        debit_fen, credit_fen = (sum(getattr(line, side) for line in trial_balance) for side in ("debit", "credit"))
        self._append(f"{self._days.last} 合计", None, yuan(debit_fen), yuan(credit_fen), is_bold=True)
        file = io.BytesIO()
        self._book.save(file)
        return file.getvalue()

    def _new_sheet(self, title: str, headings: Sequence[str]) -> None:
        sheet: Any = self._book.create_sheet(title)
        sheet.freeze_panes = "A2"
        for number in range(1, len(headings) + 1):
            sheet.column_dimensions[get_column_letter(number)].width = _WIDTH
        self._sheet = sheet
        self._append(*headings, is_bold=True)

    def _append_balances(self, words: str, balances: Amounts) -> None:
        cells: list[Cell] = [None] * len(COLUMNS)
        cells[_WORDS_AT] = words
        cells[_BALANCES_FROM : _BALANCES_FROM + len(Account)] = [yuan(getattr(balances, one)) for one in Account]
        self._append(*cells, is_bold=True)

    def _append(self, *cells: Cell, is_bold: bool = False) -> None:
        self._sheet.append([self._cell(cell, is_bold=is_bold) for cell in cells])

    def _cell(self, value: Cell, *, is_bold: bool) -> Any:
        if value is None:
            return None
        # A workbook has no zones: its times are what the clock on the wall in Wuhan said.
        held: Any = value.replace(tzinfo=None) if isinstance(value, datetime) else value
        cell = WriteOnlyCell(self._sheet, held)
        if isinstance(value, Decimal):
            cell.number_format = _YUAN_FORMAT
        elif isinstance(value, datetime):
            cell.number_format = _INSTANT_FORMAT
        if is_bold:
            cell.font = _BOLD
        return cell
