"""What a decision in force sets going: benefits from the month after, a referral for each other measure."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.rules.decisions import (
    ACCEPT_WORKING_DAYS,
    COMPLETE_WORKING_DAYS,
    Measure,
    benefit_starts_on,
)
from eligibility.tables import benefit, referral
from shared import deadlines, outbox
from shared.clock import end_of_day, start_of_day
from shared.events import Event
from shared.events.eligibility import BenefitStarted, DecisionConfirmed, ReferralIssued
from shared.ids import new_id
from shared.working_days import WorkingCalendar

STARTED_JOB = "benefit_started"


async def bring_into_force(
    tx: AsyncConnection, *, row: sa.Row[Any], measures: Sequence[Measure], on: date, at: datetime
) -> None:
    """Start the benefits, issue the referrals and tell everyone, in the transaction of the decision."""
    events: list[Event] = [
        DecisionConfirmed(
            household_id=row.household_id,
            application_id=row.application_id,
            decision_id=row.decision_id,
            street=row.street,
            outcome=row.outcome,
            proposed_by=row.proposed_by,
            confirmed_by=row.confirmed_by,
            granted=tuple(one.answer.policy for one in measures if one.granted),
            refused=tuple(one.answer.policy for one in measures if not one.granted),
            differs_from_assessment=row.differs_from_assessment,
        )
    ]
    for one in measures:
        if one.is_monthly_benefit:
            events.append(await _start_benefit(tx, row, one, on=on))
        elif one.is_referred:
            events.append(await _issue_referral(tx, row, one, on=on, at=at))
    await outbox.record(tx, *events, at=at)


async def _start_benefit(tx: AsyncConnection, row: sa.Row[Any], one: Measure, *, on: date) -> BenefitStarted:
    amount_fen = one.monthly_amount_fen
    assert amount_fen is not None, "a monthly benefit has an amount"
    benefit_id = new_id()
    await tx.execute(
        insert(benefit).values(
            benefit_id=benefit_id,
            decision_id=row.decision_id,
            application_id=row.application_id,
            household_id=row.household_id,
            street=row.street,
            applicant_subject=row.applicant_subject,
            policy=one.answer.policy,
            monthly_amount_fen=amount_fen,
            person_refs=list(one.answer.person_refs),
            starts_on=benefit_starts_on(on),
        )
    )
    await deadlines.schedule(tx, kind=STARTED_JOB, subject=str(benefit_id), due_at=start_of_day(benefit_starts_on(on)))
    return BenefitStarted(
        household_id=row.household_id,
        application_id=row.application_id,
        benefit_id=benefit_id,
        policy=one.answer.policy,
        street=row.street,
        monthly_amount_fen=amount_fen,
        starts_on=benefit_starts_on(on),
    )


async def _issue_referral(
    tx: AsyncConnection, row: sa.Row[Any], one: Measure, *, on: date, at: datetime
) -> ReferralIssued:
    referral_id = new_id()
    await tx.execute(
        insert(referral).values(
            referral_id=referral_id,
            decision_id=row.decision_id,
            household_id=row.household_id,
            street=row.street,
            policy=one.answer.policy,
            department=one.answer.department,
            issued_at=at,
        )
    )
    calendar = WorkingCalendar()
    return ReferralIssued(
        household_id=row.household_id,
        application_id=row.application_id,
        referral_id=referral_id,
        policy=one.answer.policy,
        policy_clause=one.answer.clause,
        department=one.answer.department,
        street=row.street,
        person_refs=one.answer.person_refs,
        accept_by=end_of_day(calendar.add_working_days(on, ACCEPT_WORKING_DAYS)),
        complete_by=end_of_day(calendar.add_working_days(on, COMPLETE_WORKING_DAYS)),
    )
