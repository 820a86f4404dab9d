"""Statements as banks' counters and web pages give them: CSV with Chinese headings, UTF-8 or GB18030. Clause 4.3.4.

Spreadsheets that people open such files with leave marks, which are read where they are harmless (a byte order mark,
`2022/12/5`, thousands separators, `="…"` and tabs around numbers, empty rows) and refused where they lost something
(`1.23457E+15` for a serial number, `44900` for a day).
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from emergency_fund.rules.bank_statement import (
    BankStatement,
    Coverage,
    Fault,
    StatementLine,
    StatementUnreadable,
    believe,
    references_in,
)
from shared.money import NotAnAmount, format_yuan, parse_yuan

HEADINGS = ("交易日期", "借方金额", "贷方金额", "余额", "对方户名", "摘要", "流水号")
"""Columns that must be there, in any order. `账号` may be there too, and is then the account of the statement."""
_DAY, _OUT, _IN, _BALANCE, _, _WORDS, _SERIAL = HEADINGS
_ACCOUNT = "账号"
_LONGEST_SERIAL = 64
_ROWS_BEFORE_HEADINGS = 20

_ISO_DAY = re.compile(r"(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})", re.ASCII)
_THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d{1,2})?", re.ASCII)
_SCIENTIFIC = re.compile(r"\d(\.\d+)?E\+?\d+", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    cells: Mapping[str, str]
    has_more: bool
    """Cells without a heading: a separator too many."""


@dataclass(frozen=True, slots=True)
class _Read:
    line: StatementLine
    balance_fen: int


def read_csv(content: bytes, coverage: Coverage) -> BankStatement:
    """The statement in a file, for the account and days that its bringer names.

    The debit column is what left the account, the credit column what came in; a line has one of the two. Lines may
    run forwards or backwards in time. Raises StatementUnreadable with every fault.
    """
    faults: list[Fault] = []
    read = [line for row in _rows(_decoded(content)) if (line := _line(row, coverage, faults)) is not None]
    if faults:
        raise StatementUnreadable(faults)
    forwards = list(_breaks(read, coverage))
    if forwards and not list(_breaks(read[::-1], coverage)):
        read.reverse()
    elif forwards:
        raise StatementUnreadable(forwards)
    return believe(coverage, (one.line for one in read))


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise StatementUnreadable([Fault("file", None, "应为 UTF-8 或 GB18030 编码的 CSV 文本")])


def _rows(text: str) -> Iterator[_Row]:
    """What stands under the headings, with the number of its line."""
    rows = _cells(text)
    headings = next((row for _, row in islice(rows, _ROWS_BEFORE_HEADINGS) if _DAY in row), None)
    if headings is None:
        expected = f"前 {_ROWS_BEFORE_HEADINGS} 行内应有列名：{'、'.join(HEADINGS)}"
        raise StatementUnreadable([Fault("file", None, expected)])
    wrong = [Fault(f"heading.{name}", None, "缺少此列") for name in HEADINGS if name not in headings]
    twice = {name for name in headings if name and headings.count(name) > 1}
    wrong += [Fault(f"heading.{name}", name, "列名重复") for name in sorted(twice)]
    if wrong:
        raise StatementUnreadable(wrong)
    for number, cells in rows:
        if any(cells):
            has_more = any(cells[len(headings) :])
            yield _Row(number, dict(zip(headings, cells, strict=False)), has_more=has_more)


def _cells(text: str) -> Iterator[tuple[int, list[str]]]:
    first = next((line for line in text.splitlines() if _DAY in line), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            yield reader.line_num, [_bare(cell) for cell in row]
    except csv.Error as error:
        raise StatementUnreadable([Fault(f"line {reader.line_num}", None, f"引号或分隔符有误（{error}）")]) from error


def _bare(cell: str) -> str:
    """A cell without what spreadsheets and banks put around it so that it stays a text."""
    cell = cell.strip().strip("\u200b\ufeff")
    if cell.startswith('="') and cell.endswith('"'):
        cell = cell[2:-1]
    return cell.lstrip("'").strip()


def _line(row: _Row, coverage: Coverage, faults: list[Fault]) -> _Read | None:
    """The line of a row; None, and more faults, where something is wrong with it."""
    before = len(faults)
    if row.has_more:
        faults.append(Fault(f"line {row.number}", None, "列数多于列名：文字中的逗号应在引号内"))
    booked_on = _day(row, faults)
    out_fen, in_fen = _amount(row, _OUT, faults), _amount(row, _IN, faults)
    balance_fen = _amount(row, _BALANCE, faults)
    if len(faults) == before and (out_fen == 0) == (in_fen == 0):
        shown = f"{row.cells.get(_OUT, '')} / {row.cells.get(_IN, '')}"
        faults.append(_fault(row, f"{_OUT}、{_IN}", shown, "两列中应有且仅有一列为大于零的金额"))
    serial = row.cells.get(_SERIAL, "")
    if len(serial) > _LONGEST_SERIAL or not serial.isprintable():
        faults.append(_fault(row, _SERIAL, serial, f"至多 {_LONGEST_SERIAL} 个可见字符"))
    elif _SCIENTIFIC.fullmatch(serial):
        faults.append(_fault(row, _SERIAL, serial, "流水号已被电子表格改为科学计数，请从银行重新导出"))
    account = row.cells.get(_ACCOUNT, "")
    if account and account != coverage.account_number:
        faults.append(_fault(row, _ACCOUNT, account, f"应为 {coverage.account_number}：文件中有另一账户的交易"))
    if len(faults) > before or booked_on is None:
        return None
    line = StatementLine(
        number=row.number,
        booked_on=booked_on,
        amount_fen=in_fen - out_fen,
        serial=serial,
        references=references_in(row.cells.get(_WORDS, "")),
    )
    return _Read(line, balance_fen)


def _day(row: _Row, faults: list[Fault]) -> date | None:
    text = row.cells.get(_DAY, "")
    # Some banks put the time behind the day.
    found = _ISO_DAY.fullmatch(text.split(" ")[0])
    try:
        if found is not None and (found[2] or len(text.split(" ")[0]) == 8):
            return date(int(found[1]), int(found[3]), int(found[4]))
    except ValueError:
        pass
    faults.append(_fault(row, _DAY, text, "应为存在的日期，如 2022-12-05、2022/12/5 或 20221205"))
    return None


def _amount(row: _Row, column: str, faults: list[Fault]) -> int:
    """Fen. An empty cell of debit or credit is nothing; a balance must be there and may be below zero."""
    text = row.cells.get(column, "")
    if not text and column != _BALANCE:
        return 0
    try:
        amount_fen = parse_yuan(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text)
    except NotAnAmount:
        amount_fen = -1
        is_wrong = True
    else:
        is_wrong = amount_fen < 0 and column != _BALANCE
    if is_wrong:
        faults.append(_fault(row, column, text, "应为以元为单位、至多两位小数的金额，如 3639.99；发生额不带正负号"))
    return amount_fen


def _breaks(read: Sequence[_Read], coverage: Coverage) -> Iterator[Fault]:
    """Where a balance is not the one before with the line's amount."""
    before_fen = coverage.opening_fen
    for one in read:
        after_fen = before_fen + one.line.amount_fen
        if after_fen != one.balance_fen:
            expected = f"上一余额加本笔发生额应为 {format_yuan(after_fen)}"
            yield Fault(f"line {one.line.number}.{_BALANCE}", format_yuan(one.balance_fen), expected)
        before_fen = one.balance_fen


def _fault(row: _Row, column: str, value: str, expected: str) -> Fault:
    return Fault(f"line {row.number}.{column}", value, expected)
