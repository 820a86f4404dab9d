"""What the clock starts: fetching facts and assessing, ending a public notice, publishing standards."""

from datetime import timedelta
from uuid import UUID

from eligibility.clients import Clients
from eligibility.handlers.assess import ASSESS_JOB, record_assessment, requested_by
from eligibility.handlers.decide import END_NOTICE_JOB, end_notice
from eligibility.handlers.screenings import SCREEN_JOB, match_snapshot, tell_page
from eligibility.handlers.standards import publish_standards
from eligibility.rules import PARAMETERS, assess
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
    result = assess(facts.household, facts.as_of).as_json()
    async with work.transaction() as tx:
        application_row = await requested_by(tx, application_id)
        if application_row is None:
            raise CallFailed(f"the submission of {application_id} has not arrived yet")
        await record_assessment(tx, application_row=application_row, facts=facts, result=result, now=work.now)


async def end_public_notice(work: Work, _: Clients) -> None:
    """The notice hung for its days and nobody objected."""
    async with work.transaction() as tx:
        await end_notice(tx, decision_id=UUID(work.subject), on=local_date(work.now), now=work.now)


async def tell_standards(work: Work, _: Clients) -> None:
    """Publish values that are new since the last look, and look again later."""
    async with work.transaction() as tx:
        await publish_standards(tx, parameters=PARAMETERS, now=work.now)
        await deadlines.schedule(tx, kind=work.kind, subject=work.subject, due_at=work.now + _PUBLISH_EVERY)


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
    PUBLISH_STANDARDS_JOB: tell_standards,
    SCREEN_JOB: screen_population,
}
