"""The archive: the edition of the toolbook, the parameters and the calendar that an assessment rests on, kept once each
as data.
"""

import json
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.queries.parameters import StandingParameters
from eligibility.rules import TOOLBOOK
from eligibility.rules.engine.archive import write_calendar, write_edition, write_parameters
from eligibility.rules.engine.calendar import Calendar
from eligibility.tables import calendar_edition, parameter_set, toolbook_edition


async def archive_edition(tx: AsyncConnection, *, on: date, now: datetime) -> None:
    """Keep the edition in force on a day, if there is one and it is not kept yet."""
    edition = TOOLBOOK.edition(on)
    if edition is not None and not await _is_kept(tx, toolbook_edition, edition.version):
        await _keep(tx, toolbook_edition, edition.version, write_edition(edition), now)


async def archive_parameters(tx: AsyncConnection, *, current: StandingParameters, now: datetime) -> None:
    """Keep the parameters, if they are not kept yet."""
    if not await _is_kept(tx, parameter_set, current.version):
        await _keep(tx, parameter_set, current.version, write_parameters(current.parameters), now)


async def archive_calendar(tx: AsyncConnection, *, calendar: Calendar, now: datetime) -> None:
    """Keep the calendar, if it is not kept yet."""
    if not await _is_kept(tx, calendar_edition, calendar.version):
        await _keep(tx, calendar_edition, calendar.version, write_calendar(calendar), now)


async def _is_kept(tx: AsyncConnection, table: sa.Table, version: str) -> bool:
    found = await tx.execute(sa.select(table.c.version).where(table.c.version == version))
    return found.scalar() is not None


async def _keep(tx: AsyncConnection, table: sa.Table, version: str, document: dict[str, Any], now: datetime) -> None:
    await tx.execute(
        insert(table)
        .values(version=version, document=json.dumps(document, ensure_ascii=False), first_seen_at=now)
        .on_conflict_do_nothing()
    )
