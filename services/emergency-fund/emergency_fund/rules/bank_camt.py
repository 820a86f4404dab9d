"""Statements as ISO 20022 messages: camt.053, versions 2 to 14, in UTF-8. Clause 4.3.4.

Read with lxml, and not with one of the camt libraries: those that are kept up either know European account numbers
only and count an entry once for each of its details, or leave out the words that carry our references.
No document type is accepted, so there are no entities that could grow or reach for files and networks.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from lxml import etree

from emergency_fund.rules.bank_statement import (
    BankStatement,
    Coverage,
    Fault,
    StatementLine,
    StatementUnreadable,
    believe,
    references_in,
)
from shared.clock import local_date
from shared.money import NotAnAmount, parse_yuan

_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(0[2-9]|1[0-4])")
_DOCUMENT_TYPE = re.compile(r"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_CURRENCY = "CNY"
_OPENING, _PREVIOUS, _CLOSING = "OPBD", "PRCD", "CLBD"
_WORDS = (
    "NtryRef", "AddtlNtryInf", "NtryDtls/TxDtls/Refs/EndToEndId", "NtryDtls/TxDtls/Refs/InstrId",
    "NtryDtls/TxDtls/Refs/TxId", "NtryDtls/TxDtls/RmtInf/Ustrd", "NtryDtls/TxDtls/RmtInf/Strd/CdtrRefInf/Ref",
    "NtryDtls/TxDtls/AddtlTxInf",
)  # fmt: skip


def read_camt053(content: bytes) -> BankStatement:
    """The one statement of a message, its booked entries. Raises StatementUnreadable with every fault."""
    reader = _Reader(_statement(content))
    coverage = reader.coverage()
    lines = tuple(reader.lines())
    if reader.faults or coverage is None:
        raise StatementUnreadable(reader.faults)
    return believe(coverage, lines)


def _statement(content: bytes) -> etree._Element:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StatementUnreadable([Fault("file", None, "应为 UTF-8 编码的 XML")]) from error
    if _DOCUMENT_TYPE.search(text):
        raise StatementUnreadable([Fault("file", None, "不接受含有 DOCTYPE 或实体定义的 XML")])
    # The encoding is the one we have checked, whatever the declaration says.
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        place = f"line {error.lineno}" if error.lineno else "file"
        raise StatementUnreadable([Fault(place, None, "不是完整的 XML 文档")]) from error
    name = etree.QName(root)
    if name.localname != "Document" or not _NAMESPACE.fullmatch(name.namespace or ""):
        shown = f"{name.localname} {name.namespace or ''}".strip()
        raise StatementUnreadable([Fault("file", shown, "应为 ISO 20022 camt.053.001.02 至 .14 的 Document")])
    statements = root.findall("{*}BkToCstmrStmt/{*}Stmt")
    if len(statements) != 1:
        raise StatementUnreadable([Fault("file", str(len(statements)), "应恰有一份对账单（Stmt）")])
    statement: etree._Element = statements[0]
    return statement


class _Reader:
    """Reads one Stmt and gathers what is wrong with it."""

    def __init__(self, statement: etree._Element) -> None:
        self.faults: list[Fault] = []
        self._statement = statement

    def coverage(self) -> Coverage | None:
        """Account, days and balances. The days are those of the period, else those of the balances."""
        account = _text(self._statement, "Acct/Id/Othr/Id") or _text(self._statement, "Acct/Id/IBAN")
        if account is None:
            self._miss(self._statement, "Acct/Id", None, "应有账号（Othr/Id 或 IBAN）")
        opening, opening_day = self._balance(_OPENING, _PREVIOUS)
        closing, closing_day = self._balance(_CLOSING)
        first = self._day(self._statement, "FrToDt/FrDtTm") or opening_day
        last = self._day(self._statement, "FrToDt/ToDtTm") or closing_day
        if account is None or first is None or last is None or self.faults:
            return None
        return Coverage(
            account_number=account, first_day=first, last_day=last, opening_fen=opening, closing_fen=closing
        )

    def lines(self) -> Iterator[StatementLine]:
        """Entries that are booked; those that are pending or for information have not moved money."""
        for number, entry in enumerate(self._statement.findall("{*}Ntry"), start=1):
            if (_text(entry, "Sts/Cd") or _text(entry, "Sts") or "BOOK") != "BOOK":
                continue
            amount_fen = self._signed(entry)
            booked_on = self._day(entry, "BookgDt/Dt") or self._day(entry, "BookgDt/DtTm")
            if amount_fen == 0:
                self._miss(entry, "Amt", "0", "发生额应大于零")
            if booked_on is None:
                self._miss(entry, "BookgDt", None, "应有记账日期")
                continue
            words = " ".join(text for path in _WORDS for text in _texts(entry, path))
            yield StatementLine(
                number=number,
                booked_on=booked_on,
                amount_fen=amount_fen,
                serial=(_text(entry, "AcctSvcrRef") or _text(entry, "NtryRef") or "")[:64],
                references=references_in(words),
            )

    def _balance(self, *codes: str) -> tuple[int, date | None]:
        for code in codes:
            for balance in self._statement.findall("{*}Bal"):
                if _text(balance, "Tp/CdOrPrtry/Cd") == code:
                    # The previous one is dated by the day that it closed.
                    later = timedelta(days=1 if code == _PREVIOUS else 0)
                    day = self._day(balance, "Dt/Dt", later) or self._day(balance, "Dt/DtTm", later)
                    return self._signed(balance), day
        self._miss(self._statement, "Bal", None, f"应有 {codes[0]} 余额")
        return 0, None

    def _signed(self, element: etree._Element) -> int:
        """Fen of an amount: credit above zero, debit below. A reversal says by itself which way it goes."""
        text, side = _text(element, "Amt") or "", _text(element, "CdtDbtInd")
        amount = element.find("{*}Amt")
        currency = amount.get("Ccy") if amount is not None else None
        if currency != _CURRENCY:
            self._miss(element, "Amt@Ccy", currency, f"应为 {_CURRENCY}")
        if side not in {"CRDT", "DBIT"}:
            self._miss(element, "CdtDbtInd", side, "应为 CRDT 或 DBIT")
        try:
            # Amounts may carry more zeros than fen have.
            amount_fen = parse_yuan(re.sub(r"(\.\d\d)0+$", r"\1", text))
        except NotAnAmount:
            amount_fen = -1
        if amount_fen < 0:
            self._miss(element, "Amt", text, "应为不带正负号、至多两位小数的金额")
        return -amount_fen if side == "DBIT" else amount_fen

    def _day(self, element: etree._Element, path: str, later: timedelta = timedelta(0)) -> date | None:
        text = _text(element, path)
        if text is None:
            return None
        try:
            if len(text) == 10:
                return date.fromisoformat(text) + later
            instant = datetime.fromisoformat(text)
            # Without a zone it is the bank's own time, which is ours.
            return (local_date(instant) if instant.tzinfo else instant.date()) + later
        except (ValueError, OverflowError):
            self._miss(element, path, text, "应为 ISO 8601 日期或时间")
            return None

    def _miss(self, element: etree._Element, path: str, value: str | None, expected: str) -> None:
        self.faults.append(Fault(f"line {element.sourceline}.{path}", value, expected))


def _texts(element: etree._Element, path: str) -> Iterator[str]:
    for found in element.findall("/".join(f"{{*}}{name}" for name in path.split("/"))):
        if found.text and found.text.strip():
            yield found.text.strip()


def _text(element: etree._Element, path: str) -> str | None:
    return next(_texts(element, path), None)
