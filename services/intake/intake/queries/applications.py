"""Applications as staff, residents and data-sharing see them."""

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.queries import persons as sealed
from intake.queries.pages import Position, newest_first
from intake.schemas.application import (
    ApplicationDetail,
    ApplicationLinks,
    ApplicationPage,
    ApplicationStatus,
    ApplicationSummary,
    Declaration,
)
from intake.tables import application
from shared.auth import Principal
from shared.crypto import FieldCipher
from shared.identity import mask_name
from shared.problems import not_found

_SUMMARY = (
    application.c.application_id,
    application.c.household_id,
    application.c.street,
    application.c.channel,
    application.c.status,
    application.c.requested,
    application.c.member_count,
    application.c.submitted_at,
    application.c.decide_by,
)


def links_of(application_id: UUID) -> ApplicationLinks:
    """Where an application and its time line are read."""
    path = f"/v1/applications/{application_id}"
    return ApplicationLinks(application=path, timeline=f"{path}/timeline")


async def application_page(
    tx: AsyncConnection,
    *,
    caller: Principal,
    street: str | None,
    status: ApplicationStatus | None,
    after: Position | None,
    limit: int,
) -> ApplicationPage:
    """Applications in the caller's scope, the newest first."""
    statement = sa.select(*_SUMMARY)
    if street is not None:
        statement = statement.where(application.c.street == street)
    if status is not None:
        statement = statement.where(application.c.status == status)
    rows, next_cursor = await newest_first(
        tx,
        statement,
        order=(application.c.submitted_at, application.c.application_id),
        street=application.c.street,
        caller=caller,
        after=after,
        limit=limit,
    )
    return ApplicationPage(items=[ApplicationSummary.model_validate(row) for row in rows], next_cursor=next_cursor)


async def application_detail(
    tx: AsyncConnection, application_id: UUID, *, cipher: FieldCipher, today: date
) -> ApplicationDetail:
    """One application that the caller may see, masked. Raises Problem 404."""
    row = await _row(tx, application_id)
    persons = sealed.unseal(row.persons, cipher=cipher, column=sealed.APPLICATION_PERSONS, row=application_id)
    authorisation = dict(row.declaration["authorisation"])
    if persons.guardian_name is not None:
        authorisation["guardian_name"] = mask_name(persons.guardian_name)
    return ApplicationDetail.model_validate(
        {
            **{column.name: getattr(row, column.name) for column in _SUMMARY},
            "decide_by_is_provisional": row.decide_by_is_provisional,
            "members": sealed.masked(persons, today=today),
            "authorisation": authorisation,
            "commitment": row.declaration["commitment"],
            "links": links_of(application_id),
        }
    )


async def declaration(tx: AsyncConnection, application_id: UUID, *, cipher: FieldCipher) -> Declaration:
    """The whole declaration with names and identity numbers in clear. Raises Problem 404."""
    row = await _row(tx, application_id)
    persons = sealed.unseal(row.persons, cipher=cipher, column=sealed.APPLICATION_PERSONS, row=application_id)
    household = dict(row.declaration["household"])
    household["members"] = [
        {**facts, "name": person.name, "id_type": person.id_type, "identity_number": person.identity_number}
        for facts, person in zip(household["members"], persons.members, strict=True)
    ]
    authorisation = dict(row.declaration["authorisation"])
    if persons.guardian_name is not None:
        authorisation["guardian_name"] = persons.guardian_name
    return Declaration.model_validate(
        {
            "application_id": row.application_id,
            "household_id": row.household_id,
            "street": row.street,
            "applicant_subject": row.applicant_subject,
            "channel": row.channel,
            "submitted_at": row.submitted_at,
            "requested": row.requested,
            "household": household,
            "authorisation": authorisation,
            "commitment": row.declaration["commitment"],
        }
    )


async def _row(tx: AsyncConnection, application_id: UUID) -> sa.Row[Any]:
    found = await tx.execute(sa.select(application).where(application.c.application_id == application_id))
    row = found.one_or_none()
    if row is None:
        raise not_found("申请", application_id)
    return row
