"""A reserve that is low asks the finance bureau by itself, and posts what it answers. Clause 4.3.2."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.handlers.posting import Head, Transfer, append, lock_reserves
from emergency_fund.rules import parameters
from emergency_fund.rules.ledger import Answer, AnswerNotPossible, TransferKind, check_answer, missing_cash_fen, refill
from emergency_fund.tables import fiscal_closing, replenishment
from shared import deadlines, outbox
from shared.clock import Clock, local_date, start_of_day
from shared.database import Database
from shared.deadlines import Work
from shared.events.departments import ReplenishmentAnswered
from shared.events.emergency_fund import ReplenishmentRequested, ReserveReplenished
from shared.ids import new_id
from shared.inbox import Delivery
from shared.problems import Problem

INSUFFICIENT = "reserve_insufficient"
"""Code of the problem of a payment that finds too little cash."""
ASK_AGAIN = "ask_again_for_replenishment"
"""Kind of the deadline on which a reserve that is still low asks again; its subject is the request answered last."""
_FINANCE = "department:finance"
# Not as an expression with a parameter: a generic plan could not know that it is the index's condition.
_IS_OPEN = text("state = 'requested'")


async def ask_if_low(tx: AsyncConnection, reserve: Head, *, now: datetime) -> list[ReplenishmentRequested]:
    """Open a request when cash is under the low-water mark and none is open; the event is left to the caller."""
    ratio = parameters.low_water_ratio(on=local_date(now))
    amount_fen = missing_cash_fen(reserve.float_fen, reserve.balances.cash, ratio)
    return [] if amount_fen is None else await _ask(tx, reserve.street, amount_fen, now=now)


async def ask_in_full(tx: AsyncConnection, reserve: Head, *, now: datetime) -> list[ReplenishmentRequested]:
    """Open a request for all that is missing, however little, unless one is open; the event is left to the caller."""
    amount_fen = reserve.float_fen - reserve.balances.cash
    return [] if amount_fen <= 0 else await _ask(tx, reserve.street, amount_fen, now=now)


@asynccontextmanager
async def asked_when_insufficient(database: Database, clock: Clock, street: str) -> AsyncIterator[None]:
    """Where a payment inside, with all that it wrote, is given up because too little cash is there, finance is asked
    for what is missing. For those who raise the problem; `pay_out` tells it and asks by itself.
    """
    try:
        yield
    except Problem as problem:
        if problem.document.code == INSUFFICIENT:
            async with database.transaction() as tx:
                reserve = (await lock_reserves(tx, [street]))[street]
                now = clock.now()
                await outbox.record(tx, *await ask_in_full(tx, reserve, now=now), at=now)
        raise


async def _ask(tx: AsyncConnection, street: str, amount_fen: int, *, now: datetime) -> list[ReplenishmentRequested]:
    replenishment_id = new_id()
    opened = await tx.execute(
        insert(replenishment)
        .values(
            replenishment_id=replenishment_id,
            street=street,
            asked_fen=amount_fen,
            state="requested",
            requested_at=now,
        )
        .on_conflict_do_nothing(index_elements=[replenishment.c.street], index_where=_IS_OPEN)
        .returning(replenishment.c.replenishment_id)
    )
    if opened.one_or_none() is None:
        return []
    return [ReplenishmentRequested(street=street, replenishment_id=replenishment_id, amount_fen=amount_fen)]


async def post_answer(tx: AsyncConnection, delivery: Delivery[ReplenishmentAnswered]) -> None:
    """Post what finance granted. Raises AnswerNotPossible for an answer that fits no request of ours."""
    event = delivery.event
    # The reserve before the request, as a payment locks them: in one order, so that the two cannot block each other.
    heads = await lock_reserves(tx, [event.street])
    reserve = heads[event.street]
    asked = await _request_of(tx, event)
    if asked.state != "requested":
        if (asked.state, asked.answered_fen) != (event.outcome, event.amount_fen):
            raise AnswerNotPossible(f"request {asked.replenishment_id} has another answer already: {asked.state}")
        return
    check_answer(Answer(event.outcome, event.amount_fen), asked_fen=asked.asked_fen)

    transfer_id = None
    if event.amount_fen > 0:
        transfer = Transfer(
            kind=TransferKind.REFILL,
            street=event.street,
            cause_id=event.replenishment_id,
            actor=_FINANCE,
            movement=refill(event.amount_fen, reserve.balances),
        )
        await append(tx, heads, [transfer], at=delivery.now)
        transfer_id = transfer.transfer_id
    await _mark_answered(tx, event, transfer_id, delivery.now)
    asked_again: list[ReplenishmentRequested] = []
    if event.outcome == "granted" and await _was_open_at_a_closing(tx, asked):
        # The closing could not ask for the rest of what was missing.
        asked_again = await ask_in_full(tx, reserve, now=delivery.now)
    else:
        await _ask_again_if_low(tx, event, reserve, now=delivery.now)
    if event.amount_fen > 0:
        replenished = ReserveReplenished(
            street=event.street,
            replenishment_id=event.replenishment_id,
            amount_fen=event.amount_fen,
            cash_fen=reserve.balances.cash,
        )
        await outbox.record(tx, *asked_again, replenished, at=delivery.now)


async def _request_of(tx: AsyncConnection, event: ReplenishmentAnswered) -> Any:
    asked = (
        await tx.execute(
            select(replenishment).where(
                replenishment.c.replenishment_id == event.replenishment_id, replenishment.c.street == event.street
            )
        )
    ).one_or_none()
    if asked is None:
        raise AnswerNotPossible(f"street {event.street} did not ask for replenishment {event.replenishment_id}")
    return asked


async def _was_open_at_a_closing(tx: AsyncConnection, asked: Any) -> bool:
    closed_at = select(func.max(fiscal_closing.c.closed_at)).where(fiscal_closing.c.street == asked.street)
    last = (await tx.execute(closed_at)).scalar_one()
    return last is not None and asked.requested_at < last


async def _mark_answered(
    tx: AsyncConnection, event: ReplenishmentAnswered, transfer_id: UUID | None, now: datetime
) -> None:
    await tx.execute(
        update(replenishment)
        .where(replenishment.c.replenishment_id == event.replenishment_id)
        .values(state=event.outcome, answered_fen=event.amount_fen, answered_at=now, transfer_id=transfer_id)
    )


async def _ask_again_if_low(tx: AsyncConnection, event: ReplenishmentAnswered, reserve: Head, *, now: datetime) -> None:
    """Without this a reserve that was refused and has no cash left would never ask again: only payments ask."""
    today = local_date(now)
    if missing_cash_fen(reserve.float_fen, reserve.balances.cash, parameters.low_water_ratio(on=today)) is None:
        return
    due_at = start_of_day(parameters.ask_again_on(answered_on=today))
    # Not the street as subject: its row would be locked by the job that waits for the accounts we hold.
    await deadlines.schedule(
        tx, kind=ASK_AGAIN, subject=str(event.replenishment_id), due_at=due_at, payload={"street": event.street}
    )


async def ask_again(work: Work) -> None:
    """Finance did not fill the reserve: ask again, if it is still low and nothing is open."""
    async with work.transaction() as tx:
        street = work.payload["street"]
        reserve = (await lock_reserves(tx, [street]))[street]
        await outbox.record(tx, *await ask_if_low(tx, reserve, now=work.now), at=work.now)
