"""The ledger: a reserve now, a day of it, every account."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.rules import parameters
from emergency_fund.rules.ledger import (
    DISTRICT,
    DISTRICT_ACCOUNTS,
    STREET_ACCOUNTS,
    Account,
    Amounts,
    low_water_fen,
)
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
from emergency_fund.tables import paper_debt, replenishment, reserve, transfer
from shared.clock import end_of_day, start_of_day
from shared.problems import not_found


async def float_of(tx: AsyncConnection, street: str) -> int:
    """The float of a street's reserve, in fen. Raises Problem 404."""
    float_fen = await tx.scalar(select(reserve.c.float_fen).where(reserve.c.street == street))
    if float_fen is None:
        raise not_found("街道备用金", street)
    return int(float_fen)


async def balances_of(tx: AsyncConnection, street: str, *, before: datetime | None = None) -> Amounts:
    """What the last transfer of a street left on each account, or the last one before an instant."""
    query = select(transfer).where(transfer.c.street == street).order_by(transfer.c.version.desc()).limit(1)
    if before is not None:
        # By time first, so that an old instant is found by the index and not by walking back from the end.
        query = query.where(transfer.c.posted_at < before).order_by(None)
        query = query.order_by(transfer.c.posted_at.desc(), transfer.c.version.desc())
    row = (await tx.execute(query)).one_or_none()
    return Amounts() if row is None else _after(row)


def _moved(row: Any) -> Amounts:
    return Amounts(**{account.value: getattr(row, f"{account}_fen") for account in Account})


def _after(row: Any) -> Amounts:
    return Amounts(**{account.value: getattr(row, f"{account}_after_fen") for account in Account})


async def reserve_view(tx: AsyncConnection, street: str, *, today: date) -> ReserveView:
    """A street reserve now. Raises Problem 404."""
    float_fen = await float_of(tx, street)
    balances = await balances_of(tx, street)
    debts = await tx.execute(
        select(paper_debt)
        .where(paper_debt.c.street == street, paper_debt.c.outcome.is_(None))
        .order_by(paper_debt.c.due_on, paper_debt.c.debt_id)
    )
    asked = (
        await tx.execute(
            select(replenishment).where(replenishment.c.street == street, replenishment.c.state == "requested")
        )
    ).one_or_none()
    return ReserveView(
        street=street,
        float_amount=float_fen,
        cash=balances.cash,
        advances=balances.advances,
        documented=balances.documented,
        due_from_finance=balances.due_from_finance,
        recoverable=balances.recoverable,
        low_water=low_water_fen(float_fen, parameters.low_water_ratio(on=today)),
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
                overdue=debt.overdue_at is not None,
            )
            for debt in debts
        ],
    )


async def statement(tx: AsyncConnection, street: str, *, on: date) -> StatementView:
    """Every account of a street on one day of Wuhan, with its opening and closing balance. Raises Problem 404."""
    await float_of(tx, street)
    opening = await balances_of(tx, street, before=start_of_day(on))
    rows = (
        await tx.execute(
            select(transfer)
            .where(
                transfer.c.street == street,
                transfer.c.posted_at >= start_of_day(on),
                transfer.c.posted_at < end_of_day(on),
            )
            .order_by(transfer.c.version)
        )
    ).all()
    closing = _after(rows[-1]) if rows else opening
    return StatementView(
        street=street,
        on=on,
        accounts=[
            AccountStatement(
                account=account,
                opening=getattr(opening, account),
                entries=[_entry(row, account) for row in rows if getattr(_moved(row), account) != 0],
                closing=getattr(closing, account),
            )
            for account in STREET_ACCOUNTS
        ],
    )


def _entry(row: Any, account: Account) -> StatementEntry:
    return StatementEntry(
        version=row.version,
        transfer_id=row.transfer_id,
        kind=row.kind,
        cause_id=row.cause_id,
        amount=getattr(_moved(row), account),
        balance_after=getattr(_after(row), account),
        posted_at=row.posted_at,
        actor=row.actor,
    )


async def trial_balance(tx: AsyncConnection) -> TrialBalanceView:
    """Every account now, the district's first."""
    last = (
        select(transfer)
        .where(transfer.c.street == reserve.c.street)
        .order_by(transfer.c.version.desc())
        .limit(1)
        .lateral("last")
    )
    # One statement: the balances of two streets read at two times need not agree.
    rows = await tx.execute(select(last).select_from(reserve.join(last, true())).order_by(reserve.c.street))
    of_streets = {row.street: _after(row) for row in rows}
    district = sum(of_streets.values(), start=Amounts())
    lines = [_line(DISTRICT, account, district) for account in DISTRICT_ACCOUNTS]
    lines += [
        _line(street, account, balances) for street, balances in of_streets.items() for account in STREET_ACCOUNTS
    ]
    return TrialBalanceView(
        accounts=lines,
        total_debit=sum(line.debit for line in lines),
        total_credit=sum(line.credit for line in lines),
    )


def _line(holder: str, account: Account, balances: Amounts) -> TrialBalanceLine:
    balance_fen = getattr(balances, account)
    return TrialBalanceLine(holder=holder, account=account, debit=max(balance_fen, 0), credit=max(-balance_fen, 0))
