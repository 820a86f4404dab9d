"""What the clock starts in oversight."""

from oversight.handlers import sign_head
from oversight.rules.checkpoint import KeyRing
from shared import deadlines
from shared.clock import end_of_day, local_date
from shared.deadlines import Jobs, Work


async def sign_daily_checkpoint(work: Work, keys: KeyRing) -> None:
    """Sign the head at the first instant of a day, and come again the next. The migration sets the first deadline.

    Days on which nothing ran are not made up for: the next head covers them.
    """
    async with work.transaction() as tx:
        await sign_head(tx, keys=keys, requested_by=None, now=work.now)
        await deadlines.schedule(tx, kind=work.kind, subject=work.subject, due_at=end_of_day(local_date(work.now)))


JOBS: Jobs[KeyRing] = {"sign_daily_checkpoint": sign_daily_checkpoint}
