"""The ledger as CSV, workbook and journal: what is read back from each is what was posted, and `bean-check` accepts the
journal of a long random history and of nothing that was changed. Clause 4.3.4.
"""

import csv
import io
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook

from emergency_fund.handlers.export import export
from emergency_fund.rules.ledger import Account, Amounts, TransferKind
from emergency_fund.rules.periods import Days
from emergency_fund.rules.postings import Stretch
from emergency_fund.schemas.exports.columns import ACCOUNT_WORDS, COLUMNS, KIND_WORDS, harmless
from emergency_fund.schemas.exports.formats import ExportFormat
from emergency_fund.schemas.exports.journal import account_name
from emergency_fund.schemas.exports.workbook import TRIAL_BALANCE_SHEET, LedgerWorkbook
from shared.auth import Principal, Role
from shared.clock import DISTRICT_TIMEZONE, end_of_day, local_date
from shared.money import parse_yuan
from shared.testing import problem_code

from .conftest import CLERK, OTHER_STREET, STREET, Fund
from .random_history import LAST_DAY, STREETS, History, fen_by_account, post_random_history

pytestmark = pytest.mark.clause("4.3.4")

_BEAN_CHECK = Path(sys.executable).with_name("bean-check")
_ALL = {"from": "2022-09-08", "to": LAST_DAY.isoformat()}
_A_DAY_AFTER = (LAST_DAY + timedelta(days=1)).isoformat()
_ASSERTION = re.compile(r"^(\S+) balance (\S+)  (-?\d+\.\d\d) ~ 0\.00 CNY$", re.MULTILINE)
_AUDITOR = Principal(subject="auditor-1", client_id="tests", roles=frozenset({Role.AUDITOR}))


async def _export(fund: Fund, path: str = "/v1/transfers", *, by: str = "auditor-1", **query: str) -> httpx.Response:
    answer = await fund.http.get(path, params=_ALL | query, headers=fund.as_(by))
    assert answer.is_success, answer.text
    return answer


def _bean_check(journal: str, directory: Path) -> tuple[bool, str]:
    """Whether Beancount accepts a journal, and what it says."""
    path = directory / "reserve.beancount"
    path.write_text(journal, encoding="utf-8")
    done = subprocess.run([_BEAN_CHECK, "--no-cache", path], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode == 0, done.stdout + done.stderr


def _rows(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12])
async def test_bean_check_accepts_the_journal_of_a_long_random_history(
    fund: Fund, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("emergency_fund.queries.history.PAGE_TRANSFERS", 7 * seed)  # many pages, and half ones
    history = await post_random_history(fund.database, seed=seed, transfers=400)
    _has_everything_in_it(history)
    journal = (await _export(fund, format="beancount")).text
    accepted, words = _bean_check(journal, tmp_path)
    assert accepted, words
    assert len(re.findall(r"^\S+ \* ", journal, re.MULTILINE)) == len(history.posted) + 14 - len(STREETS)
    closing = {name: parse_yuan(amount) for day, name, amount in _ASSERTION.findall(journal) if day == _A_DAY_AFTER}
    await _is_the_trial_balance(fund, lambda street, account: closing.get(account_name(street, account), 0))


def _has_everything_in_it(history: History) -> None:
    """Without this a history of nothing would pass."""
    assert {one.kind for one in history.posted} == {"preset", "payment", "settlement", "refill"}
    assert any(one.moved.due_from_finance < 0 for one in history.posted), "finance ran ahead of papers"
    assert any(one.moved.due_from_finance > 0 for one in history.posted), "and papers caught up"
    instants = [(one.street, one.at) for one in history.posted]
    assert len(set(instants)) < len(instants), "several at one instant"


async def _is_the_trial_balance(fund: Fund, fen_of: Callable[[str, Account], int]) -> None:
    """Whether balances by street and account come to what the fund itself says at the end of the last day."""
    at = (end_of_day(LAST_DAY) - timedelta(microseconds=1)).isoformat()
    lines = (await fund.read("/v1/trial-balance", at=at))["accounts"]
    streets = {line["holder"] for line in lines} - {"420106"}
    assert len(streets) == 14
    for line in lines:
        account = Account(line["account"])
        holders = streets if line["holder"] == "420106" else {line["holder"]}
        fen = parse_yuan(line["debit"]) - parse_yuan(line["credit"])
        assert sum(fen_of(street, account) for street in holders) == fen, line


@pytest.mark.slow
async def test_bean_check_accepts_any_days_of_one_street(fund: Fund, tmp_path: Path) -> None:
    history = await post_random_history(fund.database, seed=13, transfers=120)
    posted_on = sorted({local_date(one.at) for one in history.of(STREET)})
    middle = posted_on[len(posted_on) // 2]
    for first, last in ((middle, LAST_DAY), (posted_on[1], middle), (middle, middle), (LAST_DAY, date(2099, 12, 31))):
        query = {"from": first.isoformat(), "to": last.isoformat(), "format": "beancount"}
        journal = (await _export(fund, f"/v1/streets/{STREET}/transfers", by=CLERK, **query)).text
        accepted, words = _bean_check(journal, tmp_path)
        assert accepted, words
        assert "期初余额" in journal
        assert {f"S{STREET}"} == set(re.findall(r"S\d{9}", journal)), "nothing of another street"


@pytest.mark.slow
async def test_bean_check_refuses_a_journal_that_was_changed(fund: Fund, tmp_path: Path) -> None:
    await post_random_history(fund.database, seed=14, transfers=40, streets=[STREET])
    journal = (await _export(fund, f"/v1/streets/{STREET}/transfers", format="beancount")).text
    assert _bean_check(journal, tmp_path)[0]
    transactions = re.findall(r"^\S+ \* [^\n]*\n(?:  [^\n]*\n)+", journal, re.MULTILINE)
    payment = next(one for one in reversed(transactions) if 'kind: "payment"' in one)
    [amount] = set(re.findall(r" -?(\d+\.\d\d) CNY", payment))
    more = f"{Decimal(amount) + Decimal('0.01')}"
    to_advances, to_documented = f":S{STREET}:Advances", f":S{STREET}:Documented"
    swapped = payment.replace(to_advances, "?").replace(to_documented, to_advances).replace("?", to_documented)
    day = date.fromisoformat(payment[:10])
    changed = {
        "a fen more on one leg": payment.replace(amount, more, 1),
        "a fen more on both legs": payment.replace(amount, more),
        "turned round": payment.replace(f" -{amount}", " ?").replace(f" {amount}", f" -{amount}").replace("?", amount),
        "posted twice": payment + "\n" + payment,
        "left out": "",
        "on the other account": swapped,
        "to another street": payment.replace(STREET, OTHER_STREET),
        "on the day before the ledger began": payment.replace(payment[:10], "2022-09-07", 1),
        "a year later": payment.replace(payment[:10], day.replace(year=2023).isoformat(), 1),
    }
    for what, instead in changed.items():
        assert instead != payment, what
        accepted, _ = _bean_check(journal.replace(payment, instead), tmp_path)
        assert not accepted, what


async def test_csv_read_back_is_what_was_posted(fund: Fund) -> None:
    history = await post_random_history(fund.database, seed=15, transfers=150)
    answer = await _export(fund, format="csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.content.count(b"\r\n") == answer.content.count(b"\n") == len(history.posted) + 14 - len(STREETS) + 1
    rows = _rows(answer)
    assert [*rows[0]] == [column.heading for column in COLUMNS]
    totals: dict[tuple[str, Account], int] = {}
    for row in rows:
        for account in Account:
            key = row["街道"], account
            totals[key] = totals.get(key, 0) + parse_yuan(row[f"{ACCOUNT_WORDS[account]}（变动）"])
            assert parse_yuan(row[f"{ACCOUNT_WORDS[account]}（余额）"]) == totals[key], "the balance after it"
    await _is_the_trial_balance(fund, lambda street, account: totals[street, account])
    for street in STREETS:
        found = [row for row in rows if row["街道"] == street]
        assert [_read_back(row) for row in found] == [
            (one.version, one.at, one.kind, harmless(one.actor), fen_by_account(one.moved))
            for one in history.of(street)
        ]


def _read_back(row: dict[str, str]) -> tuple[Any, ...]:
    posted_at = datetime.fromisoformat(row["记账时间"])
    assert posted_at.utcoffset() == timedelta(hours=8)
    moved = {account.value: parse_yuan(row[f"{ACCOUNT_WORDS[account]}（变动）"]) for account in Account}
    return int(row["序号"]), posted_at, row["业务代码"], row["经办"], moved


async def test_no_cell_is_a_formula(fund: Fund) -> None:
    history = await post_random_history(fund.database, seed=15, transfers=150)
    assert {one.actor[0] for one in history.posted} >= {"=", "+", "-"}, "somebody tried"
    for row in _rows(await _export(fund, format="csv")):
        for heading, text in row.items():
            is_amount = heading.endswith(("（变动）", "（余额）"))
            assert re.fullmatch(r"-?\d+\.\d\d", text) if is_amount else not text.lstrip().startswith(tuple("=+-@"))
    book: Any = load_workbook(io.BytesIO((await _export(fund, format="xlsx")).content))
    kinds = {cell.data_type for sheet in book for line in sheet.iter_rows() for cell in line}
    assert kinds == {"n", "s", "d"}, "numbers, text and times"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@A1", "'@A1"),
        ("  =1", "'  =1"),
        ("\t=1", "�=1"),
        ("a\r\n=1", "a��=1"),
        ("clerk-1", "clerk-1"),
        ("", ""),
    ],
)
def test_text_that_would_be_a_formula_is_made_harmless(text: str, shown: str) -> None:
    assert harmless(text) == shown


async def test_a_workbook_read_back_is_what_was_posted(fund: Fund) -> None:
    history = await post_random_history(fund.database, seed=16, transfers=150)
    answer = await _export(fund, format="xlsx")
    sheets = _sheets(answer.content)
    *streets, last = sheets
    assert (len(streets), last) == (14, TRIAL_BALANCE_SHEET)
    closing: dict[tuple[str, Account], int] = {}
    for street in streets:
        heading, opening, *lines, end = sheets[street]
        assert heading == [column.heading for column in COLUMNS]
        assert (opening[3], end[3]) == ("2022-09-08 期初余额", f"{LAST_DAY} 期末余额")
        table = [dict(zip(heading, line, strict=True)) for line in lines]
        for account in Account:
            word = ACCOUNT_WORDS[account]
            fen = [_fen(row[f"{word}（变动）"]) for row in table]
            closing[street, account] = sum(fen)
            assert _fen(dict(zip(heading, end, strict=True))[f"{word}（余额）"]) == sum(fen)
        for row, one in zip(table, history.of(street), strict=street in STREETS):
            # A cell of Excel holds milliseconds.
            away = row["记账时间"].replace(tzinfo=DISTRICT_TIMEZONE) - one.at
            assert abs(away) <= timedelta(milliseconds=1)
            assert (row["序号"], row["业务代码"], row["经办"]) == (one.version, one.kind, harmless(one.actor))
    await _is_the_trial_balance(fund, lambda street, account: closing[street, account])
    await _sheet_is_the_trial_balance(fund, sheets[TRIAL_BALANCE_SHEET])


def _sheets(content: bytes) -> dict[str, list[list[Any]]]:
    """What stands in the cells of each sheet. Of each the first line stays in sight."""
    book: Any = load_workbook(io.BytesIO(content))
    assert {sheet.freeze_panes for sheet in book} == {"A2"}
    return {sheet.title: [list(line) for line in sheet.iter_rows(values_only=True)] for sheet in book}


def _fen(value: Any) -> int:
    assert isinstance(value, int | float), value
    return round(Decimal(str(value)) * 100)


async def _sheet_is_the_trial_balance(fund: Fund, lines: list[list[Any]]) -> None:
    balance = await fund.read("/v1/trial-balance")
    assert [(line[0], _fen(line[2]), _fen(line[3])) for line in lines[1:-1]] == [
        (line["holder"], parse_yuan(line["debit"]), parse_yuan(line["credit"])) for line in balance["accounts"]
    ]
    assert _fen(lines[-1][2]) == _fen(lines[-1][3]) == parse_yuan(balance["total_debit"])


def test_no_fen_is_lost_in_a_cell() -> None:
    """A workbook holds floating point numbers; those of amounts far beyond any reserve still tell each fen."""
    amounts = Amounts(cash=99_999_999_999_999, advances=-1, documented=10, due_from_finance=123_456_789)
    stretch = Stretch(street=STREET, opening=amounts, closing=amounts, opening_version=1, closing_version=1)
    book = LedgerWorkbook(Days(LAST_DAY, LAST_DAY))
    book.open_street(stretch)
    book.close_street(stretch)
    [_, *both] = _sheets(book.finish([]))[STREET]
    for line in both:
        fen = [_fen(value) for value in line if isinstance(value, int | float)]
        assert fen == list(fen_by_account(amounts).values())


async def test_days_begin_and_end_at_midnight_in_wuhan(fund: Fund) -> None:
    fund.clock.advance(timedelta(hours=13, minutes=59, seconds=59, microseconds=999_999))
    await fund.paid("100.00", missing=())
    fund.clock.advance(timedelta(microseconds=1))
    await fund.paid("200.00", missing=())
    found = {}
    for day in ("2022-12-05", "2022-12-06"):
        rows = _rows(await _export(fund, f"/v1/streets/{STREET}/transfers", **{"from": day, "to": day}))
        found[day] = [row["现金（变动）"] for row in rows]
    assert found == {"2022-12-05": ["-100.00"], "2022-12-06": ["-200.00"]}


async def test_what_is_posted_while_somebody_reads_is_not_in_the_file(fund: Fund) -> None:
    await fund.paid("100.00", missing=())
    today = Days(fund.clock.today(), fund.clock.today())
    for kind in (ExportFormat.CSV, ExportFormat.BEANCOUNT):
        exported = await export(fund.database, _AUDITOR, today, street=STREET, format=kind)
        before = await fund.reserve()
        await fund.paid("200.00", missing=())
        text = b"".join([part async for part in exported.content]).decode()
        assert before["cash"] in text
        assert (await fund.reserve())["cash"] not in text


async def test_a_file_has_a_name_and_a_type_and_leaves_a_line_in_the_log(
    fund: Fund, caplog: pytest.LogCaptureFixture
) -> None:
    for kind, media_type in (
        ("csv", "text/csv; charset=utf-8"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("beancount", "text/plain; charset=utf-8"),
    ):
        for path, holder in (("/v1/transfers", "420106"), (f"/v1/streets/{STREET}/transfers", STREET)):
            answer = await _export(fund, path, format=kind)
            name = f"reserve-{holder}-2022-09-08-2022-12-04.{kind}"
            assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
            assert answer.headers["content-type"] == media_type
            assert "ledger.exported" in caplog.text
            assert "auditor-1" in caplog.text
            caplog.clear()


async def test_who_may_take_what_away(fund: Fund) -> None:
    for role, path, status in (
        (Role.STREET_CLERK, f"/v1/streets/{STREET}/transfers", 200),
        (Role.STREET_APPROVER, f"/v1/streets/{STREET}/transfers", 200),
        (Role.STREET_CLERK, f"/v1/streets/{OTHER_STREET}/transfers", 403),
        (Role.STREET_CLERK, "/v1/transfers", 403),
        (Role.RESIDENT, f"/v1/streets/{STREET}/transfers", 403),
        (Role.DEPARTMENT_OFFICER, "/v1/transfers", 403),
        (Role.DISTRICT_OFFICER, "/v1/transfers", 200),
        (Role.AUDITOR, f"/v1/streets/{OTHER_STREET}/transfers", 200),
        (Role.INSPECTOR, "/v1/transfers", 200),
        (Role.AUDITOR, "/v1/streets/420106999/transfers", 422),
    ):
        headers = fund.mint.authorization("somebody", role, streets=[STREET])
        answer = await fund.http.get(path, params=_ALL, headers=headers)
        assert answer.status_code == status, (role, path)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"from": "2022-12-05", "to": "2022-12-04"}, "days_out_of_order"),
        ({"from": "2022-12-05"}, "invalid_input"),
        ({}, "invalid_input"),
        ({"from": "2022-09-07", "to": "2022-12-04"}, "invalid_input"),
        ({"from": "2022-12-01", "to": "2100-01-01"}, "invalid_input"),
        ({**_ALL, "format": "pdf"}, "invalid_input"),
    ],
)
async def test_days_and_formats_that_make_no_file(fund: Fund, query: dict[str, str], code: str) -> None:
    for path in ("/v1/transfers", f"/v1/streets/{STREET}/transfers"):
        answer = await fund.http.get(path, params=query, headers=fund.as_("auditor-1"))
        assert (answer.status_code, problem_code(answer)) == (422, code)
        assert answer.json()["way_out"]


async def test_a_workbook_that_would_get_too_large_is_refused(fund: Fund, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emergency_fund.handlers.export.MOST_WORKBOOK_TRANSFERS", 14)
    await _export(fund, format="xlsx")
    await post_random_history(fund.database, seed=17, transfers=1)
    answer = await fund.http.get("/v1/transfers", params=_ALL | {"format": "xlsx"}, headers=fund.as_("auditor-1"))
    assert (answer.status_code, problem_code(answer)) == (422, "too_many_transfers")
    assert len(_rows(await _export(fund, format="csv"))) == 15


def test_every_kind_and_account_has_its_words() -> None:
    assert set(KIND_WORDS) == set(TransferKind)
    assert set(ACCOUNT_WORDS) == set(Account)
    assert len({account_name(STREET, account) for account in Account}) == len(Account)
