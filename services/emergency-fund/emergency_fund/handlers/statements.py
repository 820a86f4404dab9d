"""A bank statement comes in: read whole or refused whole, kept once, matched as far as rules go. Clause 4.3.4."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.handlers.reconcile import find_matches, keep_matches, lock_bank_of
from emergency_fund.queries.reconciliation import account_of, statement_rows
from emergency_fund.rules.bank_camt import read_camt053
from emergency_fund.rules.bank_csv import read_csv
from emergency_fund.rules.bank_statement import BankStatement, Coverage, StatementUnreadable
from emergency_fund.rules.matching import Line
from emergency_fund.schemas.reconciliation import StatementImport, StatementRequest
from emergency_fund.tables import bank_statement
from shared import outbox
from shared.auth import Principal
from shared.clock import Clock
from shared.database import Database, driver_connection
from shared.events.emergency_fund import StatementImported
from shared.idempotency import Claim, once
from shared.ids import new_id
from shared.money import format_yuan
from shared.problems import FieldError, Problem, shown

_DAY = timedelta(days=1)
# One statement: the database looks at the lines of a statement as a whole.
_KEEP_LINES = """
insert into bank_line (line_id, statement_id, street, number, booked_on, amount_fen, serial, refs)
select line_id, $1, $2, number, booked_on, amount_fen, serial, string_to_array(refs, ' ')
from unnest($3::uuid[], $4::integer[], $5::date[], $6::bigint[], $7::text[], $8::text[])
    as line (line_id, number, booked_on, amount_fen, serial, refs)
"""


async def import_statement(
    database: Database, clock: Clock, caller: Principal, street: str, key: str, body: StatementRequest
) -> StatementImport:
    """Take in a statement of the street's account. The same file again is answered as the first time.

    Raises Problem 422 `statement_unreadable` with every fault, and others where it does not fit the account, the
    calendar or the statements before and after it; then nothing is kept.
    """
    statement = await asyncio.to_thread(_read, body)
    async with database.transaction(caller) as tx:
        return await once(
            tx,
            Claim(caller, key, f"import_statement {street}", body, StatementImport),
            lambda: _import(tx, clock, caller, street, body, statement),
        )


def _read(body: StatementRequest) -> BankStatement:
    try:
        if body.covers is None:
            return read_camt053(body.content)
        said = body.covers
        coverage = Coverage(
            account_number=said.account_number,
            first_day=said.first_day,
            last_day=said.last_day,
            opening_fen=said.opening,
            closing_fen=said.closing,
        )
        return read_csv(body.content, coverage)
    except StatementUnreadable as error:
        raise Problem(
            422,
            "statement_unreadable",
            "对账单无法读取",
            f"文件中有 {len(error.faults)} 处不符合要求，整份未导入",
            way_out="请从银行重新导出原始文件，或按 errors 中各项更正后重新提交",
            errors=[
                FieldError(
                    field=f"body.content.{fault.place}",
                    code="statement_fault",
                    value=shown(fault.place, fault.value),
                    message=fault.expected,
                )
                for fault in error.faults
            ],
        ) from error


async def _import(
    tx: AsyncConnection,
    clock: Clock,
    caller: Principal,
    street: str,
    body: StatementRequest,
    statement: BankStatement,
) -> StatementImport:
    await lock_bank_of(tx, street)
    account = await account_of(tx, street)
    digest = _digest(body)
    if (known := await _known(tx, street, digest)) is not None:
        return known
    now, coverage = clock.now(), statement.coverage
    _check_account(account, coverage)
    if coverage.last_day >= clock.today():
        raise _misfit("statement_not_over", "对账单截止日尚未结束", coverage, f"今天是 {clock.today()}", status=422)
    missing_days = _missing_days(account, coverage, await statement_rows(tx, street))

    lines = [(new_id(), line) for line in statement.lines]
    new_lines = [
        Line(line_id=line_id, on=line.booked_on, amount_fen=line.amount_fen, references=frozenset(line.references))
        for line_id, line in lines
    ]
    matching = await find_matches(tx, street, now=now, new_lines=new_lines)
    row = {
        "statement_id": new_id(),
        "street": street,
        "account_number": account.account_number,
        "format": body.format,
        "content_sha256": digest,
        "first_day": coverage.first_day,
        "last_day": coverage.last_day,
        "opening_fen": coverage.opening_fen,
        "closing_fen": coverage.closing_fen,
        "line_count": len(lines),
        "matched_at_import": len({line_id for line_id, _ in lines} - matching.lines.keys()),
        "missing_days_before": missing_days,
        "imported_by": caller.subject,
        "imported_at": now,
    }
    kept = (await tx.execute(insert(bank_statement).values(row).returning(bank_statement))).one()
    if lines:
        columns = [
            (line_id, line.number, line.booked_on, line.amount_fen, line.serial, " ".join(line.references))
            for line_id, line in lines
        ]
        driver = await driver_connection(tx)
        await driver.execute(
            _KEEP_LINES, kept.statement_id, street, *(list(column) for column in zip(*columns, strict=True))
        )
    resolved = await keep_matches(tx, street, matching.matches, now=now)
    imported = StatementImported(
        street=street,
        statement_id=kept.statement_id,
        first_day=coverage.first_day,
        last_day=coverage.last_day,
        opening_fen=coverage.opening_fen,
        closing_fen=coverage.closing_fen,
        lines=len(lines),
        matched=row["matched_at_import"],
    )
    await outbox.record(tx, imported, *resolved, at=now)
    return _view(kept)


def _digest(body: StatementRequest) -> bytes:
    """What tells one file from another. A CSV of quiet days is headings alone, so the days that it covers count."""
    covers = "" if body.covers is None else body.covers.model_dump_json()
    return hashlib.sha256(f"{body.format} {covers}\n".encode() + body.content).digest()


async def _known(tx: AsyncConnection, street: str, digest: bytes) -> StatementImport | None:
    row = (
        await tx.execute(
            select(bank_statement).where(bank_statement.c.street == street, bank_statement.c.content_sha256 == digest)
        )
    ).one_or_none()
    return None if row is None else _view(row)


def _view(row: Any) -> StatementImport:
    return StatementImport(
        statement_id=row.statement_id,
        street=row.street,
        format=row.format,
        first_day=row.first_day,
        last_day=row.last_day,
        opening=row.opening_fen,
        closing=row.closing_fen,
        lines=row.line_count,
        matched_at_import=row.matched_at_import,
        missing_days_before=row.missing_days_before,
        imported_by=row.imported_by,
        imported_at=row.imported_at,
    )


def _check_account(account: Any, coverage: Coverage) -> None:
    if coverage.account_number != account.account_number:
        raise Problem(
            422,
            "statement_of_other_account",
            "对账单不是该街道备用金账户的",
            f"对账单账号 {coverage.account_number}，街道 {account.street} 登记的账号为 {account.account_number}",
            field="body.covers.account_number",
            value=coverage.account_number,
            way_out="请核对街道与文件",
        )
    if coverage.first_day < account.since:
        raise _misfit(
            "statement_before_account", "对账单早于对账起始日", coverage, f"该账户自 {account.since} 起对账", status=422
        )


def _missing_days(account: Any, coverage: Coverage, statements: Sequence[Any]) -> int:
    """How many days before the statement no other covers. Raises Problem 409 where it does not fit the others."""
    before = [row for row in statements if row.first_day <= coverage.last_day]
    for row in before:
        if row.last_day >= coverage.first_day:
            raise _misfit("statement_overlaps", "对账单与已导入的重叠", coverage, _named(row))
    previous = before[-1] if before else None
    following = next((row for row in statements if row.first_day > coverage.last_day), None)
    missing_from = account.since if previous is None else previous.last_day + _DAY
    missing_days: int = (coverage.first_day - missing_from).days
    follows = previous is None or missing_days > 0 or previous.closing_fen == coverage.opening_fen
    if not follows:
        raise _misfit(
            "statement_does_not_follow",
            "期初余额与上一份对账单的期末余额不符",
            coverage,
            f"期初 {format_yuan(coverage.opening_fen)} 元；{_named(previous)}",
        )
    is_followed = (
        following is None
        or following.first_day > coverage.last_day + _DAY
        or following.opening_fen == coverage.closing_fen
    )
    if not is_followed:
        raise _misfit(
            "statement_does_not_follow",
            "期末余额与下一份对账单的期初余额不符",
            coverage,
            f"期末 {format_yuan(coverage.closing_fen)} 元；{_named(following)}",
        )
    return missing_days


def _named(row: Any) -> str:
    balances = f"期初 {format_yuan(row.opening_fen)} 元、期末 {format_yuan(row.closing_fen)} 元"
    return f"已导入 {row.first_day} 至 {row.last_day}（{row.statement_id}），{balances}"


def _misfit(code: str, title: str, coverage: Coverage, detail: str, *, status: int = 409) -> Problem:
    days = f"{coverage.first_day} 至 {coverage.last_day}"
    return Problem(
        status,
        code,
        title,
        f"对账单期间 {days}；{detail}",
        field="body.covers",
        value=days,
        way_out="请从银行按未导入的完整日期重新导出对账单",
    )
