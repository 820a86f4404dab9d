"""A second officer approves or refuses a grant. Clause 4.3.3."""

from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.queries.grants import find_grant, grant_view
from emergency_fund.rules.grant import GrantAction, GrantState, NotPossibleNow, may_decide, next_state
from emergency_fund.schemas.grants import GrantView, Refusal
from emergency_fund.tables import emergency_grant
from shared import outbox
from shared.auth import Principal
from shared.clock import Clock
from shared.database import Database
from shared.events.emergency_fund import GrantApproved, GrantRefused
from shared.idempotency import key_owner, once
from shared.problems import Problem

_STATE_WORDS = {
    GrantState.REQUESTED: "待审批",
    GrantState.APPROVED: "已审批、待支付",
    GrantState.REFUSED: "已拒绝",
    GrantState.PAID: "已支付、材料待补",
    GrantState.CLOSED: "已办结",
}


async def approve(database: Database, clock: Clock, caller: Principal, grant_id: UUID, key: str) -> GrantView:
    """Approve a request of another person."""
    async with database.transaction(caller) as tx:
        return await once(
            tx,
            owner=key_owner(caller.client_id, caller.subject),
            key=key,
            operation=f"approve_grant {grant_id}",
            body="",
            answer_type=GrantView,
            write=lambda: _approve(tx, clock, caller, grant_id),
        )


async def _approve(tx: AsyncConnection, clock: Clock, caller: Principal, grant_id: UUID) -> GrantView:
    grant = await find_grant(tx, grant_id, for_update=True)
    require_other_person(caller, grant)
    await _move(
        tx,
        grant,
        GrantAction.APPROVE,
        approved_by=caller.subject,
        approved_at=clock.now(),
    )
    event = GrantApproved(
        household_id=grant.household_id,
        grant_id=grant_id,
        street=grant.street,
        cause=grant.cause,
        amount_fen=grant.amount_fen,
        approved_by=caller.subject,
    )
    await outbox.record(tx, event, at=clock.now())
    return await grant_view(tx, grant_id)


async def refuse(
    database: Database, clock: Clock, caller: Principal, grant_id: UUID, key: str, refusal: Refusal
) -> GrantView:
    """Refuse a request of another person, or take an approval back before it is paid."""
    async with database.transaction(caller) as tx:
        return await once(
            tx,
            owner=key_owner(caller.client_id, caller.subject),
            key=key,
            operation=f"refuse_grant {grant_id}",
            body=refusal,
            answer_type=GrantView,
            write=lambda: _refuse(tx, clock, caller, grant_id, refusal),
        )


async def _refuse(tx: AsyncConnection, clock: Clock, caller: Principal, grant_id: UUID, refusal: Refusal) -> GrantView:
    grant = await find_grant(tx, grant_id, for_update=True)
    require_other_person(caller, grant)
    await _move(
        tx,
        grant,
        GrantAction.REFUSE,
        refused_by=caller.subject,
        refused_at=clock.now(),
        refusal_code="refused_by_officer",
        refusal_reason=refusal.reason,
        refusal_route=refusal.route,
    )
    event = GrantRefused(
        household_id=grant.household_id,
        grant_id=grant_id,
        street=grant.street,
        cause=grant.cause,
        amount_fen=grant.amount_fen,
        reason_code="refused_by_officer",
        route=refusal.route,
    )
    await outbox.record(tx, event, at=clock.now())
    return await grant_view(tx, grant_id)


async def _move(tx: AsyncConnection, grant: Any, action: GrantAction, **facts: Any) -> None:
    state = state_after(grant, action)
    await tx.execute(
        update(emergency_grant).where(emergency_grant.c.grant_id == grant.grant_id).values(state=state, **facts)
    )


def require_other_person(caller: Principal, grant: Any) -> None:
    """Raises Problem 403 for the person who asked for the grant."""
    if not may_decide(caller.subject, requested_by=grant.requested_by):
        raise Problem(
            403,
            "same_person",
            "经办人不能审批自己的申请",
            f"支付单 {grant.grant_id} 由 {caller.subject} 本人申请",
            way_out="请由另一名有审批权限的人员办理",
        )


def state_after(grant: Any, action: GrantAction) -> GrantState:
    """The state that an action leads to. Raises Problem 409."""
    try:
        return next_state(GrantState(grant.state), action)
    except NotPossibleNow as error:
        raise Problem(
            409,
            "not_possible_now",
            "支付单的当前状态不允许此操作",
            f"支付单 {grant.grant_id} {_STATE_WORDS[error.state]}",
            field="state",
            value=error.state,
            way_out="请查看支付单的当前状态",
        ) from error
