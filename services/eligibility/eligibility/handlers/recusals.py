"""Who may not handle a household: an officer who stepped back (民发〔2021〕57号 art. 11), a proposer confirming."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.queries.decisions import decision_row
from eligibility.tables import recusal
from shared import outbox
from shared.auth import Principal
from shared.events.eligibility import OfficerRecused
from shared.problems import Problem


async def recuse(
    tx: AsyncConnection, *, decision_id: UUID, reason: str, caller: Principal, now: datetime
) -> sa.Row[Any]:
    """Step back from everything of the decision's household. Raises Problem 404. Said twice, it is said."""
    row = await decision_row(tx, decision_id)
    recorded = await tx.execute(
        insert(recusal)
        .values(
            household_id=row.household_id,
            subject=caller.subject,
            decision_id=decision_id,
            street=row.street,
            reason=reason,
            recorded_at=now,
        )
        .on_conflict_do_nothing()
        .returning(recusal.c.subject)
    )
    if recorded.one_or_none() is not None:
        event = OfficerRecused(household_id=row.household_id, street=row.street, subject=caller.subject)
        await outbox.record(tx, event, at=now)
    return row


async def refuse_recused(tx: AsyncConnection, *, household_id: UUID, caller: Principal, proposed_by: str = "") -> None:
    """Raises Problem 409 for an officer who stepped back, and where the one who proposed did so since."""
    found = await tx.execute(
        sa.select(recusal.c.subject).where(
            recusal.c.household_id == household_id, recusal.c.subject.in_([caller.subject, proposed_by])
        )
    )
    recused = set(found.scalars())
    if caller.subject in recused:
        raise Problem(409, "recused", "已就该家庭申请回避", way_out="请由其他有权限的人员办理")
    if recused:
        raise Problem(
            409,
            "proposer_recused",
            "提出意见的人员已申请回避",
            way_out="请退回该意见，由其他人员重新提出",
        )


def refuse_proposer(proposed_by: str, caller: Principal) -> None:
    """Raises Problem 403 where the caller would confirm or return what they proposed themselves."""
    if caller.subject == proposed_by:
        raise Problem(403, "same_person", "提出与复核不能是同一人", way_out="请由另一名有权限的人员复核")
