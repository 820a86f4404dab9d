"""Our own copy of the urban dibao standard, by first day, so that a grant never waits for eligibility. Clause 4.3.3."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.tables import standard
from shared.events.eligibility import StandardPublished
from shared.inbox import Delivery
from shared.money import parse_yuan

_URBAN_DIBAO = "urban_dibao_standard"


async def keep_standard(tx: AsyncConnection, delivery: Delivery[StandardPublished]) -> None:
    """Keep a published standard; one with the same first day replaces the earlier one."""
    event = delivery.event
    if event.parameter != _URBAN_DIBAO:
        return
    facts = {"amount_fen": parse_yuan(event.value), "source": event.source, "assumed": event.assumed}
    await tx.execute(
        insert(standard)
        .values(first_day=event.first_day, **facts)
        .on_conflict_do_update(index_elements=[standard.c.first_day], set_=facts)
    )
