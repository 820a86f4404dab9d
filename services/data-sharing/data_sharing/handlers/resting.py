"""An application rests on the verification of the same persons that is open or holds, or on a new one (1.2)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.asking import Question, ask
from data_sharing.handlers.completing import complete_for
from data_sharing.rules import verification as course
from data_sharing.rules.catalogue import Catalogue
from data_sharing.schemas.verifications import VerificationReceipt
from data_sharing.tables.verifications import application, verification, verification_member
from shared.ids import new_id
from shared.working_days import WorkingCalendar

_LOCK_HOUSEHOLD = sa.text("select pg_advisory_xact_lock(hashtextextended(:household_id, 0))")


@dataclass(frozen=True, kw_only=True)
class Resting:
    """An application, and the persons that its verification must be of."""

    application_id: UUID
    household_id: UUID
    street: str
    persons: frozenset[UUID]


async def lock_household(tx: AsyncConnection, household_id: UUID) -> None:
    """Two who would open, sign or ask for one household wait for each other: the second sees what the first did."""
    await tx.execute(_LOCK_HOUSEHOLD, {"household_id": str(household_id)})


async def rest(
    tx: AsyncConnection,
    resting: Resting,
    keep_members: Callable[[UUID], Awaitable[None]],
    *,
    catalogue: Catalogue,
    now: datetime,
    **declared: Any,
) -> VerificationReceipt:
    """Rest an application, and complete it where the verification is completed. The caller holds the household.

    keep_members: writes who a new verification is of. declared: columns of the application that change with it.
    """
    standing = await _standing(tx, resting, now=now)
    verification_id = standing.verification_id if standing else new_id()
    if standing is None:
        await tx.execute(
            insert(verification).values(
                verification_id=verification_id,
                household_id=resting.household_id,
                street=resting.street,
                state="open",
                opened_at=now,
                answer_by=course.answer_by(now, WorkingCalendar()),
                revision=0,
            )
        )
        await keep_members(verification_id)
    await tx.execute(
        sa.update(application)
        .where(application.c.application_id == resting.application_id)
        .values(verification_id=verification_id, **declared)
    )
    if standing is None:
        question = Question(
            verification_id=verification_id,
            application_id=resting.application_id,
            household_id=resting.household_id,
            kind="first",
            data_sets=catalogue.by_department,
        )
        await ask(tx, question, catalogue=catalogue, now=now)
    elif standing.state == "completed":
        await complete_for(tx, resting.application_id, catalogue=catalogue, now=now)
    return VerificationReceipt(
        application_id=resting.application_id,
        verification_id=verification_id,
        state=standing.state if standing else "open",
    )


async def _standing(tx: AsyncConnection, resting: Resting, *, now: datetime) -> sa.Row[Any] | None:
    """The household's verification that is open or holds, if it is of exactly these persons. Locked."""
    newest = (
        sa.select(verification)
        .where(
            verification.c.household_id == resting.household_id,
            sa.or_(verification.c.state == "open", verification.c.valid_until > now),
        )
        .order_by(verification.c.verification_id.desc())
        .limit(1)
        .with_for_update()
    )
    found = (await tx.execute(newest)).one_or_none()
    if found is None:
        return None
    members = sa.select(verification_member.c.person_id).where(
        verification_member.c.verification_id == found.verification_id
    )
    return found if set((await tx.execute(members)).scalars()) == resting.persons else None
