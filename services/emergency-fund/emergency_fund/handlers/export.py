"""The ledger of a street, or of all, handed out for some days. Clause 4.3.4.

What is handed out is fixed at the start: what is posted while somebody still reads is not part of it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import structlog

from emergency_fund.queries.history import pages, stretches
from emergency_fund.queries.ledger import too_many_transfers, trial_lines
from emergency_fund.rules.ledger import DISTRICT
from emergency_fund.rules.periods import MOST_WORKBOOK_TRANSFERS, Days
from emergency_fund.rules.postings import Stretch
from emergency_fund.schemas.exports import delimited, journal
from emergency_fund.schemas.exports.formats import MEDIA_TYPES, ExportFormat
from emergency_fund.schemas.exports.workbook import LedgerWorkbook
from shared.auth import Principal
from shared.database import Database
from shared.problems import not_found

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A file that is made while it is read."""

    file_name: str
    media_type: str
    content: AsyncIterator[bytes]


async def export(
    database: Database,
    caller: Principal,
    days: Days,
    *,
    street: str | None,
    format: ExportFormat,
) -> Export:
    """The transfers of a street, or of every street that the caller sees. Who took them stands in the log.

    Raises Problem 404 for a street without a reserve, and 422 `too_many_transfers` for a workbook that gets too large.
    """
    async with database.transaction(caller) as tx:
        found = await stretches(tx, days, street=street)
    if street is not None and not found:
        raise not_found("街道备用金", street)
    count = sum(stretch.count for stretch in found)
    if format is ExportFormat.XLSX:
        if count > MOST_WORKBOOK_TRANSFERS:
            raise too_many_transfers(count, MOST_WORKBOOK_TRANSFERS, way_out="请缩短日期范围，或改用 csv")
        # Made before it is answered, so that whoever gets a file gets a whole one.
        content = _once(await _workbook(database, caller, days, found))
    elif format is ExportFormat.CSV:
        content = _csv(database, caller, found)
    else:
        content = _journal(database, caller, days, found)
    holder = street or DISTRICT
    _log.info("ledger.exported", street=holder, days=f"{days.first}/{days.last}", format=format, transfers=count)
    return Export(
        file_name=f"reserve-{holder}-{days.first}-{days.last}.{format}",
        media_type=MEDIA_TYPES[format],
        content=content,
    )


async def _csv(database: Database, caller: Principal, found: Sequence[Stretch]) -> AsyncIterator[bytes]:
    yield delimited.head().encode()
    for stretch in found:
        async for page in pages(database, caller, stretch):
            yield delimited.lines(page).encode()


async def _journal(database: Database, caller: Principal, days: Days, found: Sequence[Stretch]) -> AsyncIterator[bytes]:
    yield journal.head(days).encode()
    for stretch in found:
        part = journal.StreetJournal(stretch, days)
        yield part.begin().encode()
        async for page in pages(database, caller, stretch):
            yield "".join(part.add(posting) for posting in page).encode()
        yield part.end().encode()


async def _workbook(database: Database, caller: Principal, days: Days, found: Sequence[Stretch]) -> bytes:
    book = LedgerWorkbook(days)
    for stretch in found:
        book.open_street(stretch)
        async for page in pages(database, caller, stretch):
            # Takes a core for half a second: payments go on meanwhile.
            await asyncio.to_thread(book.add, page)
        book.close_street(stretch)
    trial_balance = trial_lines({stretch.street: stretch.closing for stretch in found})
    return await asyncio.to_thread(book.finish, trial_balance)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
