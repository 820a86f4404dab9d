"""The one way money moves: lock the reserves, decide on what they hold, append the transfers in one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund import tables
from emergency_fund.handlers.bulk import insert_rows
from emergency_fund.rules.ledger import Account, Amounts, TransferKind
from shared.clock import local_date
from shared.database import driver_connection
from shared.ids import new_id
from shared.problems import Problem, not_found

_LOCK = "select * from lock_reserves($1)"


@dataclass(slots=True)
class Head:
    """A reserve that is locked: its last transfer, and what that left on each account."""

    street: str
    float_fen: int
    open_from: datetime
    """The years before are closed."""
    version: int
    posted_at: datetime | None
    balances: Amounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A movement of money for a cause. The database refuses a second one of the same kind for the same cause."""

    kind: TransferKind
    street: str
    cause_id: UUID
    actor: str
    movement: Amounts
    corrects: UUID | None = None
    """The transfer that this one corrects."""
    transfer_id: UUID = field(default_factory=new_id)


async def lock_reserves(tx: AsyncConnection, streets: Sequence[str]) -> dict[str, Head]:
    """The reserves of streets, locked until `tx` ends. Raises Problem 404 for one that the caller does not handle."""
    driver = await driver_connection(tx)
    heads = {
        row["street"]: Head(
            street=row["street"],
            float_fen=row["float_fen"],
            open_from=row["open_from"],
            version=row["version"],
            posted_at=row["posted_at"],
            balances=Amounts(**{account.value: row[f"{account}_fen"] for account in Account}),
        )
        for row in await driver.fetch(_LOCK, list(streets))
    }
    for street in streets:
        if street not in heads:
            raise not_found("街道备用金", street)
    return heads


async def append(
    tx: AsyncConnection, heads: Mapping[str, Head], transfers: Sequence[Transfer], *, at: datetime
) -> None:
    """Append transfers in this order to reserves that `tx` has locked; `heads` then tell the new balances.

    Time never runs backwards on a street. The caller has seen that there is enough cash. Raises Problem 409
    `year_closed` when `at` lies in a closed fiscal year: the clock is behind.
    """
    await insert_rows(tx, tables.transfer, [_row(heads[transfer.street], transfer, at) for transfer in transfers])


def _row(head: Head, transfer: Transfer, at: datetime) -> dict[str, object]:
    head.posted_at = at if head.posted_at is None else max(at, head.posted_at)
    if head.posted_at < head.open_from:
        raise _year_closed(head)
    head.version += 1
    head.balances += transfer.movement
    return {
        "street": transfer.street,
        "version": head.version,
        "transfer_id": transfer.transfer_id,
        "kind": transfer.kind,
        "cause_id": transfer.cause_id,
        "actor": transfer.actor,
        "posted_at": head.posted_at,
        "corrects": transfer.corrects,
        **{f"{account}_fen": getattr(transfer.movement, account) for account in Account},
        **{f"{account}_after_fen": getattr(head.balances, account) for account in Account},
        "float_fen": head.float_fen,
    }


def _year_closed(head: Head) -> Problem:
    assert head.posted_at is not None, "a transfer has its time"
    day = local_date(head.posted_at)
    return Problem(
        409,
        "year_closed",
        "该会计年度已结账",
        f"街道 {head.street} 已结账至 {local_date(head.open_from)} 之前，不能再记 {day} 的账",
        field="posted_at",
        value=str(day),
        way_out="请核对系统时间后重试；以前年度的差错，以本年度的更正分录注明原分录办理",
    )
