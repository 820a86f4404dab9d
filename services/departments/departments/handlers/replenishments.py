"""The street reserves' requests for money, where this department funds them (4.3.2)."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from departments.handlers.work_items import close_work_items, open_work_item
from departments.queries import replenishment_row, replenishment_view
from departments.rules.offices import Office
from departments.rules.replenishments import granted_fen
from departments.schemas import ReplenishmentAnswerRequest, ReplenishmentView
from departments.tables import replenishment
from shared import outbox
from shared.auth import Principal
from shared.clock import end_of_day, local_date
from shared.database import Database
from shared.events.departments import ReplenishmentAnswered
from shared.events.emergency_fund import ReplenishmentRequested
from shared.idempotency import Claim, once
from shared.inbox import Delivery
from shared.money import format_yuan
from shared.problems import Problem
from shared.working_days import WorkingCalendar

_CALENDAR = WorkingCalendar()


async def on_replenishment_requested(
    office: Office, tx: AsyncConnection, delivery: Delivery[ReplenishmentRequested]
) -> None:
    """Put the request on finance's list. Departments that fund no reserve do nothing."""
    reserves = office.department.reserves
    if reserves is None:
        return
    event = delivery.event
    last_day = _CALENDAR.add_working_days(local_date(delivery.now), reserves.answer_working_days)
    inserted = await tx.execute(
        insert(replenishment)
        .values(
            replenishment_id=event.replenishment_id,
            department=office.code,
            street=event.street,
            amount_fen=event.amount_fen,
            state="open",
            received_at=delivery.now,
            answer_by=end_of_day(last_day),
        )
        .on_conflict_do_nothing()
        .returning(replenishment.c.replenishment_id)
    )
    if inserted.scalar() is not None:
        await open_work_item(
            tx,
            department=office.code,
            kind="answer_replenishment",
            subject_id=event.replenishment_id,
            now=delivery.now,
            due_at=end_of_day(last_day),
        )


async def answer_replenishment(
    database: Database,
    *,
    caller: Principal,
    replenishment_id: UUID,
    body: ReplenishmentAnswerRequest,
    key: str,
    now: datetime,
) -> ReplenishmentView:
    """Grant all, a part or nothing, once. Raises Problem 404, 409 `replenishment_answered` or 422 `amount_unfit`."""

    async def write() -> ReplenishmentView:
        row = await replenishment_row(tx, replenishment_id, locked=True)
        if row.state != "open":
            raise Problem(
                409,
                "replenishment_answered",
                "该补充申请已答复",
                f"补充申请 {replenishment_id} 的答复是 {row.outcome}，金额 {format_yuan(row.granted_fen)} 元",
                way_out="答复不能更改；街道可以再次申请",
            )
        granted = granted_fen(body.outcome, requested_fen=row.amount_fen, amount_fen=body.amount)
        if granted is None:
            raise _amount_unfit(body, row.amount_fen)
        answered = await tx.execute(
            sa.update(replenishment)
            .where(replenishment.c.replenishment_id == replenishment_id)
            .values(
                state="answered",
                outcome=body.outcome,
                granted_fen=granted,
                answered_at=now,
                answered_by=caller.subject,
                note=body.note,
            )
            .returning(*replenishment.c)
        )
        await close_work_items(tx, subject_id=replenishment_id, now=now, closed_by=caller.subject)
        event = ReplenishmentAnswered(
            street=row.street, replenishment_id=replenishment_id, outcome=body.outcome, amount_fen=granted
        )
        await outbox.record(tx, event, at=now)
        return replenishment_view(answered.one())

    async with database.transaction(caller) as tx:
        return await once(
            tx, Claim(caller, key, f"replenishment {replenishment_id} answer", body, ReplenishmentView), write
        )


def _amount_unfit(body: ReplenishmentAnswerRequest, requested_fen: int) -> Problem:
    requested = format_yuan(requested_fen)
    expected = {
        "granted": f"全额拨付时应为申请金额 {requested} 元，或不填",
        "partly_granted": f"部分拨付时应大于0且小于申请金额 {requested} 元",
        "refused": "不予拨付时应为0，或不填",
    }[body.outcome]
    return Problem(
        422,
        "amount_unfit",
        "答复金额与答复不符",
        expected,
        field="body.amount",
        value=None if body.amount is None else format_yuan(body.amount),
        way_out="请修改金额或答复后重新提交",
    )
