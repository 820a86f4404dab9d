"""Standards: proposed by one officer, confirmed by another, told to everybody, and brought to running benefits.

A value that is packed with the rules is told and brought to benefits in the same way, by the hourly look.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.handlers.recusals import refuse_proposer
from eligibility.queries.parameters import current_parameters, standard_of
from eligibility.queries.standards import standard_row
from eligibility.rules.standards import (
    TRANSITIONS,
    Standard,
    StandardFault,
    StandardState,
    StandardStep,
    faults_of,
)
from eligibility.tables import published_parameter, standard
from shared import deadlines, outbox
from shared.auth import Principal
from shared.clock import Clock, start_of_day
from shared.events.eligibility import StandardPublished
from shared.ids import new_id
from shared.parameters import Parameters, ParameterValue
from shared.problems import FieldError, Problem

RECOMPUTE_JOB = "recompute_benefits"

_STATE_TITLES = {"proposed": "待复核", "published": "已发布", "returned": "已退回"}


async def propose_standard(
    tx: AsyncConnection,
    *,
    new: Standard,
    unit: str,
    note: str | None,
    is_correction: bool,
    lower_is_meant: bool,
    caller: Principal,
    clock: Clock,
) -> UUID:
    """A district officer enters a value with its document (clause 3.2). Nothing changes before another confirms it.

    Raises Problem 422 with everything that speaks against it, 409 where one for the same day waits already.
    """
    current = await current_parameters(tx)
    _refuse(
        list(
            faults_of(
                new,
                current.parameters,
                unit=unit,
                is_correction=is_correction,
                lower_is_meant=lower_is_meant,
                today=clock.today(),
            )
        )
    )
    created = await tx.execute(
        insert(standard)
        .values(
            standard_id=new_id(),
            parameter=new.parameter,
            value=str(new.value),
            unit=unit,
            first_day=new.first_day,
            document_number=new.document_number,
            issued_on=new.issued_on,
            note=note,
            is_correction=is_correction,
            state=StandardState.PROPOSED,
            proposed_by=caller.subject,
            proposed_at=clock.now(),
        )
        .on_conflict_do_nothing()
        .returning(standard.c.standard_id)
    )
    standard_id: UUID | None = created.scalar()
    if standard_id is None:
        raise Problem(
            409,
            "standard_already_proposed",
            "该参数同一执行日期已有待复核的标准",
            f"{new.parameter} 自 {new.first_day} 起的数值正待复核",
            field="body.first_day",
            value=new.first_day,
            way_out="请先确认或退回待复核的标准",
        )
    return standard_id


async def confirm_standard(
    tx: AsyncConnection, *, standard_id: UUID, comment: str, caller: Principal, clock: Clock
) -> sa.Row[Any]:
    """Another officer agrees: the value stands from its first day, and everybody is told.

    Raises Problem 403 for the officer who proposed it, 409 in any other state or where the day was taken meanwhile.
    """
    row = await standard_row(tx, standard_id, locked=True)
    refuse_proposer(row.proposed_by, caller)
    state = _after(row, StandardStep.CONFIRM)
    current = await current_parameters(tx)
    stands = current.parameters.parameter(row.parameter).on(row.first_day)
    if not row.is_correction and stands is not None and stands.first_day == row.first_day:
        raise Problem(
            409,
            "value_exists",
            "该日已另有数值",
            f"{row.parameter} 自 {row.first_day} 起已为 {stands.value}",
            way_out="请退回此标准；如须更正，请另行提出更正",
        )
    now = clock.now()
    row = await _update(
        tx, standard_id, {"state": state, "comment": comment, "confirmed_by": caller.subject, "confirmed_at": now}
    )
    new = standard_of(row)
    await _tell(
        tx, [ParameterValue(new.parameter, new.value, row.unit, new.first_day, new.source, assumed=False)], now=now
    )
    return row


async def return_standard(tx: AsyncConnection, *, standard_id: UUID, reason: str, caller: Principal) -> sa.Row[Any]:
    """The proposal is not followed, by whoever of the district says so. Raises Problem 409 in any other state."""
    row = await standard_row(tx, standard_id, locked=True)
    return await _update(
        tx,
        standard_id,
        {"state": _after(row, StandardStep.RETURN), "returned_by": caller.subject, "returned_because": reason},
    )


async def publish_standards(tx: AsyncConnection, *, parameters: Parameters, now: datetime) -> None:
    """Tell every value that was not told before."""
    values = [value for name in sorted(parameters.names()) for value in parameters.parameter(name).values]
    told = await tx.execute(
        sa.select(published_parameter.c.parameter, published_parameter.c.first_day, published_parameter.c.value)
    )
    known = {(row.parameter, row.first_day, row.value) for row in told}
    await _tell(tx, [one for one in values if (one.name, one.first_day, str(one.value)) not in known], now=now)


async def _tell(tx: AsyncConnection, values: Sequence[ParameterValue], *, now: datetime) -> None:
    """Tell values, and have the running benefits recomputed from the first day of each, once it has come."""
    if not values:
        return
    keep = insert(published_parameter).values(
        [
            {"parameter": one.name, "first_day": one.first_day, "value": str(one.value), "published_at": now}
            for one in values
        ]
    )
    # A value that a correction had replaced may come back: then it is told again.
    await tx.execute(
        keep.on_conflict_do_update(
            index_elements=["parameter", "first_day", "value"], set_={"published_at": keep.excluded.published_at}
        )
    )
    for day in sorted({one.first_day for one in values}):
        await deadlines.schedule(tx, kind=RECOMPUTE_JOB, subject=str(day), due_at=max(now, start_of_day(day)))
    events = [
        StandardPublished(
            parameter=one.name,
            value=str(one.value),
            unit=one.unit,
            first_day=one.first_day,
            source=one.source,
            assumed=one.assumed,
        )
        for one in values
    ]
    await outbox.record(tx, *events, at=now)


def _refuse(faults: list[StandardFault]) -> None:
    if faults:
        raise Problem(
            422,
            faults[0].code,
            "标准不符合要求",
            f"共有 {len(faults)} 处需要修改",
            way_out="请按 errors 中各项说明修改后重新提交",
            errors=[
                FieldError(field=f"body.{one.field}", code=one.code, value=one.value, message=one.message)
                for one in faults
            ],
        )


def _after(row: sa.Row[Any], step: StandardStep) -> StandardState:
    state = TRANSITIONS.get((StandardState(row.state), step))
    if state is None:
        raise Problem(
            409,
            "wrong_state",
            "标准当前状态不能进行此操作",
            f"标准 {row.standard_id} 现为“{_STATE_TITLES[row.state]}”",
            field="path.standard_id",
            value=row.state,
            way_out="已发布的标准不能修改；如有误，请另行提出更正",
        )
    return state


async def _update(tx: AsyncConnection, standard_id: UUID, values: dict[str, Any]) -> sa.Row[Any]:
    updated = await tx.execute(
        sa.update(standard).where(standard.c.standard_id == standard_id).values(values).returning(standard)
    )
    row: sa.Row[Any] = updated.one()
    return row
