"""A long random history of several reserves, posted as the handlers post it, with every grant, debt and request that
the database wants to see behind a transfer.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.handlers.follow_ups import open_follow_ups
from emergency_fund.handlers.posting import Head, Transfer, append, lock_reserves
from emergency_fund.queries.grants import find_grant
from emergency_fund.rules.ledger import Account, Amounts, TransferKind, payment, refill, settlement
from emergency_fund.tables import emergency_grant, paper_debt, replenishment
from shared.bus import Cause
from shared.database import Database
from shared.ids import new_id

from .approved import Approved, insert_approved

STREETS = ("420106001", "420106006", "420106009")
FIRST_INSTANT = datetime(2022, 9, 20, 15, 59, 59, 999_999, tzinfo=UTC)
"""The last microsecond of a day in Wuhan."""
LAST_DAY = date(2022, 12, 4)
PRESET_AT = datetime(2022, 9, 7, 16, tzinfo=UTC)
FLOAT_FEN = 3_000_000
ACTORS = (
    "clerk-420106006-1",
    "approver-420106006-1",
    '=HYPERLINK("http://evil.test")',
    "+8613900000000",
    "-2+3",
    "  @SUM(A1)",
    'says "yes" \\ and, no;',
    "two\r\nlines",
    "王五",
)
# None: the next transfer has the very instant of the one before. The second takes many past midnight in Wuhan.
_STEPS = (None, timedelta(microseconds=1), timedelta(minutes=37), timedelta(hours=5, microseconds=123_457))


@dataclass(frozen=True)
class Posted:
    """What was posted, as the one who posted it knows it."""

    street: str
    version: int
    kind: str
    actor: str
    at: datetime
    moved: Amounts


@dataclass
class History:
    """Everything that was posted, in the order in which it was."""

    posted: list[Posted] = field(default_factory=list)

    def balances(self, street: str, until: datetime) -> Amounts:
        """The sum of what was posted up to an instant, that instant included."""
        return self._sum(one for one in self.posted if one.street == street and one.at <= until)

    def _sum(self, posted: Iterable[Posted]) -> Amounts:
        return sum((one.moved for one in posted), start=Amounts())

    def of(self, street: str) -> list[Posted]:
        """What was posted on a street."""
        return [one for one in self.posted if one.street == street]


async def post_random_history(
    database: Database, *, seed: int, transfers: int, streets: Sequence[str] = STREETS
) -> History:
    """Post so many transfers before the fifth of December 2022: payments with and without papers, papers that come in,
    refills that are full, in part, and ahead of papers.
    """
    draw = random.Random(seed)
    history = History()
    async with database.transaction() as tx:
        heads = await lock_reserves(tx, streets)
        for street in streets:
            preset = Amounts(cash=FLOAT_FEN, finance=-FLOAT_FEN)
            history.posted.append(Posted(street, 1, "preset", "department:finance", PRESET_AT, preset))
        at = FIRST_INSTANT
        owing: dict[str, list[tuple[UUID, UUID, int]]] = {street: [] for street in streets}
        for _ in range(transfers):
            head = heads[draw.choice(streets)]
            transfer = await _next(tx, draw, head, owing[head.street], at)
            await append(tx, heads, [transfer], at=at)
            await _note(tx, transfer, owing[head.street], at)
            posted = Posted(head.street, head.version, transfer.kind, transfer.actor, at, transfer.movement)
            history.posted.append(posted)
            at += draw.choice(_STEPS) or timedelta()
    assert at < datetime(2022, 12, 4, 16, tzinfo=UTC), "the history ends before the last day does"
    return history


async def _next(
    tx: AsyncConnection, draw: random.Random, head: Head, owing: list[tuple[UUID, UUID, int]], at: datetime
) -> Transfer:
    """A transfer that may come next on a street, and what must be there before it."""
    amount_fen = draw.choice([1, 100, 363_999, draw.randint(1, 363_999), draw.randint(1, 363_999)])
    actor = draw.choice(ACTORS)
    if owing and draw.random() < 0.4:
        grant_id, debt_id, amount_fen = owing[draw.randrange(len(owing))]
        await tx.execute(
            update(paper_debt)
            .where(paper_debt.c.debt_id == debt_id)
            .values(outcome="supplied", settled_by=actor, settled_at=at)
        )
        movement = settlement(amount_fen, head.balances)
        return _transfer(TransferKind.SETTLEMENT, head, grant_id, actor, movement)
    if head.balances.cash < amount_fen or (head.balances.cash < FLOAT_FEN and draw.random() < 0.1):
        asked_fen = FLOAT_FEN - head.balances.cash
        replenishment_id = new_id()
        await tx.execute(
            insert(replenishment).values(
                replenishment_id=replenishment_id,
                street=head.street,
                asked_fen=asked_fen,
                state="requested",
                requested_at=at,
            )
        )
        granted_fen = draw.choice([asked_fen, draw.randint(1, asked_fen)])
        movement = refill(granted_fen, head.balances)
        return _transfer(TransferKind.REFILL, head, replenishment_id, "department:finance", movement)
    papers_missing = draw.random() < 0.6
    grant = Approved(street=head.street, amount_fen=amount_fen, papers_missing=papers_missing)
    await insert_approved(tx, [grant], at=at)
    movement = payment(amount_fen, papers_missing=papers_missing)
    return _transfer(TransferKind.PAYMENT, head, grant.grant_id, actor, movement)


def _transfer(kind: TransferKind, head: Head, cause_id: UUID, actor: str, movement: Amounts) -> Transfer:
    return Transfer(kind=kind, street=head.street, cause_id=cause_id, actor=actor, movement=movement)


async def _note(tx: AsyncConnection, transfer: Transfer, owing: list[tuple[UUID, UUID, int]], at: datetime) -> None:
    """What follows from a transfer, so that the database lets the transaction end."""
    this_grant = update(emergency_grant).where(emergency_grant.c.grant_id == transfer.cause_id)
    if transfer.kind is TransferKind.REFILL:
        answered = {"answered_fen": transfer.movement.cash, "answered_at": at, "transfer_id": transfer.transfer_id}
        await tx.execute(
            update(replenishment)
            .where(replenishment.c.replenishment_id == transfer.cause_id)
            .values(state="partly_granted", **answered)
        )
    elif transfer.kind is TransferKind.SETTLEMENT:
        owing[:] = [one for one in owing if one[0] != transfer.cause_id]
        await tx.execute(this_grant.values(state="closed", closed_at=at))
    else:
        paid = {"paid_by": transfer.actor, "paid_at": at, "transfer_id": transfer.transfer_id}
        if not transfer.movement.advances:
            await tx.execute(this_grant.values(state="closed", closed_at=at, **paid))
            await open_follow_ups(tx, [(await find_grant(tx, transfer.cause_id), Cause())], now=at)
            return
        debt_id = new_id()
        await tx.execute(
            insert(paper_debt).values(
                debt_id=debt_id,
                grant_id=transfer.cause_id,
                street=transfer.street,
                paper="fire_certificate",
                kind="relief_before_approval",
                owner="one",
                due_on=at.date() + timedelta(days=14),
            )
        )
        await tx.execute(this_grant.values(state="paid", **paid))
        await open_follow_ups(tx, [(await find_grant(tx, transfer.cause_id), Cause())], now=at)
        owing.append((transfer.cause_id, debt_id, transfer.movement.advances))


def fen_by_account(balances: Amounts) -> dict[str, int]:
    """Balances by the name of the account."""
    return {account.value: getattr(balances, account) for account in Account}
