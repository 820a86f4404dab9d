"""Closed years, and what a closing statement is made of."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.queries.ledger import float_of, open_replenishment
from emergency_fund.rules.fiscal_year import end_of_year
from emergency_fund.rules.ledger import Account, Amounts, TransferKind
from emergency_fund.schemas.fiscal_years import (
    Balances,
    CarriedAdvance,
    CarriedClaim,
    CarriedReplenishment,
    ClosingStatement,
    ClosingView,
    KindOfYear,
)
from emergency_fund.tables import fiscal_closing, grant_transfer, transfer
from shared.problems import not_found


async def closings_of(tx: AsyncConnection, streets: Sequence[str], year: int) -> dict[str, Row[Any]]:
    """The closings of a year, by street; streets whose year is open are left out."""
    rows = await tx.execute(
        select(fiscal_closing).where(fiscal_closing.c.street.in_(streets), fiscal_closing.c.year == year)
    )
    return {row.street: row for row in rows}


async def closing_view(tx: AsyncConnection, street: str, year: int, *, now: datetime) -> ClosingView:
    """A year as it was signed off, or as it stands. Raises Problem 404 for a street without a reserve, and for a year
    that has not begun.
    """
    float_fen = await float_of(tx, street)
    if now < end_of_year(year - 1):
        raise not_found("会计年度", year)
    row = (await closings_of(tx, [street], year)).get(street)
    if row is None:
        return ClosingView(
            street=street,
            year=year,
            sha256=None,
            closed_by=None,
            closed_at=None,
            statement=await statement_of_year(tx, street, year, float_fen=float_fen),
            document=None,
        )
    return ClosingView(
        street=street,
        year=year,
        sha256=row.sha256,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
        statement=ClosingStatement.model_validate_json(row.document),
        document=row.document,
    )


async def statement_of_year(tx: AsyncConnection, street: str, year: int, *, float_fen: int) -> ClosingStatement:
    """The statement of a year as the ledger has it. Final once the year is over and `tx` has locked the reserve."""
    before = (await closings_of(tx, [street], year - 1)).get(street)
    first_version = await _last_version(tx, street, year - 1)
    last_version = await _last_version(tx, street, year)
    of_year = (transfer.c.street == street, transfer.c.version > first_version, transfer.c.version <= last_version)
    sums = await tx.execute(
        select(
            transfer.c.kind,
            func.count().label("transfers"),
            *(func.sum(transfer.c[f"{account}_fen"]).label(account.value) for account in Account),
        )
        .where(*of_year)
        .group_by(transfer.c.kind)
    )
    by_kind = {row.kind: row for row in sums}
    return ClosingStatement(
        street=street,
        year=year,
        float_amount=float_fen,
        last_version=last_version,
        opening=Balances.of(await _balances_at(tx, street, first_version)),
        movements=[
            KindOfYear(
                kind=kind,
                transfers=by_kind[kind].transfers,
                moved=Balances(**{account.value: int(getattr(by_kind[kind], account)) for account in Account}),
            )
            for kind in TransferKind
            if kind in by_kind
        ],
        closing=Balances.of(await _balances_at(tx, street, last_version)),
        open_advances=await _open_advances(tx, street, last_version),
        open_claims=await _open_claims(tx, street, last_version),
        open_replenishment=await _open_replenishment(tx, street, year),
        previous_sha256=None if before is None else before.sha256,
    )


async def _last_version(tx: AsyncConnection, street: str, year: int) -> int:
    """The last transfer of a year, or of the years before it; 0 before the first."""
    last = await tx.scalar(
        select(func.max(transfer.c.version)).where(
            transfer.c.street == street, transfer.c.posted_at < end_of_year(year)
        )
    )
    return last or 0


async def _balances_at(tx: AsyncConnection, street: str, version: int) -> Amounts:
    row = (
        await tx.execute(select(transfer).where(transfer.c.street == street, transfer.c.version == version))
    ).one_or_none()
    if row is None:
        return Amounts()
    return Amounts(**{account.value: getattr(row, f"{account}_after_fen") for account in Account})


async def _open_advances(tx: AsyncConnection, street: str, last_version: int) -> list[CarriedAdvance]:
    amount = func.sum(grant_transfer.c.advances_fen)
    rows = await tx.execute(
        select(grant_transfer.c.grant_id, amount.label("amount_fen"))
        .where(grant_transfer.c.street == street, grant_transfer.c.version <= last_version)
        .group_by(grant_transfer.c.grant_id)
        .having(amount > 0)
        .order_by(grant_transfer.c.grant_id)
    )
    return [CarriedAdvance(grant_id=row.grant_id, amount=int(row.amount_fen)) for row in rows]


async def _open_claims(tx: AsyncConnection, street: str, last_version: int) -> list[CarriedClaim]:
    claim_id = func.coalesce(
        # What ends a claim counts for the claim.
        select(transfer.c.transfer_id)
        .where(transfer.c.transfer_id == grant_transfer.c.corrects, transfer.c.kind == TransferKind.CLAIM)
        .scalar_subquery(),
        grant_transfer.c.transfer_id,
    ).label("claim_id")
    open_fen = func.sum(grant_transfer.c.recoverable_fen)
    rows = await tx.execute(
        select(grant_transfer.c.grant_id, claim_id, open_fen.label("amount_fen"))
        .where(grant_transfer.c.street == street, grant_transfer.c.version <= last_version)
        .group_by(grant_transfer.c.grant_id, claim_id)
        .having(open_fen > 0)
        .order_by(claim_id)
    )
    return [CarriedClaim(grant_id=row.grant_id, transfer_id=row.claim_id, amount=int(row.amount_fen)) for row in rows]


async def _open_replenishment(tx: AsyncConnection, street: str, year: int) -> CarriedReplenishment | None:
    last_instant = end_of_year(year) - timedelta(microseconds=1)
    asked = await open_replenishment(tx, street, at=last_instant)
    if asked is None:
        return None
    return CarriedReplenishment(replenishment_id=asked.replenishment_id, amount=asked.asked_fen)
