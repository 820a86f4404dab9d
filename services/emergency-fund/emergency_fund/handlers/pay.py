"""Money leaves the reserves for grants: papers become dated debts, and each household is to be looked after.

Clauses 4.2.1, 4.2.2, 4.3.2 and 4.3.3.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.handlers.debts import debts_opened, open_debts
from emergency_fund.handlers.follow_ups import follow_up_opened, open_follow_ups
from emergency_fund.handlers.posting import Head, Transfer, append, lock_reserves
from emergency_fund.handlers.replenish import INSUFFICIENT, ask_if_low, ask_in_full
from emergency_fund.queries.grants import view_of
from emergency_fund.rules.grant import GrantState
from emergency_fund.rules.ledger import TransferKind, payment
from emergency_fund.schemas.follow_ups import FollowUpView
from emergency_fund.schemas.grants import GrantView, PaperDebt
from shared import bus, outbox
from shared.auth import Principal
from shared.database import driver_connection
from shared.events import Event
from shared.events.emergency_fund import GrantPaid
from shared.money import format_yuan
from shared.problems import Problem

_MARK_PAID = """
update emergency_grant
set state = paid.state, paid_by = paid.by, paid_at = $1::timestamptz, transfer_id = paid.transfer_id,
    closed_at = case paid.state when 'closed' then $1::timestamptz end
from unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[]) as paid (grant_id, state, by, transfer_id)
where emergency_grant.grant_id = paid.grant_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A grant that is locked, and is to be paid if the cash is there."""

    grant: Any
    state: GrantState
    """What it will be."""
    caller: Principal
    cause: bus.Cause = field(default_factory=bus.current_cause)
    told_before: Sequence[Event] = ()
    """What is to be told of the grant before its payment. Together with it: who recorded it earlier would hold the lock
    of its key while waiting for the reserve, and another payment the other way round.
    """


async def pay_out(tx: AsyncConnection, due: Sequence[Due], *, now: datetime) -> list[GrantView | Problem]:
    """Pay grants in this order, each once: the grants as paid, or Problem 409 `reserve_insufficient` for those that
    find too little left. Raises Problem where nothing can be paid now.
    """
    if not due:
        return []
    heads = await lock_reserves(tx, sorted({one.grant.street for one in due}))
    cash_fen = {street: reserve.balances.cash for street, reserve in heads.items()}
    moves = [_move(one, cash_fen) for one in due]
    paid = [(one, move) for one, move in zip(due, moves, strict=True) if isinstance(move, Transfer)]
    told, events = await _record(tx, heads, paid, now=now) if paid else ([], [])
    views = iter(told)
    short = {one.grant.street for one, move in zip(due, moves, strict=True) if isinstance(move, Problem)}
    for street in sorted(short):
        # Also above the low-water mark: nobody else would ask for what this grant waits for.
        events += outbox.envelop(*await ask_in_full(tx, heads[street], now=now), at=now)
    await outbox.record_all(tx, events)
    return [move if isinstance(move, Problem) else next(views) for move in moves]


def _move(due: Due, cash_fen: dict[str, int]) -> Transfer | Problem:
    """Takes the amount from the cash of its street, if it is there."""
    grant = due.grant
    if cash_fen[grant.street] < grant.amount_fen:
        return insufficient(grant.street, grant.amount_fen, cash_fen=cash_fen[grant.street])
    cash_fen[grant.street] -= grant.amount_fen
    return Transfer(
        kind=TransferKind.PAYMENT,
        street=grant.street,
        cause_id=grant.grant_id,
        actor=due.caller.subject,
        movement=payment(grant.amount_fen, papers_missing=bool(grant.papers_missing)),
    )


async def _record(
    tx: AsyncConnection, heads: Mapping[str, Head], paid: Sequence[tuple[Due, Transfer]], *, now: datetime
) -> tuple[list[GrantView], list[outbox.Recorded]]:
    """The grants as paid, and what is to be told of them."""
    await append(tx, heads, [transfer for _, transfer in paid], at=now)
    driver = await driver_connection(tx)
    await driver.execute(
        _MARK_PAID,
        now,
        [due.grant.grant_id for due, _ in paid],
        [due.state for due, _ in paid],
        [due.caller.subject for due, _ in paid],
        [transfer.transfer_id for _, transfer in paid],
    )
    grants = [(due.grant, due.cause) for due, _ in paid]
    debts = await open_debts(tx, grants, now=now)
    follow_ups = await open_follow_ups(tx, grants, now=now)
    views, events = [], []
    for (due, transfer), owed, task in zip(paid, debts, follow_ups, strict=True):
        told = [
            *due.told_before,
            _paid(due.grant, transfer),
            *debts_opened(due.grant, owed),
            follow_up_opened(due.grant, task),
        ]
        events += outbox.envelop(*told, at=now, cause=due.cause)
        view = view_of(
            due.grant,
            debts=[PaperDebt.of_new_row(debt) for debt in owed],
            follow_ups=[FollowUpView.of_new_row(task)],
        )
        views.append(
            view.model_copy(
                update={
                    "state": due.state,
                    "paid_by": due.caller.subject,
                    "paid_at": now,
                    "transfer_id": transfer.transfer_id,
                    "closed_at": now if due.state is GrantState.CLOSED else None,
                }
            )
        )
    for reserve in heads.values():
        events += outbox.envelop(*await ask_if_low(tx, reserve, now=now), at=now, cause=paid[-1][0].cause)
    return views, events


def _paid(grant: Any, transfer: Transfer) -> GrantPaid:
    return GrantPaid(
        household_id=grant.household_id,
        grant_id=grant.grant_id,
        street=grant.street,
        cause=grant.cause,
        amount_fen=grant.amount_fen,
        transfer_id=transfer.transfer_id,
        open_debts=len(grant.papers_missing),
    )


def insufficient(street: str, amount_fen: int, *, cash_fen: int) -> Problem:
    """409 for more than the reserve holds."""
    balance = format_yuan(cash_fen)
    return Problem(
        409,
        INSUFFICIENT,
        "街道备用金余额不足",
        f"需支付 {format_yuan(amount_fen)} 元，街道 {street} 备用金现金余额 {balance} 元",
        field="balance",
        value=balance,
        way_out="请待财政补充备用金后再支付，或改由区级支付",
    )
