"""What is given to a homeless person, and the way to the rescue station or home. Clauses 4.5.1 and 4.5.2."""

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from intake.handlers.application import Desk
from intake.handlers.homeless import add_line, refuse_future, write_to_file
from intake.queries.homeless import find_homeless_person
from intake.rules import homeless
from intake.rules.homeless import HomelessState, StepNotPossible
from intake.schemas.homeless import AidGiven, AidRecorded, StepRecorded, StepTaken
from intake.tables import homeless_person, homeless_person_aid, homeless_person_step
from shared import outbox
from shared.auth import Principal
from shared.clock import local_date
from shared.database import Database
from shared.events.intake import HomelessPersonAided, HomelessPersonGuided
from shared.ids import new_id
from shared.problems import Problem

_STATE_WORDS = {
    HomelessState.ON_STREET: "在街面",
    HomelessState.AT_STATION: "在救助站",
    HomelessState.AWAITING_ESCORT: "等候护送返乡",
    HomelessState.ESCORTED_HOME: "已护送返乡",
}


async def record_aid(
    database: Database, *, caller: Principal, homeless_person_id: UUID, aid: AidGiven, idempotency_key: str, desk: Desk
) -> AidRecorded:
    """Write down what was given. Raises Problem 404 or 422."""
    return await write_to_file(
        database,
        caller,
        homeless_person_id,
        operation="record_aid",
        key=idempotency_key,
        body=aid,
        answer_type=AidRecorded,
        write=lambda tx: _record_aid(tx, caller=caller, homeless_person_id=homeless_person_id, aid=aid, desk=desk),
    )


async def _record_aid(
    tx: AsyncConnection, *, caller: Principal, homeless_person_id: UUID, aid: AidGiven, desk: Desk
) -> AidRecorded:
    now = desk.clock.now()
    file = await find_homeless_person(tx, homeless_person_id)
    _refuse_day(aid.given_on, file, today=local_date(now), field="body.given_on")
    aid_ids = [new_id() for _ in aid.given]
    await tx.execute(
        sa.insert(homeless_person_aid),
        [
            {
                "aid_id": aid_id,
                "homeless_person_id": homeless_person_id,
                "street": file.street,
                "kind": one.kind,
                "quantity": one.quantity,
                "given_on": aid.given_on,
                "given_by": caller.subject,
                "recorded_at": now,
            }
            for aid_id, one in zip(aid_ids, aid.given, strict=True)
        ],
    )
    kinds = [one.kind for one in aid.given]
    await add_line(tx, file.household_id, "homeless_person_aided", homeless.aid_line([*kinds]), desk=desk)
    aided = HomelessPersonAided(
        household_id=file.household_id, homeless_person_id=homeless_person_id, street=file.street, kinds=tuple(kinds)
    )
    await outbox.record(tx, aided, at=now)
    return AidRecorded(aid_ids=aid_ids)


async def take_step(
    database: Database,
    *,
    caller: Principal,
    homeless_person_id: UUID,
    taken: StepTaken,
    idempotency_key: str,
    desk: Desk,
) -> StepRecorded:
    """Write down a step to the rescue station or home. Raises Problem 404, 409 or 422."""
    return await write_to_file(
        database,
        caller,
        homeless_person_id,
        operation="take_step",
        key=idempotency_key,
        body=taken,
        answer_type=StepRecorded,
        write=lambda tx: _take_step(tx, caller=caller, homeless_person_id=homeless_person_id, taken=taken, desk=desk),
    )


async def _take_step(
    tx: AsyncConnection, *, caller: Principal, homeless_person_id: UUID, taken: StepTaken, desk: Desk
) -> StepRecorded:
    now = desk.clock.now()
    file = await find_homeless_person(tx, homeless_person_id, for_update=True)
    _refuse_day(taken.taken_on, file, today=local_date(now), field="body.taken_on")
    try:
        state = homeless.state_after(HomelessState(file.state), taken.step)
    except StepNotPossible as error:
        raise Problem(
            409,
            "step_not_possible",
            "此人目前的状态不允许这一步",
            f"档案 {homeless_person_id} 目前{_STATE_WORDS[error.state]}，不能登记 {error.step}",
            field="body.step",
            value=error.step,
            way_out="请查看档案的当前状态；愿意返乡的先登记 wishes_to_go_home",
        ) from error
    await tx.execute(
        sa.update(homeless_person).where(homeless_person.c.homeless_person_id == homeless_person_id).values(state=state)
    )
    step_id = new_id()
    await tx.execute(
        sa.insert(homeless_person_step).values(
            step_id=step_id,
            homeless_person_id=homeless_person_id,
            street=file.street,
            step=taken.step,
            state=state,
            taken_on=taken.taken_on,
            destination=taken.destination,
            recorded_by=caller.subject,
            recorded_at=now,
        )
    )
    await add_line(tx, file.household_id, f"homeless_{taken.step}", homeless.STEP_LINES[taken.step], desk=desk)
    guided = HomelessPersonGuided(
        household_id=file.household_id,
        homeless_person_id=homeless_person_id,
        street=file.street,
        step=taken.step.value,
        state=state.value,
    )
    await outbox.record(tx, guided, at=now)
    return StepRecorded(step_id=step_id, state=state)


def _refuse_day(day: date, file: Any, *, today: date, field: str) -> None:
    refuse_future(day, today=today, field=field)
    if day < file.found_on:
        raise Problem(
            422,
            "day_before_found",
            "日期早于发现日期",
            f"发现日期是 {file.found_on}，填写的是 {day}",
            field=field,
            value=day,
            way_out="请核对日期",
        )
