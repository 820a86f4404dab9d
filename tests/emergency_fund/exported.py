"""Files that the fund exports, read back as their readers would."""

import csv
import io
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from openpyxl import load_workbook

from emergency_fund.rules.ledger import Account
from emergency_fund.schemas.exports.columns import ACCOUNT_WORDS
from emergency_fund.schemas.exports.journal import account_name
from shared.clock import end_of_day
from shared.money import parse_yuan

from .conftest import Fund
from .random_history import LAST_DAY

ALL_DAYS = {"from": "2022-09-08", "to": LAST_DAY.isoformat()}
"""Of a random history."""
_BEAN_CHECK = Path(sys.executable).with_name("bean-check")
_ASSERTION = re.compile(r"^(\S+) balance (\S+)  (-?\d+\.\d\d) ~ 0\.00 CNY$", re.MULTILINE)

Totals = dict[tuple[str, Account], int]
"""Fen by street and account."""


async def exported(fund: Fund, path: str = "/v1/transfers", *, by: str = "auditor-1", **query: str) -> httpx.Response:
    """An export, of all days of a random history where no others are named."""
    answer = await fund.http.get(path, params=ALL_DAYS | query, headers=fund.as_(by))
    assert answer.is_success, answer.text
    return answer


def bean_check(journal: str, directory: Path) -> tuple[bool, str]:
    """Whether Beancount accepts a journal, and what it says."""
    path = directory / "reserve.beancount"
    path.write_text(journal, encoding="utf-8")
    done = subprocess.run([_BEAN_CHECK, "--no-cache", path], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode == 0, done.stdout + done.stderr


def closing_of_journal(journal: str, streets: Sequence[str], *, last_day: date) -> Totals:
    """What a journal asserts at the end of its last day."""
    day_after = str(last_day + timedelta(days=1))
    closing = {name: parse_yuan(amount) for day, name, amount in _ASSERTION.findall(journal) if day == day_after}
    return {
        (street, account): closing.get(account_name(street, account), 0) for street in streets for account in Account
    }


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), strict=True))


def totals_of(rows: Sequence[dict[str, str]]) -> Totals:
    """What the movements of CSV rows come to, once each row was seen to tell the balance after it."""
    totals: Totals = {}
    for row in rows:
        for account in Account:
            key = row["街道"], account
            totals[key] = totals.get(key, 0) + parse_yuan(row[f"{ACCOUNT_WORDS[account]}（变动）"])
            assert parse_yuan(row[f"{ACCOUNT_WORDS[account]}（余额）"]) == totals[key], "the balance after it"
    return totals


def sheets_of(content: bytes) -> dict[str, list[list[Any]]]:
    """What stands in the cells of each sheet. Of each the first line stays in sight."""
    book: Any = load_workbook(io.BytesIO(content))
    assert {sheet.freeze_panes for sheet in book} == {"A2"}
    return {sheet.title: [list(line) for line in sheet.iter_rows(values_only=True)] for sheet in book}


def totals_of_sheet(sheet: Sequence[Sequence[Any]]) -> dict[Account, int]:
    """What the movements of a street's sheet come to, once its last line was seen to say the same."""
    heading, _, *lines, end = sheet
    table = [dict(zip(heading, line, strict=True)) for line in lines]
    closing = dict(zip(heading, end, strict=True))
    totals = {}
    for account in Account:
        word = ACCOUNT_WORDS[account]
        totals[account] = sum(fen_of(row[f"{word}（变动）"]) for row in table)
        assert fen_of(closing[f"{word}（余额）"]) == totals[account]
    return totals


def fen_of(value: Any) -> int:
    """The amount of a cell."""
    assert isinstance(value, int | float), value
    return round(Decimal(str(value)) * 100)


async def sheet_is_the_trial_balance(fund: Fund, lines: list[list[Any]]) -> None:
    """Whether the last sheet of a workbook is what the fund says now."""
    balance = await fund.read("/v1/trial-balance")
    assert [(line[0], fen_of(line[2]), fen_of(line[3])) for line in lines[1:-1]] == [
        (line["holder"], parse_yuan(line["debit"]), parse_yuan(line["credit"])) for line in balance["accounts"]
    ]
    assert fen_of(lines[-1][2]) == fen_of(lines[-1][3]) == parse_yuan(balance["total_debit"])


async def is_the_trial_balance(
    fund: Fund, total_of: Callable[[str, Account], int], *, last_day: date = LAST_DAY
) -> None:
    """Whether balances by street and account come to what the fund itself says at the end of a past day."""
    at = (end_of_day(last_day) - timedelta(microseconds=1)).isoformat()
    lines = (await fund.read("/v1/trial-balance", at=at))["accounts"]
    streets = {line["holder"] for line in lines} - {"420106"}
    assert len(streets) == 14
    for line in lines:
        account = Account(line["account"])
        holders = streets if line["holder"] == "420106" else {line["holder"]}
        fen = parse_yuan(line["debit"]) - parse_yuan(line["credit"])
        assert sum(total_of(street, account) for street in holders) == fen, line
