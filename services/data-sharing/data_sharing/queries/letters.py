"""Letters and obligors as those who may see the household see them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.queries.cases import answer_rows, query_rows
from data_sharing.rules.catalogue import Catalogue
from data_sharing.schemas.letters import LetterView
from data_sharing.schemas.verifications import FindingView, ObligorView
from data_sharing.tables.letters import authorisation, obligor
from data_sharing.tables.verifications import verification


async def letter_row(tx: AsyncConnection, authorisation_id: UUID) -> sa.Row[Any] | None:
    """One letter, held until `tx` ends."""
    found = sa.select(authorisation).where(authorisation.c.authorisation_id == authorisation_id).with_for_update()
    return (await tx.execute(found)).one_or_none()


async def letters_of_household(tx: AsyncConnection, household_id: UUID, *, now: datetime) -> list[LetterView]:
    """All of them, the newest first."""
    found = sa.select(authorisation).where(authorisation.c.household_id == household_id)
    rows = await tx.execute(found.order_by(authorisation.c.authorisation_id.desc()))
    return [letter_view(row, now=now) for row in rows]


def letter_view(row: sa.Row[Any], *, now: datetime) -> LetterView:
    """As it stands now."""
    return LetterView(
        authorisation_id=row.authorisation_id,
        household_id=row.household_id,
        person_id=row.person_id,
        capacity=row.capacity,
        purposes=row.purposes,
        fields=row.fields,
        is_by_guardian=row.guardian_name is not None,
        signed_on=row.signed_on,
        valid_until=row.valid_until,
        state=_state(row, now),
        ended_at=row.ended_at,
    )


def _state(
    row: sa.Row[Any], now: datetime
) -> Literal["in_force", "not_in_force", "withdrawn", "replaced", "benefit_ended", "household_changed"]:
    if row.ended_at is not None and row.ended_at <= now:
        ended: Literal["withdrawn", "replaced", "benefit_ended", "household_changed"] = row.end_reason
        return ended
    return "in_force" if row.valid_from <= now < row.valid_until else "not_in_force"


async def street_of_household(tx: AsyncConnection, household_id: UUID) -> str | None:
    """Where a household was verified last."""
    found = sa.select(verification.c.street).where(verification.c.household_id == household_id)
    return (await tx.execute(found.order_by(verification.c.verification_id.desc()).limit(1))).scalar_one_or_none()


async def obligor_row(tx: AsyncConnection, obligor_id: UUID) -> sa.Row[Any] | None:
    """One obligor, with the household that it is about."""
    found = (
        sa.select(obligor, verification.c.household_id, verification.c.street)
        .join(verification, verification.c.verification_id == obligor.c.verification_id)
        .where(obligor.c.obligor_id == obligor_id)
    )
    return (await tx.execute(found)).one_or_none()


async def obligors_of(
    tx: AsyncConnection, verification_id: UUID, catalogue: Catalogue, *, now: datetime
) -> list[ObligorView]:
    """Those of one verification, in the order they were named, with what was found of them. As the service."""
    consented = sa.exists().where(
        authorisation.c.household_id == verification.c.household_id,
        authorisation.c.person_id == obligor.c.person_id,
        authorisation.c.capacity == "obligor",
        sa.or_(authorisation.c.ended_at.is_(None), authorisation.c.ended_at > now),
        authorisation.c.valid_from <= now,
        authorisation.c.valid_until > now,
    )
    found = (
        sa.select(obligor, consented.label("has_consented"))
        .join(verification, verification.c.verification_id == obligor.c.verification_id)
        .where(obligor.c.verification_id == verification_id)
        .order_by(sa.func.length(obligor.c.ref), obligor.c.ref)
    )
    rows = (await tx.execute(found)).all()
    queries = [row for row in await query_rows(tx, verification_id) if row.kind == "obligor"] if rows else []
    records = await answer_rows(tx, queries)
    return [
        ObligorView(
            obligor_id=row.obligor_id,
            ref=row.ref,
            relation=row.relation,
            obligor_of=row.obligor_of,
            has_consented=row.has_consented,
            asked=sum(query.obligor_id == row.obligor_id for query in queries),
            answered=sum(query.obligor_id == row.obligor_id and query.outcome is not None for query in queries),
            findings=[
                FindingView(
                    person_ref=row.ref,
                    title=catalogue.field_title(f"{record['data_set']}.{name}"),
                    department=query.department,
                    data_set=record["data_set"],
                    field=name,
                    found=value,
                    as_of=record["as_of"],
                    unexpected=False,
                )
                for query in queries
                if query.obligor_id == row.obligor_id
                for record in records.get(query.query_id, [])
                for name, value in record["fields"].items()
                if value is not None
            ],
        )
        for row in rows
    ]
