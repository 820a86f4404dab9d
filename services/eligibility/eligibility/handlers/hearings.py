"""Hearings: whoever loses something says what there is to say before it is decided (Social Assistance Law art. 48)."""

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.handlers.benefits import about
from eligibility.queries.benefit_changes import change_row, hearing_row
from eligibility.queries.benefits import benefit_row
from eligibility.queries.calendar import working_calendar
from eligibility.queries.parameters import limit
from eligibility.rules.benefits import Change, needs_hearing
from eligibility.tables import hearing
from shared import outbox
from shared.auth import Principal
from shared.clock import Clock, local_date
from shared.events.eligibility import HearingHeld, HearingOpened
from shared.problems import Problem


async def open_hearing(
    tx: AsyncConnection, *, change_id: UUID, notice_given_on: date, caller: Principal, clock: Clock
) -> sa.Row[Any]:
    """The recipient was told of a proposed change and may speak. Raises Problem 404, 409, 422."""
    change = await _proposed(tx, change_id)
    # Told before anything was proposed, the recipient could not know of what; the days of silence would not count.
    first_day = local_date(change.proposed_at)
    _refuse_outside(notice_given_on, first_day, clock.today(), field="body.notice_given_on")
    days = await limit(tx, "hearing_silence_working_days", on=notice_given_on)
    respond_by = (await working_calendar(tx)).add_working_days(notice_given_on, days)
    created = await tx.execute(
        insert(hearing)
        .values(change_id=change_id, notice_given_on=notice_given_on, respond_by=respond_by, opened_by=caller.subject)
        .on_conflict_do_nothing()
        .returning(hearing.c.change_id)
    )
    if created.one_or_none() is None:
        raise Problem(
            409,
            "hearing_already_open",
            "已经告知当事人",
            f"变更 {change_id} 已于此前告知当事人",
            field="path.change_id",
            value=change_id,
            way_out="请等待或登记当事人的意见",
        )
    row = await benefit_row(tx, change.benefit_id)
    event = HearingOpened(
        **about(row), change_id=change_id, change=change.kind, from_on=change.from_on, respond_by=respond_by
    )
    await outbox.record(tx, event, at=clock.now())
    return change


async def record_statement(
    tx: AsyncConnection, *, change_id: UUID, heard_on: date, statement: str, caller: Principal, clock: Clock
) -> sa.Row[Any]:
    """What the recipient said. Raises Problem 404, 409 where nobody was told or somebody was heard, 422."""
    change = await _proposed(tx, change_id)
    _refuse_outside(heard_on, local_date(change.proposed_at), clock.today(), field="body.heard_on")
    recorded = await tx.execute(
        sa.update(hearing)
        .where(hearing.c.change_id == change_id, hearing.c.heard_on.is_(None), hearing.c.notice_given_on <= heard_on)
        .values(heard_on=heard_on, statement=statement, recorded_by=caller.subject)
        .returning(hearing.c.change_id)
    )
    if recorded.one_or_none() is None:
        raise Problem(
            409,
            "hearing_not_open",
            "没有可以登记意见的告知",
            f"变更 {change_id} 尚未告知当事人、告知日期晚于听取日期，或已登记过意见",
            field="path.change_id",
            value=change_id,
            way_out="请先登记告知日期；已登记的意见不能更改",
        )
    row = await benefit_row(tx, change.benefit_id)
    await outbox.record(tx, HearingHeld(**about(row), change_id=change_id), at=clock.now())
    return change


async def refuse_unheard(tx: AsyncConnection, *, change: sa.Row[Any], old_fen: int, today: date) -> None:
    """Raises Problem 422 where the recipient must be heard and was not; silence until the day counts as heard."""
    kind = Change(change.kind)
    if not needs_hearing(kind, old_fen=old_fen, new_fen=change.amount_fen, cause=change.cause, on=today):
        return
    held = await hearing_row(tx, change.change_id)
    if held is None or (held.heard_on is None and today <= held.respond_by):
        raise Problem(
            422,
            "hearing_needed",
            "减少、暂停或终止待遇前，须听取当事人意见",
            "尚未告知当事人" if held is None else f"当事人可在 {held.respond_by} 前陈述意见",
            field="path.change_id",
            value=change.change_id,
            way_out="请先告知当事人，登记其意见，或等待陈述期届满",
        )


async def _proposed(tx: AsyncConnection, change_id: UUID) -> sa.Row[Any]:
    change = await change_row(tx, change_id, locked=True)
    if change.state != "proposed":
        raise Problem(
            409,
            "change_closed",
            "该变更已经复核或退回",
            f"变更 {change_id} 已经办结",
            field="path.change_id",
            value=change_id,
            way_out="如需再次变更，请重新提出",
        )
    return change


def _refuse_outside(day: date, first_day: date, today: date, *, field: str) -> None:
    if not first_day <= day <= today:
        raise Problem(
            422,
            "day_outside_period",
            "日期应在提出变更之日至今天之间",
            f"{day} 不在 {first_day} 至 {today} 之间",
            field=field,
            value=day,
            way_out="请填写实际日期",
        )
