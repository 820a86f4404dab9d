"""A second officer approves or refuses a grant, before it is paid or after. Clauses 4.2.1 and 4.3.3."""

from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.handlers.pay_at_once import approve_after, object_after
from emergency_fund.handlers.plan import await_stages
from emergency_fund.handlers.recusals import refuse_recused
from emergency_fund.handlers.steps import require_other_person, state_after
from emergency_fund.queries.grants import find_grant, grant_view
from emergency_fund.rules.grant import GrantAction, GrantState
from emergency_fund.schemas.grants import GrantView, Refusal
from emergency_fund.tables import emergency_grant
from shared import outbox
from shared.auth import Principal
from shared.clock import Clock
from shared.database import Database
from shared.events.emergency_fund import GrantApproved, GrantRefused
from shared.idempotency import Claim, once


async def approve(database: Database, clock: Clock, caller: Principal, grant_id: UUID, key: str) -> GrantView:
    """Approve a request of another person, or what another person paid at once."""
    async with database.transaction(caller) as tx:
        return await once(
            tx,
            Claim(caller, key, f"approve_grant {grant_id}", "", GrantView),
            lambda: _approve(tx, clock, caller, grant_id),
        )


async def _approve(tx: AsyncConnection, clock: Clock, caller: Principal, grant_id: UUID) -> GrantView:
    grant = await find_grant(tx, grant_id, for_update=True)
    require_other_person(caller, grant)
    await refuse_recused(tx, caller, grant.household_id)
    if grant.state == GrantState.PAID_UNAPPROVED:
        await approve_after(tx, clock, caller, grant)
        return await grant_view(tx, grant_id)
    await _move(
        tx,
        grant,
        GrantAction.APPROVE,
        approved_by=caller.subject,
        approved_at=clock.now(),
    )
    if grant.has_plan:
        await await_stages(tx, grant_id)
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
    """Refuse a request of another person, take an approval back before it is paid, or object to a payment at once."""
    async with database.transaction(caller) as tx:
        return await once(
            tx,
            Claim(caller, key, f"refuse_grant {grant_id}", refusal, GrantView),
            lambda: _refuse(tx, clock, caller, grant_id, refusal),
        )


async def _refuse(tx: AsyncConnection, clock: Clock, caller: Principal, grant_id: UUID, refusal: Refusal) -> GrantView:
    grant = await find_grant(tx, grant_id, for_update=True)
    require_other_person(caller, grant)
    await refuse_recused(tx, caller, grant.household_id)
    if grant.state == GrantState.PAID_UNAPPROVED:
        await object_after(tx, clock, caller, grant, refusal)
        return await grant_view(tx, grant_id)
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
