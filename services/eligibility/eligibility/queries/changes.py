"""Changes in a family, and the open suggestions of its newest reassessment, as the caller may see them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.schemas.changes import HouseholdChangeView, SuggestionView
from eligibility.tables import household_change, suggestion


async def household_changes(tx: AsyncConnection, household_id: UUID) -> Sequence[HouseholdChangeView]:
    """What happened in the family, the newest first."""
    rows = await tx.execute(
        sa.select(household_change)
        .where(household_change.c.household_id == household_id)
        .order_by(household_change.c.change_id.desc())
    )
    return [household_change_view(row) for row in rows]


async def open_suggestions(tx: AsyncConnection, household_id: UUID) -> Sequence[SuggestionView]:
    """What officers should look at."""
    rows = await tx.execute(
        sa.select(suggestion)
        .where(suggestion.c.household_id == household_id, suggestion.c.state == "open")
        .order_by(suggestion.c.policy)
    )
    return [
        SuggestionView(
            suggestion_id=row.suggestion_id,
            assessment_id=row.assessment_id,
            kind=row.kind,
            policy=row.policy,
            benefit_id=row.benefit_id,
            from_on=row.from_on,
            until_on=row.until_on,
            monthly_amount=row.amount_fen,
            persons=row.person_refs,
            reason=row.reason,
        )
        for row in rows
    ]


def household_change_view(row: sa.Row[Any]) -> HouseholdChangeView:
    """The row as callers see it."""
    return HouseholdChangeView(
        change_id=row.change_id,
        household_id=row.household_id,
        application_id=row.application_id,
        kind=row.kind,
        happened_on=row.happened_on,
        person=row.person_ref,
        source=row.source,
        is_late=row.is_late,
        state=row.state,
        reported_at=row.reported_at,
    )
