"""The plan of a grant that is paid in stages: looked at and kept with the request, awaited from the approval on.

Clause 4.2.3. There is no change of a plan: another one is another request.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.queries.stages import stages_of
from emergency_fund.rules.stages import PlannedStage, PlanNotPossible, StageState, check_plan
from emergency_fund.schemas.grants import GrantRequest
from emergency_fund.tables import grant_plan, grant_stage
from shared import deadlines
from shared.clock import start_of_day
from shared.ids import new_id
from shared.money import format_yuan
from shared.problems import Problem

STAGE_DUE = "stage_due"
"""Kind of the deadline at the beginning of a stage's planned day; its subject is the stage."""
_FLAWS = {
    "stage_in_past": ("阶段的计划支付日期不能早于今天", "请把计划支付日期改为今天或以后"),
    "stage_above_plan": ("各阶段金额之和高于申请金额", "请调整各阶段金额，使其合计等于申请金额"),
    "stages_below_amount": ("各阶段金额之和低于申请金额", "请调整各阶段金额，使其合计等于申请金额"),
}


def require_plan(request: GrantRequest, *, today: date) -> None:
    """Raises Problem 422 for a plan that does not come to the amount, or that begins before today."""
    if request.stages is None:
        return
    stages = [PlannedStage(stage.amount, stage.planned_on) for stage in request.stages]
    try:
        check_plan(stages, amount_fen=request.amount, today=today)
    except PlanNotPossible as error:
        title, way_out = _FLAWS[error.code]
        is_day = isinstance(error.value, date)
        value = str(error.value) if is_day else format_yuan(int(str(error.value)))
        field = "body.stages" if error.position is None else f"body.stages[{error.position}]"
        raise Problem(
            422,
            error.code,
            title,
            f"今天是 {today}，计划支付日期是 {value}"
            if is_day
            else f"申请金额 {format_yuan(request.amount)} 元，各阶段合计 {value} 元",
            field=f"{field}.planned_on" if is_day else field,
            value=value,
            way_out=way_out,
        ) from error


async def keep_plan(tx: AsyncConnection, grant_id: UUID, street: str, request: GrantRequest) -> None:
    """Write the plan of a new grant, also of one that is refused by rule: what was asked for stays on record."""
    if request.stages is None:
        return
    await tx.execute(insert(grant_plan).values(grant_id=grant_id, street=street))
    await tx.execute(
        insert(grant_stage),
        [
            {
                "stage_id": new_id(),
                "grant_id": grant_id,
                "street": street,
                "number": number,
                "amount_fen": stage.amount,
                "planned_on": stage.planned_on,
                "condition_kind": stage.condition.kind,
                "condition": stage.condition.words,
                "condition_paper": stage.condition.paper,
                "state": StageState.PLANNED,
            }
            for number, stage in enumerate(request.stages, start=1)
        ],
    )


async def await_stages(tx: AsyncConnection, grant_id: UUID) -> None:
    """The plan is approved: from now on each stage has its day."""
    for stage in await stages_of(tx, grant_id):
        await deadlines.schedule(tx, kind=STAGE_DUE, subject=str(stage.stage_id), due_at=start_of_day(stage.planned_on))
