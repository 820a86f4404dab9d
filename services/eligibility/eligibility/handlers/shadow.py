"""Shadow run: a proposed standard is tried on every household on record, in pages, and nothing is changed (3.2)."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.handlers.archive import archive_parameters
from eligibility.queries.calendar import standing_calendar
from eligibility.queries.parameters import current_parameters, standard_of
from eligibility.queries.standards import latest_shadow_run_row, standard_row
from eligibility.rules import FactsInvalid
from eligibility.rules.assessment import assess_facts
from eligibility.rules.benefits import BenefitState
from eligibility.rules.engine.archive import read_parameters
from eligibility.rules.engine.calendar import Calendar
from eligibility.rules.facts.contract import read_facts
from eligibility.rules.shadow import Effect, a_little_higher, effects
from eligibility.rules.standards import StandardState, standing
from eligibility.tables import assessment, benefit, parameter_set, shadow_effect, shadow_run, standard
from shared import deadlines, outbox
from shared.auth import Principal
from shared.events.eligibility import ShadowRunCompleted
from shared.ids import new_id
from shared.parameters import Parameters
from shared.problems import Problem

SHADOW_JOB = "shadow_run"

_PAGE_HOUSEHOLDS = 200
"""About a second of work: far below a lease, and progress is seen."""


async def start_shadow_run(tx: AsyncConnection, *, standard_id: UUID, caller: Principal, now: datetime) -> sa.Row[Any]:
    """Begin a shadow run of a proposed standard. Raises Problem 404, 409 where it is decided or a run is under way."""
    row = await standard_row(tx, standard_id)
    if row.state != StandardState.PROPOSED:
        raise Problem(
            409,
            "standard_decided",
            "只有待复核的标准可以测算",
            field="path.standard_id",
            value=standard_id,
            way_out="已发布标准的实际影响见 recomputation",
        )
    current = await current_parameters(tx)
    await archive_parameters(tx, current=current, now=now)
    total = await tx.execute(sa.select(sa.func.count(assessment.c.household_id.distinct())))
    created = await tx.execute(
        insert(shadow_run)
        .values(
            run_id=new_id(),
            standard_id=standard_id,
            parameters_version=current.version,
            state="running",
            households_total=total.scalar_one(),
            households_done=0,
            unreadable=0,
            started_by=caller.subject,
            started_at=now,
        )
        .on_conflict_do_nothing()
        .returning(shadow_run.c.run_id)
    )
    run_id: UUID | None = created.scalar()
    if run_id is None:
        raise Problem(
            409,
            "shadow_run_open",
            "该标准正在测算",
            field="path.standard_id",
            value=standard_id,
            way_out="请查看进度，完成后可再次测算",
        )
    await deadlines.schedule(tx, kind=SHADOW_JOB, subject=str(run_id), due_at=now)
    return await latest_shadow_run_row(tx, standard_id)


async def run_shadow_page(tx: AsyncConnection, *, run_id: UUID, after: UUID | None, now: datetime) -> UUID | None:
    """Try the standard on the next households. Returns the last of them, or None when all are done."""
    run = (await tx.execute(sa.select(shadow_run).where(shadow_run.c.run_id == run_id))).one()
    trial = await _trial(tx, run)
    households = await _households(tx, after)
    paid = await _paid(tx, [one.household_id for one in households], trial.first_day)
    page = await asyncio.to_thread(_try_all, trial, households, paid)
    await _add(tx, run_id, page)
    is_last = len(households) < _PAGE_HOUSEHOLDS
    progress: dict[str, Any] = {
        "households_done": shadow_run.c.households_done + len(households),
        "unreadable": shadow_run.c.unreadable + page.unreadable,
    }
    if is_last:
        progress |= {"state": "completed", "completed_at": now}
    await tx.execute(sa.update(shadow_run).where(shadow_run.c.run_id == run_id).values(progress))
    if is_last:
        await _tell(tx, run, now)
        return None
    return UUID(str(households[-1].household_id))


@dataclass(frozen=True)
class _Trial:
    """The parameters as they stand, with the standard, and with a little more than the standard."""

    first_day: date
    before: Parameters
    after: Parameters
    higher: Parameters
    calendar: Calendar


@dataclass
class _Page:
    """What a page of households found."""

    effects: Mapping[tuple[str, str], Effect]
    unreadable: int


async def _trial(tx: AsyncConnection, run: sa.Row[Any]) -> _Trial:
    kept = await tx.execute(sa.select(parameter_set).where(parameter_set.c.version == run.parameters_version))
    before = read_parameters(json.loads(kept.one().document), version=run.parameters_version)
    row = (await tx.execute(sa.select(standard).where(standard.c.standard_id == run.standard_id))).one()
    new = standard_of(row)
    after = standing(before, [new])
    higher = standing(before, [a_little_higher(new, after)])
    return _Trial(new.first_day, before, after, higher, await standing_calendar(tx))


async def _households(tx: AsyncConnection, after: UUID | None) -> Sequence[sa.Row[Any]]:
    """The next households by id, each with its newest assessment."""
    statement: sa.Select[Any] = (
        sa.select(assessment.c.household_id, assessment.c.street, assessment.c.as_of, assessment.c.facts)
        .ext(distinct_on(assessment.c.household_id))
        .order_by(assessment.c.household_id, assessment.c.assessed_at.desc(), assessment.c.assessment_id.desc())
        .limit(_PAGE_HOUSEHOLDS)
    )
    if after is not None:
        statement = statement.where(assessment.c.household_id > after)
    rows: Sequence[sa.Row[Any]] = (await tx.execute(statement)).all()
    return rows


async def _paid(tx: AsyncConnection, households: Sequence[UUID], on: date) -> Mapping[UUID, dict[str, int]]:
    """By household, the amounts of its benefits that run on that day or begin later."""
    rows = await tx.execute(
        sa.select(benefit.c.household_id, benefit.c.policy, benefit.c.monthly_amount_fen).where(
            benefit.c.household_id.in_(households),
            benefit.c.state == BenefitState.RUNNING,
            sa.or_(benefit.c.ends_on.is_(None), benefit.c.ends_on >= on),
        )
    )
    found: dict[UUID, dict[str, int]] = defaultdict(dict)
    for row in rows:
        found[row.household_id][row.policy] = row.monthly_amount_fen
    return found


def _try_all(trial: _Trial, households: Sequence[sa.Row[Any]], paid: Mapping[UUID, dict[str, int]]) -> _Page:
    found: dict[tuple[str, str], Effect] = defaultdict(Effect)
    unreadable = 0
    for one in households:
        # Facts hold from the day on which they were verified, not before.
        try:
            facts = read_facts(json.loads(one.facts), max(trial.first_day, one.as_of))
        except FactsInvalid:
            unreadable += 1
            continue
        before, after, higher = (
            assess_facts(facts, parameters, trial.calendar).results
            for parameters in (trial.before, trial.after, trial.higher)
        )
        for policy, effect in effects(before, after, higher, paid_fen=paid.get(one.household_id, {})).items():
            found[one.street, policy] += effect
    return _Page(found, unreadable)


async def _add(tx: AsyncConnection, run_id: UUID, page: _Page) -> None:
    if not page.effects:
        return
    rows = [
        {"run_id": run_id, "street": street, "policy": policy, **asdict(effect)}
        for (street, policy), effect in page.effects.items()
    ]
    added = insert(shadow_effect).values(rows)
    sums = {name: shadow_effect.c[name] + added.excluded[name] for name in asdict(Effect())}
    await tx.execute(added.on_conflict_do_update(index_elements=["run_id", "street", "policy"], set_=sums))


async def _tell(tx: AsyncConnection, run: sa.Row[Any], now: datetime) -> None:
    names = ("entering", "leaving", "changing", "cost_before_fen", "cost_after_fen")
    sums = [sa.func.coalesce(sa.func.sum(shadow_effect.c[name]), 0).cast(sa.BigInteger).label(name) for name in names]
    total = (await tx.execute(sa.select(*sums).where(shadow_effect.c.run_id == run.run_id))).one()
    await outbox.record(
        tx,
        ShadowRunCompleted(
            run_id=run.run_id,
            standard_id=run.standard_id,
            households=run.households_total,
            **{name: getattr(total, name) for name in names},
        ),
        at=now,
    )
