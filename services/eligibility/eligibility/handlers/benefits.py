"""A benefit in payment and what is owed for it, month by month: started by a decision, adjusted, over.

Amounts are only added, never changed: the history of a benefit is its proof.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.queries.benefits import amounts_of, benefit_row
from eligibility.rules.benefits import (
    Amount,
    BenefitState,
    amount_on,
    back_pay,
    first_of_month_after,
    next_amount_on,
)
from eligibility.rules.decisions import Measure
from eligibility.tables import benefit, benefit_amount
from shared import deadlines, outbox
from shared.clock import end_of_day, local_date, start_of_day
from shared.events.eligibility import BenefitAdjusted, BenefitEnded, BenefitStarted, GracePeriodEnded
from shared.ids import new_id
from shared.problems import Problem

END_GRACE_JOB = "end_grace"
STARTED_JOB = "benefit_started"
OPEN_REVIEW_JOB = "open_review"
REVIEW_OVERDUE_JOB = "review_overdue"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What an adjustment did. `until`: the day of the next amount, up to which it counts; None: for good."""

    old_amount_fen: int
    new_amount_fen: int
    back_pay_fen: int
    until: date | None


async def start_benefit(
    tx: AsyncConnection, *, row: sa.Row[Any], measure: Measure, on: date, at: datetime
) -> BenefitStarted:
    """A decision grants a monthly benefit, from the first of the month after it came into force, or after the last
    month of the one that the household had: an end that was decided may be yet to come.
    """
    amount_fen = measure.monthly_amount_fen
    assert amount_fen is not None, "a monthly benefit has an amount"
    paid_until = await _paid_until(tx, household_id=row.household_id, policy=measure.answer.policy)
    benefit_id, starts_on = new_id(), first_of_month_after(max(on, paid_until or on))
    await tx.execute(
        sa.insert(benefit).values(
            benefit_id=benefit_id,
            decision_id=row.decision_id,
            application_id=row.application_id,
            household_id=row.household_id,
            street=row.street,
            applicant_subject=row.applicant_subject,
            policy=measure.answer.policy,
            monthly_amount_fen=amount_fen,
            person_refs=list(measure.answer.person_refs),
            starts_on=starts_on,
            state=BenefitState.RUNNING,
        )
    )
    entry = Entry(cause="decision", document=str(row.decision_id), recorded_by=row.confirmed_by, at=at)
    first = Amount(starts_on, amount_fen)
    owed_fen = back_pay([], first, today=local_date(at))
    await _add(tx, benefit_id, first, old_fen=0, back_pay_fen=owed_fen, entry=entry)
    await deadlines.schedule(tx, kind=STARTED_JOB, subject=str(benefit_id), due_at=start_of_day(starts_on))
    return BenefitStarted(
        household_id=row.household_id,
        application_id=row.application_id,
        benefit_id=benefit_id,
        policy=measure.answer.policy,
        street=row.street,
        monthly_amount_fen=amount_fen,
        starts_on=starts_on,
    )


async def _paid_until(tx: AsyncConnection, *, household_id: UUID, policy: str) -> date | None:
    found = await tx.execute(
        sa.select(sa.func.max(benefit.c.ends_on)).where(
            benefit.c.household_id == household_id, benefit.c.policy == policy
        )
    )
    last: date | None = found.scalar_one()
    return last


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Why an amount is entered, by which document, by whom and when."""

    cause: str
    document: str
    recorded_by: str
    at: datetime


async def adjust(
    tx: AsyncConnection,
    *,
    benefit_id: UUID,
    new_amount_fen: int,
    from_on: date,
    cause: str,
    document: str,
    recorded_by: str,
    now: datetime,
) -> Adjustment:
    """Enter another amount from the first day of a month until the next amount on record; tell, and owe back pay.

    For recomputations: the same cause and document of the same day are entered once, and asked again give the same
    answer. Raises Problem 404, 409 `benefit_not_paid_then` where nothing is paid that month, 422 `cut_in_the_past`.
    """
    row = await benefit_row(tx, benefit_id, locked=True)
    amounts = await amounts_of(tx, benefit_id)
    new = Amount(from_on, new_amount_fen)
    until = next_amount_on(amounts, from_on)
    done = await _entered(tx, benefit_id, from_on=from_on, cause=cause, document=document)
    if done is not None:
        return Adjustment(done.old_amount_fen, done.amount_fen, done.back_pay_fen, until)
    old_fen = amount_on(amounts, from_on)
    if old_fen == 0:
        raise Problem(
            409,
            "benefit_not_paid_then",
            "该月没有发放此项待遇",
            f"待遇 {benefit_id} 在 {from_on} 没有应发金额",
            field="body.from_on",
            value=from_on,
            way_out="请核对起始日；暂停或终止期间不调整金额",
        )
    refuse_cut_in_the_past(old_fen=old_fen, new=new, today=local_date(now))
    owed_fen = back_pay(amounts, new, today=local_date(now))
    entry = Entry(cause=cause, document=document, recorded_by=recorded_by, at=now)
    await _add(tx, benefit_id, new, old_fen=old_fen, back_pay_fen=owed_fen, entry=entry)
    if until is None:
        await tx.execute(
            sa.update(benefit).where(benefit.c.benefit_id == benefit_id).values(monthly_amount_fen=new_amount_fen)
        )
    if new_amount_fen != old_fen:
        event = BenefitAdjusted(
            **about(row),
            old_amount_fen=old_fen,
            new_amount_fen=new_amount_fen,
            from_on=from_on,
            back_pay_fen=owed_fen,
        )
        await outbox.record(tx, event, at=now)
    return Adjustment(old_fen, new_amount_fen, owed_fen, until)


async def enter_from(
    tx: AsyncConnection, *, benefit_id: UUID, new: Amount, entry: Entry, today: date
) -> tuple[int, int]:
    """From a day on this amount is owed, whatever was planned after it. The old amount and the back pay, in fen."""
    amounts = await amounts_of(tx, benefit_id)
    old_fen = amount_on(amounts, new.from_on)
    owed_fen = 0
    for day in sorted({new.from_on, *(one.from_on for one in amounts if one.from_on > new.from_on)}):
        step = Amount(day, new.amount_fen)
        step_fen = back_pay(amounts, step, today=today)
        await _add(tx, benefit_id, step, old_fen=amount_on(amounts, day), back_pay_fen=step_fen, entry=entry)
        owed_fen += step_fen
    return old_fen, owed_fen


def refuse_cut_in_the_past(*, old_fen: int, new: Amount, today: date) -> None:
    """Raises Problem 422: what a month brought is not taken back."""
    if new.amount_fen < old_fen and new.from_on < first_of_month_after(today):
        raise Problem(
            422,
            "cut_in_the_past",
            "减少、暂停或终止待遇最早自次月起",
            f"{new.from_on} 早于次月首日 {first_of_month_after(today)}",
            field="body.from_on",
            value=new.from_on,
            way_out="请以次月或以后某月的首日为起始日",
        )


async def end_grace(tx: AsyncConnection, *, benefit_id: UUID, now: datetime) -> None:
    """The last day of the grace period is over: the benefit ends by itself (clause 2.1.4). No payment was planned
    after it. Does nothing where officers were quicker.
    """
    row = await benefit_row(tx, benefit_id, locked=True)
    if row.state != BenefitState.IN_GRACE:
        return
    await tx.execute(sa.update(benefit).where(benefit.c.benefit_id == benefit_id).values(state=BenefitState.ENDED))
    await forget_clocks(tx, benefit_id)
    await outbox.record(
        tx,
        GracePeriodEnded(**about(row), ends_on=row.ends_on),
        BenefitEnded(**about(row), ends_on=row.ends_on),
        at=now,
    )


async def set_end(tx: AsyncConnection, *, benefit_id: UUID, from_on: date) -> None:
    """The end of the grace period is a deadline: the day before `from_on` is the last."""
    last_day = from_on - timedelta(days=1)
    await deadlines.schedule(tx, kind=END_GRACE_JOB, subject=str(benefit_id), due_at=end_of_day(last_day))


async def forget_clocks(tx: AsyncConnection, benefit_id: UUID) -> None:
    """Nothing is due any more of a benefit that ended."""
    for kind in (END_GRACE_JOB, OPEN_REVIEW_JOB, REVIEW_OVERDUE_JOB):
        await deadlines.cancel(tx, kind=kind, subject=str(benefit_id))


def about(row: sa.Row[Any]) -> dict[str, Any]:
    """What every event of a benefit says."""
    names: Sequence[str] = ("household_id", "application_id", "benefit_id", "policy", "street")
    return {name: getattr(row, name) for name in names}


async def _entered(
    tx: AsyncConnection, benefit_id: UUID, *, from_on: date, cause: str, document: str
) -> sa.Row[Any] | None:
    found = await tx.execute(
        sa.select(benefit_amount).where(
            benefit_amount.c.benefit_id == benefit_id,
            benefit_amount.c.from_on == from_on,
            benefit_amount.c.cause == cause,
            benefit_amount.c.document == document,
        )
    )
    return found.one_or_none()


async def _add(
    tx: AsyncConnection, benefit_id: UUID, new: Amount, *, old_fen: int, back_pay_fen: int, entry: Entry
) -> None:
    await tx.execute(
        sa.insert(benefit_amount).values(
            benefit_id=benefit_id,
            from_on=new.from_on,
            amount_fen=new.amount_fen,
            old_amount_fen=old_fen,
            back_pay_fen=back_pay_fen,
            cause=entry.cause,
            document=entry.document,
            recorded_by=entry.recorded_by,
            recorded_at=entry.at,
        )
    )
