"""Changes in a family are reassessments: the facts are fetched again, the change is laid over them, and what should
change about the benefits is suggested to officers (clauses 2.1.4, 12.3.2, 12.3.3).
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.clients import CaseFacts
from eligibility.handlers.assess import record_assessment, requested_by
from eligibility.handlers.households import hold_household
from eligibility.handlers.reviews import review_after_death
from eligibility.handlers.suggest import suggest_end_of_all, with_running_benefits
from eligibility.queries.assessments import household_case, newest_assessment_of
from eligibility.queries.parameters import current_parameters
from eligibility.rules.changes import HouseholdChange, changes_adults, fault_of, is_late, with_change
from eligibility.rules.facts.contract import read_facts
from eligibility.rules.facts.records import FactsInvalid
from eligibility.tables import household_change
from shared import deadlines, outbox
from shared.auth import Principal
from shared.clock import Clock, local_date, start_of_day
from shared.events.eligibility import HouseholdChangeReported
from shared.ids import new_id
from shared.problems import Problem

REASSESS_JOB = "reassess"

_log = structlog.get_logger(__name__)


async def report_change(
    tx: AsyncConnection,
    *,
    household_id: UUID,
    change: HouseholdChange,
    source: str,
    caller: Principal,
    clock: Clock,
) -> sa.Row[Any]:
    """Somebody told what happened in a family. Raises Problem 404 for a household without a case, 422."""
    on = clock.today()
    fault = fault_of(change, on=on)
    if fault is not None:
        raise Problem(
            422,
            "change_incomplete",
            "家庭变化的信息不完整",
            fault.expected,
            field=f"body.{fault.field}",
            way_out="请补充后重新提交",
        )
    await hold_household(tx, household_id)
    newest = await household_case(tx, household_id)
    known = await _as_told(tx, household_id, json.loads(newest.facts), verified_on=newest.as_of, on=on)
    if not _can_be(with_change(known, change, on=on), on=on):
        # Kept, it would stand in the way of every later assessment of the household.
        raise Problem(
            422,
            "change_impossible",
            "家庭变化与已知情况矛盾",
            "登记后的家庭情况不成立，例如有两位申请人或两位配偶，或子女早于父母出生",
            field="body.person" if change.relation is None else "body.relation",
            value=change.relation,
            way_out="请核对是哪一位成员、其与申请人的关系及发生日期",
        )
    now = clock.now()
    row = await _record(tx, case=newest, change=change, source=source, reported_by=caller.subject, now=now)
    event = HouseholdChangeReported(
        household_id=household_id,
        application_id=row.application_id,
        change_id=row.change_id,
        street=row.street,
        is_late=row.is_late,
        members_changed=changes_adults(change),
    )
    await outbox.record(tx, event, at=now)
    if change.kind == "death":
        await review_after_death(tx, household_id=household_id, died_on=change.happened_on, now=now)
    return row


async def _record(
    tx: AsyncConnection,
    *,
    case: sa.Row[Any],
    change: HouseholdChange,
    source: str,
    reported_by: str,
    now: datetime,
) -> sa.Row[Any]:
    """Keep a change and have the household assessed anew. `case`: the household's newest assessment."""
    change_id = new_id()
    created = await tx.execute(
        sa.insert(household_change)
        .values(
            change_id=change_id,
            household_id=case.household_id,
            application_id=case.application_id,
            street=case.street,
            kind=change.kind,
            happened_on=change.happened_on,
            person_ref=change.person_ref,
            relation=change.relation,
            monthly_wage=change.monthly_wage,
            new_street=change.street,
            source=source,
            is_late=is_late(change.happened_on, local_date(now)),
            state="planned",
            reported_by=reported_by,
            reported_at=now,
        )
        .returning(household_change)
    )
    await _plan(tx, change_id=change_id, application_id=case.application_id, now=now)
    recorded: sa.Row[Any] = created.one()
    return recorded


async def reassess(tx: AsyncConnection, *, change_id: UUID, facts: CaseFacts, now: datetime) -> None:
    """The facts of the case, with what was told since laid over them, meet the whole toolbook as of today."""
    row = await _change_row(tx, change_id)
    await hold_household(tx, row.household_id)
    on = local_date(now)
    household = await _as_told(tx, row.household_id, facts.household, verified_on=facts.as_of, on=on)
    if household["members"]:
        household = await with_running_benefits(tx, household_id=row.household_id, household=household, on=on)
        case = await requested_by(tx, row.application_id)
        assert case is not None, "what was assessed was applied for"
        await record_assessment(
            tx,
            application_row=case,
            facts=replace(facts, household=household, as_of=on),
            current=await current_parameters(tx),
            now=now,
            verified_on=facts.as_of,
            household_change_id=change_id,
        )
    else:
        await suggest_end_of_all(tx, household_id=row.household_id, street=row.street, on=on)
    await _set_state(tx, change_id, "reassessed")


async def note_refused_facts(tx: AsyncConnection, *, change_id: UUID) -> None:
    """data-sharing gives no facts, such as of an expired verification: the change waits for the next one."""
    await _set_state(tx, change_id, "facts_refused")


async def plan_waiting_changes(
    tx: AsyncConnection, *, household_id: UUID, application_id: UUID, verified_on: date, now: datetime
) -> None:
    """A verification is in: what waited for facts, or was told since the day of these, is assessed with them."""
    waiting = await tx.execute(
        sa.update(household_change)
        .where(
            household_change.c.household_id == household_id,
            sa.or_(household_change.c.state == "facts_refused", _told_since(verified_on)),
        )
        .values(state="planned", application_id=application_id)
        .returning(household_change.c.change_id)
    )
    for change_id in waiting.scalars().all():
        await _plan(tx, change_id=change_id, application_id=application_id, now=now)


async def record_planned_change(
    tx: AsyncConnection, *, household_id: UUID, kind: str, person_ref: str | None, on: date, now: datetime
) -> None:
    """A birthday, the end of school or a review has come: the household is assessed anew."""
    newest = await newest_assessment_of(tx, household_id)
    assert newest is not None, "what was planned was assessed"
    change = HouseholdChange(kind=kind, happened_on=on, person_ref=person_ref)
    await _record(tx, case=newest, change=change, source="到期自动登记", reported_by="eligibility", now=now)


async def _as_told(
    tx: AsyncConnection, household_id: UUID, household: Mapping[str, Any], *, verified_on: date, on: date
) -> Mapping[str, Any]:
    """The facts with what was told since. A change that the facts leave no room for is left out: the registers may name
    a wife by now whom somebody told of under another reference.
    """
    for change in await _not_verified_yet(tx, household_id, verified_on=verified_on):
        changed = with_change(household, change, on=on)
        if _can_be(changed, on=on):
            household = changed
        else:
            _log.warning("change.left_out", household_id=str(household_id), kind=change.kind)
    return household


def _can_be(household: Mapping[str, Any], *, on: date) -> bool:
    """Whether the household can be read. One with nobody left is none any more, and nothing is wrong with that."""
    if not household["members"]:
        return True
    try:
        read_facts(household, on)
    except FactsInvalid:
        return False
    return True


async def _not_verified_yet(tx: AsyncConnection, household_id: UUID, *, verified_on: date) -> list[HouseholdChange]:
    """What no verification can contain, in the order in which it happened: told since, or never assessed."""
    rows = await tx.execute(
        sa.select(household_change)
        .where(
            household_change.c.household_id == household_id,
            sa.or_(household_change.c.state != "reassessed", _told_since(verified_on)),
        )
        .order_by(household_change.c.happened_on, household_change.c.change_id)
    )
    return [
        HouseholdChange(
            kind=row.kind,
            happened_on=row.happened_on,
            person_ref=row.person_ref,
            relation=row.relation,
            monthly_wage=row.monthly_wage,
            street=row.new_street,
        )
        for row in rows
    ]


def _told_since(day: date) -> sa.ColumnElement[bool]:
    return household_change.c.reported_at >= start_of_day(day)


async def _plan(tx: AsyncConnection, *, change_id: UUID, application_id: UUID, now: datetime) -> None:
    await deadlines.schedule(
        tx,
        kind=REASSESS_JOB,
        subject=str(change_id),
        due_at=now,
        payload={"application_id": str(application_id)},
    )


async def _change_row(tx: AsyncConnection, change_id: UUID) -> sa.Row[Any]:
    return (
        await tx.execute(sa.select(household_change).where(household_change.c.change_id == change_id).with_for_update())
    ).one()


async def _set_state(tx: AsyncConnection, change_id: UUID, state: str) -> None:
    await tx.execute(sa.update(household_change).where(household_change.c.change_id == change_id).values(state=state))
