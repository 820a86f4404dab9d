"""The ledger: a reserve now or as it was, some days of it, every account."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.queries.history import balances_by_street, balances_of, postings, stretches
from emergency_fund.rules import parameters
from emergency_fund.rules.ledger import (
    DISTRICT,
    DISTRICT_ACCOUNTS,
    STREET_ACCOUNTS,
    Account,
    Amounts,
    low_water_fen,
)
from emergency_fund.rules.periods import MOST_STATEMENT_TRANSFERS, Days
from emergency_fund.rules.postings import Posting
from emergency_fund.schemas.ledger import (
    AccountStatement,
    OpenDebt,
    OpenReplenishment,
    ReserveView,
    StatementEntry,
    StatementView,
    TrialBalanceLine,
    TrialBalanceView,
)
from emergency_fund.tables import emergency_grant, paper_debt, replenishment, reserve
from shared.clock import local_date
from shared.problems import Problem, not_found


async def float_of(tx: AsyncConnection, street: str) -> int:
    """The float of a street's reserve, in fen. Raises Problem 404."""
    float_fen = await tx.scalar(select(reserve.c.float_fen).where(reserve.c.street == street))
    if float_fen is None:
        raise not_found("街道备用金", street)
    return int(float_fen)


async def reserve_view(tx: AsyncConnection, street: str, *, now: datetime, at: datetime | None = None) -> ReserveView:
    """A street reserve now, or as of an instant: balances, debts and requests alike. Raises Problem 404."""
    float_fen = await float_of(tx, street)
    balances = await balances_of(tx, street, at=at)
    seen_at = now if at is None else at
    debts = await tx.execute(
        select(paper_debt)
        .join(emergency_grant, emergency_grant.c.grant_id == paper_debt.c.grant_id)
        .where(
            paper_debt.c.street == street,
            paper_debt.c.outcome.is_(None)
            if at is None
            else _stood_at(at, emergency_grant.c.paid_at, paper_debt.c.settled_at),
        )
        .order_by(paper_debt.c.due_on, paper_debt.c.debt_id)
    )
    asked = await open_replenishment(tx, street, at=at)
    return ReserveView(
        street=street,
        at=seen_at,
        float_amount=float_fen,
        cash=balances.cash,
        advances=balances.advances,
        documented=balances.documented,
        due_from_finance=balances.due_from_finance,
        recoverable=balances.recoverable,
        low_water=low_water_fen(float_fen, parameters.low_water_ratio(on=local_date(seen_at))),
        open_replenishment=None
        if asked is None
        else OpenReplenishment(
            replenishment_id=asked.replenishment_id, amount=asked.asked_fen, requested_at=asked.requested_at
        ),
        open_debts=[
            OpenDebt(
                grant_id=debt.grant_id,
                debt_id=debt.debt_id,
                paper=debt.paper,
                owner=debt.owner,
                due_on=debt.due_on,
                overdue=debt.overdue_at is not None and debt.overdue_at <= seen_at,
            )
            for debt in debts
        ],
    )


async def open_replenishment(tx: AsyncConnection, street: str, *, at: datetime | None = None) -> Row[Any] | None:
    """What finance is asked for and has not answered, now or as of an instant."""
    stood = replenishment.c.state == "requested"
    if at is not None:
        stood = _stood_at(at, replenishment.c.requested_at, replenishment.c.answered_at)
    asked = select(replenishment).where(replenishment.c.street == street, stood)
    # The newest: one that waited for the answer of another may have been dated before it.
    return (await tx.execute(asked.order_by(replenishment.c.replenishment_id.desc()).limit(1))).one_or_none()


def _stood_at(
    at: datetime, began_at: ColumnElement[datetime], ended_at: ColumnElement[datetime]
) -> ColumnElement[bool]:
    return (began_at <= at) & (ended_at.is_(None) | (ended_at > at))


async def statement(tx: AsyncConnection, street: str, days: Days) -> StatementView:
    """Every account of a street on some days of Wuhan, with its opening and closing balance.

    Raises Problem 404, and 422 `too_many_transfers` for what is rather exported.
    """
    found = await stretches(tx, days, street=street)
    if not found:
        raise not_found("街道备用金", street)
    [stretch] = found
    if stretch.count > MOST_STATEMENT_TRANSFERS:
        raise too_many_transfers(stretch.count, MOST_STATEMENT_TRANSFERS, way_out="请缩短日期范围，或改用 csv 导出")
    transfers = await postings(tx, stretch)
    return StatementView(
        street=street,
        first_day=days.first,
        last_day=days.last,
        accounts=[
            AccountStatement(
                account=account,
                opening=getattr(stretch.opening, account),
                entries=[_entry(posting, account) for posting in transfers if getattr(posting.moved, account) != 0],
                closing=getattr(stretch.closing, account),
            )
            for account in STREET_ACCOUNTS
        ],
    )


def too_many_transfers(count: int, most: int, *, way_out: str) -> Problem:
    """422 for more transfers than one answer can hold."""
    return Problem(
        422,
        "too_many_transfers",
        "该日期范围内的转账过多",
        f"共 {count} 笔，至多 {most} 笔",
        field="query.to",
        value=count,
        way_out=way_out,
    )


def _entry(posting: Posting, account: Account) -> StatementEntry:
    return StatementEntry(
        version=posting.version,
        transfer_id=posting.transfer_id,
        kind=posting.kind,
        cause_id=posting.cause_id,
        corrects=posting.corrects,
        amount=getattr(posting.moved, account),
        balance_after=getattr(posting.after, account),
        posted_at=posting.posted_at,
        actor=posting.actor,
    )


async def trial_balance(tx: AsyncConnection, *, now: datetime, at: datetime | None = None) -> TrialBalanceView:
    """Every account now, or as of an instant."""
    lines = trial_lines(await balances_by_street(tx, at=at))
    return TrialBalanceView(
        at=now if at is None else at,
        accounts=lines,
        total_debit=sum(line.debit for line in lines),
        total_credit=sum(line.credit for line in lines),
    )


def trial_lines(of_streets: Mapping[str, Amounts]) -> list[TrialBalanceLine]:
    """What the district's accounts have for these streets, then the accounts of each."""
    district = sum(of_streets.values(), start=Amounts())
    lines = [_line(DISTRICT, account, district) for account in DISTRICT_ACCOUNTS]
    for street, balances in of_streets.items():
        lines += [_line(street, account, balances) for account in STREET_ACCOUNTS]
    return lines


def _line(holder: str, account: Account, balances: Amounts) -> TrialBalanceLine:
    balance_fen = getattr(balances, account)
    return TrialBalanceLine(holder=holder, account=account, debit=max(balance_fen, 0), credit=max(-balance_fen, 0))
