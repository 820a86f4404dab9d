"""The fund and the bank: statements come in, lines find postings, what does not is told. Clause 4.3.4."""

import asyncio
import base64
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from tests.emergency_fund.conftest import APPROVER, AUDITOR, CLERK, OTHER_STREET, SECOND_CLERK, STREET, Fund, ok
from tests.emergency_fund.test_bank_files import ACCOUNT, CAMT, HEAD

from emergency_fund.tables import bank_difference, bank_line, bank_match, bank_statement
from shared.auth import Role
from shared.clock import local_date
from shared.events.emergency_fund import (
    LineMatchedByHand,
    MatchTakenBack,
    ReconciliationDifferenceFound,
    ReconciliationDifferenceResolved,
    ReserveAccountRegistered,
    StatementImported,
)
from shared.ids import new_id
from shared.money import format_yuan
from shared.testing import problem_code

MONDAY = date(2022, 12, 5)
FLOAT_FEN = 3_000_000
Row = tuple[date, int, str]
"""Day, fen in or out, words."""


@dataclass
class Bank:
    """The bank of one street: knows the account's balance and writes statements of it."""

    fund: Fund
    street: str = STREET
    account: str = ACCOUNT
    balance_fen: int = 0
    lines: list[dict[str, Any]] = field(default_factory=list)

    async def register(self, since: str = "2022-09-08") -> httpx.Response:
        token = self.fund.mint.authorization("district-1", Role.DISTRICT_OFFICER)
        return await self.fund.http.post(
            f"/v1/streets/{self.street}/reserve-account",
            json={"account_number": self.account, "since": since},
            headers=token | {"Idempotency-Key": str(new_id())},
        )

    def file(self, first_day: date, last_day: date, *rows: Row, opening_fen: int | None = None) -> dict[str, Any]:
        """A statement of these days, and how it is sent."""
        opening_fen = balance_fen = self.balance_fen if opening_fen is None else opening_fen
        written = [HEAD]
        for number, (day, amount_fen, words) in enumerate(rows):
            balance_fen += amount_fen
            sides = ("", format_yuan(amount_fen)) if amount_fen > 0 else (format_yuan(-amount_fen), "")
            written.append(f"{day},{sides[0]},{sides[1]},{format_yuan(balance_fen)},张三,{words},{number}")
        self.balance_fen = balance_fen
        return {
            "format": "csv",
            "content": base64.b64encode("\n".join(written).encode()).decode(),
            "covers": {
                "account_number": self.account,
                "first_day": str(first_day),
                "last_day": str(last_day),
                "opening": format_yuan(opening_fen),
                "closing": format_yuan(balance_fen),
            },
        }

    async def send(self, body: dict[str, Any], *, by: str = CLERK, key: str | None = None) -> httpx.Response:
        return await self.fund.http.post(
            f"/v1/streets/{self.street}/bank-statements", json=body, headers=self.fund.as_(by, key)
        )

    async def preset(self) -> dict[str, Any]:
        """The statement up to the eve of Monday: the float came in."""
        body = self.file(date(2022, 9, 8), MONDAY - timedelta(days=1), (date(2022, 9, 8), FLOAT_FEN, "预置"))
        return ok(await self.send(body))

    async def view(self, first_day: str = "2022-09-08", last_day: str = "2023-08-31") -> dict[str, Any]:
        path = f"/v1/streets/{self.street}/reconciliation"
        view = await self.fund.read(path, first_day=first_day, last_day=last_day)
        if (between := view["balances"]) is not None:
            parts = ("opening_difference", "between_statements", "lines_without_posting", "postings_without_line")
            assert fen(between["difference"]) == sum(fen(between[part]) for part in (*parts, "timing"))
            assert fen(between["difference"]) == fen(between["bank"]) - fen(between["ledger"])
        return view

    async def act(self, path: str, body: dict[str, Any], *, by: str = SECOND_CLERK) -> httpx.Response:
        return await self.fund.http.post(path, json=body, headers=self.fund.as_(by))

    async def match(self, line_id: str, *transfer_ids: str, by: str = SECOND_CLERK) -> httpx.Response:
        body = {"transfer_ids": list(transfer_ids), "reason": "核对取款凭条"}
        return await self.act(f"/v1/bank-lines/{line_id}/match", body, by=by)

    async def pass_days(self, days: int) -> None:
        """Days go by, with what is due on each."""
        for _ in range(days):
            self.fund.clock.advance(timedelta(days=1))
            await self.fund.run_due()


def fen(yuan: str) -> int:
    return round(float(yuan) * 100)


@pytest.fixture
async def bank(fund: Fund) -> Bank:
    """A bank whose account of the street is registered."""
    opened = Bank(fund)
    ok(await opened.register())
    return opened


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, problem_code(answer)) == (status, code), answer.text
    document: dict[str, Any] = answer.json()
    assert document["way_out"]
    return document


@pytest.mark.clause("4.3.4")
async def test_a_statement_is_matched_to_the_postings_and_nobodys_name_is_kept(fund: Fund, bank: Bank) -> None:
    first = await bank.preset()
    assert (first["lines"], first["matched_at_import"], first["missing_days_before"]) == (1, 1, 0)
    by_cash = await fund.paid("2900.00")
    by_transfer = await fund.paid("2900.00", payment={"method": "transfer", "payee_ref": "p1"})
    await fund.paid("1000.00")
    fund.clock.advance(timedelta(days=3))
    rows = [
        (MONDAY, -290_000, f"现金 {by_cash['grant_id']} 张三"),
        (MONDAY + timedelta(days=1), -290_000, by_transfer["transfer_id"].replace("-", "")),
        (MONDAY + timedelta(days=1), -100_000, "救助"),
    ]
    answer = ok(await bank.send(bank.file(MONDAY, MONDAY + timedelta(days=2), *rows)))
    assert (answer["lines"], answer["matched_at_import"]) == (3, 3)
    view = await bank.view()
    matched = {one["line"]["amount"]: one for one in view["matched"]}
    assert {one["basis"] for one in view["matched"]} == {"unique", "reference"}
    assert matched["-1000.00"]["basis"] == "unique"
    pairs = [(one["line"]["booked_on"], one["postings"][0]["cause_id"]) for one in view["matched"][1:3]]
    assert (str(MONDAY), by_cash["grant_id"]) in pairs
    assert view["lines_without_posting"] == view["postings_without_line"] == []
    assert (view["balances"]["bank"], view["balances"]["ledger"]) == ("23200.00", "23200.00")
    assert view["balances"]["difference"] == "0.00"
    async with fund.database.transaction() as tx:
        kept = repr((await tx.execute(bank_line.select())).all()) + repr(
            (await tx.execute(bank_statement.select())).all()
        )
    assert "张三" not in kept
    assert "现金" not in kept
    registered, *imported = await fund.events(ReserveAccountRegistered, StatementImported)
    assert registered.since == date(2022, 9, 8)
    assert [(one.lines, one.matched, one.closing_fen) for one in imported] == [(1, 1, FLOAT_FEN), (3, 3, 2_320_000)]


@pytest.mark.clause("4.3.4")
async def test_the_same_file_again_changes_nothing(fund: Fund, bank: Bank) -> None:
    body = bank.file(date(2022, 9, 8), MONDAY - timedelta(days=1), (date(2022, 9, 8), FLOAT_FEN, ""))
    first = ok(await bank.send(body))
    fund.clock.advance(timedelta(days=2))
    assert ok(await bank.send(body)) == first
    assert ok(await bank.send(body, by=APPROVER)) == first
    assert (await fund.count(bank_statement), await fund.count(bank_line), await fund.count(bank_match)) == (1, 1, 1)
    assert len(await fund.events(StatementImported)) == 1


@pytest.mark.clause("4.3.4")
async def test_the_same_file_from_many_at_once_is_kept_once(fund: Fund, bank: Bank) -> None:
    body = bank.file(date(2022, 9, 8), MONDAY - timedelta(days=1), (date(2022, 9, 8), FLOAT_FEN, ""))
    senders = [CLERK, APPROVER] * 5
    answers = [ok(answer) for answer in await asyncio.gather(*(bank.send(body, by=one) for one in senders))]
    assert all(answer == answers[0] for answer in answers)
    assert (await fund.count(bank_statement), await fund.count(bank_line)) == (1, 1)


async def test_a_key_stands_for_one_file(bank: Bank) -> None:
    body = bank.file(date(2022, 9, 8), date(2022, 9, 30), (date(2022, 9, 8), FLOAT_FEN, ""))
    other = bank.file(date(2022, 10, 1), date(2022, 10, 31))
    first = ok(await bank.send(body, key="statement-1"))
    assert ok(await bank.send(body, key="statement-1")) == first
    refused(await bank.send(other, key="statement-1"), 409, "idempotency_key_reused")


@pytest.mark.clause("4.3.4")
async def test_a_camt_message_and_a_turn_of_the_year(fund: Fund, bank: Bank) -> None:
    bank.account = "4200600601234567"
    ok(await bank.send(bank.file(date(2022, 9, 8), date(2022, 11, 30), (date(2022, 9, 8), FLOAT_FEN, ""))))
    grant = await fund.paid("3639.99")
    fund.clock.advance(timedelta(days=26))  # New Year's Eve
    last = await fund.paid("10.00")
    fund.clock.advance(timedelta(days=3))
    camt = {"format": "camt_053", "content": base64.b64encode(CAMT.encode()).decode()}
    december = ok(await bank.send(camt))
    assert (december["last_day"], december["closing"], december["matched_at_import"]) == ("2022-12-31", "26360.01", 1)
    bank.balance_fen = 2_636_001
    january = bank.file(date(2023, 1, 1), date(2023, 1, 2), (date(2023, 1, 2), -1000, ""))
    assert ok(await bank.send(january))["matched_at_import"] == 1
    view = await bank.view(last_day="2022-12-31")
    assert [one["postings"][0]["cause_id"] for one in view["matched"][1:]] == [grant["grant_id"]]
    # The bank booked in the new year what the ledger paid in the old one.
    assert (view["balances"]["difference"], view["balances"]["timing"]) == ("10.00", "10.00")
    after = await bank.view(first_day="2023-01-01", last_day="2023-01-31")
    assert after["matched"][0]["postings"][0]["transfer_id"] == last["transfer_id"]
    assert (after["balances"]["difference"], after["balances"]["timing"]) == ("0.00", "0.00")
    assert after["days_without_statement"] == [{"first_day": "2023-01-03", "last_day": "2023-01-31"}]


@pytest.mark.clause("4.3.4")
async def test_a_broken_statement_is_refused_whole(fund: Fund, bank: Bank) -> None:
    text = f"{HEAD}\n2022-12-01,x,,1.00,李四,y,1\n2022-13-01,1.00,,0.00,李四,y,1.2E+15\n"
    body = bank.file(date(2022, 9, 8), date(2022, 12, 3))
    body["content"] = base64.b64encode(text.encode()).decode()
    document = refused(await bank.send(body), 422, "statement_unreadable")
    assert [(error["field"], error["value"]) for error in document["errors"]] == [
        ("body.content.line 2.借方金额", "x"),
        ("body.content.line 3.交易日期", "2022-13-01"),
        ("body.content.line 3.流水号", "1.2E+15"),
    ]
    assert "李四" not in str(document)
    assert await fund.count(bank_statement) == 0


@pytest.mark.clause("4.3.4")
async def test_a_statement_must_fit_account_calendar_and_the_others(fund: Fund, bank: Bank) -> None:
    await bank.preset()
    day = MONDAY - timedelta(days=1)
    overlapping = refused(await bank.send(bank.file(day, day)), 409, "statement_overlaps")
    assert "2022-09-08 至 2022-12-04" in overlapping["detail"]
    refused(await bank.send(bank.file(MONDAY, MONDAY)), 422, "statement_not_over")
    fund.clock.advance(timedelta(days=30))
    wrong = bank.file(MONDAY, MONDAY, opening_fen=FLOAT_FEN - 1)
    assert "30000.00" in refused(await bank.send(wrong), 409, "statement_does_not_follow")["detail"]
    bank.balance_fen = FLOAT_FEN
    later = ok(await bank.send(bank.file(MONDAY + timedelta(days=5), MONDAY + timedelta(days=9))))
    assert later["missing_days_before"] == 5
    gap = [{"first_day": str(MONDAY), "last_day": str(MONDAY + timedelta(days=4))}]
    assert (await bank.view(last_day=str(MONDAY + timedelta(days=9))))["days_without_statement"] == gap
    unfitting = bank.file(MONDAY, MONDAY + timedelta(days=4), (MONDAY, -100, ""))
    refused(await bank.send(unfitting), 409, "statement_does_not_follow")
    bank.balance_fen = FLOAT_FEN
    assert ok(await bank.send(bank.file(MONDAY, MONDAY + timedelta(days=4))))["missing_days_before"] == 0
    refused(await bank.send(bank.file(date(2022, 9, 1), date(2022, 9, 7))), 422, "invalid_input")


@pytest.mark.clause("4.3.4")
async def test_no_statement_of_another_street_gets_in(fund: Fund, bank: Bank) -> None:
    other = Bank(fund, street=OTHER_STREET, account="4200600607654321")
    other_clerk = f"clerk-{OTHER_STREET}-1"
    body = bank.file(date(2022, 9, 8), date(2022, 12, 3))
    refused(await other.send(body, by=other_clerk), 409, "account_not_registered")
    account = bank.account
    ok(await other.register())
    refused(await other.send(body, by=other_clerk), 422, "statement_of_other_account")
    refused(await other.send(body, by=CLERK), 403, "not_permitted")
    refused(await Bank(fund, street="420106001", account=account).register(), 409, "account_registered")
    refused(await Bank(fund, account="9" * 12).register(), 409, "account_registered")


@pytest.mark.clause("4.3.4")
async def test_what_stays_alone_is_told_once_after_its_days_and_again_when_it_is_resolved(
    fund: Fund, bank: Bank
) -> None:
    await bank.preset()
    grant = await fund.paid("2900.00")
    await bank.pass_days(1)
    ok(await bank.send(bank.file(MONDAY, MONDAY, (MONDAY, -290_001, ""))))
    await bank.pass_days(2)
    ok(await bank.send(bank.file(MONDAY + timedelta(days=1), MONDAY + timedelta(days=2))))
    await bank.pass_days(1)
    ok(await bank.send(bank.file(MONDAY + timedelta(days=3), MONDAY + timedelta(days=3))))
    await bank.pass_days(7)
    assert await fund.events(ReconciliationDifferenceFound) == []
    view = await bank.view()
    (line,), (posting,) = view["lines_without_posting"], view["postings_without_line"]
    assert (line["candidates"], line["difference_id"]) == ([], None)
    await bank.pass_days(10)
    found = {one.side: one for one in await fund.events(ReconciliationDifferenceFound)}
    assert len(await fund.events(ReconciliationDifferenceFound)) == 2
    told = found["line_without_posting"]
    assert (str(told.subject_id), told.amount_fen, told.occurred_on) == (line["line"]["line_id"], -290_001, MONDAY)
    assert str(found["posting_without_line"].subject_id) == grant["transfer_id"] == posting["posting"]["transfer_id"]
    balances = (await bank.view())["balances"]
    assert (balances["difference"], balances["lines_without_posting"]) == ("-0.01", "-2900.01")

    later = MONDAY + timedelta(days=4)
    # The bank corrects itself: the missing line, and what it took too much, come later than any rule looks.
    rows = [(later + timedelta(days=2), -290_000, ""), (later + timedelta(days=2), 290_001, "冲正")]
    ok(await bank.send(bank.file(later, later + timedelta(days=3), *rows)))
    view = await bank.view()
    (line_id,) = [
        one["line"]["line_id"] for one in view["lines_without_posting"] if one["line"]["amount"] == "-2900.00"
    ]
    match = ok(await bank.match(line_id, grant["transfer_id"]))
    assert (match["basis"], match["made_by"], match["reason"]) == ("officer", SECOND_CLERK, "核对取款凭条")
    (resolved,) = await fund.events(ReconciliationDifferenceResolved)
    assert (resolved.difference_id, str(resolved.match_id)) == (
        found["posting_without_line"].difference_id,
        match["match_id"],
    )
    assert await fund.count(bank_difference) == 2


@pytest.mark.clause("4.3.4")
async def test_a_street_that_brings_no_statement_is_told_of_too(fund: Fund, bank: Bank) -> None:
    await bank.pass_days(2)
    # The float of 8 September is older than any statement may be late.
    (found,) = await fund.events(ReconciliationDifferenceFound)
    assert (found.side, found.amount_fen, found.occurred_on) == ("posting_without_line", FLOAT_FEN, date(2022, 9, 8))
    await bank.preset()
    (resolved,) = await fund.events(ReconciliationDifferenceResolved)
    assert resolved.difference_id == found.difference_id


@pytest.mark.clause("4.3.4")
async def test_a_posting_that_comes_after_its_line_is_matched_overnight(fund: Fund, bank: Bank) -> None:
    await bank.preset()
    grant_id = await fund.approved("2900.00")
    await bank.pass_days(1)
    ok(await bank.send(bank.file(MONDAY, MONDAY, (MONDAY, -290_000, ""))))
    ok(await fund.act(grant_id, "payment"))
    (line,) = (await bank.view())["lines_without_posting"]
    assert len(line["candidates"]) == 1
    await bank.pass_days(1)
    view = await bank.view()
    assert (view["lines_without_posting"], view["postings_without_line"]) == ([], [])


@pytest.mark.clause("4.3.4")
async def test_people_match_what_rules_leave_and_take_back_what_was_wrong(fund: Fund, bank: Bank) -> None:
    await bank.preset()
    first, second = await fund.paid("2900.00"), await fund.paid("2900.00")
    await bank.pass_days(1)
    rows = [(MONDAY, -290_000, "现金"), (MONDAY, -290_000, "现金")]
    assert ok(await bank.send(bank.file(MONDAY, MONDAY, *rows)))["matched_at_import"] == 0
    one, other = (await bank.view())["lines_without_posting"]
    assert sorted(one["candidates"]) == sorted([first["transfer_id"], second["transfer_id"]])
    line_id, other_id = one["line"]["line_id"], other["line"]["line_id"]

    # Whoever paid does not vouch for the payment.
    refused(await bank.match(line_id, first["transfer_id"], by=APPROVER), 403, "same_person")
    refused(await bank.match(line_id, first["transfer_id"], second["transfer_id"]), 422, "match_does_not_add_up")
    refused(await bank.match(line_id, str(new_id())), 422, "transfer_unknown")
    refused(await bank.match(str(new_id()), first["transfer_id"]), 404, "not_found")
    refused(await bank.match(line_id, first["transfer_id"], by=f"clerk-{OTHER_STREET}-1"), 404, "not_found")
    match = ok(await bank.match(line_id, first["transfer_id"]))
    refused(await bank.match(line_id, second["transfer_id"]), 409, "already_matched")
    refused(await bank.match(other_id, first["transfer_id"]), 409, "already_matched")
    # Now there is only one way for the others.
    await bank.pass_days(1)
    assert (await bank.view())["lines_without_posting"] == []

    path = f"/v1/bank-matches/{match['match_id']}/end"
    refused(await bank.act(path, {"reason": "x"}, by=f"clerk-{OTHER_STREET}-1"), 404, "not_found")
    ended = ok(await bank.act(path, {"reason": "凭条属于另一笔支付"}))
    assert (ended["ended_by"], ended["ended_reason"]) == (SECOND_CLERK, "凭条属于另一笔支付")
    refused(await bank.act(path, {"reason": "再次"}), 409, "match_ended")
    # No rule brings together what an officer took apart; it is told in time.
    await bank.pass_days(20)
    view = await bank.view()
    assert [one["line"]["line_id"] for one in view["lines_without_posting"]] == [line_id]
    assert view["lines_without_posting"][0]["difference_id"]
    (by_hand,), (back,) = await fund.events(LineMatchedByHand), await fund.events(MatchTakenBack)
    assert (by_hand.matched_by, back.taken_back_by, back.line_id) == (SECOND_CLERK, SECOND_CLERK, by_hand.line_id)
    assert (await fund.count(bank_match)) == 3


async def test_two_officers_at_once_match_a_posting_once(fund: Fund, bank: Bank) -> None:
    await bank.preset()
    first = await fund.paid("2900.00")
    await fund.paid("2900.00")
    await bank.pass_days(1)
    rows = [(MONDAY, -290_000, ""), (MONDAY, -290_000, "")]
    ok(await bank.send(bank.file(MONDAY, MONDAY, *rows)))
    line_ids = [one["line"]["line_id"] for one in (await bank.view())["lines_without_posting"]]
    answers = await asyncio.gather(
        *(bank.match(line_id, first["transfer_id"], by=by) for line_id in line_ids for by in (CLERK, SECOND_CLERK))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


@pytest.mark.slow
@pytest.mark.clause("4.3.4")
async def test_five_thousand_lines_come_in_in_reasonable_time(fund: Fund, bank: Bank) -> None:
    rows: Sequence[Row] = [
        (date(2022, 9, 8) + timedelta(days=number // 60), 100 if number % 2 else -100, "") for number in range(4999)
    ]
    body = bank.file(date(2022, 9, 8), MONDAY - timedelta(days=1), (date(2022, 9, 8), FLOAT_FEN, ""), *rows)
    begin = time.process_time()
    answer = ok(await bank.send(body))
    assert (answer["lines"], answer["matched_at_import"]) == (5000, 1)
    assert len((await bank.view())["lines_without_posting"]) == 4999
    fund.clock.advance(timedelta(days=12))
    await fund.run_due()
    assert len(await fund.events(ReconciliationDifferenceFound)) == 4999
    assert time.process_time() - begin < 15


async def test_overseers_read_and_others_do_not(fund: Fund, bank: Bank) -> None:
    await bank.preset()
    path, days = f"/v1/streets/{STREET}/reconciliation", {"first_day": "2022-12-01", "last_day": "2022-12-31"}
    for person, status in ((AUDITOR, 200), (CLERK, 200), (f"clerk-{OTHER_STREET}-1", 403)):
        answer = await fund.http.get(path, params=days, headers=fund.as_(person))
        assert answer.status_code == status, person
    wrong = {"first_day": "2022-12-31", "last_day": "2022-12-01"}
    refused(await fund.http.get(path, params=wrong, headers=fund.as_(AUDITOR)), 422, "days_out_of_range")
    other = f"/v1/streets/{OTHER_STREET}/reconciliation"
    refused(await fund.http.get(other, params=days, headers=fund.as_(AUDITOR)), 409, "account_not_registered")
    assert local_date(fund.clock.now()) == MONDAY
