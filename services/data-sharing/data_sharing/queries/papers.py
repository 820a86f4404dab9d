"""Requests for papers as those who may see the case see them."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.schemas.papers import PaperRequestView
from data_sharing.tables.papers import paper_request
from shared.papers import paper_title


async def paper_requests_of(tx: AsyncConnection, application_id: UUID) -> list[PaperRequestView]:
    """All of one application, the oldest first."""
    found = sa.select(paper_request).where(paper_request.c.application_id == application_id)
    return [paper_request_view(row) for row in await tx.execute(found.order_by(paper_request.c.paper_request_id))]


def paper_request_view(row: sa.Row[Any]) -> PaperRequestView:
    """A row with the name of its paper."""
    return PaperRequestView(
        paper_request_id=row.paper_request_id,
        application_id=row.application_id,
        paper=row.paper,
        title=paper_title(row.paper),
        reason=row.reason,
        due_on=row.due_on,
        asked_at=row.asked_at,
        outcome=row.outcome,
        settled_at=row.settled_at,
    )
