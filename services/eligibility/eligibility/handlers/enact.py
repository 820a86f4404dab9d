"""What a decision in force sets going: benefits from the month after, a referral for each other measure, and the
household's tiers on the register.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.handlers.benefits import start_benefit
from eligibility.handlers.clock import stop_clock
from eligibility.handlers.households import hold_household
from eligibility.handlers.register import end_identification, enter_tier
from eligibility.handlers.reviews import plan_life
from eligibility.handlers.suggest import catch_up
from eligibility.queries.benefits import live_benefits
from eligibility.queries.calendar import working_calendar
from eligibility.rules.decisions import Measure
from eligibility.rules.procedures import ACCEPT_WORKING_DAYS, COMPLETE_WORKING_DAYS
from eligibility.tables import referral
from shared import outbox
from shared.clock import end_of_day, local_date
from shared.events import Event
from shared.events.eligibility import DecisionConfirmed, ReferralIssued
from shared.ids import new_id


async def bring_into_force(
    tx: AsyncConnection, *, row: sa.Row[Any], measures: Sequence[Measure], on: date, at: datetime
) -> None:
    """Start the benefits, issue the referrals and tell everyone, in the transaction of the decision.

    `on`: the day on which it is in force, which a late job does not put off. Departments get their days from `at`.
    """
    await hold_household(tx, row.household_id)
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
            resolution_number=row.resolution_number,
        )
    ]
    # Two decisions of one household may have waited side by side: what the first started, the second does not repeat.
    live = {one.policy for one in await live_benefits(tx, row.household_id)}
    started = [one for one in measures if one.is_monthly_benefit and one.answer.policy not in live]
    for one in started:
        events.append(await start_benefit(tx, row=row, measure=one, on=on, at=at))
    for one in measures:
        if one.is_referred:
            events.append(await _issue_referral(tx, row, one, at=at))
        if one.granted:
            await enter_tier(tx, row=row, answer=one.answer, on=on)
        elif one.answer.kind == "identification":
            await end_identification(tx, row=row, policy=one.answer.policy, on=on)
    await outbox.record(tx, *events, at=at)
    if started:
        await plan_life(tx, row=row, on=on)
    await catch_up(tx, row=row, decided=[one.answer.policy for one in measures], on=on)
    await stop_clock(tx, application_id=row.application_id)


async def _issue_referral(tx: AsyncConnection, row: sa.Row[Any], one: Measure, *, at: datetime) -> ReferralIssued:
    referral_id, on = new_id(), local_date(at)
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
    calendar = await working_calendar(tx)
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
