"""The base registries, with what held before."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.schemas.registries import LegalEntityVersionView, LegalEntityView
from data_sharing.tables.registries import legal_entity_version


async def legal_entity(tx: AsyncConnection, credit_code: str) -> LegalEntityView | None:
    """A legal entity; None where no delivery named it."""
    found = (
        sa.select(legal_entity_version)
        .where(legal_entity_version.c.credit_code == credit_code)
        .order_by(legal_entity_version.c.valid_from.desc())
    )
    rows = (await tx.execute(found)).all()
    if not rows:
        return None
    names = LegalEntityVersionView.model_fields
    versions = [LegalEntityVersionView(**{name: getattr(row, name) for name in names}) for row in rows]
    return LegalEntityView(credit_code=credit_code, versions=versions)
