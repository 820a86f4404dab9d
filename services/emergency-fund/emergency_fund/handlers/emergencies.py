"""The district declares a public emergency: the limit of its streets is raised on its days. Clause 4.4.2."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.queries.emergencies import emergency_view, find_emergency
from emergency_fund.schemas.emergencies import EmergencyDeclaration, EmergencyEnd, EmergencyView
from emergency_fund.tables import declared_emergency, reserve
from shared import outbox
from shared.auth import Principal
from shared.clock import Clock
from shared.database import Database
from shared.events.emergency_fund import EmergencyDeclared, EmergencyEnded
from shared.idempotency import Claim, once
from shared.ids import new_id
from shared.problems import Problem


async def declare(
    database: Database, clock: Clock, caller: Principal, key: str, declared: EmergencyDeclaration
) -> EmergencyView:
    """Record what an officer declares. It is in force once another one confirms it."""
    async with database.transaction(caller) as tx:
        return await once(
            tx,
            Claim(caller, key, "declare_emergency", declared, EmergencyView),
            lambda: _declare(tx, clock, caller, declared),
        )


async def _declare(
    tx: AsyncConnection, clock: Clock, caller: Principal, declared: EmergencyDeclaration
) -> EmergencyView:
    known = set((await tx.execute(select(reserve.c.street).where(reserve.c.street.in_(declared.streets)))).scalars())
    for at, street in enumerate(declared.streets):
        if street not in known:
            raise Problem(
                422,
                "street_unknown",
                "没有该街道的备用金",
                f"街道 {street} 没有备用金",
                field=f"body.streets.{at}",
                value=street,
                way_out="请填写武昌区街道的九位代码",
            )
    emergency_id = new_id()
    await tx.execute(
        insert(declared_emergency).values(
            emergency_id=emergency_id,
            declared_by=caller.subject,
            declared_at=clock.now(),
            **declared.model_dump(),
        )
    )
    return await emergency_view(tx, emergency_id)


async def confirm(database: Database, clock: Clock, caller: Principal, emergency_id: UUID, key: str) -> EmergencyView:
    """Put a declared emergency in force. Not by the officer who declared it."""
    async with database.transaction(caller) as tx:
        return await once(
            tx,
            Claim(caller, key, f"confirm_emergency {emergency_id}", "", EmergencyView),
            lambda: _confirm(tx, clock, caller, emergency_id),
        )


async def _confirm(tx: AsyncConnection, clock: Clock, caller: Principal, emergency_id: UUID) -> EmergencyView:
    declared = await find_emergency(tx, emergency_id, for_update=True)
    if declared.declared_by == caller.subject:
        raise Problem(403, "same_person", "提出与确认不能是同一人", way_out="请由另一名区级人员确认")
    if declared.confirmed_by is not None or declared.ended_on is not None:
        raise _not_possible_now(emergency_id, "已确认" if declared.ended_on is None else "已终止")
    await tx.execute(
        update(declared_emergency)
        .where(declared_emergency.c.emergency_id == emergency_id)
        .values(confirmed_by=caller.subject, confirmed_at=clock.now())
    )
    event = EmergencyDeclared(
        emergency_id=emergency_id,
        document_number=declared.document_number,
        streets=tuple(declared.streets),
        first_day=declared.first_day,
        last_day=declared.last_day,
        limit_multiple=declared.limit_multiple,
    )
    await outbox.record(tx, event, at=clock.now())
    return await emergency_view(tx, emergency_id)


async def end(
    database: Database, clock: Clock, caller: Principal, emergency_id: UUID, key: str, ended: EmergencyEnd
) -> EmergencyView:
    """End an emergency early: yesterday was its last day. Grants that were asked for until now keep their limit."""
    async with database.transaction(caller) as tx:
        return await once(
            tx,
            Claim(caller, key, f"end_emergency {emergency_id}", ended, EmergencyView),
            lambda: _end(tx, clock, caller, emergency_id, ended),
        )


async def _end(
    tx: AsyncConnection, clock: Clock, caller: Principal, emergency_id: UUID, ended: EmergencyEnd
) -> EmergencyView:
    declared = await find_emergency(tx, emergency_id, for_update=True)
    today = clock.today()
    if declared.ended_on is not None or declared.last_day < today:
        raise _not_possible_now(emergency_id, "已终止")
    ended_on = max(declared.first_day, today) - timedelta(days=1)
    await tx.execute(
        update(declared_emergency)
        .where(declared_emergency.c.emergency_id == emergency_id)
        .values(ended_on=ended_on, ended_by=caller.subject, end_reason=ended.reason)
    )
    if declared.confirmed_at is not None:
        event = EmergencyEnded(emergency_id=emergency_id, streets=tuple(declared.streets), ended_on=ended_on)
        await outbox.record(tx, event, at=clock.now())
    return await emergency_view(tx, emergency_id)


def _not_possible_now(emergency_id: UUID, state: str) -> Problem:
    return Problem(
        409,
        "not_possible_now",
        "该突发公共事件的当前状态不允许此操作",
        f"{emergency_id} {state}",
        field="state",
        value=state,
        way_out="请查看其当前状态；情况变化的请另行提出",
    )
