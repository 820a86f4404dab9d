"""Sending again what was sent, for a broker that lost its data."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import date
from typing import Any

from shared.database import Database
from shared.outbox.lead import try_claim, try_lead
from shared.outbox.sending import started_sender

_READ = "select id, topic, key, body from outbox_sent where sent_on >= $1 order by sent_on, id"
_PAGE_ROWS = 2_500
_POLL_SECONDS = 0.005


async def resend(database: Database, bootstrap: str, *, since: date | None = None) -> int:
    """Send again what was sent on or after a day (all that is kept when None), in order; returns how many.

    Consumers skip what they know. The relay gives way meanwhile, so nothing newer overtakes; but what it sent to the
    emptied broker before this was called stands in front.
    """
    async with (
        database.own_connection() as session,
        started_sender(bootstrap, client_id="resend") as sender,
        aclosing(_pages(session, since or date.min)) as pages,
    ):
        for step in (try_claim, try_lead):
            while not await step(session):  # noqa: ASYNC110  # another session of the database has it
                await asyncio.sleep(_POLL_SECONDS)
        return await sender.send(pages)


async def _pages(session: Any, since: date) -> AsyncGenerator[Sequence[Any]]:
    async with session.transaction():
        cursor = await session.cursor(_READ, since)
        while rows := await cursor.fetch(_PAGE_ROWS):
            yield rows
