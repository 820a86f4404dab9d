"""A small amount is paid at once by the clerk, approved and explained after. Clause 4.2.1, from 2026 小额快救."""

from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.clients import Clients, Recipient, find_recipient
from emergency_fund.handlers.debts import settle_advance
from emergency_fund.handlers.pay import Due, pay_out
from emergency_fund.handlers.request import Held, check_day, hold_against_limit, record_grant
from emergency_fund.handlers.steps import state_after
from emergency_fund.queries.grants import find_grant
from emergency_fund.queries.stages import count_open_debts
from emergency_fund.rules import parameters
from emergency_fund.rules.grant import GrantAction, GrantState
from emergency_fund.schemas.grants import GrantView, QuickRelief, Refusal
from emergency_fund.tables import emergency_grant
from shared import deadlines, outbox
from shared.auth import Principal
from shared.clock import Clock, end_of_day
from shared.database import Database
from shared.deadlines import Work
from shared.events.emergency_fund import GrantApprovalOverdue, GrantApproved, GrantObjected, GrantRequested
from shared.idempotency import Claim, answered, once
from shared.ids import new_id
from shared.money import format_yuan
from shared.problems import Problem

APPROVAL_OVERDUE = "grant_approval_overdue"
"""Kind of the deadline after the last day on which a payment at once is approved; its subject is the grant."""


async def give(
    database: Database, clock: Clock, clients: Clients, caller: Principal, street: str, key: str, request: QuickRelief
) -> GrantView:
    """Record and pay in one step. Raises Problem 422 `not_small` where the ordinary way must be taken."""
    claim = Claim(caller, key, f"quick_relief {street}", request, GrantView)
    # A retry is answered before intake is asked again: it may be down, and the money was paid.
    async with database.transaction(caller) as tx:
        before = await answered(tx, claim)
    if before is not None:
        return before
    check_day(request.incident.on, today=clock.today())
    recipient = await find_recipient(clients, request)
    async with database.transaction(caller) as tx:
        return await once(tx, claim, lambda: _give(tx, clock, caller, street, request, recipient))


async def _give(
    tx: AsyncConnection, clock: Clock, caller: Principal, street: str, request: QuickRelief, recipient: Recipient
) -> GrantView:
    # Nobody has approved yet that it is another incident.
    held = await hold_against_limit(tx, clock, caller, street, request, recipient, is_separate=False)
    today = clock.today()
    small_fen = parameters.small_fen(held.limit.standard_fen, on=today)
    if held.counted_fen + request.amount > small_fen:
        raise _not_small(request, held, small_fen)
    grant_id, approve_by = new_id(), parameters.approve_by(paid_on=today)
    await record_grant(
        tx,
        clock,
        caller,
        street,
        request,
        recipient,
        grant_id,
        held,
        state=GrantState.REQUESTED,
        approve_by=approve_by,
        small_fen=small_fen,
    )
    asked = GrantRequested(
        household_id=recipient.household_id,
        grant_id=grant_id,
        street=street,
        cause=request.incident.cause,
        amount_fen=request.amount,
        requested_by=caller.subject,
    )
    grant = await find_grant(tx, grant_id, for_update=True)
    state = state_after(grant, GrantAction.PAY_AT_ONCE)
    due = Due(grant=grant, state=state, caller=caller, told_before=[asked])
    [paid] = await pay_out(tx, [due], now=clock.now())
    if isinstance(paid, Problem):
        raise paid
    await deadlines.schedule(tx, kind=APPROVAL_OVERDUE, subject=str(grant_id), due_at=end_of_day(approve_by))
    return paid


async def approve_after(tx: AsyncConnection, clock: Clock, caller: Principal, grant: Any) -> None:
    """Approve what was paid at once. With every paper in, the grant is closed."""
    still_open = await count_open_debts(tx, grant.grant_id)
    action = GrantAction.APPROVE_WITH_DEBTS if still_open else GrantAction.APPROVE_AND_CLOSE
    now = clock.now()
    await deadlines.cancel(tx, kind=APPROVAL_OVERDUE, subject=str(grant.grant_id))
    if not still_open:
        await settle_advance(tx, clock, caller, grant, kept_fen=grant.amount_fen)
    await tx.execute(
        update(emergency_grant)
        .where(emergency_grant.c.grant_id == grant.grant_id)
        .values(
            state=state_after(grant, action),
            approved_by=caller.subject,
            approved_at=now,
            closed_at=None if still_open else now,
        )
    )
    approved = GrantApproved(
        household_id=grant.household_id,
        grant_id=grant.grant_id,
        street=grant.street,
        cause=grant.cause,
        amount_fen=grant.amount_fen,
        approved_by=caller.subject,
    )
    await outbox.record(tx, approved, at=now)


async def object_after(tx: AsyncConnection, clock: Clock, caller: Principal, grant: Any, refusal: Refusal) -> None:
    """Do not approve what was paid at once: the money is out, and is to be recovered. Its papers are still owed."""
    now = clock.now()
    await deadlines.cancel(tx, kind=APPROVAL_OVERDUE, subject=str(grant.grant_id))
    await tx.execute(
        update(emergency_grant)
        .where(emergency_grant.c.grant_id == grant.grant_id)
        .values(
            state=state_after(grant, GrantAction.OBJECT),
            refused_by=caller.subject,
            refused_at=now,
            refusal_code="objected_after_payment",
            refusal_reason=refusal.reason,
            refusal_route=refusal.route,
        )
    )
    objected = GrantObjected(
        household_id=grant.household_id,
        grant_id=grant.grant_id,
        street=grant.street,
        amount_fen=grant.amount_fen,
        objected_by=caller.subject,
    )
    await outbox.record(tx, objected, at=now)


async def note_approval_overdue(work: Work) -> None:
    """The last day is over and nobody approved: an event tells of it, once. The grant stays to be decided."""
    grant_id = UUID(work.subject)
    async with work.transaction() as tx:
        # Not locked: who approves holds the grant and waits for this deadline.
        grant = await find_grant(tx, grant_id)
        if grant.state != GrantState.PAID_UNAPPROVED:
            return
        overdue = GrantApprovalOverdue(
            household_id=grant.household_id, grant_id=grant_id, street=grant.street, approve_by=grant.approve_by
        )
        await outbox.record(tx, overdue, at=work.now)


def _not_small(request: QuickRelief, held: Held, small_fen: int) -> Problem:
    total_fen = request.amount + held.counted_fen
    return Problem(
        422,
        "not_small",
        "金额超过先行救助的上限",
        f"本次 {format_yuan(request.amount)} 元，同户同一事件已计 {format_yuan(held.counted_fen)} 元，"
        f"合计 {format_yuan(total_fen)} 元；先行支付至多 {format_yuan(small_fen)} 元",
        field="body.amount",
        value=format_yuan(request.amount),
        way_out="请按备用金程序先申请、后审批（POST /v1/streets/{street}/grants）",
    )
