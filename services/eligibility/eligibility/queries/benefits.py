"""Benefits that the caller may see."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.schemas.benefits import BenefitView
from eligibility.tables import benefit


async def benefits_of(tx: AsyncConnection, household_id: UUID) -> Sequence[BenefitView]:
    """The household's benefits that the caller may see, newest first."""
    rows = await tx.execute(
        sa.select(benefit).where(benefit.c.household_id == household_id).order_by(benefit.c.benefit_id.desc())
    )
    return [
        BenefitView(
            benefit_id=row.benefit_id,
            policy=row.policy,
            monthly_amount=row.monthly_amount_fen,
            persons=row.person_refs,
            starts_on=row.starts_on,
            ends_on=row.ends_on,
        )
        for row in rows
    ]
