"""A department asks another for fields, which grants or refuses, suspends, resumes or ends (12.1.1).

Regulation on sharing government data (2025): basis, purpose and fields are stated; the answer has its working days.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.queries.agreements import agreement_detail
from data_sharing.queries.batches import delivered
from data_sharing.rules.agreements import answer_on, may_extend, next_state, not_there, supply_on
from data_sharing.rules.catalogue import Catalogue
from data_sharing.schemas.agreements import AgreementDetail, AgreementRequest, StepRequest
from data_sharing.tables.agreements import agreement, agreement_step
from shared import deadlines, outbox
from shared.auth import Principal, Role
from shared.clock import end_of_day, local_date
from shared.deadlines import Work
from shared.events.data_sharing import AgreementChanged, AgreementNotSupplied, AgreementOverdue
from shared.ids import new_id
from shared.problems import FieldError, Problem, not_found, plain_problem
from shared.working_days import WorkingCalendar

OVERDUE_JOB = "agreement_overdue"
SUPPLY_JOB = "agreement_not_supplied"
END_JOB = "end_agreement"
_LONGEST_YEARS = 20
_PLATFORM = "data-sharing"
# Two requests for the same thing wait for each other: else both would find none standing.
_LOCK = sa.text("select pg_advisory_xact_lock(hashtextextended(:pair, 1))")


async def ask_for_agreement(
    tx: AsyncConnection, caller: Principal, body: AgreementRequest, *, catalogue: Catalogue, now: datetime
) -> AgreementDetail:
    """Ask. Raises Problem 403 for another's request, 409 where one stands, 422."""
    _only_for_own(caller, body, catalogue)
    _check(body, catalogue, now)
    await tx.execute(_LOCK, {"pair": f"{body.provider}/{body.consumer}/{body.purpose}"})
    await _refuse_overlap(tx, body)
    agreement_id, answered_on = new_id(), answer_on(local_date(now), body.sharing, WorkingCalendar())
    asked = await tx.execute(
        insert(agreement)
        .values(
            agreement_id=agreement_id,
            **body.model_dump(),
            state="asked",
            asked_by=caller.subject,
            asked_at=now,
            answer_on=answered_on,
        )
        .returning(agreement)
    )
    due_at = end_of_day(answered_on)
    await deadlines.schedule(tx, kind=OVERDUE_JOB, subject=str(agreement_id), due_at=due_at)
    await deadlines.schedule(tx, kind=END_JOB, subject=str(agreement_id), due_at=end_of_day(body.last_on))
    await _note(tx, asked.one(), by=caller.subject, reason=None, now=now)
    return await _detail(tx, caller, agreement_id, catalogue=catalogue, now=now)


async def take_step(
    tx: AsyncConnection,
    caller: Principal,
    agreement_id: UUID,
    body: StepRequest,
    *,
    catalogue: Catalogue,
    now: datetime,
) -> AgreementDetail:
    """The provider decides, or takes more time to. Raises Problem 403, 404 and 409."""
    found = await _held(tx, agreement_id)
    if found is None or caller.department not in (found.provider, found.consumer):
        raise not_found("共享协议", agreement_id)
    if caller.department != found.provider:
        raise plain_problem(403, detail="共享协议由数据提供部门决定", way_out="请由提供部门的工作人员办理")
    if caller.subject == found.asked_by:
        raise Problem(
            403,
            "self_granted",
            "不能审批自己提出的申请",
            f"共享协议 {agreement_id} 由本人提出",
            way_out="请由提供部门的另一名工作人员办理",
        )
    if body.step == "extend":
        taken = await _extend(tx, found, now=now)
    else:
        taken = await _decide(tx, found, body.step, caller, now=now)
    await _note(tx, taken, by=caller.subject, reason=body.reason, now=now)
    return await _detail(tx, caller, agreement_id, catalogue=catalogue, now=now)


async def _extend(tx: AsyncConnection, found: sa.Row[Any], *, now: datetime) -> sa.Row[Any]:
    """Give the provider more time. Raises Problem 409."""
    is_open = may_extend(
        found.state,
        found.sharing,
        is_extended=found.is_extended,
        answer_on=found.answer_on,
        today=local_date(now),
    )
    if not is_open:
        raise _not_open(found, "extend", "答复期限内可延长一次，无条件共享的不能延长")
    until = answer_on(local_date(found.asked_at), found.sharing, WorkingCalendar(), is_extended=True)
    await deadlines.schedule(tx, kind=OVERDUE_JOB, subject=str(found.agreement_id), due_at=end_of_day(until))
    return await _set(tx, found.agreement_id, answer_on=until, is_extended=True)


async def _decide(
    tx: AsyncConnection, found: sa.Row[Any], step: str, caller: Principal, *, now: datetime
) -> sa.Row[Any]:
    """Take the step, and start and stop the clocks. Raises Problem 409."""
    following = next_state(found.state, step)
    if following is None:
        raise _not_open(found, step, "请查看协议现状后再办理")
    if following == "granted" and found.last_on is not None and found.last_on < local_date(now):
        raise _not_open(found, step, "申请的期限已满；仍需共享的，请使用方重新申请")
    values: dict[str, object] = {"state": following, "decided_by": caller.subject}
    if found.state == "asked":
        await deadlines.cancel(tx, kind=OVERDUE_JOB, subject=str(found.agreement_id))
        if following == "granted":
            values["supply_on"] = until = supply_on(local_date(now), WorkingCalendar())
            await deadlines.schedule(tx, kind=SUPPLY_JOB, subject=str(found.agreement_id), due_at=end_of_day(until))
    return await _set(tx, found.agreement_id, **values)


def _not_open(found: sa.Row[Any], step: str, way_out: str) -> Problem:
    return Problem(
        409,
        "step_not_open",
        "共享协议的现状不允许这一步",
        f"共享协议 {found.agreement_id} 现为 {found.state}，不能 {step}",
        field="body.step",
        value=step,
        way_out=way_out,
    )


async def note_not_supplied(work: Work, catalogue: Catalogue) -> None:
    """The last day to give the data of an agreement is over: is everything there that it names?"""
    async with work.transaction() as tx:
        found = await _held(tx, UUID(work.subject))
        if found is None or found.state not in ("granted", "suspended"):
            return
        missing = not_there(found.fields, catalogue, files=await delivered(tx))
        if missing:
            late = AgreementNotSupplied(
                agreement_id=found.agreement_id,
                provider=found.provider,
                consumer=found.consumer,
                supply_on=found.supply_on,
                data_sets=missing,
            )
            await outbox.record(tx, late, at=work.now)


async def note_overdue(work: Work) -> None:
    """The last day to answer a request is over."""
    async with work.transaction() as tx:
        found = await _held(tx, UUID(work.subject))
        if found is not None and found.state == "asked":
            overdue = AgreementOverdue(
                agreement_id=found.agreement_id,
                provider=found.provider,
                consumer=found.consumer,
                answer_on=found.answer_on,
            )
            await outbox.record(tx, overdue, at=work.now)


async def end_agreement(work: Work) -> None:
    """The last day of an agreement is over. Looks are closed by the day itself; this puts it on record."""
    async with work.transaction() as tx:
        found = await _held(tx, UUID(work.subject))
        if found is not None and found.state in ("granted", "suspended"):
            ended = await _set(tx, found.agreement_id, state="ended")
            await _note(tx, ended, by=_PLATFORM, reason="期限届满", now=work.now)


async def _held(tx: AsyncConnection, agreement_id: UUID) -> sa.Row[Any] | None:
    """One that nobody else changes until `tx` ends."""
    found = sa.select(agreement).where(agreement.c.agreement_id == agreement_id).with_for_update()
    return (await tx.execute(found)).one_or_none()


async def _set(tx: AsyncConnection, agreement_id: UUID, **values: object) -> sa.Row[Any]:
    changed = sa.update(agreement).where(agreement.c.agreement_id == agreement_id).values(**values)
    row: sa.Row[Any] = (await tx.execute(changed.returning(agreement))).one()
    return row


def _only_for_own(caller: Principal, body: AgreementRequest, catalogue: Catalogue) -> None:
    is_district = Role.DISTRICT_OFFICER in caller.roles and body.consumer in catalogue.clients
    if body.consumer != caller.department and not is_district:
        raise plain_problem(
            403, detail="只能为本部门（区级为平台服务）申请共享", field="body.consumer", value=body.consumer
        )


def _check(body: AgreementRequest, catalogue: Catalogue, now: datetime) -> None:
    faults = []
    if body.provider not in catalogue.departments or body.provider == body.consumer:
        faults.append(FieldError(field="body.provider", code="unknown_provider", message="应为另一个部门的代码"))
    if body.purpose not in catalogue.purposes:
        faults.append(FieldError(field="body.purpose", code="unknown_purpose", message="目录中没有此用途"))
    for at, path in enumerate(body.fields):
        code, _, name = path.partition(".")
        data_set = catalogue.data_sets.get(code)
        if data_set is None or name not in data_set.fields or data_set.department != body.provider:
            message = "提供部门没有此信息项"
        elif not data_set.may_be_asked_by(body.consumer):
            message = "法律限定了可查询此信息项的部门"
        elif path in body.fields[:at]:
            message = "重复的信息项"
        else:
            continue
        faults.append(FieldError(field=f"body.fields[{at}]", code="field_not_open", message=message))
    faults += _period_faults(body, local_date(now))
    if faults:
        raise plain_problem(422, detail=f"共有 {len(faults)} 处需要修改", errors=faults[:50])


def _period_faults(body: AgreementRequest, today: date) -> list[FieldError]:
    faults = []
    if body.last_on < body.first_on:
        faults.append(FieldError(field="body.last_on", code="period", message="最后一日不能早于第一日"))
    if body.last_on.year > today.year + _LONGEST_YEARS:
        message = f"最后一日不能晚于{_LONGEST_YEARS}年后，届时请重新申请"
        faults.append(FieldError(field="body.last_on", code="period", message=message))
    if body.first_on < today:
        faults.append(FieldError(field="body.first_on", code="period", message="第一日不能早于今天"))
    return faults


async def _refuse_overlap(tx: AsyncConnection, body: AgreementRequest) -> None:
    standing = sa.select(agreement.c.agreement_id).where(
        agreement.c.provider == body.provider,
        agreement.c.consumer == body.consumer,
        agreement.c.purpose == body.purpose,
        agreement.c.fields.overlap(body.fields),
        agreement.c.state.in_(("asked", "granted", "suspended")),
        agreement.c.first_on <= body.last_on,
        sa.or_(agreement.c.last_on.is_(None), agreement.c.last_on >= body.first_on),
    )
    found = (await tx.execute(standing.limit(1))).scalar_one_or_none()
    if found is not None:
        raise Problem(
            409,
            "agreement_overlaps",
            "同一用途和信息项已有共享协议",
            f"共享协议 {found} 在此期间已涵盖其中的信息项",
            way_out="请使用现有协议；需要变更的，先终止再申请",
        )


async def _note(tx: AsyncConnection, row: sa.Row[Any], *, by: str, reason: str | None, now: datetime) -> None:
    """Put the step that led to this row on record and tell the others."""
    of_agreement = agreement_step.c.agreement_id == row.agreement_id
    number = sa.select(sa.func.count() + 1).where(of_agreement).scalar_subquery()
    await tx.execute(
        insert(agreement_step).values(
            agreement_id=row.agreement_id, number=number, state=row.state, taken_by=by, taken_at=now, reason=reason
        )
    )
    changed = AgreementChanged(
        agreement_id=row.agreement_id,
        provider=row.provider,
        consumer=row.consumer,
        purpose=row.purpose,
        state=row.state,
        daily_quota=row.daily_quota,
    )
    await outbox.record(tx, changed, at=now)


async def _detail(
    tx: AsyncConnection, caller: Principal, agreement_id: UUID, *, catalogue: Catalogue, now: datetime
) -> AgreementDetail:
    detail = await agreement_detail(tx, caller, agreement_id, catalogue, today=local_date(now))
    assert detail is not None, "it was just written"
    return detail
