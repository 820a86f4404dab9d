"""Who stepped back from a household (民发〔2021〕57号 art. 11) has no hand in its grants either."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.queries.emergencies import recusals_among
from emergency_fund.tables import recusal
from shared.auth import Principal
from shared.events.eligibility import OfficerRecused
from shared.inbox import Delivery
from shared.problems import Problem


async def keep_recusal(tx: AsyncConnection, delivery: Delivery[OfficerRecused]) -> None:
    """Keep who stepped back. Heard twice, it is kept once."""
    event = delivery.event
    await tx.execute(
        insert(recusal).values(household_id=event.household_id, subject=event.subject).on_conflict_do_nothing()
    )


async def refuse_recused(tx: AsyncConnection, caller: Principal, household_id: UUID) -> None:
    """Raises Problem 409 for an officer who stepped back from the household, or from one that counts together with it.

    `caller`: the one in whose context `tx` is.
    """
    if await recusals_among(tx, [(household_id, caller.subject)]):
        raise recused(caller, household_id)


def recused(caller: Principal, household_id: UUID) -> Problem:
    """409 for an officer who stepped back from the household."""
    return Problem(
        409,
        "recused",
        "已就该家庭申请回避",
        f"{caller.subject} 已就家庭 {household_id} 申请回避",
        field="body.household_id",
        value=household_id,
        way_out="请由其他有权限的人员办理",
    )
