"""Standards on record, what they would do and what they did."""

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.schemas.standards import (
    EffectView,
    OutcomeTotal,
    RecomputationPage,
    RecomputationView,
    ShadowRunView,
    StandardView,
    StreetEffects,
)
from eligibility.tables import recomputation, shadow_effect, shadow_run, standard
from shared.problems import not_found

_COUNTS = (
    "running", "entering", "leaving", "changing", "undecided", "just_over", "cost_before_fen", "cost_after_fen",
)  # fmt: skip


async def standard_row(tx: AsyncConnection, standard_id: UUID, *, locked: bool = False) -> sa.Row[Any]:
    """A standard. Raises Problem 404."""
    statement = sa.select(standard).where(standard.c.standard_id == standard_id)
    row = (await tx.execute(statement.with_for_update() if locked else statement)).one_or_none()
    if row is None:
        raise not_found("标准", standard_id)
    return row


async def standard_views(tx: AsyncConnection, *, parameter: str | None) -> list[StandardView]:
    """Every standard, or those of one parameter, the newest proposal first."""
    statement = sa.select(standard).order_by(standard.c.proposed_at.desc(), standard.c.standard_id.desc())
    if parameter is not None:
        statement = statement.where(standard.c.parameter == parameter)
    return [standard_view(row) for row in await tx.execute(statement)]


def standard_view(row: sa.Row[Any]) -> StandardView:
    """The row as callers see it."""
    return StandardView(
        standard_id=row.standard_id,
        parameter=row.parameter,
        value=row.value,
        unit=row.unit,
        first_day=row.first_day,
        document_number=row.document_number,
        issued_on=row.issued_on,
        note=row.note,
        correction=row.is_correction,
        state=row.state,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        confirmed_by=row.confirmed_by,
        confirmed_at=row.confirmed_at,
        comment=row.comment,
        returned_because=row.returned_because,
    )


async def latest_shadow_run_row(tx: AsyncConnection, standard_id: UUID) -> sa.Row[Any]:
    """The newest shadow run of a standard. Raises Problem 404."""
    statement = (
        sa.select(shadow_run)
        .where(shadow_run.c.standard_id == standard_id)
        .order_by(shadow_run.c.started_at.desc(), shadow_run.c.run_id.desc())
        .limit(1)
    )
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise not_found("测算，标准", standard_id)
    return row


async def shadow_run_view(tx: AsyncConnection, row: sa.Row[Any]) -> ShadowRunView:
    """A shadow run with what it found so far, by policy in the whole district and in each street."""
    totals = [sa.func.sum(shadow_effect.c[name]).cast(sa.BigInteger).label(name) for name in _COUNTS]
    of_run = shadow_effect.c.run_id == row.run_id
    policy, street = shadow_effect.c.policy, shadow_effect.c.street
    whole = await tx.execute(sa.select(policy, *totals).where(of_run).group_by(policy).order_by(policy))
    parts = await tx.execute(sa.select(shadow_effect).where(of_run).order_by(street, policy))
    by_street: dict[str, list[EffectView]] = {}
    for one in parts:
        by_street.setdefault(one.street, []).append(_effect_view(one))
    return ShadowRunView(
        run_id=row.run_id,
        standard_id=row.standard_id,
        state=row.state,
        households_total=row.households_total,
        households_done=row.households_done,
        unreadable=row.unreadable,
        started_at=row.started_at,
        completed_at=row.completed_at,
        district=[_effect_view(one) for one in whole],
        streets=[StreetEffects(street=name, policies=found) for name, found in by_street.items()],
    )


def _effect_view(row: sa.Row[Any]) -> EffectView:
    return EffectView(
        policy=row.policy,
        running=row.running,
        entering=row.entering,
        leaving=row.leaving,
        changing=row.changing,
        undecided=row.undecided,
        just_over=row.just_over,
        cost_before=row.cost_before_fen,
        cost_after=row.cost_after_fen,
        cost_difference=row.cost_after_fen - row.cost_before_fen,
    )


async def recomputation_page(tx: AsyncConnection, *, since: date, cursor: UUID | None, limit: int) -> RecomputationPage:
    """What the values of a first day made of running benefits: `limit` benefits after the cursor, and the totals."""
    # A run that came late may have brought the values of this day together with those of an earlier one.
    of_day = sa.or_(recomputation.c.since == since, recomputation.c.from_on == since)
    benefits = sa.select(recomputation.c.benefit_id).where(of_day).distinct().order_by("benefit_id").limit(limit)
    if cursor is not None:
        benefits = benefits.where(recomputation.c.benefit_id > cursor)
    found = await tx.execute(
        sa.select(recomputation)
        .where(of_day, recomputation.c.benefit_id.in_(benefits))
        .order_by(recomputation.c.benefit_id, recomputation.c.recomputed_at, recomputation.c.from_on)
    )
    items = [_recomputation_view(row) for row in found]
    totals = await tx.execute(
        sa.select(
            recomputation.c.outcome,
            sa.func.count(recomputation.c.benefit_id.distinct()).label("benefits"),
            sa.func.sum(recomputation.c.back_pay_fen).cast(sa.BigInteger).label("back_pay_fen"),
        )
        .where(of_day)
        .group_by(recomputation.c.outcome)
        .order_by(recomputation.c.outcome)
    )
    is_full = len({one.benefit_id for one in items}) == limit
    return RecomputationPage(
        totals=[OutcomeTotal(outcome=row.outcome, benefits=row.benefits, back_pay=row.back_pay_fen) for row in totals],
        items=items,
        next_cursor=items[-1].benefit_id if is_full else None,
    )


def _recomputation_view(row: sa.Row[Any]) -> RecomputationView:
    return RecomputationView(
        benefit_id=row.benefit_id,
        household_id=row.household_id,
        street=row.street,
        policy=row.policy,
        outcome=row.outcome,
        from_on=row.from_on,
        old_amount=row.old_amount_fen,
        new_amount=row.new_amount_fen,
        back_pay=row.back_pay_fen,
        recomputed_at=row.recomputed_at,
    )
