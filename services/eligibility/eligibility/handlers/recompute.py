"""New standards reach the benefits in payment: old and new amount on record, a rise applied, back pay reckoned (3.2).

The facts are those on which the benefit was decided: a standard changes amounts, only a decision changes facts.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.handlers.archive import archive_parameters
from eligibility.queries.parameters import StandingParameters, current_parameters
from eligibility.rules import FactsInvalid, assess
from eligibility.rules.standards import RecomputationOutcome, Stretch, change_days, first_whole_month, outcome_of
from eligibility.tables import assessment, benefit, decision, measure, recomputation
from shared import outbox
from shared.clock import local_date
from shared.events.eligibility import BenefitRecomputed, RecomputationCompleted
from shared.parameters import Parameters

_PAGE_BENEFITS = 200
"""About a second of work: far below a lease."""


@dataclass
class Recomputed:
    """What a run did so far, as it travels from page to page in the payload of its deadline."""

    after: str | None = None
    """The last benefit; None before the first and when all are done."""
    outcomes: Counter[str] = field(default_factory=Counter)
    back_pay_fen: int = 0


async def recompute_page(tx: AsyncConnection, *, since: date, so_far: Recomputed, now: datetime) -> Recomputed:
    """Recompute the next benefits that run on a first day or begin later; tell when all are done."""
    statement = _benefits().where(sa.or_(benefit.c.ends_on.is_(None), benefit.c.ends_on >= since))
    if so_far.after is not None:
        statement = statement.where(benefit.c.benefit_id > UUID(so_far.after))
    rows = (await tx.execute(statement.order_by(benefit.c.benefit_id).limit(_PAGE_BENEFITS))).all()
    done = Recomputed(None, so_far.outcomes.copy(), so_far.back_pay_fen)
    await _recompute(tx, rows, since=since, until=local_date(now), done=done, now=now)
    if len(rows) == _PAGE_BENEFITS:
        done.after = str(rows[-1].benefit_id)
    elif done.outcomes:
        await outbox.record(tx, _completed(since, done), at=now)
    return done


async def recompute_started(tx: AsyncConnection, *, benefit_id: UUID, now: datetime) -> None:
    """A benefit begins: a standard that began after its assessment is brought to it. Without one nothing happens."""
    row = (await tx.execute(_benefits().where(benefit.c.benefit_id == benefit_id))).one()
    current = await current_parameters(tx)
    if len(change_days(current.parameters, since=row.as_of, until=row.starts_on)) > 1:
        await _recompute(tx, [row], since=row.starts_on, until=row.starts_on, done=Recomputed(), now=now)


async def apply_recomputation(tx: AsyncConnection, *, benefit_id: UUID, amount_fen: int) -> None:
    """The benefit is paid at the new amount from this month on."""
    await tx.execute(sa.update(benefit).where(benefit.c.benefit_id == benefit_id).values(monthly_amount_fen=amount_fen))


def _benefits() -> sa.Select[Any]:
    """Benefits with the facts and the officer's word on which they were decided."""
    return (
        sa.select(benefit, assessment.c.facts, assessment.c.as_of, measure.c.differs_from_assessment)
        .join_from(benefit, decision, decision.c.decision_id == benefit.c.decision_id)
        .join(assessment, assessment.c.assessment_id == decision.c.assessment_id)
        .join(
            measure,
            sa.and_(measure.c.decision_id == benefit.c.decision_id, measure.c.policy == benefit.c.policy),
        )
        .with_for_update(of=benefit)
    )


async def _recompute(
    tx: AsyncConnection, rows: Sequence[sa.Row[Any]], *, since: date, until: date, done: Recomputed, now: datetime
) -> None:
    current = await current_parameters(tx)
    await archive_parameters(tx, current=current, now=now)
    events = []
    for row in rows:
        stretches = await _stretches(tx, row, current.parameters, since=since, until=until)
        outcome = outcome_of(stretches, by_officer=row.differs_from_assessment)
        event = await _keep(tx, row, stretches, outcome, current=current, since=since, now=now)
        done.outcomes[outcome] += 1
        if event is not None:
            done.back_pay_fen += event.back_pay_fen
            events.append(event)
    await outbox.record(tx, *events, at=now)


async def _stretches(
    tx: AsyncConnection, row: sa.Row[Any], parameters: Parameters, *, since: date, until: date
) -> list[Stretch]:
    days = change_days(parameters, since=max(since, row.starts_on), until=until)
    history = await _history(tx, row.benefit_id)
    stretches = []
    for at, day in enumerate(days):
        amount_fen, is_undecided = _amount(row, parameters, day)
        next_day = days[at + 1] if at + 1 < len(days) else None
        stretches.append(Stretch(day, next_day, _amount_on(row, history, day), amount_fen, is_undecided))
    return stretches


def _amount(row: sa.Row[Any], parameters: Parameters, day: date) -> tuple[int | None, bool]:
    """What the engine grants on a day, and whether that hangs on an unknown fact."""
    try:
        result = assess(json.loads(row.facts), day, parameters).results[row.policy]
    except FactsInvalid:
        return None, True
    return result.amount_fen, result.eligible is None or (bool(result.eligible) and result.amount_fen is None)


async def _history(tx: AsyncConnection, benefit_id: UUID) -> Sequence[sa.Row[Any]]:
    """The amounts that earlier recomputations brought, the newest word on a day last."""
    rows = await tx.execute(
        sa.select(recomputation)
        .where(recomputation.c.benefit_id == benefit_id, recomputation.c.outcome == RecomputationOutcome.RAISED)
        .order_by(recomputation.c.from_on, recomputation.c.recomputed_at)
    )
    return rows.all()


def _amount_on(row: sa.Row[Any], history: Sequence[sa.Row[Any]], day: date) -> int:
    """What the benefit was until now on a day."""
    begun = [one.new_amount_fen for one in history if one.from_on <= day]
    if begun:
        return int(begun[-1])
    return int(history[0].old_amount_fen if history else row.monthly_amount_fen)


async def _keep(
    tx: AsyncConnection,
    row: sa.Row[Any],
    stretches: Sequence[Stretch],
    outcome: RecomputationOutcome,
    *,
    current: StandingParameters,
    since: date,
    now: datetime,
) -> BenefitRecomputed | None:
    """Put the amounts on record, once for these parameters; apply a rise. The event of a rise."""
    is_rise = outcome is RecomputationOutcome.RAISED
    owed = [one.back_pay_fen(today=local_date(now), ends_on=row.ends_on) if is_rise else 0 for one in stretches]
    kept = await tx.execute(
        insert(recomputation)
        .values(
            [
                {
                    "benefit_id": row.benefit_id,
                    "parameters_version": current.version,
                    "from_on": one.from_on,
                    "since": since,
                    "household_id": row.household_id,
                    "street": row.street,
                    "applicant_subject": row.applicant_subject,
                    "policy": row.policy,
                    "outcome": outcome,
                    "old_amount_fen": one.old_amount_fen,
                    "new_amount_fen": one.new_amount_fen,
                    "back_pay_fen": back_pay_fen,
                    "recomputed_at": now,
                }
                for one, back_pay_fen in zip(stretches, owed, strict=True)
            ]
        )
        .on_conflict_do_nothing()
        .returning(recomputation.c.from_on)
    )
    if not kept.all() or not is_rise:
        return None
    first = next(one for one in stretches if one.new_amount_fen != one.old_amount_fen)
    last = stretches[-1]
    assert first.new_amount_fen is not None, "a rise has an amount in every stretch"
    assert last.new_amount_fen is not None, "a rise has an amount in every stretch"
    await apply_recomputation(tx, benefit_id=row.benefit_id, amount_fen=last.new_amount_fen)
    return BenefitRecomputed(
        household_id=row.household_id,
        application_id=row.application_id,
        benefit_id=row.benefit_id,
        policy=row.policy,
        street=row.street,
        old_amount_fen=first.old_amount_fen,
        new_amount_fen=first.new_amount_fen,
        from_on=first_whole_month(first.from_on),
        monthly_amount_fen=last.new_amount_fen,
        back_pay_fen=sum(owed),
    )


def _completed(since: date, done: Recomputed) -> RecomputationCompleted:
    to_decide = sum(
        count
        for outcome, count in done.outcomes.items()
        if outcome not in {RecomputationOutcome.RAISED, RecomputationOutcome.UNCHANGED}
    )
    return RecomputationCompleted(
        since=since,
        raised=done.outcomes[RecomputationOutcome.RAISED],
        unchanged=done.outcomes[RecomputationOutcome.UNCHANGED],
        to_decide=to_decide,
        back_pay_fen=done.back_pay_fen,
    )
