"""The access ledger: who looked at whose data, for what, and whether it was shown (12.1.2). Append only."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.tables.accesses import access
from shared.auth import OVERSEERS, Principal, Role
from shared.ids import new_id


async def put_on_ledger(
    tx: AsyncConnection,
    caller: Principal,
    *,
    purpose: str,
    fields: Collection[str],
    refusal: str | None,
    now: datetime,
    person_ids: Collection[UUID] = (),
    **about: UUID | None,
) -> UUID:
    """One look; its id. `refusal`: why nothing is shown, None where it is. `about`: `household_id`, `application_id`,
    `verification_id`, `query_id`, `lead_id`, where the look has them.
    """
    access_id = new_id()
    await tx.execute(
        insert(access).values(
            access_id=access_id,
            accessed_at=now,
            client_id=caller.client_id,
            subject=caller.subject,
            caller_scope=caller.row_scope,
            caller_streets=sorted(caller.streets),
            department=caller.department,
            purpose=purpose,
            person_ids=list(person_ids),
            fields=list(fields),
            outcome=outcome(refusal),
            reason=refusal,
            **about,
        )
    )
    return access_id


def outcome(refusal: str | None) -> Literal["answered", "refused"]:
    """What the ledger and the events say of a look."""
    return "answered" if refusal is None else "refused"


def purpose_of(caller: Principal, otherwise: str) -> str:
    """Overseers look to oversee; others for what the thing is there for."""
    return "oversight" if caller.roles & set(OVERSEERS) else otherwise


def platform(subject: str, *, client_id: str, department: str | None = None) -> Principal:
    """Who looks when a job does. `subject`: what the job works on. `department`: for whom."""
    return Principal(subject=subject, client_id=client_id, roles=frozenset({Role.SERVICE}), department=department)
