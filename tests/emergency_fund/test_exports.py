"""The ledger as CSV, workbook and journal: what is read back from each is what was posted, and `bean-check` accepts no
journal that was changed. Clause 4.3.4.
"""

import io
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

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
from shared.clock import DISTRICT_TIMEZONE, local_date
from shared.money import parse_yuan
from shared.testing import problem_code

from .conftest import CLERK, OTHER_STREET, STREET, Fund
from .exported import (
    ALL_DAYS,
    Totals,
    bean_check,
    exported,
    fen_of,
    is_the_trial_balance,
    rows_of,
    sheet_is_the_trial_balance,
    sheets_of,
    totals_of,
    totals_of_sheet,
)
from .random_history import LAST_DAY, STREETS, fen_by_account, post_random_history

pytestmark = pytest.mark.clause("4.3.4")

_AUDITOR = Principal(subject="auditor-1", client_id="tests", roles=frozenset({Role.AUDITOR}))


@pytest.mark.slow
async def test_bean_check_accepts_any_days_of_one_street(fund: Fund, tmp_path: Path) -> None:
    history = await post_random_history(fund.database, seed=13, transfers=120)
    posted_on = sorted({local_date(one.at) for one in history.of(STREET)})
    middle = posted_on[len(posted_on) // 2]
    for first, last in ((middle, LAST_DAY), (posted_on[1], middle), (middle, middle), (LAST_DAY, date(2099, 12, 31))):
        query = {"from": first.isoformat(), "to": last.isoformat(), "format": "beancount"}
        journal = (await exported(fund, f"/v1/streets/{STREET}/transfers", by=CLERK, **query)).text
        accepted, words = bean_check(journal, tmp_path)
        assert accepted, words
        assert "期初余额" in journal
        assert {f"S{STREET}"} == set(re.findall(r"S\d{9}", journal)), "nothing of another street"


@pytest.mark.slow
async def test_bean_check_refuses_a_journal_that_was_changed(fund: Fund, tmp_path: Path) -> None:
    await post_random_history(fund.database, seed=14, transfers=40, streets=[STREET])
    journal = (await exported(fund, f"/v1/streets/{STREET}/transfers", format="beancount")).text
    assert bean_check(journal, tmp_path)[0]
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
        accepted, _ = bean_check(journal.replace(payment, instead), tmp_path)
        assert not accepted, what


async def test_csv_read_back_is_what_was_posted(fund: Fund) -> None:
    history = await post_random_history(fund.database, seed=15, transfers=150)
    answer = await exported(fund, format="csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.content.count(b"\r\n") == answer.content.count(b"\n") == len(history.posted) + 14 - len(STREETS) + 1
    rows = rows_of(answer)
    assert [*rows[0]] == [column.heading for column in COLUMNS]
    totals = totals_of(rows)
    await is_the_trial_balance(fund, lambda street, account: totals[street, account])
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
    for row in rows_of(await exported(fund, format="csv")):
        for heading, text in row.items():
            is_amount = heading.endswith(("（变动）", "（余额）"))
            assert re.fullmatch(r"-?\d+\.\d\d", text) if is_amount else not text.lstrip().startswith(tuple("=+-@"))
    book: Any = load_workbook(io.BytesIO((await exported(fund, format="xlsx")).content))
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
    answer = await exported(fund, format="xlsx")
    sheets = sheets_of(answer.content)
    *streets, last = sheets
    assert (len(streets), last) == (14, TRIAL_BALANCE_SHEET)
    closing: Totals = {}
    for street in streets:
        heading, opening, *lines, end = sheets[street]
        assert heading == [column.heading for column in COLUMNS]
        assert (opening[3], end[3]) == ("2022-09-08 期初余额", f"{LAST_DAY} 期末余额")
        closing |= {(street, account): fen for account, fen in totals_of_sheet(sheets[street]).items()}
        table = [dict(zip(heading, line, strict=True)) for line in lines]
        for row, one in zip(table, history.of(street), strict=street in STREETS):
            # A cell of Excel holds milliseconds.
            away = row["记账时间"].replace(tzinfo=DISTRICT_TIMEZONE) - one.at
            assert abs(away) <= timedelta(milliseconds=1)
            assert (row["序号"], row["业务代码"], row["经办"]) == (one.version, one.kind, harmless(one.actor))
    await is_the_trial_balance(fund, lambda street, account: closing[street, account])
    await sheet_is_the_trial_balance(fund, sheets[TRIAL_BALANCE_SHEET])


def test_no_fen_is_lost_in_a_cell() -> None:
    """A workbook holds floating point numbers; those of amounts far beyond any reserve still tell each fen."""
    amounts = Amounts(cash=99_999_999_999_999, advances=-1, documented=10, due_from_finance=123_456_789)
    stretch = Stretch(street=STREET, opening=amounts, closing=amounts, opening_version=1, closing_version=1)
    book = LedgerWorkbook(Days(LAST_DAY, LAST_DAY))
    book.open_street(stretch)
    book.close_street(stretch)
    [_, *both] = sheets_of(book.finish([]))[STREET]
    for line in both:
        fen = [fen_of(value) for value in line if isinstance(value, int | float)]
        assert fen == list(fen_by_account(amounts).values())


async def test_days_begin_and_end_at_midnight_in_wuhan(fund: Fund) -> None:
    fund.clock.advance(timedelta(hours=13, minutes=59, seconds=59, microseconds=999_999))
    await fund.paid("100.00", missing=())
    fund.clock.advance(timedelta(microseconds=1))
    await fund.paid("200.00", missing=())
    found = {}
    for day in ("2022-12-05", "2022-12-06"):
        rows = rows_of(await exported(fund, f"/v1/streets/{STREET}/transfers", **{"from": day, "to": day}))
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
            answer = await exported(fund, path, format=kind)
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
        answer = await fund.http.get(path, params=ALL_DAYS, headers=headers)
        assert answer.status_code == status, (role, path)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"from": "2022-12-05", "to": "2022-12-04"}, "days_out_of_order"),
        ({"from": "2022-12-05"}, "invalid_input"),
        ({}, "invalid_input"),
        ({"from": "2022-09-07", "to": "2022-12-04"}, "invalid_input"),
        ({"from": "2022-12-01", "to": "2100-01-01"}, "invalid_input"),
        ({**ALL_DAYS, "format": "pdf"}, "invalid_input"),
    ],
)
async def test_days_and_formats_that_make_no_file(fund: Fund, query: dict[str, str], code: str) -> None:
    for path in ("/v1/transfers", f"/v1/streets/{STREET}/transfers"):
        answer = await fund.http.get(path, params=query, headers=fund.as_("auditor-1"))
        assert (answer.status_code, problem_code(answer)) == (422, code)
        assert answer.json()["way_out"]


async def test_a_workbook_that_would_get_too_large_is_refused(fund: Fund, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emergency_fund.handlers.export.MOST_WORKBOOK_TRANSFERS", 14)
    await exported(fund, format="xlsx")
    await post_random_history(fund.database, seed=17, transfers=1)
    answer = await fund.http.get("/v1/transfers", params=ALL_DAYS | {"format": "xlsx"}, headers=fund.as_("auditor-1"))
    assert (answer.status_code, problem_code(answer)) == (422, "too_many_transfers")
    assert len(rows_of(await exported(fund, format="csv"))) == 15


def test_every_kind_and_account_has_its_words() -> None:
    assert set(KIND_WORDS) == set(TransferKind)
    assert set(ACCOUNT_WORDS) == set(Account)
    assert len({account_name(STREET, account) for account in Account}) == len(Account)
