"""Plans and their stages."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.rules.grant import GrantState
from emergency_fund.rules.stages import OPEN_STATES, StageState
from emergency_fund.schemas.stages import OpenStage, OpenStages, PlanView, StageCondition, StageView
from emergency_fund.tables import emergency_grant, grant_plan, grant_stage, paper_debt
from shared.problems import not_found


async def find_stage(tx: AsyncConnection, stage_id: UUID) -> Row[Any]:
    """The row of a stage. Raises Problem 404, also for one that the caller may not see."""
    row = (await tx.execute(select(grant_stage).where(grant_stage.c.stage_id == stage_id))).one_or_none()
    if row is None:
        raise not_found("分阶段支付", stage_id)
    return row


async def stages_of(tx: AsyncConnection, grant_id: UUID) -> Sequence[Row[Any]]:
    """The stages of a grant in the order of its plan; none for a grant that is paid at once."""
    query = select(grant_stage).where(grant_stage.c.grant_id == grant_id).order_by(grant_stage.c.number)
    return (await tx.execute(query)).all()


async def count_open_debts(tx: AsyncConnection, grant_id: UUID) -> int:
    """How many papers of a grant are owed."""
    query = select(func.count()).where(paper_debt.c.grant_id == grant_id, paper_debt.c.outcome.is_(None))
    return int(await tx.scalar(query) or 0)


async def plan_view(tx: AsyncConnection, grant_id: UUID) -> PlanView:
    """The plan of a grant that has one."""
    plan = (await tx.execute(select(grant_plan).where(grant_plan.c.grant_id == grant_id))).one()
    stages = await stages_of(tx, grant_id)
    return PlanView(
        stages=[_view(stage) for stage in stages],
        paid=sum(stage.amount_fen for stage in stages if stage.state == StageState.PAID),
        unpaid=sum(stage.amount_fen for stage in stages if stage.state in OPEN_STATES),
        stopped_by=plan.stopped_by,
        stopped_at=plan.stopped_at,
        stop_reason=plan.stop_reason,
    )


async def open_stages(tx: AsyncConnection, street: str) -> OpenStages:
    """What is still to be met or paid of the approved plans of a street."""
    rows = await tx.execute(
        select(grant_stage, emergency_grant.c.requested_by)
        .join(emergency_grant, emergency_grant.c.grant_id == grant_stage.c.grant_id)
        .where(
            grant_stage.c.street == street,
            grant_stage.c.state.in_(OPEN_STATES),
            emergency_grant.c.state.in_((GrantState.APPROVED, GrantState.IN_STAGES)),
        )
        .order_by(grant_stage.c.planned_on, grant_stage.c.stage_id)
    )
    return OpenStages(
        street=street,
        stages=[OpenStage(grant_id=row.grant_id, owner=row.requested_by, stage=_view(row)) for row in rows],
    )


def _view(stage: Any) -> StageView:
    return StageView(
        stage_id=stage.stage_id,
        number=stage.number,
        amount=stage.amount_fen,
        planned_on=stage.planned_on,
        condition=StageCondition(kind=stage.condition_kind, words=stage.condition, paper=stage.condition_paper),
        state=stage.state,
        is_due=stage.due_at is not None and stage.state in OPEN_STATES,
        overdue_at=stage.overdue_at,
        met_by=stage.met_by,
        met_at=stage.met_at,
        met_note=stage.met_note,
        paid_by=stage.paid_by,
        paid_at=stage.paid_at,
        transfer_id=stage.transfer_id,
    )
