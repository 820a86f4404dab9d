"""The one way money moves: transfers go to the database function `post_transfers`, which locks, decides and writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.rules.ledger import Balances, Leg, TransferKind
from shared.database import driver_connection
from shared.ids import new_id

_POST = """
select outcome, transfer_id, balance_fen
from post_transfers($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::timestamptz,
    $8::integer[], $9::text[], $10::text[], $11::bigint[])
"""
_LOCK_RESERVE = "select kind, balance_fen from lock_reserve($1, $2)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A movement of money to be posted once, whatever comes twice."""

    idempotency_key: str
    kind: TransferKind
    street: str
    cause_id: UUID
    actor: str
    legs: tuple[Leg, ...]


class Outcome(StrEnum):
    """What became of a transfer."""

    POSTED = "posted"
    DUPLICATE = "duplicate"
    """It was posted before; nothing happened now."""
    INSUFFICIENT = "insufficient"
    """An account falls short; nothing of it is posted."""


@dataclass(frozen=True, slots=True)
class Posting:
    """The answer for one transfer."""

    outcome: Outcome
    transfer_id: UUID
    balance_fen: int | None
    """Posted: of the account of the first leg, afterwards. Insufficient: of the account that falls short."""


async def post(tx: AsyncConnection, transfers: Sequence[Transfer], *, at: datetime) -> list[Posting]:
    """Post transfers in this order, in one round trip; an answer for each. The accounts stay locked until `tx` ends."""
    legs = [(position, leg) for position, transfer in enumerate(transfers, start=1) for leg in transfer.legs]
    driver = await driver_connection(tx)
    rows = await driver.fetch(
        _POST,
        [new_id() for _ in transfers],
        [transfer.idempotency_key for transfer in transfers],
        [transfer.kind for transfer in transfers],
        [transfer.street for transfer in transfers],
        [transfer.cause_id for transfer in transfers],
        [transfer.actor for transfer in transfers],
        at,
        [position for position, _ in legs],
        [leg.holder for _, leg in legs],
        [leg.account for _, leg in legs],
        [leg.amount_fen for _, leg in legs],
    )
    return [Posting(Outcome(row["outcome"]), UUID(str(row["transfer_id"])), row["balance_fen"]) for row in rows]


async def lock_reserve(tx: AsyncConnection, street: str, *, with_district: bool = False) -> Balances:
    """A reserve's balances, locked until `tx` ends; `with_district` where finance's accounts are posted to as well."""
    driver = await driver_connection(tx)
    rows = await driver.fetch(_LOCK_RESERVE, street, with_district)
    return Balances.of({row["kind"]: row["balance_fen"] for row in rows})
