"""Screenings and findings that the caller may see."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.rules import TOOLBOOK
from eligibility.schemas.screenings import (
    FindingPage,
    FindingView,
    RejectionPage,
    RejectionView,
    ScreeningView,
)
from eligibility.tables import finding, screening, screening_part, screening_rejection
from shared.problems import not_found

_SHOWN = 50
_POLICIES = {policy.id: policy for policy in TOOLBOOK.policies}
# Matching everybody takes about as long as telling of a few pages.
_MATCHED_PERCENT = 10.0


async def screening_row(tx: AsyncConnection, screening_id: UUID, *, locked: bool = False) -> sa.Row[Any]:
    """A screening that the caller may see. Raises Problem 404."""
    statement = sa.select(screening).where(screening.c.screening_id == screening_id)
    row = (await tx.execute(statement.with_for_update() if locked else statement)).one_or_none()
    if row is None:
        raise not_found("筛查", screening_id)
    return row


async def screening_view(tx: AsyncConnection, row: sa.Row[Any]) -> ScreeningView:
    """The row as callers see it, with how far it is."""
    received = None
    if row.state == "receiving":
        parts = sa.select(sa.func.count()).where(screening_part.c.screening_id == row.screening_id)
        received = (await tx.execute(parts)).scalar_one()
    return ScreeningView(
        screening_id=row.screening_id,
        as_of=row.as_of,
        snapshot_sha256=row.snapshot_sha256,
        state=row.state,
        parts=row.parts,
        parts_received=received,
        requested_at=row.requested_at,
        percent=_percent(row),
        persons=row.persons,
        households=row.households,
        rejected_rows=row.rejected_rows,
        undecided_households=row.undecided_households,
        unknown_columns=row.unknown_columns,
        leads=row.leads,
        reviews=row.reviews,
        problems=row.problems,
        completed_at=row.completed_at,
    )


def _percent(row: sa.Row[Any]) -> float:
    if row.state in ("completed", "refused"):
        return 100.0
    if row.state != "matched":
        return 0.0
    share = row.told / row.to_tell if row.to_tell else 1.0
    return round(_MATCHED_PERCENT + (100 - _MATCHED_PERCENT) * share, 1)


async def newest_screenings(tx: AsyncConnection) -> list[ScreeningView]:
    """The newest screenings first."""
    rows = await tx.execute(sa.select(screening).order_by(screening.c.screening_id.desc()).limit(_SHOWN))
    return [await screening_view(tx, row) for row in rows.all()]


async def rejection_page(tx: AsyncConnection, screening_id: UUID, *, line: int, limit: int) -> RejectionPage:
    """What was put aside, from a line on. Raises Problem 404."""
    await screening_row(tx, screening_id)
    statement = (
        sa.select(screening_rejection)
        .where(screening_rejection.c.screening_id == screening_id, screening_rejection.c.line >= line)
        .order_by(screening_rejection.c.line)
        .limit(limit + 1)
    )
    rows = (await tx.execute(statement)).all()
    return RejectionPage(
        items=[
            RejectionView(
                row=row.row_number,
                household_id=row.household_ref,
                person_id=row.person_ref,
                column=row.column_name,
                found=row.found,
                expected=row.expected,
            )
            for row in rows[:limit]
        ],
        next_line=rows[limit].line if len(rows) > limit else None,
    )


async def finding_page(
    tx: AsyncConnection,
    *,
    street: str | None,
    kind: str | None,
    policy: str | None,
    state: str,
    after: UUID | None,
    limit: int,
) -> FindingPage:
    """Findings that the caller may see, the oldest first: their ids are in the order of time."""
    statement = sa.select(finding).where(finding.c.state == state)
    for column, value in ((finding.c.street, street), (finding.c.kind, kind), (finding.c.policy, policy)):
        if value is not None:
            statement = statement.where(column == value)
    if after is not None:
        statement = statement.where(finding.c.finding_id > after)
    rows = (await tx.execute(statement.order_by(finding.c.finding_id).limit(limit + 1))).all()
    return FindingPage(
        items=[finding_view(row) for row in rows[:limit]],
        next_after=rows[limit - 1].finding_id if len(rows) > limit else None,
    )


def finding_view(row: sa.Row[Any]) -> FindingView:
    """The row as callers see it."""
    policy = _POLICIES[row.policy]
    return FindingView(
        finding_id=row.finding_id,
        household_id=row.household_id,
        street=row.street,
        kind=row.kind,
        policy=row.policy,
        title=policy.title,
        clause=policy.clause,
        persons=row.person_refs,
        reason=row.reason,
        found_at=row.found_at,
        screening_id=row.screening_id,
        state=row.state,
        outcome=row.outcome,
        note=row.note,
        closed_at=row.closed_at,
    )
