"""Decision: a clerk proposes, another officer confirms, the notice passes, benefits start and referrals go out."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.handlers.clock import extend_clock
from eligibility.handlers.complaints import is_complained_about
from eligibility.handlers.enact import bring_into_force
from eligibility.handlers.households import hold_household
from eligibility.handlers.recusals import refuse_proposer, refuse_recused
from eligibility.handlers.resolutions import resolution_number
from eligibility.queries.assessments import latest_assessment_row
from eligibility.queries.benefits import recognised_policies, settled_policies
from eligibility.queries.calendar import working_calendar
from eligibility.queries.decisions import decision_row
from eligibility.rules.decisions import (
    DecisionState,
    Measure,
    Override,
    ProposalImpossible,
    Step,
    lost_identifications,
    next_state,
    notice_ends_on,
    outcome_of,
    policy_answers,
    propose,
)
from eligibility.tables import assessment, decision, measure, objection
from shared import deadlines, outbox
from shared.auth import Principal, Role
from shared.clock import Clock, end_of_day, local_date
from shared.events.eligibility import DecisionProposed, DecisionReturned, PublicNoticeStarted
from shared.ids import new_id
from shared.problems import FieldError, Problem

END_NOTICE_JOB = "end_notice"

_STATE_TITLES = {
    "proposed": "待复核",
    "on_notice": "公示中",
    "in_force": "已生效",
    "returned": "已退回",
}


async def propose_decision(
    tx: AsyncConnection,
    *,
    row: sa.Row[Any],
    result: dict[str, Any],
    comment: str,
    overrides: Sequence[Override],
    caller: Principal,
    now: datetime,
) -> UUID:
    """The clerk's comprehensive opinion on an assessment (clause 8.1). Returns the decision's id.

    Raises Problem 409 where one is open or in force or the officer stepped back, 422 where an override or a waiting
    fact stands against it.
    """
    await refuse_recused(tx, household_id=row.household_id, caller=caller)
    await hold_household(tx, row.household_id)
    await _refuse_stale(tx, row)
    await _refuse_second(tx, row)
    answers = policy_answers(result)
    settled = await settled_policies(
        tx, household_id=row.household_id, application_id=row.application_id, on=local_date(now)
    )
    recognised = await recognised_policies(tx, row.household_id, on=local_date(now))
    lost = lost_identifications(answers, recognised)
    try:
        measures = propose(answers, requested=row.requested, overrides=overrides, settled=settled, lost=lost)
    except ProposalImpossible as error:
        raise Problem(
            422,
            error.code,
            "意见无法提出",
            error.detail,
            way_out="请等待核对结果，或对该项政策注明理由后单独提出意见",
            errors=[
                FieldError(field="body.overrides", code=error.code, value=policy, message=error.detail)
                for policy in error.policies
            ],
        ) from error
    decision_id = new_id()
    outcome = outcome_of(measures, requested=row.requested, settled=settled - lost)
    has_near_relative = any(one.granted and one.answer.district_home_visit for one in measures)
    needs_visit = has_near_relative or await is_complained_about(tx, row.application_id)
    differs = any(one.differs_from_assessment for one in measures)
    await tx.execute(
        insert(decision).values(
            decision_id=decision_id,
            assessment_id=row.assessment_id,
            application_id=row.application_id,
            household_id=row.household_id,
            street=row.street,
            applicant_subject=row.applicant_subject,
            state=DecisionState.PROPOSED,
            outcome=outcome,
            comment=comment,
            differs_from_assessment=differs,
            needs_district_visit=needs_visit,
            proposed_by=caller.subject,
            proposed_at=now,
        )
    )
    if measures:
        await tx.execute(insert(measure), [_measure_values(decision_id, one) for one in measures])
    if needs_visit:
        await extend_clock(tx, application_id=row.application_id)
    await outbox.record(
        tx,
        DecisionProposed(
            household_id=row.household_id,
            application_id=row.application_id,
            decision_id=decision_id,
            street=row.street,
            proposed_by=caller.subject,
            granted=tuple(one.answer.policy for one in measures if one.granted),
            refused=tuple(one.answer.policy for one in measures if not one.granted),
            differs_from_assessment=differs,
        ),
        at=now,
    )
    return decision_id


async def _refuse_stale(tx: AsyncConnection, row: sa.Row[Any]) -> None:
    newest = await latest_assessment_row(tx, row.application_id)
    if newest.assessment_id != row.assessment_id:
        raise Problem(
            409,
            "assessment_superseded",
            "该评估已有更新",
            f"情况更新后已重新评估，最新评估为 {newest.assessment_id}",
            way_out="请退回以旧评估提出的意见，以最新评估重新提出",
        )


async def _refuse_second(tx: AsyncConnection, row: sa.Row[Any]) -> None:
    """Of one application one decision is open at a time, and of one assessment one is in force."""
    found = await tx.execute(
        sa.select(decision.c.decision_id)
        .where(
            decision.c.application_id == row.application_id,
            sa.or_(
                decision.c.state.in_([DecisionState.PROPOSED, DecisionState.ON_NOTICE]),
                sa.and_(decision.c.state == DecisionState.IN_FORCE, decision.c.assessment_id == row.assessment_id),
            ),
        )
        .limit(1)
    )
    standing = found.one_or_none()
    if standing is not None:
        raise Problem(
            409,
            "decision_already_open",
            "该申请已有意见或决定",
            f"申请 {row.application_id} 已有未退回的意见 {standing.decision_id}",
            way_out="请先查看现有决定；如需更改，请由复核人员退回",
        )


def _measure_values(decision_id: UUID, one: Measure) -> dict[str, Any]:
    return {
        "decision_id": decision_id,
        "policy": one.answer.policy,
        "outcome": "granted" if one.granted else "refused",
        "monthly_amount_fen": one.monthly_amount_fen,
        "person_refs": list(one.answer.person_refs),
        "reason": one.reason,
        "differs_from_assessment": one.differs_from_assessment,
    }


async def confirm_decision(
    tx: AsyncConnection, *, decision_id: UUID, district_visit_on: date | None, caller: Principal, clock: Clock
) -> sa.Row[Any]:
    """The second officer agrees. With a notice to hang, the decision waits for its end; else it is in force.

    Raises Problem 403 for the officer who proposed it, 409 in any other state, for one who stepped back and where the
    case was assessed anew since, 422 without the district's visit or the coordination group's resolution where the case
    needs one.
    """
    row = await decision_row(tx, decision_id, locked=True)
    refuse_proposer(row.proposed_by, caller)
    await refuse_recused(tx, household_id=row.household_id, caller=caller, proposed_by=row.proposed_by)
    if row.needs_district_visit and (district_visit_on is None or Role.DISTRICT_OFFICER not in caller.roles):
        raise Problem(
            422,
            "district_visit_needed",
            "近亲属备案或有投诉举报的案件须由区级入户调查并复核",
            field="body.district_visit_on",
            value=district_visit_on,
            way_out="请由区级人员入户后填写入户日期并复核",
        )
    await hold_household(tx, row.household_id)
    await _refuse_stale(tx, row)
    measures = await _measures(tx, row)
    needs_notice = any(one.needs_notice for one in measures)
    step = Step.CONFIRM_WITH_NOTICE if needs_notice else Step.CONFIRM
    now = clock.now()
    values: dict[str, Any] = {
        "state": _after(row, step),
        "confirmed_by": caller.subject,
        "confirmed_at": now,
        "resolution_number": await resolution_number(
            tx, application_id=row.application_id, measures=measures, on=clock.today()
        ),
    }
    if not needs_notice:
        row = await _update(tx, decision_id, values | {"in_force_at": now})
        await bring_into_force(tx, row=row, measures=measures, on=clock.today(), at=now)
        return row
    ends_on = notice_ends_on(clock.today(), await working_calendar(tx))
    row = await _update(tx, decision_id, values | {"notice_ends_on": ends_on})
    await deadlines.schedule(tx, kind=END_NOTICE_JOB, subject=str(decision_id), due_at=end_of_day(ends_on))
    await outbox.record(
        tx,
        PublicNoticeStarted(
            household_id=row.household_id,
            application_id=row.application_id,
            decision_id=decision_id,
            street=row.street,
            ends_on=ends_on,
        ),
        at=now,
    )
    return row


async def return_decision(
    tx: AsyncConnection, *, decision_id: UUID, reason: str, caller: Principal, now: datetime
) -> sa.Row[Any]:
    """The second officer does not agree: a clerk proposes anew. Raises Problem 403 or 409."""
    row = await decision_row(tx, decision_id, locked=True)
    refuse_proposer(row.proposed_by, caller)
    await refuse_recused(tx, household_id=row.household_id, caller=caller)
    row = await _update(tx, decision_id, {"state": _after(row, Step.RETURN), "returned_because": reason})
    await outbox.record(tx, _returned(row, "second_officer"), at=now)
    return row


async def object_to_decision(
    tx: AsyncConnection, *, decision_id: UUID, ground: str, caller: Principal, now: datetime
) -> tuple[UUID, sa.Row[Any]]:
    """Somebody objects while the notice hangs: new investigation, new opinion (57 art. 19). Raises Problem 409."""
    row = await decision_row(tx, decision_id, locked=True)
    row = await _update(tx, decision_id, {"state": _after(row, Step.OBJECT), "returned_because": ground})
    objection_id = new_id()
    await tx.execute(
        insert(objection).values(
            objection_id=objection_id,
            decision_id=decision_id,
            ground=ground,
            recorded_by=caller.subject,
            recorded_at=now,
        )
    )
    await deadlines.cancel(tx, kind=END_NOTICE_JOB, subject=str(decision_id))
    await extend_clock(tx, application_id=row.application_id)
    await outbox.record(tx, _returned(row, "objection"), at=now)
    return objection_id, row


async def end_notice(tx: AsyncConnection, *, decision_id: UUID, on: date, now: datetime) -> None:
    """Nobody objected: the decision comes into force. Does nothing where an objection was quicker."""
    row = (await tx.execute(sa.select(decision).where(decision.c.decision_id == decision_id).with_for_update())).one()
    state = next_state(DecisionState(row.state), Step.END_NOTICE)
    if state is None:
        return
    measures = await _measures(tx, row)
    row = await _update(tx, decision_id, {"state": state, "in_force_at": now})
    await bring_into_force(tx, row=row, measures=measures, on=on, at=now)


def _after(row: sa.Row[Any], step: Step) -> DecisionState:
    state = next_state(DecisionState(row.state), step)
    if state is None:
        raise Problem(
            409,
            "wrong_state",
            "决定当前状态不能进行此操作",
            f"决定 {row.decision_id} 现为“{_STATE_TITLES[row.state]}”",
            field="path.decision_id",
            value=row.state,
            way_out="请刷新后查看决定的当前状态",
        )
    return state


def _returned(row: sa.Row[Any], cause: Any) -> DecisionReturned:
    return DecisionReturned(
        household_id=row.household_id,
        application_id=row.application_id,
        decision_id=row.decision_id,
        street=row.street,
        cause=cause,
    )


async def _update(tx: AsyncConnection, decision_id: UUID, values: dict[str, Any]) -> sa.Row[Any]:
    updated = await tx.execute(
        sa.update(decision).where(decision.c.decision_id == decision_id).values(values).returning(decision)
    )
    row: sa.Row[Any] = updated.one()
    return row


async def _measures(tx: AsyncConnection, row: sa.Row[Any]) -> list[Measure]:
    """The measures of a decision, with what the engine said of each."""
    found = await tx.execute(
        sa.select(measure, assessment.c.result)
        .join(assessment, assessment.c.assessment_id == row.assessment_id)
        .where(measure.c.decision_id == row.decision_id)
        .order_by(measure.c.policy)
    )
    rows = found.all()
    answers = policy_answers(json.loads(rows[0].result)) if rows else {}
    return [
        Measure(
            answer=answers[one.policy],
            granted=one.outcome == "granted",
            monthly_amount_fen=one.monthly_amount_fen,
            reason=one.reason,
            differs_from_assessment=one.differs_from_assessment,
        )
        for one in rows
    ]
