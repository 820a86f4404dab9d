"""What the clock starts: fetching facts and assessing, ending a public notice, and what standards and prices bring.

Work over every household goes in pages: each page ends its deadline and schedules the next, so a crash repeats a page.
"""

from collections import Counter
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.clients import Clients
from eligibility.handlers.assess import ASSESS_JOB, record_assessment, requested_by
from eligibility.handlers.decide import END_NOTICE_JOB, end_notice
from eligibility.handlers.enact import STARTED_JOB
from eligibility.handlers.price_linkage import SUBSIDY_JOB, grant_subsidies
from eligibility.handlers.recompute import Recomputed, recompute_page, recompute_started
from eligibility.handlers.shadow import SHADOW_JOB, run_shadow_page
from eligibility.handlers.standards import RECOMPUTE_JOB, publish_standards
from eligibility.queries.parameters import current_parameters
from shared import deadlines
from shared.clock import local_date
from shared.deadlines import Jobs, Work
from shared.http_client import CallFailed

PUBLISH_STANDARDS_JOB = "publish_standards"
_PUBLISH_EVERY = timedelta(hours=1)


async def assess_case(work: Work, clients: Clients) -> None:
    """Fetch the verified facts, run the whole toolbook, keep the answer."""
    application_id = UUID(work.payload["application_id"])
    facts = await clients.data_sharing.facts(application_id)
    async with work.transaction() as tx:
        application_row = await requested_by(tx, application_id)
        if application_row is None:
            raise CallFailed(f"the submission of {application_id} has not arrived yet")
        await record_assessment(
            tx, application_row=application_row, facts=facts, current=await current_parameters(tx), now=work.now
        )


async def end_public_notice(work: Work, _: Clients) -> None:
    """The notice hung for its days and nobody objected."""
    async with work.transaction() as tx:
        await end_notice(tx, decision_id=UUID(work.subject), on=local_date(work.now), now=work.now)


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


JOBS: Jobs[Clients] = {
    ASSESS_JOB: assess_case,
    END_NOTICE_JOB: end_public_notice,
    PUBLISH_STANDARDS_JOB: tell_standards,
    RECOMPUTE_JOB: recompute_benefits,
    STARTED_JOB: bring_standard_to_started,
    SHADOW_JOB: try_standard,
    SUBSIDY_JOB: grant_price_subsidies,
}
