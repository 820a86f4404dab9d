"""Standards: others that need a dated parameter are told of each value once."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.tables import published_parameter
from shared import outbox
from shared.events.eligibility import StandardPublished
from shared.parameters import Parameters


async def publish_standards(tx: AsyncConnection, *, parameters: Parameters, now: datetime) -> None:
    """Publish every value that was not published before."""
    values = [value for name in sorted(parameters.names()) for value in parameters.parameter(name).values]
    fresh = await tx.execute(
        insert(published_parameter)
        .values(
            [
                {
                    "parameter": value.name,
                    "first_day": value.first_day,
                    "value": str(value.value),
                    "published_at": now,
                }
                for value in values
            ]
        )
        .on_conflict_do_nothing()
        .returning(published_parameter.c.parameter, published_parameter.c.first_day)
    )
    new = {(row.parameter, row.first_day) for row in fresh}
    events = [
        StandardPublished(
            parameter=value.name,
            value=str(value.value),
            unit=value.unit,
            first_day=value.first_day,
            source=value.source,
            assumed=value.assumed,
        )
        for value in values
        if (value.name, value.first_day) in new
    ]
    if events:
        await outbox.record(tx, *events, at=now)
