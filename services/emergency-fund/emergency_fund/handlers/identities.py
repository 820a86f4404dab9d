"""A homeless person is identified: their household of one and the household that they are in count as one.

Clauses 4.3.3 and 4.5.1. What was granted before stays as it was; what is asked for from now on is held against both.
"""

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.tables import joined_household
from shared.events.intake import HomelessPersonIdentified
from shared.inbox import Delivery

# The locks of `granted_for_incident`: a request that counts one of the two is over before they are joined, or sees it.
_LOCK = text("select pg_advisory_xact_lock(hashtextextended('incidents of ' || cast(:household_id as uuid), 0))")


async def join_households(tx: AsyncConnection, delivery: Delivery[HomelessPersonIdentified]) -> None:
    """Count both together. Heard twice, it is kept once; who was in no other household has nothing to be joined."""
    event = delivery.event
    if event.identified_household_id == event.household_id:
        return
    for household_id in sorted((event.household_id, event.identified_household_id)):
        await tx.execute(_LOCK, {"household_id": household_id})
    await tx.execute(
        insert(joined_household)
        .values(household_id=event.household_id, joined_to=event.identified_household_id)
        .on_conflict_do_nothing()
    )
