"""The register of needy households follows every decision and every change, in their transaction (clause 12.3.2)."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.rules.decisions import PolicyAnswer
from eligibility.rules.register import Tier, tier_of, until_on
from eligibility.tables import register_entry
from shared.ids import new_id


async def enter_tier(tx: AsyncConnection, *, row: sa.Row[Any], answer: PolicyAnswer, on: date) -> None:
    """A decision puts the household on the tier of a policy, from this day. A tier that lasts is not entered twice: one
    that ends by time lasts longer, one whose end was decided is followed by the new one.
    """
    tier = tier_of(answer.policy)
    if tier is None:
        return
    until = until_on(answer.policy, on, months_at_most=answer.months_at_most)
    standing = await _last_standing(tx, row.household_id, answer.policy, tier, on=on)
    if standing is not None:
        if standing.until is None or (until is not None and until <= standing.until):
            return
        if standing.ended_cause is None:
            await tx.execute(
                sa.update(register_entry).where(register_entry.c.entry_id == standing.entry_id).values(until=until)
            )
            return
    await _enter(
        tx,
        row=row,
        tier=tier,
        policy=answer.policy,
        person_refs=answer.person_refs,
        since=on if standing is None else standing.until,
        until=until,
        cause="decision",
        cause_id=row.decision_id,
    )


async def enter_grace(tx: AsyncConnection, *, row: sa.Row[Any], change_id: UUID, since: date, until: date) -> None:
    """The household leaves dibao for its grace period, which ends by itself."""
    await leave_tier(tx, row=row, on=since, cause="change", cause_id=change_id)
    await _enter(
        tx,
        row=row,
        tier="dibao_grace",
        policy=row.policy,
        person_refs=tuple(row.person_refs),
        since=since,
        until=until,
        cause="change",
        cause_id=change_id,
    )


async def leave_grace(tx: AsyncConnection, *, row: sa.Row[Any], change_id: UUID, on: date) -> None:
    """The household is back on dibao."""
    await leave_tier(tx, row=row, on=on, cause="change", cause_id=change_id)
    tier = tier_of(row.policy)
    assert tier is not None, "only dibao has a grace period"
    await _enter(
        tx,
        row=row,
        tier=tier,
        policy=row.policy,
        person_refs=tuple(row.person_refs),
        since=on,
        until=None,
        cause="change",
        cause_id=change_id,
    )


async def leave_tier(
    tx: AsyncConnection, *, row: sa.Row[Any], on: date, cause: Literal["change"], cause_id: UUID
) -> None:
    """What the household's benefit of this policy put it on is over from this day."""
    await _leave(tx, row.household_id, row.policy, on=on, cause=cause, cause_id=cause_id)


async def end_identification(tx: AsyncConnection, *, row: sa.Row[Any], policy: str, on: date) -> None:
    """A decision finds that the household is not, or no longer, what it was recognised as."""
    await _leave(tx, row.household_id, policy, on=on, cause="decision", cause_id=row.decision_id)


async def _leave(
    tx: AsyncConnection,
    household_id: UUID,
    policy: str,
    *,
    on: date,
    cause: Literal["change", "decision"],
    cause_id: UUID,
) -> None:
    await tx.execute(
        sa.update(register_entry)
        .where(
            register_entry.c.household_id == household_id,
            register_entry.c.policy == policy,
            sa.or_(register_entry.c.until.is_(None), register_entry.c.until > on),
        )
        .values(until=sa.func.greatest(register_entry.c.since, on), ended_cause=cause, ended_cause_id=cause_id)
    )


async def _last_standing(
    tx: AsyncConnection, household_id: UUID, policy: str, tier: Tier, *, on: date
) -> sa.Row[Any] | None:
    """The entry of the policy that lasts longest after this day."""
    found = await tx.execute(
        sa.select(register_entry)
        .where(
            register_entry.c.household_id == household_id,
            register_entry.c.policy == policy,
            register_entry.c.tier == tier,
            sa.or_(register_entry.c.until.is_(None), register_entry.c.until > on),
        )
        .order_by(register_entry.c.until.desc().nulls_first())
        .limit(1)
    )
    return found.one_or_none()


async def _enter(tx: AsyncConnection, *, row: sa.Row[Any], **values: Any) -> None:
    await tx.execute(
        sa.insert(register_entry).values(
            entry_id=new_id(),
            household_id=row.household_id,
            street=row.street,
            applicant_subject=row.applicant_subject,
            **{**values, "person_refs": list(values["person_refs"])},
        )
    )
