"""`doudi replay`: fills a broker that lost its events from what the services keep."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import typer

from doudi.commands.databases import ServiceOption, opened, target
from doudi.running import RunningDatabase
from shared import outbox


def replay(
    service: ServiceOption = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only what was sent on or after this day. Default: everything kept."),
    ] = None,
) -> None:
    """Send events again that were sent before, in order, for a broker that lost its data.

    Consumers skip what they know, so nothing takes effect twice. Works on the running embedded deployment, or on the
    one database and broker that DOUDI_DATABASE_URL, DOUDI_SEAL_KEY and DOUDI_KAFKA_BOOTSTRAP name.
    """
    with target(service) as found:
        counts = asyncio.run(_resend(found.databases, found.broker_address, since))
    for name, count in counts.items():
        typer.echo(f"{name}: {count}")


async def _resend(
    databases: Mapping[str, RunningDatabase], broker_address: str, since: datetime | None
) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name, one in databases.items():
        async with opened(one) as database:
            counts[name] = await outbox.resend(database, broker_address, since=since.date() if since else None)
    return counts
