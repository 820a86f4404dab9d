"""Papers that are owed for a payment: brought in, waived with a reason, or overdue. None vanishes. Clause 4.2.1."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.handlers.bulk import insert_rows
from emergency_fund.handlers.posting import Transfer, append, lock_reserves
from emergency_fund.handlers.recusals import refuse_recused
from emergency_fund.handlers.steps import require_other_person, state_after
from emergency_fund.queries.corrections import standing_of
from emergency_fund.queries.grants import find_grant, grant_view
from emergency_fund.queries.stages import count_open_debts
from emergency_fund.rules import parameters
from emergency_fund.rules.grant import GrantAction, GrantState
from emergency_fund.rules.ledger import TransferKind, settlement
from emergency_fund.schemas.grants import GrantView, Settlement
from emergency_fund.tables import emergency_grant, paper_debt
from shared import deadlines, outbox
from shared.auth import Principal, Role
from shared.bus import Cause
from shared.clock import Clock, end_of_day, local_date
from shared.database import Database
from shared.deadlines import Deadline, Work
from shared.events.emergency_fund import PaperDebtOpened, PaperDebtOverdue, PaperDebtRecovered, PaperDebtSettled
from shared.idempotency import Claim, once
from shared.ids import new_id
from shared.problems import Problem, not_found, plain_problem

DEBT_OVERDUE = "paper_debt_overdue"
"""Kind of the deadline after a debt's last day; its subject is the debt."""


async def open_debts(
    tx: AsyncConnection, paid: Sequence[tuple[Any, Cause]], *, now: datetime
) -> list[list[dict[str, Any]]]:
    """Each paper that is missing at the first payment of a grant becomes a dated debt: the rows of each grant."""
    due_on = parameters.paper_due_on(paid_on=local_date(now))
    debts = [
        [
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
        for grant, _ in paid
    ]
    await insert_rows(tx, paper_debt, [debt for of_grant in debts for debt in of_grant])
    overdue_at = end_of_day(due_on)
    await deadlines.schedule_all(
        tx,
        [
            Deadline(DEBT_OVERDUE, str(debt["debt_id"]), overdue_at, cause=cause)
            for (_, cause), of_grant in zip(paid, debts, strict=True)
            for debt in of_grant
        ],
    )
    return debts


def debts_opened(grant: Any, debts: Sequence[Mapping[str, Any]]) -> list[PaperDebtOpened]:
    """What is told of debts that `open_debts` opened."""
    return [
        PaperDebtOpened(
            household_id=grant.household_id,
            grant_id=grant.grant_id,
            debt_id=debt["debt_id"],
            street=grant.street,
            paper=debt["paper"],
            due_on=debt["due_on"],
        )
        for debt in debts
    ]


async def settle(
    database: Database,
    clock: Clock,
    caller: Principal,
    grant_id: UUID,
    debt_id: UUID,
    key: str,
    settled: Settlement,
) -> GrantView:
    """End a debt. The last one moves the advance to documented expense, and closes the grant unless stages are open."""
    async with database.transaction(caller) as tx:
        return await once(
            tx,
            Claim(caller, key, f"settle_debt {grant_id} {debt_id}", settled, GrantView),
            lambda: _settle(tx, clock, caller, grant_id, debt_id, settled),
        )


async def _settle(
    tx: AsyncConnection, clock: Clock, caller: Principal, grant_id: UUID, debt_id: UUID, settled: Settlement
) -> GrantView:
    # The grant's row is the lock for all its debts.
    grant = await find_grant(tx, grant_id, for_update=True)
    await refuse_recused(tx, caller, grant.household_id)
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
    if await count_open_debts(tx, grant_id):
        state_after(grant, GrantAction.SETTLE_DEBT)
    else:
        await _settle_last(tx, clock, caller, grant)
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


async def _settle_last(tx: AsyncConnection, clock: Clock, caller: Principal, grant: Any) -> None:
    standing = await standing_of(tx, grant.grant_id)
    action = GrantAction.SETTLE_LAST_DEBT_OF_CLAIMED if standing.claimed_open_fen else GrantAction.SETTLE_LAST_DEBT
    state = state_after(grant, action)
    if state in {GrantState.PAID_UNAPPROVED, GrantState.OBJECTED}:
        return  # paid at once: it stays to be approved, or to be recovered
    await settle_advance(tx, clock, caller, grant, kept_fen=standing.kept_fen)
    if state is GrantState.IN_STAGES:
        return  # stages are to come, each of them documented at once
    await tx.execute(
        update(emergency_grant)
        .where(emergency_grant.c.grant_id == grant.grant_id)
        .values(state=state, closed_at=clock.now() if state is GrantState.CLOSED else None)
    )


async def settle_advance(tx: AsyncConnection, clock: Clock, caller: Principal, grant: Any, *, kept_fen: int) -> None:
    """The papers of a grant are complete: what the household has and keeps of it becomes documented expense, of a plan
    all that was paid so far. What came back, or is asked back, has left the advances already.
    """
    if kept_fen == 0:
        return
    heads = await lock_reserves(tx, [grant.street])
    transfer = Transfer(
        kind=TransferKind.SETTLEMENT,
        street=grant.street,
        cause_id=grant.grant_id,
        actor=caller.subject,
        movement=settlement(kept_fen, heads[grant.street].balances),
    )
    await append(tx, heads, [transfer], at=clock.now())


async def end_open_debts(
    tx: AsyncConnection,
    clock: Clock,
    caller: Principal,
    grant: Any,
    *,
    outcome: Literal["waived", "recovered"],
    reason: str | None = None,
) -> None:
    """End every open debt of a grant whose money is back, or is given up. `tx` has locked the grant."""
    is_open = (paper_debt.c.grant_id == grant.grant_id, paper_debt.c.outcome.is_(None))
    debts = (await tx.execute(select(paper_debt).where(*is_open).order_by(paper_debt.c.debt_id))).all()
    for debt in debts:
        # The deadline before the debt, as its job locks them.
        await deadlines.cancel(tx, kind=DEBT_OVERDUE, subject=str(debt.debt_id))
    await tx.execute(
        update(paper_debt)
        .where(*is_open)
        .values(outcome=outcome, waived_reason=reason, settled_by=caller.subject, settled_at=clock.now())
    )
    events: list[PaperDebtSettled | PaperDebtRecovered] = []
    for debt in debts:
        about = {
            "household_id": grant.household_id,
            "grant_id": grant.grant_id,
            "debt_id": debt.debt_id,
            "street": debt.street,
            "paper": debt.paper,
        }
        events.append(
            PaperDebtRecovered(**about) if outcome == "recovered" else PaperDebtSettled(**about, outcome=outcome)
        )
    await outbox.record(tx, *events, at=clock.now())


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
