"""Bank statements as files: what is read, and what is refused with every fault."""

import functools
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emergency_fund.rules.bank_camt import read_camt053
from emergency_fund.rules.bank_csv import HEADINGS, read_csv
from emergency_fund.rules.bank_statement import BankStatement, Coverage, StatementUnreadable
from shared.money import format_yuan

ACCOUNT = "4200600601234567"
DECEMBER = Coverage(
    account_number=ACCOUNT,
    first_day=date(2022, 12, 1),
    last_day=date(2022, 12, 31),
    opening_fen=3_000_000,
    closing_fen=2_636_001,
)
HEAD = ",".join(HEADINGS)
PAID = "2022-12-05,3639.99,,26360.01,张三,救助款,0001"
CAMT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>1</MsgId><CreDtTm>2023-01-03T09:00:00+08:00</CreDtTm></GrpHdr>
<Stmt><Id>1</Id>
<FrToDt><FrDtTm>2022-12-01T00:00:00+08:00</FrDtTm><ToDtTm>2022-12-31T23:59:59+08:00</ToDtTm></FrToDt>
<Acct><Id><Othr><Id>4200600601234567</Id></Othr></Id><Ccy>CNY</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">30000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Dt><Dt>2022-12-01</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">26360.01000</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Dt><Dt>2022-12-31</Dt></Dt></Bal>
<Ntry><Amt Ccy="CNY">3639.99</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2022-12-05</Dt></BookgDt><AcctSvcrRef>0001</AcctSvcrRef>
<NtryDtls><TxDtls><RltdPties><Cdtr><Pty><Nm>张三</Nm></Pty></Cdtr></RltdPties>
<RmtInf><Ustrd>救助款 01930000-0000-7000-8000-0d2f3a4b5c6d</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="CNY">7.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts>
<BookgDt><Dt>2022-12-31</Dt></BookgDt></Ntry>
</Stmt></BkToCstmrStmt></Document>"""


def csv_of(*rows: str, head: str = HEAD) -> bytes:
    return "\r\n".join((head, *rows, "")).encode()


def read(content: bytes, coverage: Coverage = DECEMBER) -> list[tuple[str, int, str]]:
    statement = read_csv(content, coverage)
    return [(str(line.booked_on), line.amount_fen, line.serial) for line in statement.lines]


def faults_of(reading: Callable[[], BankStatement]) -> dict[str, str | None]:
    with pytest.raises(StatementUnreadable) as refused:
        reading()
    return {fault.place: fault.value for fault in refused.value.faults}


@pytest.mark.clause("4.3.4")
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(csv_of(PAID), id="UTF-8"),
        pytest.param(b"\xef\xbb\xbf" + csv_of(PAID), id="with a byte order mark"),
        pytest.param(csv_of(PAID).decode().encode("gb18030"), id="GB18030"),
        pytest.param("账号：4200,,,\n户名：街道办\n\n".encode() + csv_of(PAID), id="with the bank's words above"),
        pytest.param(csv_of('2022/12/5,"3,639.99",0.00,"26,360.01",张三,,="0001"'), id="saved by a spreadsheet"),
        pytest.param(csv_of(PAID, ",,,,,,", "", ",,,,,,"), id="with empty rows"),
        pytest.param(csv_of("20221205 10:31:22,3639.99\t,\t,26360.01,\"张,三\",x,'0001"), id="with times and tabs"),
        pytest.param(csv_of(PAID.replace(",", "\t"), head=HEAD.replace(",", "\t")), id="separated by tabs"),
        pytest.param(
            csv_of("0001,26360.01,x,2022-12-05,,3639.99,", head="流水号,余额,摘要,交易日期,贷方金额,借方金额,对方户名"),
            id="columns in another order",
        ),
        pytest.param(csv_of(f"{PAID},{ACCOUNT}", head=f"{HEAD},账号"), id="with the account in each line"),
    ],
)  # fmt: skip
def test_a_file_of_a_bank_is_read(content: bytes) -> None:
    assert read(content) == [("2022-12-05", -363_999, "0001")]


def test_lines_that_run_backwards_in_time_are_turned_round() -> None:
    rows = ["2022-12-06,,1000.00,27360.01,,,2", PAID]
    with_refill = replace(DECEMBER, closing_fen=2_736_001)
    assert [amount for _, amount, _ in read(csv_of(*rows), with_refill)] == [-363_999, 100_000]


@pytest.mark.clause("4.3.4")
def test_a_broken_file_is_refused_with_every_fault_and_where_it_is() -> None:
    rows = (
        PAID,
        "2022-02-30,1.00,,26359.01,张三,x,2",
        "44900,1.00,,26358.01,张三,x,1.23457E+15",
        "2022-12-07,1.005,,x,张三,x,4",
        "2022-12-07,1.00,1.00,26357.01,张三,x,5",
        "2022-12-07,,,26357.01,张三,x,6",
        "2022-12-07,-1.00,,26357.01,张三,x,7",
        "2022-12-07,1.00,,26357.01,张三,两,个,8",
    )
    assert faults_of(lambda: read_csv(csv_of(*rows), DECEMBER)) == {
        "line 3.交易日期": "2022-02-30",
        "line 4.交易日期": "44900",
        "line 4.流水号": "1.23457E+15",
        "line 5.借方金额": "1.005",
        "line 5.余额": "x",
        "line 6.借方金额、贷方金额": "1.00 / 1.00",
        "line 7.借方金额、贷方金额": " / ",
        "line 8.借方金额": "-1.00",
        "line 9": None,
    }


@pytest.mark.clause("4.3.4")
@pytest.mark.parametrize(
    ("content", "places"),
    [
        pytest.param(csv_of("2022-12-05,3639.98,,26360.01,,,1"), {"line 2.余额"}, id="a balance that does not follow"),
        pytest.param(csv_of(), {"file"}, id="a closing balance that nothing leads to"),
        pytest.param(csv_of(PAID.replace("12-05", "11-30")), {"line 2.交易日期"}, id="a day before the first"),
        pytest.param(csv_of(PAID.replace("2022-12", "2023-12")), {"line 2.交易日期"}, id="a year later"),
        pytest.param(csv_of(PAID, head=HEAD.replace("余额", "结余")), {"heading.余额"}, id="a heading is missing"),
        pytest.param(csv_of(PAID, head=HEAD.replace("摘要", "余额")), {"heading.摘要", "heading.余额"}, id="one twice"),
        pytest.param(csv_of(f"{PAID},9999999999", head=f"{HEAD},账号"), {"line 2.账号"}, id="of another account"),
        pytest.param(csv_of(PAID + '"x'), set(), id="a quote inside a text is a text"),
        pytest.param(csv_of('2022-12-05,"3639.99'), {"line 2"}, id="a quote that is not closed"),
        pytest.param(csv_of(PAID).decode().encode("utf-16"), {"file"}, id="UTF-16"),
        pytest.param(b"\x00\x01\x02", {"file"}, id="no text"),
        pytest.param(b"PK\x03\x04" + b"\xff" * 50, {"file"}, id="a workbook"),
        pytest.param(b"", {"file"}, id="nothing"),
    ],
)
def test_a_file_that_cannot_be_believed_is_refused(content: bytes, places: set[str]) -> None:
    if not places:
        assert read(content)
        return
    assert set(faults_of(lambda: read_csv(content, DECEMBER))) == places


@given(st.binary(max_size=300))
def test_no_file_does_anything_but_be_read_or_refused(content: bytes) -> None:
    readings: list[Callable[[], BankStatement]] = [
        lambda: read_csv(csv_of(PAID) + content, DECEMBER),
        lambda: read_camt053(content),
    ]
    for reading in readings:
        found: list[object] = []
        try:
            found.append(reading())
        except StatementUnreadable as refused:
            found += refused.faults[:1]
        assert len(found) == 1, "a statement, or why it is none"


def test_five_thousand_lines_are_read_in_little_time() -> None:
    rows, balance_fen = [], DECEMBER.opening_fen
    for number in range(5000):
        amount_fen = 100 if number % 2 else -100
        balance_fen += amount_fen
        day = DECEMBER.first_day + timedelta(days=number // 200)
        cells = (f"{abs(amount_fen) / 100:.2f}", "") if amount_fen < 0 else ("", f"{amount_fen / 100:.2f}")
        rows.append(f"{day},{cells[0]},{cells[1]},{format_yuan(balance_fen)},张三,x,{number}")
    coverage = replace(DECEMBER, closing_fen=balance_fen)
    # Of the processor: a second takes longer where others work too. Something quadratic would take minutes.
    begin = time.process_time()
    assert len(read(csv_of(*rows), coverage)) == 5000
    assert time.process_time() - begin < 3


@pytest.mark.clause("4.3.4")
@pytest.mark.parametrize("version", ["02", "04", "08", "13"])
def test_a_camt_message_says_everything_by_itself(version: str) -> None:
    statement = read_camt053(CAMT.replace("001.08", f"001.{version}").encode())
    assert statement.coverage == DECEMBER
    (line,) = statement.lines
    assert (line.booked_on, line.amount_fen, line.serial) == (date(2022, 12, 5), -363_999, "0001")
    assert line.references == ("0d2f3a4b5c6d",)
    assert "张三" not in repr(statement)


def test_without_a_period_the_days_are_those_of_the_balances() -> None:
    begin, end = CAMT.index("<FrToDt>"), CAMT.index("</FrToDt>") + len("</FrToDt>")
    assert read_camt053((CAMT[:begin] + CAMT[end:]).encode()).coverage == DECEMBER


def test_the_balance_of_the_day_before_is_dated_by_the_day_before() -> None:
    """ISO 20022: PRCD is the closing balance of the period before."""
    begin, end = CAMT.index("<FrToDt>"), CAMT.index("</FrToDt>") + len("</FrToDt>")
    opened = CAMT[:begin] + CAMT[end:]
    assert "OPBD" in opened
    assert "<Dt>2022-12-01</Dt>" in opened
    previous = opened.replace("OPBD", "PRCD").replace("<Dt>2022-12-01</Dt>", "<Dt>2022-11-30</Dt>", 1)
    assert read_camt053(previous.encode()).coverage == DECEMBER


def test_an_entry_with_two_details_is_one_line() -> None:
    detail = CAMT[CAMT.index("<TxDtls>") : CAMT.index("</TxDtls>") + len("</TxDtls>")]
    assert len(read_camt053(CAMT.replace(detail, detail * 2).encode()).lines) == 1


@pytest.mark.clause("4.3.4")
@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ('<Amt Ccy="CNY">3639.99', '<Amt Ccy="CNY">3639.98', "file"),
        ('<Amt Ccy="CNY">3639.99', '<Amt Ccy="USD">3639.99', "Amt@Ccy"),
        ('<Amt Ccy="CNY">3639.99', '<Amt Ccy="CNY">3.6e3', "Amt"),
        ("<CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK", "<CdtDbtInd>DEBIT</CdtDbtInd><Sts><Cd>BOOK", "CdtDbtInd"),
        ("<BookgDt><Dt>2022-12-05</Dt></BookgDt>", "", "BookgDt"),
        ("<BookgDt><Dt>2022-12-05", "<BookgDt><Dt>2022-02-30", "BookgDt/Dt"),
        ("<BookgDt><Dt>2022-12-05", "<BookgDt><Dt>2022-11-30", "交易日期"),
        ("<Othr><Id>4200600601234567</Id></Othr>", "", "Acct/Id"),
        ("CLBD", "ITBD", "Bal"),
        ("camt.053.001.08", "camt.052.001.08", "file"),
        ("</Stmt>", "</Stmt><Stmt/>", "file"),
        ("</Stmt>", "", "line"),
        ("2022-12-31T23:59:59+08:00", "9999-12-31T23:59:59Z", "FrToDt/ToDtTm"),
    ],
)  # fmt: skip
def test_a_camt_message_that_lacks_something_is_refused(old: str, new: str, path: str) -> None:
    assert old in CAMT
    assert any(path in place for place in faults_of(lambda: read_camt053(CAMT.replace(old, new).encode())))


BILLION_LAUGHS = (
    '<!DOCTYPE a [<!ENTITY x0 "lol">'
    + "".join(f'<!ENTITY x{number} "{f"&x{number - 1};" * 10}">' for number in range(1, 10))
    + "]><Document>&x9;</Document>"
)


@pytest.mark.clause("4.3.4")
def test_neither_entity_bombs_nor_outer_files_get_in(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("4200600601234567", encoding="ascii")
    outer = f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{secret}">]>'
    inner = CAMT.replace("<Id>4200600601234567</Id>", "<Id>&x;</Id>")
    included = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text" href="file:///etc/hostname"/>'
    begin = time.perf_counter()
    for content in (
        BILLION_LAUGHS.encode(),
        inner.replace("?>", f"?>{outer}", 1).encode(),
        inner.encode(),
        CAMT.replace("?>", '?><!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd">', 1).encode(),
        CAMT.replace("UTF-8", "UTF-16").encode("utf-16"),
        CAMT.replace("4200600601234567", included).encode(),
        ("<a>" * 100_000).encode(),
    ):
        assert faults_of(functools.partial(read_camt053, content))
    assert time.perf_counter() - begin < 5
