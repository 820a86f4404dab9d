"""Lines of the bank and postings of the ledger find each other; what does not, is told to oversight. Clause 4.3.4."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.queries.reconciliation import (
    account_of,
    line_of,
    open_differences,
    open_line_rows,
    open_posting_rows,
    parted,
    posting_of,
    statement_rows,
)
from emergency_fund.rules import parameters
from emergency_fund.rules.matching import Line, Match, Matching, match
from emergency_fund.rules.reconciliation import Covered, line_is_late, posting_is_late
from emergency_fund.tables import bank_difference, bank_match, bank_match_transfer
from shared import deadlines, outbox
from shared.clock import local_date, start_of_day
from shared.deadlines import Work
from shared.events import Event
from shared.events.emergency_fund import ReconciliationDifferenceFound, ReconciliationDifferenceResolved
from shared.ids import new_id

RECONCILE = "reconcile_with_bank"
"""Kind of the deadline that comes every day for each street with an account; its subject is the street."""
_LOCK = text("select pg_advisory_xact_lock(hashtextextended('bank of ' || cast(:street as text), 0))")


async def lock_bank_of(tx: AsyncConnection, street: str) -> None:
    """One at a time changes what is matched on a street. Payments do not wait for it."""
    await tx.execute(_LOCK, {"street": street})


async def find_matches(tx: AsyncConnection, street: str, *, now: datetime, new_lines: Sequence[Line] = ()) -> Matching:
    """What rules say of all that is open on a street, and of lines that are about to come."""
    account = await account_of(tx, street)
    return match(
        [*map(line_of, await open_line_rows(tx, street)), *new_lines],
        [posting_of(row) for row in await open_posting_rows(tx, street, since=account.since)],
        within_days=parameters.bank_periods(on=local_date(now)).match_days,
        parted=await parted(tx, street),
    )


async def keep_matches(tx: AsyncConnection, street: str, matches: Sequence[Match], *, now: datetime) -> list[Event]:
    """Write matches that rules have found; the events are left to the caller."""
    if not matches:
        return []
    ids = {one.line_id: new_id() for one in matches}
    await tx.execute(
        insert(bank_match),
        [
            {"match_id": ids[one.line_id], "street": street, "line_id": one.line_id, "basis": one.basis, "made_at": now}
            for one in matches
        ],
    )
    await tx.execute(
        insert(bank_match_transfer),
        [
            {"match_id": ids[one.line_id], "transfer_id": transfer_id, "street": street}
            for one in matches
            for transfer_id in one.transfer_ids
        ],
    )
    found = {subject: ids[one.line_id] for one in matches for subject in (one.line_id, *one.transfer_ids)}
    return await resolve(tx, street, found, now=now)


async def resolve(tx: AsyncConnection, street: str, found: Mapping[UUID, UUID], *, now: datetime) -> list[Event]:
    """Close what was told of lines and transfers that have a match now (`found`); the events are left to the caller."""
    told = {
        difference_id: found[subject]
        for subject, difference_id in (await open_differences(tx, street)).items()
        if subject in found
    }
    if told:
        await tx.execute(
            update(bank_difference).where(bank_difference.c.difference_id.in_(told)).values(resolved_at=now)
        )
    return [
        ReconciliationDifferenceResolved(street=street, difference_id=difference_id, match_id=match_id)
        for difference_id, match_id in told.items()
    ]


async def reconcile(work: Work) -> None:
    """Match what has become possible, tell what is late, and come again tomorrow."""
    street = work.subject
    async with work.transaction() as tx:
        await lock_bank_of(tx, street)
        matching = await find_matches(tx, street, now=work.now)
        resolved = await keep_matches(tx, street, matching.matches, now=work.now)
        found = await _tell_differences(tx, street, now=work.now)
        await outbox.record(tx, *resolved, *found, at=work.now)
        tomorrow = start_of_day(local_date(work.now) + timedelta(days=1))
        await deadlines.schedule(tx, kind=RECONCILE, subject=street, due_at=tomorrow)


async def _tell_differences(tx: AsyncConnection, street: str, *, now: datetime) -> list[ReconciliationDifferenceFound]:
    """Each line and posting that is late and was not told yet."""
    late = await _late(tx, street, today=local_date(now))
    if not late:
        return []
    found = [ReconciliationDifferenceFound(street=street, difference_id=new_id(), **one) for one in late]
    await tx.execute(
        insert(bank_difference),
        [
            {
                "difference_id": one.difference_id,
                "street": street,
                "line_id": one.subject_id if one.side == "line_without_posting" else None,
                "transfer_id": one.subject_id if one.side == "posting_without_line" else None,
                "amount_fen": one.amount_fen,
                "occurred_on": one.occurred_on,
                "found_at": now,
            }
            for one in found
        ],
    )
    return found


async def _late(tx: AsyncConnection, street: str, *, today: date) -> list[dict[str, Any]]:
    periods = parameters.bank_periods(on=today)
    told = await open_differences(tx, street)
    statements = {
        row.statement_id: Covered(row.first_day, row.last_day, local_date(row.imported_at))
        for row in await statement_rows(tx, street)
    }
    lines = [
        {
            "side": "line_without_posting",
            "subject_id": row.line_id,
            "amount_fen": row.amount_fen,
            "occurred_on": row.booked_on,
        }
        for row in await open_line_rows(tx, street)
        if row.line_id not in told
        and line_is_late(statements[row.statement_id].imported_on, today=today, periods=periods)
    ]
    account = await account_of(tx, street)
    postings = [posting_of(row) for row in await open_posting_rows(tx, street, since=account.since)]
    covered = list(statements.values())
    return lines + [
        {
            "side": "posting_without_line",
            "subject_id": one.transfer_id,
            "amount_fen": one.amount_fen,
            "occurred_on": one.on,
        }
        for one in postings
        if one.transfer_id not in told and posting_is_late(one.on, statements=covered, today=today, periods=periods)
    ]
