"""A fiscal year is closed: what is posted in it stays, its statement is kept with its hash, what is open is carried
over, and finance is asked to have the new year begin in full. Clauses 4.3.1, 4.3.2 and 4.3.4.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.handlers.posting import Head, lock_reserves
from emergency_fund.handlers.replenish import ask_in_full
from emergency_fund.queries.fiscal_years import closings_of, statement_of_year
from emergency_fund.rules.fiscal_year import (
    EarlierYearOpen,
    YearNotOver,
    check_books,
    end_of_year,
    is_to_be_closed,
)
from emergency_fund.schemas.fiscal_years import ClosedStreet, ClosingRequest, ClosingStatement, ClosingsView
from emergency_fund.tables import fiscal_closing, reserve
from shared import outbox
from shared.auth import Principal
from shared.clock import Clock, local_date
from shared.database import Database, driver_connection
from shared.events.emergency_fund import FiscalYearClosed
from shared.idempotency import Claim, once
from shared.problems import Problem, not_found

_LOCK = "select street, open_from from lock_for_closing($1)"


async def close_year(
    database: Database, clock: Clock, caller: Principal, year: int, key: str, request: ClosingRequest
) -> ClosingsView:
    """Close a year of some streets or of all; those that were closed before stay as they were closed."""
    # As the service itself: in the database the scope of a district officer is also that of an auditor, who writes
    # nothing.
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, key, f"close_year {year}", request, ClosingsView),
            lambda: _close_year(tx, clock.now(), caller, year, request),
        )


async def _close_year(
    tx: AsyncConnection, now: datetime, caller: Principal, year: int, request: ClosingRequest
) -> ClosingsView:
    streets = sorted(set(request.streets or await tx.scalars(select(reserve.c.street))))
    to_close = await _lock(tx, streets, year, now)
    heads = await lock_reserves(tx, to_close)
    for street in to_close:
        await _close(tx, now, caller, year, heads[street])
    closed = await closings_of(tx, streets, year)
    return ClosingsView(
        year=year,
        streets=[
            ClosedStreet(street=street, sha256=row.sha256, closed_by=row.closed_by, closed_at=row.closed_at)
            for street, row in sorted(closed.items())
        ],
    )


async def _lock(tx: AsyncConnection, streets: Sequence[str], year: int, now: datetime) -> list[str]:
    """Lock the reserves, so that a second officer waits here; those whose year is still to be closed."""
    driver = await driver_connection(tx)
    open_from: Mapping[str, datetime] = {
        row["street"]: row["open_from"] for row in await driver.fetch(_LOCK, list(streets))
    }
    to_close = []
    for street in streets:
        if street not in open_from:
            raise not_found("街道备用金", street)
        try:
            if is_to_be_closed(year, open_from=open_from[street], now=now):
                to_close.append(street)
        except YearNotOver as error:
            raise _not_over(year) from error
        except EarlierYearOpen as error:
            raise _earlier_open(street, year, error.year) from error
    return to_close


async def _close(tx: AsyncConnection, now: datetime, caller: Principal, year: int, head: Head) -> None:
    statement = await statement_of_year(tx, head.street, year, float_fen=head.float_fen)
    before = (await closings_of(tx, [head.street], year - 1)).get(head.street)
    check_books(
        statement.opening.amounts,
        {movement.kind: movement.moved.amounts for movement in statement.movements},
        statement.closing.amounts,
        closed_before=None if before is None else _closing_of(before),
    )
    document = statement.model_dump_json()
    sha256 = hashlib.sha256(document.encode()).hexdigest()
    await tx.execute(
        insert(fiscal_closing).values(
            street=head.street,
            year=year,
            last_version=statement.last_version,
            document=document,
            sha256=sha256,
            previous_sha256=statement.previous_sha256,
            closed_by=caller.subject,
            closed_at=now,
        )
    )
    closed = FiscalYearClosed(
        street=head.street,
        year=year,
        sha256=sha256,
        previous_sha256=statement.previous_sha256,
        cash_fen=statement.closing.cash,
        open_advances_fen=statement.closing.advances,
        open_claims_fen=statement.closing.recoverable,
        closed_by=caller.subject,
    )
    await outbox.record(tx, closed, *await ask_in_full(tx, head, now=now), at=now)


def _closing_of(before: Any) -> Any:
    return ClosingStatement.model_validate_json(before.document).closing.amounts


def _not_over(year: int) -> Problem:
    day = local_date(end_of_year(year))
    return Problem(
        409,
        "year_not_over",
        "会计年度尚未结束",
        f"{year} 年度至 {year}-12-31 结束",
        field="path.year",
        value=str(year),
        way_out=f"请于 {day} 起结账",
    )


def _earlier_open(street: str, year: int, open_year: int) -> Problem:
    return Problem(
        409,
        "earlier_year_open",
        "以前年度尚未结账",
        f"街道 {street} 的 {open_year} 年度尚未结账，不能先结 {year} 年度",
        field="path.year",
        value=str(year),
        way_out=f"请先结 {open_year} 年度",
    )
