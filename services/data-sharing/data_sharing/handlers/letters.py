"""Letters are signed, withdrawn, and die with the benefit or with the household as it was (12.1.2)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.persons import GUARDIAN_NAME_FIELD
from data_sharing.handlers.resting import lock_household
from data_sharing.rules import authorisation as rules
from data_sharing.rules import verification as course
from data_sharing.rules.catalogue import Catalogue
from data_sharing.tables.letters import authorisation, running_benefit
from data_sharing.tables.verifications import application
from shared import deadlines, outbox
from shared.clock import end_of_day, start_of_day
from shared.crypto import FieldCipher
from shared.events.data_sharing import AuthorisationEnded
from shared.events.eligibility import BenefitEnded, BenefitStarted, GracePeriodEnded, HouseholdChangeReported
from shared.ids import new_id
from shared.inbox import Delivery

END_LETTERS_JOB = "end_letters"
_PLATFORM = "data-sharing"


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What was signed, by somebody for whom it is kept."""

    household_id: UUID
    capacity: rules.Capacity
    signed_on: date
    recorded_by: str
    guardian_name: str | None = None
    further: Sequence[str] = ()
    """Data sets that are opened beside those of the standard wording."""


async def keep_letters(
    tx: AsyncConnection,
    signed: Signed,
    person_ids: Sequence[UUID],
    *,
    catalogue: Catalogue,
    cipher: FieldCipher,
    now: datetime,
) -> list[UUID]:
    """One letter each, in the standard wording and what is opened further. Returns their ids.

    An earlier letter of the same person in the same capacity is replaced.
    """
    if not person_ids:
        return []
    # Of two signatures at once the later one replaces the other, which it must see.
    await lock_household(tx, signed.household_id)
    standing = sa.and_(
        authorisation.c.household_id == signed.household_id,
        authorisation.c.person_id.in_(person_ids),
        authorisation.c.capacity == signed.capacity,
        authorisation.c.ended_at.is_(None),
    )
    await _end(tx, standing, reason="replaced", at=now)
    guardian = signed.guardian_name
    until = course.add_months(signed.signed_on, catalogue.letter_months)
    rows: list[dict[str, Any]] = [
        {
            "authorisation_id": new_id(),
            "household_id": signed.household_id,
            "person_id": person_id,
            "capacity": signed.capacity,
            "purposes": list(catalogue.letter_purposes),
            "fields": [*catalogue.verified_field_paths, *catalogue.field_paths(list(signed.further))],
            "guardian_name": None if guardian is None else cipher.encrypt(guardian, field=GUARDIAN_NAME_FIELD),
            "signed_on": signed.signed_on,
            "recorded_by": signed.recorded_by,
            "recorded_at": now,
            "valid_from": start_of_day(signed.signed_on),
            "valid_until": end_of_day(until),
        }
        for person_id in person_ids
    ]
    await tx.execute(insert(authorisation), rows)
    return [row["authorisation_id"] for row in rows]


async def end_letter(
    tx: AsyncConnection, letter: sa.Row[Any], *, reason: rules.EndReason, by: str, at: datetime
) -> None:
    """End one that stands, and tell the others. What was asked under it before stays as it is."""
    await _end(tx, authorisation.c.authorisation_id == letter.authorisation_id, reason=reason, by=by, at=at)
    await _tell(tx, [letter], reason=reason, at=at)


async def end_letters_of_leavers(
    tx: AsyncConnection, household_id: UUID, *, staying: Collection[UUID], now: datetime
) -> None:
    """A new declaration names who belongs to the household: the letters of whoever does not are over."""
    condition = sa.and_(
        authorisation.c.household_id == household_id,
        authorisation.c.capacity == "member",
        authorisation.c.ended_at.is_(None),
        authorisation.c.person_id.not_in(staying),
    )
    await _tell(tx, await _end(tx, condition, reason="household_changed", at=now), reason="household_changed", at=now)


async def note_benefit(tx: AsyncConnection, delivery: Delivery[BenefitStarted]) -> None:
    """A benefit runs: the letters of its household stand while it does."""
    event = delivery.event
    await tx.execute(
        insert(running_benefit)
        .values(benefit_id=event.benefit_id, household_id=event.household_id)
        .on_conflict_do_nothing(index_elements=["benefit_id"])
    )


async def note_benefit_end(tx: AsyncConnection, delivery: Delivery[BenefitEnded | GracePeriodEnded]) -> None:
    """With the last benefit of a household its letters end, unless an application is undecided."""
    event = delivery.event
    await tx.execute(
        insert(running_benefit)
        .values(benefit_id=event.benefit_id, household_id=event.household_id, ends_on=event.ends_on)
        .on_conflict_do_update(index_elements=["benefit_id"], set_={"ends_on": event.ends_on})
    )
    await plan_end(tx, event.household_id, now=delivery.now)


async def end_letters(tx: AsyncConnection, household_id: UUID, *, now: datetime) -> None:
    """The last day of a household's last benefit is over: its letters are, unless another benefit runs by now or an
    application is undecided. Those of a household that changed still opened what was answered: that too is over.
    """
    await lock_household(tx, household_id)
    undecided = sa.select(
        sa.exists().where(application.c.household_id == household_id, application.c.decided_at.is_(None))
    )
    last_day = rules.letters_end_on(
        await _last_days(tx, household_id), has_undecided=bool((await tx.execute(undecided)).scalar_one())
    )
    # Whatever gives another last day plans anew.
    if last_day is None or end_of_day(last_day) > now:
        return
    # A letter that was signed after the last day of the benefit is of something else.
    condition = sa.and_(
        authorisation.c.household_id == household_id,
        sa.or_(authorisation.c.ended_at.is_(None), authorisation.c.end_reason == "household_changed"),
        authorisation.c.valid_from < end_of_day(last_day),
    )
    ended = await _end(tx, condition, reason="benefit_ended", at=end_of_day(last_day))
    await _tell(tx, ended, reason="benefit_ended", at=now)


async def _last_days(tx: AsyncConnection, household_id: UUID) -> list[date | None]:
    of_it = sa.select(running_benefit.c.ends_on).where(running_benefit.c.household_id == household_id)
    return list((await tx.execute(of_it)).scalars())


async def plan_end(tx: AsyncConnection, household_id: UUID, *, now: datetime) -> None:
    """Look again when the last day of a household's last benefit is over, if it has one."""
    last_day = rules.letters_end_on(await _last_days(tx, household_id), has_undecided=False)
    if last_day is not None:
        due_at = max(now, end_of_day(last_day))
        await deadlines.schedule(tx, kind=END_LETTERS_JOB, subject=str(household_id), due_at=due_at)


async def note_household_change(tx: AsyncConnection, delivery: Delivery[HouseholdChangeReported]) -> None:
    """Who belongs to a household changed: nobody is asked about it anew before its adults have signed again."""
    event = delivery.event
    if event.members_changed:
        condition = sa.and_(
            authorisation.c.household_id == event.household_id,
            authorisation.c.capacity == "member",
            authorisation.c.ended_at.is_(None),
            authorisation.c.recorded_at < delivery.time,
        )
        ended = await _end(tx, condition, reason="household_changed", at=delivery.now)
        await _tell(tx, ended, reason="household_changed", at=delivery.now)


async def _end(
    tx: AsyncConnection,
    condition: sa.ColumnElement[bool],
    *,
    reason: rules.EndReason,
    at: datetime,
    by: str = _PLATFORM,
) -> Sequence[sa.Row[Any]]:
    ended = await tx.execute(
        sa.update(authorisation)
        .where(condition)
        .values(ended_at=at, end_reason=reason, ended_by=by)
        .returning(authorisation.c.authorisation_id, authorisation.c.household_id)
    )
    return ended.all()


async def _tell(tx: AsyncConnection, ended: Sequence[sa.Row[Any]], *, reason: rules.EndReason, at: datetime) -> None:
    if reason == "replaced" or not ended:
        return
    events = [
        AuthorisationEnded(household_id=letter.household_id, authorisation_id=letter.authorisation_id, reason=reason)
        for letter in ended
    ]
    await outbox.record(tx, *events, at=at)
