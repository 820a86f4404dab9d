"""A grant is paid: money first, papers within their days. Clauses 4.2.1, 4.3.2 and 4.3.3."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.handlers.debts import DEBT_OVERDUE
from emergency_fund.handlers.follow_ups import open_follow_up
from emergency_fund.handlers.posting import Transfer, append, lock_reserves
from emergency_fund.handlers.recusals import refuse_recused
from emergency_fund.handlers.replenish import ask_if_low
from emergency_fund.handlers.steps import state_after
from emergency_fund.queries.grants import find_grant, grant_view
from emergency_fund.rules import parameters
from emergency_fund.rules.grant import GrantAction, GrantState
from emergency_fund.rules.ledger import TransferKind, payment
from emergency_fund.schemas.grants import GrantView
from emergency_fund.tables import emergency_grant, paper_debt
from shared import deadlines, outbox
from shared.auth import Principal
from shared.clock import Clock, end_of_day, local_date
from shared.database import Database
from shared.events.emergency_fund import GrantPaid, PaperDebtOpened
from shared.idempotency import key_owner, once
from shared.ids import new_id
from shared.money import format_yuan
from shared.problems import Problem


async def pay(database: Database, clock: Clock, caller: Principal, grant_id: UUID, key: str) -> GrantView:
    """Pay an approved grant, once. Raises Problem 409 `reserve_insufficient` when the cash is not there."""
    async with database.transaction(caller) as tx:
        return await once(
            tx,
            owner=key_owner(caller.client_id, caller.subject),
            key=key,
            operation=f"pay_grant {grant_id}",
            body="",
            answer_type=GrantView,
            write=lambda: _pay(tx, clock, caller, grant_id),
        )


async def _pay(tx: AsyncConnection, clock: Clock, caller: Principal, grant_id: UUID) -> GrantView:
    grant = await find_grant(tx, grant_id, for_update=True)
    await refuse_recused(tx, caller, grant.household_id)
    if grant.has_plan:
        raise Problem(
            409,
            "paid_in_stages",
            "该支付单按计划分阶段支付",
            f"支付单 {grant_id} 已审批分阶段支付的计划，不能一次付清",
            way_out="请按计划逐阶段支付，或重新申请",
        )
    action = GrantAction.PAY_BEFORE_PAPERS if grant.papers_missing else GrantAction.PAY_WITH_PAPERS
    await pay_out(tx, clock, caller, grant, action)
    return await grant_view(tx, grant_id)


async def pay_out(tx: AsyncConnection, clock: Clock, caller: Principal, grant: Any, action: GrantAction) -> None:
    """Money leaves the reserve for a grant that is locked, and its household is to be looked after.

    Raises Problem 409 where that is not possible now.
    """
    state, now = state_after(grant, action), clock.now()
    heads = await lock_reserves(tx, [grant.street])
    reserve = heads[grant.street]
    if reserve.balances.cash < grant.amount_fen:
        raise insufficient(grant.street, grant.amount_fen, cash_fen=reserve.balances.cash)
    transfer = Transfer(
        kind=TransferKind.PAYMENT,
        street=grant.street,
        cause_id=grant.grant_id,
        actor=caller.subject,
        movement=payment(grant.amount_fen, papers_missing=bool(grant.papers_missing)),
    )
    await append(tx, heads, [transfer], at=now)
    await tx.execute(
        update(emergency_grant)
        .where(emergency_grant.c.grant_id == grant.grant_id)
        .values(
            state=state,
            paid_by=caller.subject,
            paid_at=now,
            transfer_id=transfer.transfer_id,
            closed_at=now if state is GrantState.CLOSED else None,
        )
    )
    paid = GrantPaid(
        household_id=grant.household_id,
        grant_id=grant.grant_id,
        street=grant.street,
        cause=grant.cause,
        amount_fen=grant.amount_fen,
        transfer_id=transfer.transfer_id,
        open_debts=len(grant.papers_missing),
    )
    debts = await open_debts(tx, clock, grant)
    follow_up = await open_follow_up(tx, grant, now=now)
    asked = await ask_if_low(tx, reserve, now=now)
    await outbox.record(tx, paid, *debts, follow_up, *asked, at=now)


async def open_debts(tx: AsyncConnection, clock: Clock, grant: Any) -> list[PaperDebtOpened]:
    """Each paper that is missing at the first payment becomes a dated debt; the events are left to the caller."""
    if not grant.papers_missing:
        return []
    due_on = parameters.paper_due_on(paid_on=local_date(clock.now()))
    rows = [
        {
            "debt_id": new_id(),
            "grant_id": grant.grant_id,
            "street": grant.street,
            "paper": missing["paper"],
            "kind": missing["kind"],
            "owner": grant.requested_by,
            "due_on": due_on,
        }
        for missing in grant.papers_missing
    ]
    await tx.execute(insert(paper_debt), rows)
    for row in rows:
        await deadlines.schedule(tx, kind=DEBT_OVERDUE, subject=str(row["debt_id"]), due_at=end_of_day(due_on))
    return [
        PaperDebtOpened(
            household_id=grant.household_id,
            grant_id=grant.grant_id,
            debt_id=row["debt_id"],
            street=grant.street,
            paper=row["paper"],
            due_on=due_on,
        )
        for row in rows
    ]


def insufficient(street: str, amount_fen: int, *, cash_fen: int) -> Problem:
    """409 for more than the reserve holds."""
    balance = format_yuan(cash_fen)
    return Problem(
        409,
        "reserve_insufficient",
        "街道备用金余额不足",
        f"需支付 {format_yuan(amount_fen)} 元，街道 {street} 备用金现金余额 {balance} 元",
        field="balance",
        value=balance,
        way_out="请待财政补充备用金后再支付，或改由区级支付",
    )
