"""What the clock starts: values that an older key encrypted are written again."""

from shared.deadlines import Jobs, Work
from shared.keys import RENEW_JOB, Keeper


async def renew_values(work: Work, keys: Keeper) -> None:
    """Write some values again that an older key encrypted."""
    await keys.renew(work)


JOBS: Jobs[Keeper] = {RENEW_JOB: renew_values}
