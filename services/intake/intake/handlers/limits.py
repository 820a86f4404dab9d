"""Our own copy of the time limit of a decision, by first day: the receipt promises it. Clause 3.2, decision 8."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.tables import decision_limit
from shared.events.eligibility import StandardPublished
from shared.inbox import Delivery

_DECISION = "decision_working_days"


async def keep_limit(tx: AsyncConnection, delivery: Delivery[StandardPublished]) -> None:
    """Keep a published limit; one with the same first day replaces the earlier one."""
    event = delivery.event
    if event.parameter != _DECISION:
        return
    days = {"working_days": int(event.value)}
    await tx.execute(
        insert(decision_limit)
        .values(first_day=event.first_day, **days)
        .on_conflict_do_update(index_elements=[decision_limit.c.first_day], set_=days)
    )
