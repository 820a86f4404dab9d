"""The time limit of a decision, as eligibility publishes it."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.tables import decision_limit


async def decision_working_days(tx: AsyncConnection, *, on: date) -> int:
    """Within how many working days an application of a day is decided."""
    newest = (
        sa.select(decision_limit.c.working_days)
        .where(decision_limit.c.first_day <= on)
        .order_by(decision_limit.c.first_day.desc())
        .limit(1)
    )
    days: int = (await tx.execute(newest)).scalar_one()
    return days
