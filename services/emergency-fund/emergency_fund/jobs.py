"""What the clock starts in emergency-fund."""

from emergency_fund.clients import Clients
from emergency_fund.handlers import debts, pay_at_once, reconcile, replenish
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


JOBS: Jobs[Clients] = {
    debts.DEBT_OVERDUE: note_overdue,
    pay_at_once.APPROVAL_OVERDUE: note_approval_overdue,
    replenish.ASK_AGAIN: ask_again,
    reconcile.RECONCILE: reconcile_with_bank,
}
