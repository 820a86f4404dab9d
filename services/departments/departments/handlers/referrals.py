"""Referrals: taken in from eligibility, accepted, returned or completed by an officer, found late by the clock."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from departments.handlers.work_items import close_work_items, open_work_item
from departments.queries import referral_row, referral_view
from departments.rules.offices import Office
from departments.rules.programmes import PROGRAMMES, Fault, Report
from departments.rules.referrals import (
    ACTION_TITLES,
    STATE_TITLES,
    Action,
    Clock,
    DueTimes,
    State,
    clocks_run_out,
    due_times,
    next_state,
    possible_actions,
)
from departments.schemas import CompletionRequest, ReferralView, ReturnRequest
from departments.tables import referral
from shared import deadlines, outbox
from shared.auth import Principal
from shared.clock import local_date
from shared.database import Database
from shared.events.departments import ReferralAccepted, ReferralCompleted, ReferralOverdue, ReferralReturned
from shared.events.eligibility import ReferralIssued
from shared.idempotency import Claim, once
from shared.inbox import Delivery
from shared.problems import FieldError, Problem
from shared.working_days import WorkingCalendar

_log = structlog.get_logger(__name__)
_CALENDAR = WorkingCalendar()


async def on_referral_issued(office: Office, tx: AsyncConnection, delivery: Delivery[ReferralIssued]) -> None:
    """Take a referral in, where it is this department's. Others hear the same event."""
    event = delivery.event
    if not office.takes(event.department, on=local_date(delivery.time)):
        return
    due = due_times(
        received_on=local_date(delivery.now),
        accept_by=event.accept_by,
        complete_by=event.complete_by,
        clocks=office.department.clocks,
        calendar=_CALENDAR,
    )
    inserted = await tx.execute(
        insert(referral)
        .values(
            referral_id=event.referral_id,
            department=office.code,
            household_id=event.household_id,
            application_id=event.application_id,
            policy=event.policy,
            policy_clause=event.policy_clause,
            street=event.street,
            person_refs=list(event.person_refs),
            state=State.RECEIVED,
            received_at=delivery.now,
            accept_by=due.accept_by,
            complete_by=due.complete_by,
            overdue=[],
        )
        .on_conflict_do_nothing()
        .returning(referral.c.referral_id)
    )
    if inserted.scalar() is None:
        _log.warning("referral.issued_again", referral_id=str(event.referral_id))
        return
    subject = str(event.referral_id)
    await open_work_item(
        tx,
        department=office.code,
        kind="accept_referral",
        subject_id=event.referral_id,
        now=delivery.now,
        due_at=due.accept_by,
    )
    # They stay when the referral moves on and then find nothing late: taking them away from a running job would
    # need its lock and the referral's in the opposite order.
    await deadlines.schedule(tx, kind="watch_acceptance", subject=subject, due_at=due.accept_by)
    await deadlines.schedule(tx, kind="watch_completion", subject=subject, due_at=due.complete_by)


async def accept_referral(
    database: Database, *, caller: Principal, office: Office, referral_id: UUID, key: str, now: datetime
) -> ReferralView:
    """Take on the work. Raises Problem 404, 409 `referral_state` or 409 `policy_not_carried_out`."""

    async def write() -> ReferralView:
        row = await _locked_for(tx, referral_id, Action.ACCEPTANCE, now=now)
        if row.policy not in office.department.policies:
            raise Problem(
                409,
                "policy_not_carried_out",
                "本部门不承办此项救助",
                f"{office.department.name}不承办 {row.policy}",
                way_out="请以 not_our_duty 退回街道",
            )
        moved = await _move(tx, row, Action.ACCEPTANCE, accepted_at=now, accepted_by=caller.subject)
        await close_work_items(tx, subject_id=referral_id, now=now, closed_by=caller.subject)
        await open_work_item(
            tx,
            department=office.code,
            kind="complete_referral",
            subject_id=referral_id,
            now=now,
            due_at=row.complete_by,
        )
        await outbox.record(tx, ReferralAccepted(**_common(row)), at=now)
        return referral_view(moved)

    async with database.transaction(caller) as tx:
        return await once(tx, Claim(caller, key, f"referral {referral_id} acceptance", "", ReferralView), write)


async def return_referral(
    database: Database, *, caller: Principal, referral_id: UUID, body: ReturnRequest, key: str, now: datetime
) -> ReferralView:
    """Send it back to the street. Raises Problem 404 or 409 `referral_state`."""

    async def write() -> ReferralView:
        row = await _locked_for(tx, referral_id, Action.RETURN, now=now)
        moved = await _move(
            tx,
            row,
            Action.RETURN,
            closed_at=now,
            closed_by=caller.subject,
            reason_code=body.reason_code,
            return_text=body.text,
        )
        await close_work_items(tx, subject_id=referral_id, now=now, closed_by=caller.subject)
        await outbox.record(tx, ReferralReturned(**_common(row), reason_code=body.reason_code), at=now)
        return referral_view(moved)

    async with database.transaction(caller) as tx:
        return await once(tx, Claim(caller, key, f"referral {referral_id} return", body, ReferralView), write)


async def complete_referral(
    database: Database, *, caller: Principal, referral_id: UUID, body: CompletionRequest, key: str, now: datetime
) -> ReferralView:
    """Report the result. Raises Problem 404, 409 `referral_state` or 422 `report_incomplete`."""

    async def write() -> ReferralView:
        row = await _locked_for(tx, referral_id, Action.COMPLETION, now=now)
        _check_report(row.policy, body)
        moved = await _move(
            tx,
            row,
            Action.COMPLETION,
            closed_at=now,
            closed_by=caller.subject,
            result=body.result,
            amount_fen=body.amount,
            details=body.details,
            note=body.note,
        )
        await close_work_items(tx, subject_id=referral_id, now=now, closed_by=caller.subject)
        event = ReferralCompleted(**_common(row), result=body.result, amount_fen=body.amount)
        await outbox.record(tx, event, at=now)
        return referral_view(moved)

    async with database.transaction(caller) as tx:
        return await once(tx, Claim(caller, key, f"referral {referral_id} completion", body, ReferralView), write)


async def find_overdue(tx: AsyncConnection, *, referral_id: UUID, now: datetime) -> list[Clock]:
    """Mark a referral whose clocks ran out and say so, once for each clock. Which they are."""
    return await _tell_overdue(tx, await referral_row(tx, referral_id, locked=True), now=now)


async def _tell_overdue(tx: AsyncConnection, row: sa.Row[Any], *, now: datetime) -> list[Clock]:
    due = DueTimes(accept_by=row.accept_by, complete_by=row.complete_by)
    late = [clock for clock in clocks_run_out(State(row.state), due, at=now) if clock not in row.overdue]
    if late:
        await tx.execute(
            sa.update(referral).where(referral.c.referral_id == row.referral_id).values(overdue=[*row.overdue, *late])
        )
        await outbox.record(tx, *(ReferralOverdue(**_common(row), clock=clock.value) for clock in late), at=now)
    return late


async def _locked_for(tx: AsyncConnection, referral_id: UUID, action: Action, *, now: datetime) -> sa.Row[Any]:
    row = await referral_row(tx, referral_id, locked=True)
    state = State(row.state)
    if next_state(state, action) is None:
        possible = possible_actions(state)
        raise Problem(
            409,
            "referral_state",
            f"转办{STATE_TITLES[state]}，不能{ACTION_TITLES[action]}",
            f"转办 {referral_id} 的状态是 {state}",
            way_out=f"可以：{'、'.join(f'{ACTION_TITLES[one]}（{one}）' for one in possible)}"
            if possible
            else "该转办已办理完毕，不再办理",
        )
    # The officer may be quicker than the job that watches: what was late stays late.
    await _tell_overdue(tx, row, now=now)
    return row


async def _move(tx: AsyncConnection, row: sa.Row[Any], action: Action, **values: Any) -> sa.Row[Any]:
    state = next_state(State(row.state), action)
    assert state is not None, "_locked_for has checked the action"
    moved = await tx.execute(
        sa.update(referral)
        .where(referral.c.referral_id == row.referral_id)
        .values(state=state, **values)
        .returning(*referral.c)
    )
    return moved.one()


def _check_report(policy: str, body: CompletionRequest) -> None:
    report = Report(result=body.result, amount_fen=body.amount, note=body.note, details=body.details)
    faults: Sequence[Fault] = PROGRAMMES[policy](report)
    if faults:
        raise Problem(
            422,
            "report_incomplete",
            "办结内容不符合该项救助的要求",
            f"{policy} 的办结内容有 {len(faults)} 处需要修改",
            way_out="请按 errors 中各项说明修改后重新提交",
            errors=[
                FieldError(field=f"body.{fault.field}", code=fault.code, value=fault.value, message=fault.message)
                for fault in faults
            ],
        )


def _common(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "household_id": row.household_id,
        "application_id": row.application_id,
        "referral_id": row.referral_id,
        "department": row.department,
        "policy": row.policy,
        "street": row.street,
    }
