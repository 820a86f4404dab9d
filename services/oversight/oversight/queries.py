"""Reads of the log and of clues."""

from collections.abc import AsyncIterator, Iterable
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from oversight.rules.tree import Edge, Node, edge_from, edge_nodes
from oversight.tables import checkpoint, clue, log_entry
from shared.clock import DISTRICT_TIMEZONE

_NODES = sa.text(
    "select level, number, hash from log_node "
    "join unnest(cast(:levels as smallint[]), cast(:numbers as bigint[])) as wanted (level, number) "
    "using (level, number)"
)
# Bodies in memory at one time while a head is computed anew.
_BODIES_AT_ONCE = 1000


async def log_size(tx: AsyncConnection) -> int:
    """How many events the log holds."""
    last = (await tx.execute(sa.select(sa.func.max(log_entry.c.leaf_index)))).scalar()
    return 0 if last is None else int(last) + 1


async def entry_count(tx: AsyncConnection) -> int:
    """How many events are there: fewer than the size of the log, where somebody took some away."""
    return int((await tx.execute(sa.select(sa.func.count()).select_from(log_entry))).scalar_one())


async def stored_nodes(tx: AsyncConnection, nodes: Iterable[Node]) -> dict[Node, bytes]:
    """The hashes of these nodes, in one read. Raises KeyError later, at use, for one that is not there."""
    wanted = list(nodes)
    rows = await tx.execute(
        _NODES, {"levels": [node.level for node in wanted], "numbers": [node.number for node in wanted]}
    )
    return {Node(row.level, row.number): row.hash for row in rows}


async def edge_at(tx: AsyncConnection, size: int) -> Edge:
    """The right edge that the log had at that size, from stored nodes."""
    return edge_from(size, await stored_nodes(tx, edge_nodes(size)))


async def bodies_between(tx: AsyncConnection, start: int, end: int) -> AsyncIterator[list[bytes]]:
    """The events from leaf `start` to before `end`, in order, some at a time."""
    wanted = (
        sa.select(log_entry.c.body)
        .where(log_entry.c.leaf_index >= start, log_entry.c.leaf_index < end)
        .order_by(log_entry.c.leaf_index)
    )
    async with tx.stream(wanted, execution_options={"yield_per": _BODIES_AT_ONCE}) as rows:
        async for part in rows.partitions():
            yield [row.body for row in part]


async def leaf_index_of(tx: AsyncConnection, event_id: UUID) -> int | None:
    """Where an event stands in the log."""
    found = await tx.execute(sa.select(log_entry.c.leaf_index).where(log_entry.c.event_id == event_id))
    return found.scalar_one_or_none()


async def entry(tx: AsyncConnection, event_id: UUID) -> sa.Row[Any] | None:
    """One event as it is kept."""
    return (await tx.execute(sa.select(log_entry).where(log_entry.c.event_id == event_id))).one_or_none()


async def entries_before(
    tx: AsyncConnection, *, event_type: str | None, key: str | None, before: int | None, limit: int
) -> list[sa.Row[Any]]:
    """Events as they are kept, the newest first, from before the leaf `before`."""
    wanted = sa.select(log_entry).order_by(log_entry.c.leaf_index.desc()).limit(limit)
    if event_type is not None:
        wanted = wanted.where(log_entry.c.type == event_type)
    if key is not None:
        wanted = wanted.where(log_entry.c.key == key)
    if before is not None:
        wanted = wanted.where(log_entry.c.leaf_index < before)
    return list(await tx.execute(wanted))


async def bodies_of_keys(tx: AsyncConnection, *, keys: Iterable[str], event_type: str) -> list[bytes]:
    """All events of one type and of some households, in the order of the log."""
    wanted = (
        sa.select(log_entry.c.body)
        .where(log_entry.c.key.in_(list(keys)), log_entry.c.type == event_type)
        .order_by(log_entry.c.leaf_index)
    )
    return list((await tx.execute(wanted)).scalars())


async def latest_checkpoint(tx: AsyncConnection) -> sa.Row[Any] | None:
    """The last head that was signed."""
    wanted = sa.select(checkpoint).order_by(checkpoint.c.tree_size.desc(), checkpoint.c.checkpoint_id.desc()).limit(1)
    return (await tx.execute(wanted)).one_or_none()


async def checkpoints_on(tx: AsyncConnection, day: date, *, limit: int) -> list[sa.Row[Any]]:
    """The heads that were signed on a Wuhan day, the first ones first."""
    wanted = (
        sa.select(checkpoint)
        .where(sa.cast(sa.func.timezone(DISTRICT_TIMEZONE.key, checkpoint.c.signed_at), sa.Date) == day)
        .order_by(checkpoint.c.signed_at, checkpoint.c.checkpoint_id)
        .limit(limit)
    )
    return list(await tx.execute(wanted))


async def clues_after(
    tx: AsyncConnection, *, kind: str | None, street: str | None, before: UUID | None, limit: int
) -> list[sa.Row[Any]]:
    """Clues, the newest first, older than the clue `before`."""
    wanted = sa.select(clue).order_by(clue.c.clue_id.desc()).limit(limit)
    if kind is not None:
        wanted = wanted.where(clue.c.kind == kind)
    if street is not None:
        wanted = wanted.where(clue.c.street == street)
    if before is not None:
        wanted = wanted.where(clue.c.clue_id < before)
    return list(await tx.execute(wanted))
