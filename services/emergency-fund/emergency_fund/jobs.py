"""What the clock starts in emergency-fund."""

from emergency_fund.clients import Clients
from emergency_fund.handlers import debts, follow_ups, pay_at_once, plan, reconcile, replenish, stages
from shared.deadlines import Jobs, Work


async def note_overdue(work: Work, _: Clients) -> None:
    """The last day of a paper debt is over."""
    await debts.note_overdue(work)


async def note_approval_overdue(work: Work, _: Clients) -> None:
    """The last day to approve what was paid at once is over."""
    await pay_at_once.note_approval_overdue(work)


async def ask_again(work: Work, _: Clients) -> None:
    """A reserve that finance left low may ask again."""
    await replenish.ask_again(work)


async def reconcile_with_bank(work: Work, _: Clients) -> None:
    """Every day, for each street with an account."""
    await reconcile.reconcile(work)


async def note_stage_due(work: Work, _: Clients) -> None:
    """The planned day of a stage has come."""
    await stages.note_due(work)


async def note_stage_overdue(work: Work, _: Clients) -> None:
    """A stage that was due is late."""
    await stages.note_overdue(work)


async def note_follow_up_overdue(work: Work, _: Clients) -> None:
    """The last day of a follow-up is over."""
    await follow_ups.note_overdue(work)


JOBS: Jobs[Clients] = {
    debts.DEBT_OVERDUE: note_overdue,
    pay_at_once.APPROVAL_OVERDUE: note_approval_overdue,
    replenish.ASK_AGAIN: ask_again,
    reconcile.RECONCILE: reconcile_with_bank,
    plan.STAGE_DUE: note_stage_due,
    stages.STAGE_OVERDUE: note_stage_overdue,
    follow_ups.FOLLOW_UP_OVERDUE: note_follow_up_overdue,
}
