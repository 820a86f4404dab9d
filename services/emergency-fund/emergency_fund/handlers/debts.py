"""Papers that are owed for a payment: brought in, waived with a reason, or overdue. None vanishes. Clause 4.2.1."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.handlers.posting import Transfer, append, lock_reserves
from emergency_fund.handlers.steps import require_other_person, state_after
from emergency_fund.queries.grants import find_grant, grant_view
from emergency_fund.rules.grant import GrantAction, GrantState
from emergency_fund.rules.ledger import TransferKind, settlement
from emergency_fund.schemas.grants import GrantView, Settlement
from emergency_fund.tables import emergency_grant, paper_debt
from shared import deadlines, outbox
from shared.auth import Principal, Role
from shared.clock import Clock
from shared.database import Database
from shared.deadlines import Work
from shared.events.emergency_fund import PaperDebtOverdue, PaperDebtSettled
from shared.idempotency import key_owner, once
from shared.problems import Problem, not_found, plain_problem

DEBT_OVERDUE = "paper_debt_overdue"
"""Kind of the deadline after a debt's last day; its subject is the debt."""


async def settle(
    database: Database,
    clock: Clock,
    caller: Principal,
    grant_id: UUID,
    debt_id: UUID,
    key: str,
    settled: Settlement,
) -> GrantView:
    """End a debt. The last one moves the advance to documented expense and closes the grant."""
    async with database.transaction(caller) as tx:
        return await once(
            tx,
            owner=key_owner(caller.client_id, caller.subject),
            key=key,
            operation=f"settle_debt {grant_id} {debt_id}",
            body=settled,
            answer_type=GrantView,
            write=lambda: _settle(tx, clock, caller, grant_id, debt_id, settled),
        )


async def _settle(
    tx: AsyncConnection, clock: Clock, caller: Principal, grant_id: UUID, debt_id: UUID, settled: Settlement
) -> GrantView:
    # The grant's row is the lock for all its debts.
    grant = await find_grant(tx, grant_id, for_update=True)
    debt = await _open_debt(tx, grant_id, debt_id)
    if settled.outcome == "waived":
        if Role.STREET_APPROVER not in caller.roles:
            raise plain_problem(403, detail="免交材料须由街道审批人员决定")
        require_other_person(caller, grant)
    now = clock.now()
    # The deadline before the debt, as its job locks them.
    await deadlines.cancel(tx, kind=DEBT_OVERDUE, subject=str(debt_id))
    await tx.execute(
        update(paper_debt)
        .where(paper_debt.c.debt_id == debt_id)
        .values(outcome=settled.outcome, waived_reason=settled.reason, settled_by=caller.subject, settled_at=now)
    )
    if await has_open_debts(tx, grant_id):
        state_after(grant, GrantAction.SETTLE_DEBT)
    elif state_after(grant, GrantAction.SETTLE_LAST_DEBT) is GrantState.CLOSED:
        await settle_advance(tx, clock, caller, grant)
        await tx.execute(
            update(emergency_grant)
            .where(emergency_grant.c.grant_id == grant_id)
            .values(state=GrantState.CLOSED, closed_at=now)
        )
    event = PaperDebtSettled(
        household_id=grant.household_id,
        grant_id=grant_id,
        debt_id=debt_id,
        street=grant.street,
        paper=debt.paper,
        outcome=settled.outcome,
    )
    await outbox.record(tx, event, at=now)
    return await grant_view(tx, grant_id)


async def _open_debt(tx: AsyncConnection, grant_id: UUID, debt_id: UUID) -> Any:
    debt = (
        await tx.execute(select(paper_debt).where(paper_debt.c.grant_id == grant_id, paper_debt.c.debt_id == debt_id))
    ).one_or_none()
    if debt is None:
        raise not_found("欠件", debt_id)
    if debt.outcome is not None:
        raise Problem(
            409,
            "debt_already_settled",
            "该欠件已了结",
            f"欠件 {debt_id} 已于 {debt.settled_at:%Y-%m-%d} 了结",
            field="outcome",
            value=debt.outcome,
            way_out="请查看支付单的欠件情况",
        )
    return debt


async def has_open_debts(tx: AsyncConnection, grant_id: UUID) -> bool:
    """Whether a paper is still owed for a grant."""
    still_open = await tx.scalar(
        select(func.count())
        .select_from(paper_debt)
        .where(paper_debt.c.grant_id == grant_id, paper_debt.c.outcome.is_(None))
    )
    return bool(still_open)


async def settle_advance(tx: AsyncConnection, clock: Clock, caller: Principal, grant: Any) -> None:
    """The papers of a grant are complete: its advance becomes documented expense."""
    heads = await lock_reserves(tx, [grant.street])
    transfer = Transfer(
        kind=TransferKind.SETTLEMENT,
        street=grant.street,
        cause_id=grant.grant_id,
        actor=caller.subject,
        movement=settlement(grant.amount_fen, heads[grant.street].balances),
    )
    await append(tx, heads, [transfer], at=clock.now())


async def note_overdue(work: Work) -> None:
    """A debt's last day is over. It stays open; an event tells of it, once."""
    debt_id = UUID(work.subject)
    async with work.transaction() as tx:
        debt = (
            await tx.execute(
                update(paper_debt)
                .where(
                    paper_debt.c.debt_id == debt_id, paper_debt.c.outcome.is_(None), paper_debt.c.overdue_at.is_(None)
                )
                .values(overdue_at=work.now)
                .returning(paper_debt)
            )
        ).one_or_none()
        if debt is None:
            return
        grant = await find_grant(tx, debt.grant_id)
        event = PaperDebtOverdue(
            household_id=grant.household_id,
            grant_id=debt.grant_id,
            debt_id=debt_id,
            street=debt.street,
            paper=debt.paper,
            due_on=debt.due_on,
        )
        await outbox.record(tx, event, at=work.now)
