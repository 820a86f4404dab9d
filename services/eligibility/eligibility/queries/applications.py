"""Applications, which have no row-level security: who may see one is asked here."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.tables import application
from shared.auth import Principal
from shared.problems import not_found


async def application_row(tx: AsyncConnection, application_id: UUID, *, caller: Principal) -> sa.Row[Any]:
    """An application of a street that the caller may see. Raises Problem 404."""
    found = await tx.execute(sa.select(application).where(application.c.application_id == application_id))
    row = found.one_or_none()
    if row is None or not caller.may_see_street(row.street):
        raise not_found("申请", application_id)
    return row
