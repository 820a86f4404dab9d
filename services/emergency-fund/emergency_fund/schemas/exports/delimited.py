"""CSV of RFC 4180, UTF-8 with a byte order mark so that Excel reads the Chinese. Amounts in yuan, times with zone."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime

from emergency_fund.rules.postings import Posting
from emergency_fund.schemas.exports.columns import COLUMNS, Cell

_BYTE_ORDER_MARK = "\ufeff"


def head() -> str:
    """The first line."""
    return _BYTE_ORDER_MARK + _lines([[column.heading for column in COLUMNS]])


def lines(postings: Iterable[Posting]) -> str:
    """A line for each transfer."""
    return _lines([[_text(column.cell(posting)) for column in COLUMNS] for posting in postings])


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    return cell.isoformat() if isinstance(cell, datetime) else str(cell)


def _lines(rows: Iterable[list[str]]) -> str:
    target = io.StringIO()
    csv.writer(target).writerows(rows)
    return target.getvalue()
