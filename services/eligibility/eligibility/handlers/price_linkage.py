"""Price linkage: a month's reading starts, continues or ends the supplement; its recipients get it once (3.1).

Who is paid nothing for a month gets no supplement of it, unless back pay is owed for that month later.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.queries.calendar import working_calendar
from eligibility.queries.parameters import current_parameters, limit
from eligibility.rules.benefits import first_of_month_after
from eligibility.rules.price_linkage import (
    EXTRA_POLICIES,
    LINKED_POLICIES,
    LinkageStep,
    PriceReading,
    amount_per_person_fen,
    linked_policies,
    step_of,
)
from eligibility.tables import benefit, benefit_amount, price_reading, price_subsidy, register_entry
from shared import deadlines, outbox
from shared.auth import Principal
from shared.clock import Clock
from shared.events import Event
from shared.events.eligibility import PriceLinkageEnded, PriceLinkageStarted, PriceSubsidyDue
from shared.parameters import ParameterMissing
from shared.problems import Problem

SUBSIDY_JOB = "grant_price_subsidies"

_PAGE_HOUSEHOLDS = 500
_RUNNING = (LinkageStep.STARTS, LinkageStep.CONTINUES)


async def record_reading(
    tx: AsyncConnection, *, reading: PriceReading, published_on: date, source: str, caller: Principal, clock: Clock
) -> sa.Row[Any]:
    """Enter the reading of the next month. Raises Problem 409 for any other month, 422 for days that cannot be."""
    now = clock.now()
    last = (await tx.execute(sa.select(price_reading).order_by(price_reading.c.month.desc()).limit(1))).one_or_none()
    if last is not None and reading.month != first_of_month_after(last.month):
        raise _out_of_order(reading.month, f"已录入至 {last.month}，下一个月份为 {first_of_month_after(last.month)}")
    if not first_of_month_after(reading.month) <= published_on <= clock.today():
        raise Problem(
            422,
            "publication_day_impossible",
            "指数发布日期不可能",
            f"{reading.month} 的指数在次月发布，且不晚于今天（{clock.today()}）",
            field="body.published_on",
            value=published_on,
            way_out="请按统计部门的发布日期填写",
        )
    parameters = (await current_parameters(tx)).parameters
    try:
        step = step_of(reading, parameters, was_running=last is not None and last.step in _RUNNING)
    except ParameterMissing as error:
        raise Problem(
            422, "before_linkage", "该月尚无联动启动条件", str(error), field="body.month", value=reading.month
        ) from error
    amount_fen = amount_per_person_fen(reading, parameters) if step in _RUNNING else 0
    created = await tx.execute(
        insert(price_reading)
        .values(
            month=reading.month,
            cpi_rise=str(reading.cpi_rise),
            food_rise=str(reading.food_rise),
            published_on=published_on,
            source=source,
            step=step,
            amount_per_person_fen=amount_fen,
            due_on=await _due_on(tx, published_on),
            recorded_by=caller.subject,
            recorded_at=now,
        )
        .on_conflict_do_nothing()
        .returning(price_reading)
    )
    row: sa.Row[Any] | None = created.one_or_none()
    if row is None:
        raise _out_of_order(reading.month, f"{reading.month} 刚刚已录入")
    if amount_fen:
        await deadlines.schedule(tx, kind=SUBSIDY_JOB, subject=str(reading.month), due_at=now)
    await outbox.record(tx, *_change(reading, step, amount_fen), at=now)
    return row


def _out_of_order(month: date, detail: str) -> Problem:
    return Problem(
        409,
        "reading_out_of_order",
        "物价指数须逐月录入",
        detail,
        field="body.month",
        value=month,
        way_out="请先录入缺少的月份；已录入的月份不能重复录入",
    )


def _change(reading: PriceReading, step: LinkageStep, amount_fen: int) -> list[Event]:
    if step is LinkageStep.STARTS:
        return [
            PriceLinkageStarted(
                month=reading.month,
                cpi_rise=str(reading.cpi_rise),
                food_rise=str(reading.food_rise),
                amount_per_person_fen=amount_fen,
            )
        ]
    if step is LinkageStep.ENDS:
        return [
            PriceLinkageEnded(month=reading.month, cpi_rise=str(reading.cpi_rise), food_rise=str(reading.food_rise))
        ]
    return []


async def grant_subsidies(tx: AsyncConnection, *, month: date, after: UUID | None, now: datetime) -> UUID | None:
    """Grant the month's supplement to the next recipients. Returns the last household, or None when all are done."""
    reading = (await tx.execute(sa.select(price_reading).where(price_reading.c.month == month))).one()
    everybody = await _everybody(tx, month)
    page = sa.select(everybody.c.household_id).distinct().order_by("household_id").limit(_PAGE_HOUSEHOLDS)
    if after is not None:
        page = page.where(everybody.c.household_id > after)
    households = await _recipients(tx, everybody, everybody.c.household_id.in_(page))
    await _grant(tx, reading, households, due_on=reading.due_on, now=now)
    return max(households) if len(households) == _PAGE_HOUSEHOLDS else None


async def grant_missed(tx: AsyncConnection, *, household_id: UUID, since: date, clock: Clock) -> None:
    """Back pay is owed to the household from a month on: the supplements of these months go to whoever lacks them."""
    over = sa.select(price_reading).where(price_reading.c.month >= since, price_reading.c.amount_per_person_fen > 0)
    for reading in (await tx.execute(over)).all():
        everybody = await _everybody(tx, reading.month)
        households = await _recipients(tx, everybody, everybody.c.household_id == household_id)
        await _grant(tx, reading, households, due_on=await _due_on(tx, clock.today()), now=clock.now())


async def _due_on(tx: AsyncConnection, day: date) -> date:
    """The last day to pay a supplement that is known to be owed since this day."""
    days = await limit(tx, "price_subsidy_working_days", on=day)
    return (await working_calendar(tx)).add_working_days(day, days)


async def _grant(
    tx: AsyncConnection,
    reading: sa.Row[Any],
    households: Mapping[UUID, Sequence[sa.Row[Any]]],
    *,
    due_on: date,
    now: datetime,
) -> None:
    rows = [
        {
            "month": reading.month,
            "household_id": household_id,
            "person_ref": person,
            "street": running[0].street,
            "applicant_subject": running[0].applicant_subject,
            "amount_fen": reading.amount_per_person_fen,
            "due_on": due_on,
            "recorded_at": now,
        }
        for household_id, running in households.items()
        for person in sorted({person for one in running for person in one.person_refs})
    ]
    if not rows:
        return
    # The key lets a person count once a month, whatever runs for them and however often this is done.
    granted = await tx.execute(
        insert(price_subsidy).on_conflict_do_nothing().returning(price_subsidy.c.household_id, price_subsidy.c.street),
        rows,
    )
    events = [
        PriceSubsidyDue(
            household_id=household_id,
            street=street,
            month=reading.month,
            persons=persons,
            amount_fen=reading.amount_per_person_fen * persons,
            due_on=due_on,
        )
        for (household_id, street), persons in Counter(tuple(row) for row in granted).items()
    ]
    await outbox.record(tx, *events, at=now)


async def _recipients(
    tx: AsyncConnection, everybody: sa.Subquery, wanted: sa.ColumnElement[bool]
) -> dict[UUID, list[sa.Row[Any]]]:
    """Some of the households that get the supplement, by id, with the persons of each policy that ran."""
    rows = await tx.execute(sa.select(everybody).where(wanted).order_by(everybody.c.household_id))
    found: dict[UUID, list[sa.Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.household_id, []).append(row)
    return found


async def _everybody(tx: AsyncConnection, month: date) -> sa.Subquery:
    """Everybody for whom a linked policy ran in the month: a row for each policy of a household."""
    policies = linked_policies((await current_parameters(tx)).parameters, month)
    recipients = _paid(policies, month)
    extra = [policy for policy in policies if policy in EXTRA_POLICIES]
    return (sa.union_all(recipients, _identified(extra, month)) if extra else recipients).subquery()


def _paid(policies: Sequence[str], month: date) -> sa.Select[Any]:
    """Benefits for which something is owed for the month: none that is suspended, over or not begun."""
    owed_fen = (  # as rules.benefits.amount_on
        sa.select(benefit_amount.c.amount_fen)
        .where(benefit_amount.c.benefit_id == benefit.c.benefit_id, benefit_amount.c.from_on <= month)
        .order_by(benefit_amount.c.from_on.desc(), benefit_amount.c.entry.desc())
        .limit(1)
        .scalar_subquery()
    )
    return sa.select(
        benefit.c.household_id, benefit.c.street, benefit.c.applicant_subject, benefit.c.person_refs
    ).where(benefit.c.policy.in_([policy for policy in policies if policy in LINKED_POLICIES]), owed_fen > 0)


def _identified(policies: Sequence[str], month: date) -> sa.Select[Any]:
    """Households that were on the register in the month by one of these, which have no amount."""
    entry = register_entry.c
    return sa.select(entry.household_id, entry.street, entry.applicant_subject, entry.person_refs).where(
        entry.policy.in_(policies),
        entry.since < first_of_month_after(month),
        sa.or_(entry.until.is_(None), entry.until > month),
    )
