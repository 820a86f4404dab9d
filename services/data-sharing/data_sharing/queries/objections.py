"""Objections as those who may see the case see them."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.schemas.objections import ObjectionView
from data_sharing.tables.verifications import objection, query

_WITH_TIME = sa.select(objection, query.c.answer_by).join(query, query.c.query_id == objection.c.query_id)


async def objection_by_id(tx: AsyncConnection, objection_id: UUID) -> ObjectionView:
    """One that is there."""
    return _view((await tx.execute(_WITH_TIME.where(objection.c.objection_id == objection_id))).one())


async def objections_of(tx: AsyncConnection, verification_id: UUID) -> list[ObjectionView]:
    """All to one verification, the oldest first."""
    found = _WITH_TIME.where(objection.c.verification_id == verification_id).order_by(objection.c.objection_id)
    return [_view(row) for row in await tx.execute(found)]


def _view(row: sa.Row[Any]) -> ObjectionView:
    return ObjectionView(
        objection_id=row.objection_id,
        application_id=row.application_id,
        data_set=row.data_set,
        ground=row.ground,
        evidence=row.evidence,
        raised_at=row.raised_at,
        answer_by=row.answer_by,
        settled_at=row.settled_at,
        outcome=row.outcome,
    )
