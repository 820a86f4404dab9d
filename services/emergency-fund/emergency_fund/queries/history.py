"""The ledger as it was: what stood at an instant, what fell into some days. Read by versions, which never change."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.rules.ledger import Account, Amounts, TransferKind
from emergency_fund.rules.periods import PAGE_TRANSFERS, Days
from emergency_fund.rules.postings import Posting, Stretch
from emergency_fund.tables import reserve, transfer
from shared.database import Caller, Database


async def balances_of(
    tx: AsyncConnection, street: str, *, at: datetime | None = None, before: datetime | None = None
) -> Amounts:
    """What a street's last transfer left on its accounts: now, as of an instant, or before one."""
    assert at is None or before is None, "one instant"
    condition = _until(at) if before is None else transfer.c.posted_at < before
    return (await _balances(tx, condition, street=street)).get(street, Amounts())


async def balances_by_street(tx: AsyncConnection, *, at: datetime | None = None) -> dict[str, Amounts]:
    """What the last transfer of each street left on its accounts: now, or as of an instant.

    A transfer that was posted at that very instant counts, and of several the one with the highest version. A transfer
    takes the time at which its request began: one that is being posted while somebody asks for this very moment is
    seen from the next question on.
    """
    return await _balances(tx, _until(at))


async def stretches(tx: AsyncConnection, days: Days, *, street: str | None = None) -> list[Stretch]:
    """What fell into `days` of a street, or of every street that the caller sees. Only ends are read."""
    opening = _last_transfer("opening", transfer.c.posted_at < days.begins_at)
    closing = _last_transfer("closing", transfer.c.posted_at < days.ends_at)
    # Both ends in one statement, so that nothing is posted between them.
    query = (
        select(
            reserve.c.street,
            *(column.label(f"opening_{column.name}") for column in opening.c),
            *(column.label(f"closing_{column.name}") for column in closing.c),
        )
        .select_from(reserve.outerjoin(opening, true()).outerjoin(closing, true()))
        .order_by(reserve.c.street)
    )
    if street is not None:
        query = query.where(reserve.c.street == street)
    return [
        Stretch(
            street=row.street,
            opening=_after(row, "opening_"),
            closing=_after(row, "closing_"),
            opening_version=row.opening_version or 0,
            closing_version=row.closing_version or 0,
        )
        for row in await tx.execute(query)
    ]


async def postings(
    tx: AsyncConnection, stretch: Stretch, *, after_version: int = 0, most: int | None = None
) -> list[Posting]:
    """The transfers of a stretch in their order: all, or at most so many after one of them."""
    rows = await tx.execute(
        select(transfer)
        .where(
            transfer.c.street == stretch.street,
            transfer.c.version > max(stretch.opening_version, after_version),
            transfer.c.version <= stretch.closing_version,
        )
        .order_by(transfer.c.version)
        .limit(most)
    )
    return [_posting(row) for row in rows]


async def pages(database: Database, caller: Caller, stretch: Stretch) -> AsyncIterator[list[Posting]]:
    """The transfers of a stretch, page by page, each in a short transaction of its own.

    However long the history is and however slowly its reader takes it, no more than a page sits in memory and no
    connection is held.
    """
    version = stretch.opening_version
    while version < stretch.closing_version:
        async with database.transaction(caller) as tx:
            page = await postings(tx, stretch, after_version=version, most=PAGE_TRANSFERS)
        assert [posting.version for posting in page] == list(range(version + 1, version + 1 + len(page))), "no gaps"
        assert page, f"street {stretch.street} ends at version {version} and not at {stretch.closing_version}"
        version += len(page)
        yield page


async def _balances(
    tx: AsyncConnection, condition: ColumnElement[bool] | None, *, street: str | None = None
) -> dict[str, Amounts]:
    # One statement: the balances of two streets read at two times need not agree.
    last = _last_transfer("last", condition)
    query = select(last).select_from(reserve.join(last, true())).order_by(reserve.c.street)
    if street is not None:
        query = query.where(reserve.c.street == street)
    return {row.street: _after(row) for row in await tx.execute(query)}


def _until(at: datetime | None) -> ColumnElement[bool] | None:
    return None if at is None else transfer.c.posted_at <= at


def _last_transfer(name: str, condition: ColumnElement[bool] | None) -> FromClause:
    """The last transfer of each reserve, at all or under a condition about its time, for a join with the reserves."""
    query = select(transfer).where(transfer.c.street == reserve.c.street)
    if condition is not None:
        # By time first, so that an old instant is found by the index and not by walking back from the end.
        query = query.where(condition).order_by(transfer.c.posted_at.desc())
    return query.order_by(transfer.c.version.desc()).limit(1).lateral(name)


def _after(row: Any, prefix: str = "") -> Amounts:
    """The balances after a transfer; nothing where there is none."""
    return Amounts(**{account.value: getattr(row, f"{prefix}{account}_after_fen") or 0 for account in Account})


def _posting(row: Any) -> Posting:
    return Posting(
        street=row.street,
        version=row.version,
        transfer_id=row.transfer_id,
        kind=TransferKind(row.kind),
        cause_id=row.cause_id,
        corrects=row.corrects,
        actor=row.actor,
        posted_at=row.posted_at,
        moved=Amounts(**{account.value: getattr(row, f"{account}_fen") for account in Account}),
        after=_after(row),
    )
