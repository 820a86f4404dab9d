"""No household owes the street a paper that departments' data stand in for. Clause 8.2.

Our own copy of data-sharing's list, so that help never waits for data-sharing. Before the first list has come, and for
a paper that stands in no list, the street decides.
"""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.schemas.grants import GrantRequest
from emergency_fund.tables import held_papers
from shared.events.data_sharing import HeldPapersAnnounced
from shared.inbox import Delivery
from shared.papers import paper_title
from shared.problems import Problem


async def keep_held_papers(tx: AsyncConnection, delivery: Delivery[HeldPapersAnnounced]) -> None:
    """Keep an announced list; the newest counts, in whatever order they come."""
    await tx.execute(
        insert(held_papers).values(announced_at=delivery.time, held=list(delivery.event.held)).on_conflict_do_nothing()
    )


async def refuse_held_papers(tx: AsyncConnection, request: GrantRequest) -> None:
    """Raises Problem 409 where the household is to bring, now or for a later stage, what departments hold."""
    awaited = {f"body.papers_missing[{at}].paper": missing.paper for at, missing in enumerate(request.papers_missing)}
    awaited |= {
        f"body.stages[{at}].condition.paper": stage.condition.paper
        for at, stage in enumerate(request.stages or ())
        if stage.condition.paper is not None
    }
    if not awaited:
        return
    newest = select(held_papers.c.held).order_by(held_papers.c.announced_at.desc()).limit(1)
    held = frozenset((await tx.execute(newest)).scalar_one_or_none() or ())
    for field, paper in awaited.items():
        if paper in held:
            raise Problem(
                409,
                "paper_is_held",
                "部门数据能够提供，不得要求群众提交",
                f"{paper_title(paper)}所证明的内容由部门数据提供",
                field=field,
                value=paper,
                way_out="请去掉该材料后重新提交；需要核实的，请查看核对报告",
            )
