"""The stages of an approved plan: their day comes, their condition is met, they are paid, or the rest is stopped.

Clause 4.2.3. The row of the grant is the lock for all its stages; a stage's deadlines are locked before the stage.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.handlers.debts import debts_opened, open_debts
from emergency_fund.handlers.follow_ups import follow_up_opened, open_follow_ups
from emergency_fund.handlers.pay import insufficient
from emergency_fund.handlers.plan import STAGE_DUE
from emergency_fund.handlers.posting import Transfer, append, lock_reserves
from emergency_fund.handlers.recusals import refuse_recused
from emergency_fund.handlers.replenish import ask_if_low, asked_when_insufficient
from emergency_fund.handlers.steps import require_other_person, state_after
from emergency_fund.queries.grants import find_grant, grant_view
from emergency_fund.queries.stages import count_open_debts, find_stage, stages_of
from emergency_fund.rules import parameters
from emergency_fund.rules.grant import GrantAction, GrantState
from emergency_fund.rules.ledger import TransferKind, payment
from emergency_fund.rules.stages import (
    CALENDAR,
    OPEN_STATES,
    ConditionKind,
    StageAction,
    StageNotPossible,
    StageState,
    after_stage,
    is_day_met,
    may_establish,
    may_pay_stage,
    next_stage_state,
)
from emergency_fund.schemas.grants import GrantView
from emergency_fund.schemas.stages import ConditionMet, PlanStop
from emergency_fund.tables import emergency_grant, grant_plan, grant_stage
from shared import deadlines, outbox
from shared.auth import Principal
from shared.bus import current_cause
from shared.clock import Clock, end_of_day, local_date
from shared.database import Database
from shared.deadlines import Work
from shared.events import Event
from shared.events.emergency_fund import PlanStopped, StageConditionMet, StageDue, StageOverdue, StagePaid
from shared.idempotency import Claim, once
from shared.problems import Problem

STAGE_OVERDUE = "stage_overdue"
"""Kind of the deadline after the last day on which a due stage can be paid in time; its subject is the stage."""
_CONFLICTS = {
    StageState.PLANNED: ("condition_not_met", "支付条件尚未满足", "请先核实并登记支付条件已满足"),
    StageState.MET: ("condition_already_met", "支付条件已登记满足", "请直接支付该阶段"),
    StageState.PAID: ("stage_already_paid", "该阶段已支付", "请查看支付单的支付计划"),
    StageState.STOPPED: ("plan_stopped", "支付计划已中止", "仍需救助的，请重新申请"),
}


async def meet(
    database: Database, clock: Clock, caller: Principal, stage_id: UUID, key: str, found: ConditionMet
) -> GrantView:
    """Write down that the condition of a stage is met, by somebody else than the approver of the plan."""
    async with database.transaction(caller) as tx:
        return await once(
            tx,
            Claim(caller, key, f"meet_condition {stage_id}", found, GrantView),
            lambda: _meet(tx, clock, caller, stage_id, found),
        )


async def _meet(tx: AsyncConnection, clock: Clock, caller: Principal, stage_id: UUID, found: ConditionMet) -> GrantView:
    grant = await find_grant(tx, (await find_stage(tx, stage_id)).grant_id, for_update=True)
    await refuse_recused(tx, caller, grant.household_id)
    stage = await find_stage(tx, stage_id)
    _require(stage, StageAction.MEET)
    state_after(grant, GrantAction.PAY_STAGE)
    if stage.condition_kind == ConditionKind.DAY:
        raise Problem(
            409,
            "condition_is_a_day",
            "该阶段到期即可支付，无需登记",
            f"第 {stage.number} 阶段于 {stage.planned_on} 到期",
            field="planned_on",
            value=stage.planned_on,
            way_out=f"请于 {stage.planned_on} 或之后直接支付",
        )
    if not may_establish(caller.subject, approved_by=grant.approved_by):
        raise Problem(
            403,
            "same_person",
            "审批人员不能核实自己审批的支付条件",
            f"支付单 {grant.grant_id} 由 {caller.subject} 本人审批",
            way_out="请由另一名工作人员核实",
        )
    now = clock.now()
    met = await _mark_met(tx, grant, stage, by=caller.subject, note=found.note, now=now)
    await outbox.record(tx, met, at=now)
    return await grant_view(tx, grant.grant_id)


async def _mark_met(
    tx: AsyncConnection, grant: Any, stage: Any, *, by: str, now: datetime, note: str | None = None
) -> StageConditionMet:
    await tx.execute(
        update(grant_stage)
        .where(grant_stage.c.stage_id == stage.stage_id)
        .values(state=StageState.MET, met_by=by, met_at=now, met_note=note)
    )
    return StageConditionMet(
        household_id=grant.household_id,
        grant_id=grant.grant_id,
        stage_id=stage.stage_id,
        street=stage.street,
        number=stage.number,
        condition_kind=stage.condition_kind,
        met_by=by,
    )


async def pay(database: Database, clock: Clock, caller: Principal, stage_id: UUID, key: str) -> GrantView:
    """Pay a stage whose condition is met, once, to the fen. Raises Problem 409 `reserve_insufficient`."""
    async with database.transaction(caller) as tx:
        street = (await find_stage(tx, stage_id)).street
    async with asked_when_insufficient(database, clock, street), database.transaction(caller) as tx:
        return await once(
            tx, Claim(caller, key, f"pay_stage {stage_id}", "", GrantView), lambda: _pay(tx, clock, caller, stage_id)
        )


async def _pay(tx: AsyncConnection, clock: Clock, caller: Principal, stage_id: UUID) -> GrantView:
    grant = await find_grant(tx, (await find_stage(tx, stage_id)).grant_id, for_update=True)
    await refuse_recused(tx, caller, grant.household_id)
    await _forget_deadlines(tx, stage_id)
    stages = await stages_of(tx, grant.grant_id)
    stage = next(one for one in stages if one.stage_id == stage_id)
    now = clock.now()
    events: list[Event] = []
    if grant.state in {GrantState.APPROVED, GrantState.IN_STAGES} and _is_met_by_its_day(stage, clock):
        # Its job may not have come to it yet.
        events.append(await _mark_met(tx, grant, stage, by=CALENDAR, now=now))
        stage = await find_stage(tx, stage_id)

    is_first = grant.state == GrantState.APPROVED
    open_debts_after = len(grant.papers_missing) if is_first else await count_open_debts(tx, grant.grant_id)
    still_open = sum(one.state in OPEN_STATES for one in stages if one.stage_id != stage_id)
    if stage.state not in OPEN_STATES:
        _require(stage, StageAction.PAY)
    state = state_after(grant, after_stage(open_stages=still_open, open_debts=open_debts_after))
    _require(stage, StageAction.PAY)
    _require_second_person(caller, stage)

    heads = await lock_reserves(tx, [grant.street])
    reserve = heads[grant.street]
    if reserve.balances.cash < stage.amount_fen:
        raise insufficient(grant.street, stage.amount_fen, cash_fen=reserve.balances.cash)
    transfer = Transfer(
        kind=TransferKind.PAYMENT,
        street=grant.street,
        cause_id=stage_id,
        actor=caller.subject,
        movement=payment(stage.amount_fen, papers_missing=open_debts_after > 0),
    )
    await append(tx, heads, [transfer], at=now)
    paid = {"paid_by": caller.subject, "paid_at": now, "transfer_id": transfer.transfer_id}
    await tx.execute(
        update(grant_stage).where(grant_stage.c.stage_id == stage_id).values(state=StageState.PAID, **paid)
    )
    await _move_grant(tx, grant, state, now, **(paid if is_first else {}))
    events.append(
        StagePaid(
            household_id=grant.household_id,
            grant_id=grant.grant_id,
            stage_id=stage_id,
            street=grant.street,
            number=stage.number,
            stages=len(stages),
            cause=grant.cause,
            amount_fen=stage.amount_fen,
            paid_fen=stage.amount_fen + sum(one.amount_fen for one in stages if one.state == StageState.PAID),
            transfer_id=transfer.transfer_id,
            open_debts=open_debts_after,
        )
    )
    if is_first:
        first = [(grant, current_cause())]
        [owed], [task] = await open_debts(tx, first, now=now), await open_follow_ups(tx, first, now=now)
        events += [*debts_opened(grant, owed), follow_up_opened(grant, task)]
    events += await ask_if_low(tx, reserve, now=now)
    await outbox.record(tx, *events, at=now)
    return await grant_view(tx, grant.grant_id)


def _is_met_by_its_day(stage: Any, clock: Clock) -> bool:
    kind = ConditionKind(stage.condition_kind)
    return stage.state == StageState.PLANNED and is_day_met(kind, stage.planned_on, today=clock.today())


async def stop(
    database: Database, clock: Clock, caller: Principal, grant_id: UUID, key: str, stopped: PlanStop
) -> GrantView:
    """Stop what is left of a plan that has begun; before its first payment the grant is refused instead."""
    async with database.transaction(caller) as tx:
        return await once(
            tx,
            Claim(caller, key, f"stop_plan {grant_id}", stopped, GrantView),
            lambda: _stop(tx, clock, caller, grant_id, stopped),
        )


async def _stop(tx: AsyncConnection, clock: Clock, caller: Principal, grant_id: UUID, stopped: PlanStop) -> GrantView:
    grant = await find_grant(tx, grant_id, for_update=True)
    require_other_person(caller, grant)
    await refuse_recused(tx, caller, grant.household_id)
    open_debts_now = await count_open_debts(tx, grant_id)
    state = state_after(grant, after_stage(open_stages=0, open_debts=open_debts_now))
    now = clock.now()
    left = [stage for stage in await stages_of(tx, grant_id) if stage.state in OPEN_STATES]
    for stage in left:
        await _forget_deadlines(tx, stage.stage_id)
    await tx.execute(
        update(grant_stage)
        .where(grant_stage.c.grant_id == grant_id, grant_stage.c.state.in_(OPEN_STATES))
        .values(state=StageState.STOPPED)
    )
    await tx.execute(
        update(grant_plan)
        .where(grant_plan.c.grant_id == grant_id)
        .values(stopped_by=caller.subject, stopped_at=now, stop_reason=stopped.reason)
    )
    await _move_grant(tx, grant, state, now)
    event = PlanStopped(
        household_id=grant.household_id,
        grant_id=grant_id,
        street=grant.street,
        cause=grant.cause,
        amount_fen=sum(stage.amount_fen for stage in left),
        stopped_by=caller.subject,
    )
    await outbox.record(tx, event, at=now)
    return await grant_view(tx, grant_id)


async def _move_grant(tx: AsyncConnection, grant: Any, state: GrantState, now: datetime, **facts: Any) -> None:
    if state == grant.state:
        return
    if state is GrantState.CLOSED:
        facts["closed_at"] = now
    await tx.execute(
        update(emergency_grant).where(emergency_grant.c.grant_id == grant.grant_id).values(state=state, **facts)
    )


async def _forget_deadlines(tx: AsyncConnection, stage_id: UUID) -> None:
    for kind in (STAGE_DUE, STAGE_OVERDUE):
        await deadlines.cancel(tx, kind=kind, subject=str(stage_id))


def _require(stage: Any, action: StageAction) -> None:
    """Raises Problem 409 unless the action fits the stage."""
    try:
        next_stage_state(StageState(stage.state), action)
    except StageNotPossible as error:
        code, title, way_out = _CONFLICTS[error.state]
        raise Problem(
            409,
            code,
            title,
            f"第 {stage.number} 阶段（{stage.stage_id}）：{title}",
            field="state",
            value=error.state,
            way_out=way_out,
        ) from error


def _require_second_person(caller: Principal, stage: Any) -> None:
    if not may_pay_stage(caller.subject, met_by=stage.met_by):
        raise Problem(
            403,
            "same_person",
            "核实支付条件的人员不能支付该阶段",
            f"第 {stage.number} 阶段的支付条件由 {caller.subject} 本人核实",
            way_out="请由另一名工作人员支付",
        )


async def note_due(work: Work) -> None:
    """The planned day of a stage has come: its owner is told, and a condition that is a day is met."""
    stage_id = UUID(work.subject)
    async with work.transaction() as tx:
        query = select(grant_stage).where(grant_stage.c.stage_id == stage_id).with_for_update()
        stage = (await tx.execute(query)).one()
        grant = await find_grant(tx, stage.grant_id)
        if not _is_awaited(grant, stage):
            return
        events: list[Event] = []
        if stage.state == StageState.PLANNED and stage.condition_kind == ConditionKind.DAY:
            events.append(await _mark_met(tx, grant, stage, by=CALENDAR, now=work.now))
        await tx.execute(update(grant_stage).where(grant_stage.c.stage_id == stage_id).values(due_at=work.now))
        # A plan may be approved after the day that it names.
        due_on = max(stage.planned_on, local_date(grant.approved_at))
        last_day = parameters.stage_overdue_after(due_on=due_on)
        await deadlines.schedule(tx, kind=STAGE_OVERDUE, subject=work.subject, due_at=end_of_day(last_day))
        await outbox.record(tx, *events, StageDue.model_validate(_task(grant, stage)), at=work.now)


async def note_overdue(work: Work) -> None:
    """A stage that was due is neither paid nor stopped. It stays open; an event tells of it, once."""
    stage_id = UUID(work.subject)
    async with work.transaction() as tx:
        query = select(grant_stage).where(grant_stage.c.stage_id == stage_id).with_for_update()
        stage = (await tx.execute(query)).one()
        grant = await find_grant(tx, stage.grant_id)
        if not _is_awaited(grant, stage) or stage.overdue_at is not None:
            return
        await tx.execute(update(grant_stage).where(grant_stage.c.stage_id == stage_id).values(overdue_at=work.now))
        await outbox.record(tx, StageOverdue.model_validate(_task(grant, stage)), at=work.now)


def _is_awaited(grant: Any, stage: Any) -> bool:
    """Not of a grant that was refused after its approval."""
    return stage.state in OPEN_STATES and grant.state in {GrantState.APPROVED, GrantState.IN_STAGES}


def _task(grant: Any, stage: Any) -> dict[str, Any]:
    return {
        "household_id": grant.household_id,
        "grant_id": grant.grant_id,
        "stage_id": stage.stage_id,
        "street": stage.street,
        "number": stage.number,
        "planned_on": stage.planned_on,
        "owner": grant.requested_by,
    }
