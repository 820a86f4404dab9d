"""New standards reach the benefits in payment: old and new amount on record, a rise applied, back pay reckoned (3.2).

The facts are those on which the benefit was decided: a standard changes amounts, only a decision changes facts.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.handlers.archive import archive_parameters
from eligibility.handlers.benefits import adjust
from eligibility.queries.benefits import amounts_of
from eligibility.queries.calendar import standing_calendar
from eligibility.queries.parameters import StandingParameters, current_parameters
from eligibility.rules import FactsInvalid, assess
from eligibility.rules.benefits import BenefitState, Change, amount_on
from eligibility.rules.engine.calendar import Calendar
from eligibility.rules.standards import RecomputationOutcome, Stretch, change_days, first_whole_month, outcome_of
from eligibility.tables import assessment, benefit, benefit_amount, decision, measure, recomputation
from shared import outbox
from shared.clock import local_date
from shared.events.eligibility import RecomputationCompleted
from shared.parameters import Parameters

_PAGE_BENEFITS = 200
"""About a second of work: far below a lease."""
CAUSE = "standard"
"""Stands in the history of a benefit; the document beside it is the version of the parameters."""
_BY_THE_ENGINE = ("decision", CAUSE)
_LESS = (Change.SUSPEND, Change.GRACE, Change.END)
"""Leave the months before them as they were decided."""


@dataclass
class Recomputed:
    """What a run did so far, as it travels from page to page in the payload of its deadline."""

    after: str | None = None
    """The last benefit; None before the first and when all are done."""
    outcomes: Counter[str] = field(default_factory=Counter)
    back_pay_fen: int = 0


async def recompute_page(tx: AsyncConnection, *, since: date, so_far: Recomputed, now: datetime) -> Recomputed:
    """Recompute the next benefits that run on a first day or begin later; tell when all are done."""
    statement = _benefits(since=since)
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
    row = (await tx.execute(_benefits(since=date.min).where(benefit.c.benefit_id == benefit_id))).one_or_none()
    if row is None:
        return  # suspended or over before it began
    current = await current_parameters(tx)
    if len(change_days(current.parameters, since=row.as_of, until=row.starts_on)) > 1:
        await _recompute(tx, [row], since=row.starts_on, until=row.starts_on, done=Recomputed(), now=now)


def _benefits(*, since: date) -> sa.Select[Any]:
    """Benefits that are paid on or after a day, with the facts on which they were decided, and whether an officer set
    their amount. `less_from`: the day of a suspension, a grace period or an end that is decided and yet to come.
    """
    entered = benefit_amount.c.benefit_id == benefit.c.benefit_id
    changed_since = (
        sa.select(benefit_amount.c.benefit_id)
        .where(entered, benefit_amount.c.cause.not_in((*_BY_THE_ENGINE, *_LESS, "grace_over")))
        .exists()
    )
    by_officer = (measure.c.differs_from_assessment | changed_since).label("by_officer")
    less_from = (
        sa.select(sa.func.min(benefit_amount.c.from_on))
        .where(entered, benefit_amount.c.cause.in_(_LESS), benefit.c.state != BenefitState.RUNNING)
        .scalar_subquery()
    )
    return (
        sa.select(benefit, assessment.c.facts, assessment.c.as_of, by_officer, less_from.label("less_from"))
        .join_from(benefit, decision, decision.c.decision_id == benefit.c.decision_id)
        .join(assessment, assessment.c.assessment_id == decision.c.assessment_id)
        .join(
            measure,
            sa.and_(measure.c.decision_id == benefit.c.decision_id, measure.c.policy == benefit.c.policy),
        )
        .where(
            sa.or_(benefit.c.state == BenefitState.RUNNING, less_from > sa.func.greatest(benefit.c.starts_on, since))
        )
        .with_for_update(of=benefit)
    )


async def _recompute(
    tx: AsyncConnection, rows: Sequence[sa.Row[Any]], *, since: date, until: date, done: Recomputed, now: datetime
) -> None:
    current = await current_parameters(tx)
    calendar = await standing_calendar(tx)
    await archive_parameters(tx, current=current, now=now)
    for row in rows:
        stretches = await _stretches(tx, row, current.parameters, calendar, since=since, until=until)
        outcome = outcome_of(stretches, by_officer=row.by_officer)
        done.back_pay_fen += await _keep(tx, row, stretches, outcome, current=current, since=since, now=now)
        done.outcomes[outcome] += 1


async def _stretches(
    tx: AsyncConnection, row: sa.Row[Any], parameters: Parameters, calendar: Calendar, *, since: date, until: date
) -> list[Stretch]:
    if row.less_from is not None:
        until = min(until, row.less_from - timedelta(days=1))
    days = change_days(parameters, since=max(since, row.starts_on), until=until)
    amounts = await amounts_of(tx, row.benefit_id)
    stretches = []
    for at, day in enumerate(days):
        amount_fen, is_undecided = _amount(row, parameters, calendar, day)
        next_day = days[at + 1] if at + 1 < len(days) else None
        old_amount_fen = amount_on(amounts, first_whole_month(day))
        stretches.append(Stretch(day, next_day, old_amount_fen, amount_fen, is_undecided))
    return stretches


def _amount(row: sa.Row[Any], parameters: Parameters, calendar: Calendar, day: date) -> tuple[int | None, bool]:
    """What the engine grants on a day, and whether that hangs on an unknown fact."""
    try:
        result = assess(json.loads(row.facts), day, parameters, calendar).results[row.policy]
    except FactsInvalid:
        return None, True
    return result.amount_fen, result.eligible is None or (bool(result.eligible) and result.amount_fen is None)


async def _keep(
    tx: AsyncConnection,
    row: sa.Row[Any],
    stretches: Sequence[Stretch],
    outcome: RecomputationOutcome,
    *,
    current: StandingParameters,
    since: date,
    now: datetime,
) -> int:
    """Put the amounts on record, once for these parameters, and enter a rise; the back pay that it owes, in fen."""
    owed = dict.fromkeys(range(len(stretches)), 0)
    if outcome is RecomputationOutcome.RAISED:
        # The last first: an amount counts until the next one on record, so each ends where a later one begins.
        for at in reversed(range(len(stretches))):
            owed[at] = await _enter(tx, row, stretches[at], document=current.version, now=now)
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
                    "back_pay_fen": owed[at],
                    "recomputed_at": now,
                }
                for at, one in enumerate(stretches)
            ]
        )
        .on_conflict_do_nothing()
        .returning(recomputation.c.back_pay_fen)
    )
    return sum(kept.scalars())


async def _enter(tx: AsyncConnection, row: sa.Row[Any], stretch: Stretch, *, document: str, now: datetime) -> int:
    """The amount of one stretch, from its first whole month; the back pay. A stretch without one owes nothing."""
    from_on = first_whole_month(stretch.from_on)
    assert stretch.new_amount_fen is not None, "a rise has an amount in every stretch"
    if stretch.until is not None and from_on >= stretch.until:
        return 0
    done = await adjust(
        tx,
        benefit_id=row.benefit_id,
        new_amount_fen=stretch.new_amount_fen,
        from_on=from_on,
        cause=CAUSE,
        document=document,
        recorded_by=CAUSE,
        now=now,
    )
    return done.back_pay_fen


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
