"""Bank and ledger side by side: what is matched, what is open on either side, and what lies between the balances."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.queries.history import balances_of
from emergency_fund.queries.ledger import float_of
from emergency_fund.rules import parameters
from emergency_fund.rules.bank_statement import reference_of
from emergency_fund.rules.matching import Line, Posting, match
from emergency_fund.rules.reconciliation import Covered, gaps
from emergency_fund.schemas.reconciliation import (
    BalanceComparison,
    DaySpan,
    LineView,
    MatchView,
    OpenLine,
    OpenPosting,
    PostingView,
    ReconciliationView,
    StatementSpan,
)
from emergency_fund.tables import (
    bank_difference,
    bank_line,
    bank_match,
    bank_match_transfer,
    bank_statement,
    reserve_account,
    transfer,
)
from shared.clock import end_of_day, local_date, start_of_day
from shared.problems import Problem

_LINE_MATCHED = (
    select(bank_match.c.match_id)
    .where(bank_match.c.line_id == bank_line.c.line_id, bank_match.c.ended_at.is_(None))
    .exists()
)
_TRANSFER_MATCHED = (
    select(bank_match_transfer.c.match_id)
    .where(bank_match_transfer.c.transfer_id == transfer.c.transfer_id, bank_match_transfer.c.ended_at.is_(None))
    .exists()
)


async def account_of(tx: AsyncConnection, street: str) -> Row[Any]:
    """The account of a street. Raises Problem 404 where there is no such street, 409 where it has no account."""
    account = (await tx.execute(select(reserve_account).where(reserve_account.c.street == street))).one_or_none()
    if account is not None:
        return account
    await float_of(tx, street)
    raise Problem(
        409,
        "account_not_registered",
        "该街道备用金的银行账户尚未登记",
        f"街道 {street} 没有登记备用金账户，无从对账",
        field="path.street",
        value=street,
        way_out="请区级人员先登记该街道备用金的银行账户",
    )


async def statement_rows(tx: AsyncConnection, street: str) -> Sequence[Row[Any]]:
    """All statements of a street by day."""
    query = select(bank_statement).where(bank_statement.c.street == street).order_by(bank_statement.c.first_day)
    return (await tx.execute(query)).all()


async def open_line_rows(tx: AsyncConnection, street: str) -> Sequence[Row[Any]]:
    """Lines of a street without a posting."""
    query = select(bank_line).where(bank_line.c.street == street, ~_LINE_MATCHED)
    return (await tx.execute(query.order_by(bank_line.c.booked_on, bank_line.c.line_id))).all()


async def open_posting_rows(tx: AsyncConnection, street: str, *, since: date) -> Sequence[Row[Any]]:
    """Movements of a street's cash from a day on, without a line."""
    query = select(transfer).where(_moves_cash(street, since), ~_TRANSFER_MATCHED).order_by(transfer.c.version)
    return (await tx.execute(query)).all()


def _moves_cash(street: str, since: date) -> ColumnElement[bool]:
    return and_(transfer.c.street == street, transfer.c.cash_fen != 0, transfer.c.posted_at >= start_of_day(since))


async def open_differences(tx: AsyncConnection, street: str) -> dict[UUID, UUID]:
    """What was told and is not resolved: the difference of each line or transfer."""
    query = select(bank_difference).where(bank_difference.c.street == street, bank_difference.c.resolved_at.is_(None))
    return {row.line_id or row.transfer_id: row.difference_id for row in await tx.execute(query)}


async def parted(tx: AsyncConnection, street: str) -> frozenset[tuple[UUID, UUID]]:
    """Lines and transfers that were matched once and taken from each other."""
    query = (
        select(bank_match.c.line_id, bank_match_transfer.c.transfer_id)
        .join(bank_match_transfer, bank_match.c.match_id == bank_match_transfer.c.match_id)
        .where(bank_match.c.street == street, bank_match.c.ended_at.is_not(None))
    )
    return frozenset((row.line_id, row.transfer_id) for row in await tx.execute(query))


def line_of(row: Any) -> Line:
    """A line as the rules of matching see it."""
    return Line(line_id=row.line_id, on=row.booked_on, amount_fen=row.amount_fen, references=frozenset(row.refs))


def posting_of(row: Any) -> Posting:
    """A transfer as the rules of matching see it."""
    ids = [row.transfer_id] if row.cause_id is None else [row.transfer_id, row.cause_id]
    return Posting(
        transfer_id=row.transfer_id,
        on=local_date(row.posted_at),
        amount_fen=row.cash_fen,
        references=frozenset(reference_of(one) for one in ids),
    )


async def match_views(tx: AsyncConnection, *conditions: ColumnElement[bool]) -> list[MatchView]:
    """Matches with their lines and postings, by day of the line."""
    rows = (
        await tx.execute(
            select(bank_match, *(column for column in bank_line.c if column.name not in {"line_id", "street"}))
            .join(bank_line, bank_match.c.line_id == bank_line.c.line_id)
            .where(*conditions)
            .order_by(bank_line.c.booked_on, bank_match.c.match_id)
        )
    ).all()
    postings: dict[UUID, list[PostingView]] = defaultdict(list)
    found = await tx.execute(
        select(bank_match_transfer.c.match_id, transfer)
        .join(transfer, bank_match_transfer.c.transfer_id == transfer.c.transfer_id)
        .join(bank_match, bank_match_transfer.c.match_id == bank_match.c.match_id)
        .join(bank_line, bank_match.c.line_id == bank_line.c.line_id)
        .where(*conditions)
        .order_by(transfer.c.version)
    )
    for row in found:
        postings[row.match_id].append(_posting_view(row))
    return [
        MatchView(
            match_id=row.match_id,
            line=_line_view(row),
            postings=postings[row.match_id],
            basis=row.basis,
            made_by=row.made_by,
            reason=row.reason,
            made_at=row.made_at,
            ended_by=row.ended_by,
            ended_reason=row.ended_reason,
            ended_at=row.ended_at,
        )
        for row in rows
    ]


def _line_view(row: Any) -> LineView:
    return LineView(
        line_id=row.line_id,
        statement_id=row.statement_id,
        number=row.number,
        booked_on=row.booked_on,
        amount=row.amount_fen,
        serial=row.serial,
    )


def _posting_view(row: Any) -> PostingView:
    return PostingView(
        transfer_id=row.transfer_id,
        kind=row.kind,
        cause_id=row.cause_id,
        posted_on=local_date(row.posted_at),
        amount=row.cash_fen,
        actor=row.actor,
    )


async def reconciliation(
    tx: AsyncConnection, street: str, *, first_day: date, last_day: date, today: date
) -> ReconciliationView:
    """A street from one day to another, both counted. Raises Problem 404 and 409 as `account_of`."""
    account = await account_of(tx, street)
    statements = await statement_rows(tx, street)
    lines = await open_line_rows(tx, street)
    postings = await open_posting_rows(tx, street, since=account.since)
    told = await open_differences(tx, street)
    candidates = match(
        [line_of(row) for row in lines],
        [posting_of(row) for row in postings],
        within_days=parameters.bank_periods(on=today).match_days,
        parted=await parted(tx, street),
    )
    matched = {one.line_id: one.transfer_ids for one in candidates.matches}
    covered = [Covered(row.first_day, row.last_day, local_date(row.imported_at)) for row in statements]
    return ReconciliationView(
        street=street,
        since=account.since,
        first_day=first_day,
        last_day=last_day,
        statements=[
            StatementSpan(
                statement_id=row.statement_id,
                first_day=row.first_day,
                last_day=row.last_day,
                opening=row.opening_fen,
                closing=row.closing_fen,
            )
            for row in statements
            if row.first_day <= last_day and row.last_day >= first_day
        ],
        days_without_statement=[
            DaySpan(first_day=first, last_day=last)
            for first, last in gaps(covered, since=max(account.since, first_day), through=last_day)
        ],
        matched=await match_views(
            tx,
            bank_match.c.street == street,
            bank_match.c.ended_at.is_(None),
            bank_line.c.booked_on.between(first_day, last_day),
        ),
        lines_without_posting=[
            OpenLine(
                line=_line_view(row),
                # What a rule would match tonight is a candidate until then.
                candidates=list(matched.get(row.line_id) or candidates.lines[row.line_id]),
                difference_id=told.get(row.line_id),
            )
            for row in lines
            if first_day <= row.booked_on <= last_day
        ],
        postings_without_line=[
            OpenPosting(posting=_posting_view(row), difference_id=told.get(row.transfer_id))
            for row in postings
            if first_day <= local_date(row.posted_at) <= last_day
        ],
        balances=await _balances(tx, account, statements, last_day),
    )


async def _balances(
    tx: AsyncConnection, account: Any, statements: Iterable[Any], last_day: date
) -> BalanceComparison | None:
    """Bank and ledger at the end of the last day of a statement, not after `last_day`."""
    begun = [row for row in statements if row.first_day <= last_day]
    if not begun:
        return None
    street, on = account.street, min(last_day, begun[-1].last_day)
    until = and_(bank_line.c.street == street, bank_line.c.booked_on <= on)
    open_lines_fen = await _sum(tx, bank_line.c.amount_fen, until, ~_LINE_MATCHED)
    matched_lines_fen = await _sum(tx, bank_line.c.amount_fen, until, _LINE_MATCHED)
    moved = and_(_moves_cash(street, account.since), transfer.c.posted_at < end_of_day(on))
    open_postings_fen = await _sum(tx, transfer.c.cash_fen, moved, ~_TRANSFER_MATCHED)
    matched_postings_fen = await _sum(tx, transfer.c.cash_fen, moved, _TRANSFER_MATCHED)
    in_last = bank_line.c.statement_id == begun[-1].statement_id
    bank_fen = begun[-1].opening_fen + await _sum(tx, bank_line.c.amount_fen, until, in_last)
    ledger_fen = (await balances_of(tx, street, before=end_of_day(on))).cash
    ledger_before_fen = (await balances_of(tx, street, before=start_of_day(account.since))).cash
    return BalanceComparison(
        on=on,
        bank=bank_fen,
        ledger=ledger_fen,
        difference=bank_fen - ledger_fen,
        opening_difference=begun[0].opening_fen - ledger_before_fen,
        between_statements=sum(after.opening_fen - before.closing_fen for before, after in pairwise(begun)),
        lines_without_posting=open_lines_fen,
        postings_without_line=-open_postings_fen,
        timing=matched_lines_fen - matched_postings_fen,
    )


async def _sum(tx: AsyncConnection, amount: ColumnElement[Any], *conditions: ColumnElement[bool]) -> int:
    return int(await tx.scalar(select(func.coalesce(func.sum(amount), 0)).where(*conditions)) or 0)
