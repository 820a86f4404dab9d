"""What the clock starts: fetching facts and assessing, ending notices and grace periods, reviews, what is overdue, what
standards and prices bring, screenings.

Work over every household goes in pages: each page ends its deadline and schedules the next, so a crash repeats a page.
"""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.clients import QUOTA_SPENT, VERIFICATION_EXPIRED, Clients
from eligibility.handlers.assess import ASSESS_JOB, record_assessment, requested_by
from eligibility.handlers.benefits import END_GRACE_JOB, OPEN_REVIEW_JOB, REVIEW_OVERDUE_JOB, STARTED_JOB, end_grace
from eligibility.handlers.changes import (
    REASSESS_JOB,
    note_refused_facts,
    plan_waiting_changes,
    reassess,
    record_planned_change,
)
from eligibility.handlers.clock import DECISION_OVERDUE_JOB, tell_overdue
from eligibility.handlers.decide import END_NOTICE_JOB, end_notice
from eligibility.handlers.households import hold_household
from eligibility.handlers.price_linkage import SUBSIDY_JOB, grant_subsidies
from eligibility.handlers.recompute import Recomputed, recompute_page, recompute_started
from eligibility.handlers.reviews import PLANNED_CHANGE_JOB, open_review, tell_review_overdue
from eligibility.handlers.screenings import SCREEN_JOB, match_snapshot, tell_page
from eligibility.handlers.shadow import SHADOW_JOB, run_shadow_page
from eligibility.handlers.standards import RECOMPUTE_JOB, publish_standards
from eligibility.handlers.suggest import with_running_benefits
from eligibility.queries.parameters import current_parameters
from shared import deadlines
from shared.clock import local_date, start_of_day
from shared.deadlines import Jobs, Work
from shared.http_client import CallFailed, CallRefused

PUBLISH_STANDARDS_JOB = "publish_standards"
_PUBLISH_EVERY = timedelta(hours=1)
_TRY_AGAIN_AFTER = timedelta(hours=1)

_log = structlog.get_logger(__name__)


async def assess_case(work: Work, clients: Clients) -> None:
    """Fetch the verified facts, run the whole toolbook, keep the answer."""
    application_id = UUID(work.payload["application_id"])
    try:
        facts = await clients.data_sharing.facts(application_id)
    except CallRefused as refusal:
        await _try_later(work, refusal)
        return
    async with work.transaction() as tx:
        application_row = await requested_by(tx, application_id)
        if application_row is None:
            raise CallFailed(f"the submission of {application_id} has not arrived yet")
        household_id = application_row.household_id
        await hold_household(tx, household_id)
        household = await with_running_benefits(
            tx, household_id=household_id, household=facts.household, on=facts.as_of
        )
        await record_assessment(
            tx,
            application_row=application_row,
            facts=replace(facts, household=household),
            current=await current_parameters(tx),
            now=work.now,
            verified_on=facts.as_of,
        )
        await plan_waiting_changes(
            tx,
            household_id=household_id,
            application_id=application_id,
            verified_on=facts.as_of,
            now=work.now,
        )


async def reassess_household(work: Work, clients: Clients) -> None:
    """Something changed in a family: fetch the facts again and run the toolbook on what they are now."""
    change_id = UUID(work.subject)
    try:
        facts = await clients.data_sharing.facts(UUID(work.payload["application_id"]))
    except CallRefused as refusal:
        if refusal.code == QUOTA_SPENT:
            await _try_later(work, refusal)
            return
        async with work.transaction() as tx:
            await note_refused_facts(tx, change_id=change_id)
        return
    async with work.transaction() as tx:
        await reassess(tx, change_id=change_id, facts=facts, now=work.now)


async def _try_later(work: Work, refusal: CallRefused) -> None:
    """Each try is one more refusal on the access ledger, which the family reads (12.1.2): an agreement may be there in
    an hour, a letter or the looks of a day when the next one begins. What has lapsed waits to be verified anew.
    """
    _log.warning("facts.refused", kind=work.kind, code=refusal.code)
    if refusal.code == VERIFICATION_EXPIRED:
        return
    again_at = work.now + _TRY_AGAIN_AFTER
    if refusal.code == QUOTA_SPENT or refusal.code.startswith("authorisation_"):
        again_at = start_of_day(local_date(work.now) + timedelta(days=1))
    async with work.transaction() as tx:
        await deadlines.schedule(tx, kind=work.kind, subject=work.subject, due_at=again_at, payload=work.payload)


async def note_planned_change(work: Work, _: Clients) -> None:
    """A child came of age, or a school year ended."""
    async with work.transaction() as tx:
        await record_planned_change(
            tx,
            household_id=UUID(work.payload["household_id"]),
            kind=work.payload["kind"],
            person_ref=work.payload["person_ref"],
            on=local_date(work.due_at),
            now=work.now,
        )


async def begin_review(work: Work, _: Clients) -> None:
    """The review of a benefit opens, with a reassessment of the household."""
    async with work.transaction() as tx:
        row = await open_review(tx, benefit_id=UUID(work.subject), now=work.now)
        if row is not None:
            await record_planned_change(
                tx,
                household_id=row.household_id,
                kind="review",
                person_ref=None,
                on=local_date(work.now),
                now=work.now,
            )


async def tell_late_review(work: Work, _: Clients) -> None:
    """A review was not done by its day."""
    async with work.transaction() as tx:
        await tell_review_overdue(tx, benefit_id=UUID(work.subject), now=work.now)


async def tell_late_decision(work: Work, _: Clients) -> None:
    """A case was not decided by its day."""
    async with work.transaction() as tx:
        await tell_overdue(tx, application_id=UUID(work.subject), now=work.now)


async def end_grace_period(work: Work, _: Clients) -> None:
    """The last day of a grace period is over."""
    async with work.transaction() as tx:
        await end_grace(tx, benefit_id=UUID(work.subject), now=work.now)


async def end_public_notice(work: Work, _: Clients) -> None:
    """The notice hung for its days and nobody objected."""
    async with work.transaction() as tx:
        await end_notice(tx, decision_id=UUID(work.subject), on=local_date(work.due_at), now=work.now)


async def tell_standards(work: Work, _: Clients) -> None:
    """Publish values that are new since the last look, and look again later."""
    async with work.transaction() as tx:
        current = await current_parameters(tx)
        await publish_standards(tx, parameters=current.parameters, now=work.now)
        await deadlines.schedule(tx, kind=work.kind, subject=work.subject, due_at=work.now + _PUBLISH_EVERY)


async def try_standard(work: Work, _: Clients) -> None:
    """One page of a shadow run."""
    async with work.transaction() as tx:
        last = await run_shadow_page(tx, run_id=UUID(work.subject), after=_after(work), now=work.now)
        await _go_on(tx, work, last)


async def recompute_benefits(work: Work, _: Clients) -> None:
    """One page of the running benefits, from the first day of new standards."""
    so_far = Recomputed(
        work.payload.get("after"), Counter(work.payload.get("outcomes", {})), work.payload.get("back_pay_fen", 0)
    )
    async with work.transaction() as tx:
        done = await recompute_page(tx, since=date.fromisoformat(work.subject), so_far=so_far, now=work.now)
        if done.after is not None:
            await deadlines.schedule(
                tx,
                kind=work.kind,
                subject=work.subject,
                due_at=work.now,
                payload={"after": done.after, "outcomes": done.outcomes, "back_pay_fen": done.back_pay_fen},
            )


async def bring_standard_to_started(work: Work, _: Clients) -> None:
    """A benefit begins today: standards that began since its assessment are brought to it."""
    async with work.transaction() as tx:
        await recompute_started(tx, benefit_id=UUID(work.subject), now=work.now)


async def grant_price_subsidies(work: Work, _: Clients) -> None:
    """One page of the recipients of a month's price supplement."""
    async with work.transaction() as tx:
        last = await grant_subsidies(tx, month=date.fromisoformat(work.subject), after=_after(work), now=work.now)
        await _go_on(tx, work, last)


def _after(work: Work) -> UUID | None:
    after = work.payload.get("after")
    return None if after is None else UUID(after)


async def _go_on(tx: AsyncConnection, work: Work, last: UUID | None) -> None:
    if last is not None:
        await deadlines.schedule(
            tx, kind=work.kind, subject=work.subject, due_at=work.now, payload={"after": str(last)}
        )


async def screen_population(work: Work, _: Clients) -> None:
    """One step of a screening: first everybody is matched, then page after page is told. Each step is all or nothing,
    so a process that is killed takes up where the last one ended.
    """
    screening_id = UUID(work.subject)
    step = tell_page if work.payload.get("matched") else match_snapshot
    async with work.transaction() as tx:
        if await step(tx, screening_id=screening_id, now=work.now):
            await deadlines.schedule(
                tx, kind=work.kind, subject=work.subject, due_at=work.due_at, payload={"matched": True}
            )


JOBS: Jobs[Clients] = {
    ASSESS_JOB: assess_case,
    END_NOTICE_JOB: end_public_notice,
    REASSESS_JOB: reassess_household,
    PLANNED_CHANGE_JOB: note_planned_change,
    OPEN_REVIEW_JOB: begin_review,
    REVIEW_OVERDUE_JOB: tell_late_review,
    DECISION_OVERDUE_JOB: tell_late_decision,
    END_GRACE_JOB: end_grace_period,
    PUBLISH_STANDARDS_JOB: tell_standards,
    RECOMPUTE_JOB: recompute_benefits,
    STARTED_JOB: bring_standard_to_started,
    SHADOW_JOB: try_standard,
    SUBSIDY_JOB: grant_price_subsidies,
    SCREEN_JOB: screen_population,
}
