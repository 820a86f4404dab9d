"""Spending a look of the day under the agreements that give its fields (12.1.2).

A look uses one agreement with each department whose fields it has. It is counted under all of them or under none, and
the count never passes the quota, however many look at once.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.queries.batches import delivered
from data_sharing.rules import agreements as rules
from data_sharing.rules.agreements import Agreement, Refusal
from data_sharing.tables.agreements import agreement, agreement_day
from shared.clock import local_date

_ONE_MORE = sa.text("""
insert into agreement_day (agreement_id, day, used, quota)
select agreement_id, :day, 1, quota
from unnest(cast(:ids as uuid[]), cast(:quotas as integer[])) as looked (agreement_id, quota)
order by agreement_id
on conflict (agreement_id, day) do update
set used = agreement_day.used + 1, quota = excluded.quota
where agreement_day.used < excluded.quota
returning agreement_id
""")


async def spend(
    tx: AsyncConnection, *, consumer: str, purpose: str, fields: Collection[str], now: datetime
) -> Refusal | None:
    """Count a look against the day's quotas; why it is not open, in which case nothing is counted."""
    day = local_date(now)
    rows = await tx.execute(
        sa.select(agreement, sa.func.coalesce(agreement_day.c.used, 0).label("used"))
        .outerjoin(
            agreement_day,
            (agreement_day.c.agreement_id == agreement.c.agreement_id) & (agreement_day.c.day == day),
        )
        .where(agreement.c.consumer == consumer, agreement.c.purpose == purpose)
        .with_for_update(read=True, of=agreement)  # nobody suspends or ends them before this look is on record
        .order_by(agreement.c.agreement_id)
    )
    found = {_agreement(row): row.used for row in rows}
    used_today = {one.agreement_id: used for one, used in found.items()}
    refusal = rules.refusal(found, consumer=consumer, purpose=purpose, fields=fields, used_today=used_today, at=day)
    if refusal is not None:
        return refusal
    used = rules.needed(found, consumer=consumer, purpose=purpose, fields=fields, at=day)
    if not used:
        return None
    async with tx.begin_nested() as attempt:
        counted = await _count(tx, used, day=day)
        missing = [one for one in used if one.agreement_id not in counted]
        if missing:
            await attempt.rollback()
            return Refusal(reason="quota_spent", agreement_id=missing[0].agreement_id)
    return None


async def why_closed(
    tx: AsyncConnection,
    needed: Collection[str],
    *,
    consumer: str,
    purpose: str,
    fields: Collection[str],
    now: datetime,
) -> str | None:
    """Why the platform may not look at whole data sets, or None, and then the look is counted. `needed`: those without
    which the look would say something untrue. `fields`: of others, which agreements open.
    """
    missing = set(needed) - await delivered(tx)
    if missing:
        return f"not_delivered:{min(missing)}"
    refusal = await spend(tx, consumer=consumer, purpose=purpose, fields=fields, now=now) if fields else None
    return None if refusal is None else refusal.reason


async def _count(tx: AsyncConnection, used: Collection[Agreement], *, day: date) -> frozenset[UUID]:
    """One look more under each, in the order of their ids, so that two never wait for each other; where it was let."""
    counted = await tx.execute(
        _ONE_MORE,
        {"ids": [one.agreement_id for one in used], "quotas": [one.daily_quota for one in used], "day": day},
    )
    return frozenset(counted.scalars())


def _agreement(row: sa.Row[Any]) -> Agreement:
    return Agreement(
        agreement_id=row.agreement_id,
        provider=row.provider,
        consumer=row.consumer,
        purpose=row.purpose,
        fields=frozenset(row.fields),
        state=row.state,
        first_on=row.first_on,
        last_on=row.last_on,
        daily_quota=row.daily_quota,
    )
