"""What happens in oversight: an event is appended and looked at, a head is signed, a proof is given."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection

from oversight import queries
from oversight.rules import tree
from oversight.rules.checkpoint import CheckpointRejected, KeyRing, open_checkpoint, sign_checkpoint
from oversight.rules.detectors import NEEDED_HISTORY, Finding, detect
from oversight.rules.note import VerifierKey
from oversight.rules.verification import ProofRejected, verify_inclusion
from oversight.schemas import CheckpointView, ConsistencyProof, InclusionProof, in_base64
from oversight.tables import checkpoint, clue
from shared import outbox
from shared.auth import Principal
from shared.database import Database
from shared.events import Envelope, Event
from shared.events.oversight import CheckpointSigned, ClueRaised
from shared.idempotency import Claim, once
from shared.ids import new_id
from shared.inbox import Delivery, because_of
from shared.problems import Problem, not_found

# One writer at a time, whatever the number of replicas: leaves have consecutive numbers.
_LOCK = sa.text("select pg_advisory_xact_lock(hashtext('oversight.log'))")
_APPEND_ENTRIES = sa.text(
    "insert into log_entry (leaf_index, event_id, type, topic, key, occurred_at, logged_at, body) "
    "select * from unnest(cast(:leaf_indexes as bigint[]), cast(:event_ids as uuid[]), cast(:types as text[]), "
    "cast(:topics as text[]), cast(:keys as text[]), cast(:occurred_at as timestamptz[]), "
    "cast(:logged_at as timestamptz[]), cast(:bodies as bytea[]))"
)
_APPEND_NODES = sa.text(
    "insert into log_node (level, number, hash) "
    "select * from unnest(cast(:levels as smallint[]), cast(:numbers as bigint[]), cast(:hashes as bytea[]))"
)

_HEADS_TO_RECHECK_ALL = 30
_RECHECKED_AT_LEAST = 10_000
"""Events at each head: a tenth of a second."""

_log = structlog.get_logger(__name__)
_mismatches = Counter("doudi_log_mismatch_total", "Times the stored log did not agree with its last signed head")


class LogTampered(RuntimeError):
    """The stored log no longer leads to the head that was signed last, or its events not to its tree."""


async def append_to_log(tx: AsyncConnection, deliveries: Sequence[Delivery[Any]]) -> None:
    """Append events to the log in this order, and raise the clues that they give."""
    await tx.execute(_LOCK)
    size = await queries.log_size(tx)
    edge = await queries.edge_at(tx, size)
    _, nodes = tree.extend(edge, (tree.leaf_hash(delivery.body) for delivery in deliveries))
    await tx.execute(
        _APPEND_ENTRIES,
        {
            "leaf_indexes": list(range(size, size + len(deliveries))),
            "event_ids": [delivery.event_id for delivery in deliveries],
            "types": [delivery.event.type for delivery in deliveries],
            "topics": [delivery.topic for delivery in deliveries],
            "keys": [delivery.event.key for delivery in deliveries],
            "occurred_at": [delivery.time for delivery in deliveries],
            "logged_at": [delivery.now for delivery in deliveries],
            "bodies": [delivery.body for delivery in deliveries],
        },
    )
    await tx.execute(
        _APPEND_NODES,
        {
            "levels": [node.level for node, _ in nodes],
            "numbers": [node.number for node, _ in nodes],
            "hashes": [hash_ for _, hash_ in nodes],
        },
    )
    await _raise_clues(tx, deliveries)


async def _raise_clues(tx: AsyncConnection, deliveries: Sequence[Delivery[Any]]) -> None:
    history = await _needed_history(tx, [delivery.event for delivery in deliveries])
    found = [
        (delivery, finding, new_id())
        for delivery in deliveries
        for finding in detect(delivery.event, history.get(delivery.event.key, ()))
    ]
    if not found:
        return
    await tx.execute(sa.insert(clue), [_clue_row(delivery, finding, clue_id) for delivery, finding, clue_id in found])
    for delivery, finding, clue_id in found:
        with because_of(delivery):
            raised = ClueRaised(
                clue_id=clue_id,
                kind=finding.kind,
                event_id=delivery.event_id,
                street=finding.street,
                department=finding.department,
            )
            await outbox.record(tx, raised, at=delivery.now)


async def _needed_history(tx: AsyncConnection, events: Iterable[Event]) -> dict[str, list[Event]]:
    """The earlier events that the detectors of these ask for, by household."""
    keys_by_type: dict[str, set[str]] = {}
    for event in events:
        if (earlier := NEEDED_HISTORY.get(type(event))) is not None:
            keys_by_type.setdefault(earlier.type, set()).add(event.key)
    history: dict[str, list[Event]] = {}
    for event_type, keys in keys_by_type.items():
        for body in await queries.bodies_of_keys(tx, keys=keys, event_type=event_type):
            event = Envelope.from_json(body).event
            history.setdefault(event.key, []).append(event)
    return history


def _clue_row(delivery: Delivery[Any], finding: Finding, clue_id: UUID) -> dict[str, Any]:
    return {
        "clue_id": clue_id,
        "kind": finding.kind,
        "event_id": delivery.event_id,
        "key": delivery.event.key,
        "street": finding.street,
        "department": finding.department,
        "raised_at": delivery.now,
    }


async def request_checkpoint(
    database: Database, *, keys: KeyRing, caller: Principal, idempotency_key: str, now: datetime
) -> CheckpointView:
    """Sign the present head because somebody asks for it. Raises Problem."""
    async with database.transaction() as tx:
        return await once(
            tx,
            Claim(caller, idempotency_key, "request_checkpoint", "", CheckpointView),
            lambda: _checkpoint_asked_for(tx, keys=keys, requested_by=caller.subject, now=now),
        )


async def _checkpoint_asked_for(
    tx: AsyncConnection, *, keys: KeyRing, requested_by: str, now: datetime
) -> CheckpointView:
    try:
        row = await sign_head(tx, keys=keys, requested_by=requested_by, now=now)
    except LogTampered as error:
        raise Problem(
            500,
            "log_tampered",
            "日志与已签名的检查点不符",
            str(error),
            way_out="停止改动数据库，保存现场，立即报告审计部门",
        ) from error
    if row is None:
        raise Problem(409, "log_is_empty", "日志为空，无可签名的内容", way_out="待第一个事件入库后再试")
    return CheckpointView.of(row)


async def sign_head(
    tx: AsyncConnection,
    *,
    keys: KeyRing,
    requested_by: str | None,
    now: datetime,
) -> sa.Row[Any] | None:
    """Sign the present head of the log; None when the log is empty.

    Signs only what it computed anew: the stored tree must lead to the last signed head, and the events since then,
    hashed again, to the stored tree. No event may be gone, and some of those under earlier heads are hashed again too,
    all of them in the course of a month of daily heads. Raises LogTampered.
    """
    size = await queries.log_size(tx)
    if size == 0:
        return None
    previous = await queries.latest_checkpoint(tx)
    try:
        root_hash = await _recomputed_root(tx, previous, size=size, trusted=keys.trusted)
        rechecked_until = 0 if previous is None else await _recheck(tx, previous, trusted=keys.trusted)
        await _refuse_gap(tx, size)
    except LogTampered as error:
        _mismatches.inc()
        _log.error("log.tampered", reason=str(error))
        raise
    row = {
        "checkpoint_id": new_id(),
        "tree_size": size,
        "root_hash": root_hash,
        "note": sign_checkpoint(keys.signing_key, tree_size=size, root_hash=root_hash),
        "signed_at": now,
        "requested_by": requested_by,
        "rechecked_until": rechecked_until,
    }
    kept = (await tx.execute(sa.insert(checkpoint).values(row).returning(*checkpoint.c))).one()
    await outbox.record(tx, CheckpointSigned(tree_size=size, root_hash=in_base64(root_hash)), at=now)
    return kept


async def _refuse_gap(tx: AsyncConnection, size: int) -> None:
    count = await queries.entry_count(tx)
    if count != size:
        raise LogTampered(f"of {size} events {size - count} are gone")


async def _recheck(tx: AsyncConnection, previous: sa.Row[Any], *, trusted: Sequence[VerifierKey]) -> int:
    """Hash some events under the last signed head again, on from where the head before left off: they must lead to the
    root that was signed, whatever the stored tree says. Returns where this one left off. Raises LogTampered.
    """
    head = open_checkpoint(previous.note, trusted)
    size = head.tree_size
    start = previous.rechecked_until if previous.rechecked_until < size else 0
    end = min(size, start + max(_RECHECKED_AT_LEAST, -(-size // _HEADS_TO_RECHECK_ALL)))
    nodes: dict[tree.Node, bytes] = {}
    last = b""
    try:
        edge = await queries.edge_at(tx, start)
        async for bodies in queries.bodies_between(tx, start, end):
            edge, final = tree.extend(edge, (tree.leaf_hash(body) for body in bodies))
            nodes |= dict(final)
            last = bodies[-1]
        plan = tree.inclusion_plan(end - 1, size)
        proof = tree.hashes_of(plan, await queries.stored_nodes(tx, tree.nodes_of(plan)) | nodes)
        verify_inclusion(leaf=last, leaf_index=end - 1, tree_size=size, proof=proof, root_hash=head.root_hash)
    except (ProofRejected, KeyError) as error:
        raise LogTampered(f"the events {start} to {end - 1} no longer lead to the signed head of {size}") from error
    return end


async def _recomputed_root(
    tx: AsyncConnection, previous: sa.Row[Any] | None, *, size: int, trusted: Sequence[VerifierKey]
) -> bytes:
    edge = tree.EMPTY
    try:
        if previous is not None:
            signed = open_checkpoint(previous.note, trusted)
            edge = await queries.edge_at(tx, signed.tree_size)
            if edge.root() != signed.root_hash:
                raise LogTampered(f"the tree no longer leads to the signed head of {signed.tree_size} events")
        stored = await queries.edge_at(tx, size)
    except CheckpointRejected as error:
        raise LogTampered(f"the last signed head does not open: {error}") from error
    except KeyError as error:
        raise LogTampered(f"the tree lacks {error.args[0]}") from error
    async for bodies in queries.bodies_between(tx, edge.size, size):
        edge, _ = tree.extend(edge, (tree.leaf_hash(body) for body in bodies))
    if edge != stored:
        raise LogTampered(f"the {size} events do not lead to the stored tree: an event or a node was changed")
    return edge.root()


async def prove_inclusion(database: Database, *, event_id: UUID, tree_size: int) -> InclusionProof:
    """The proof that an event is in the log of that size. Raises Problem."""
    async with database.transaction() as tx:
        await _check_size(tx, "tree_size", tree_size)
        leaf_index = await queries.leaf_index_of(tx, event_id)
        if leaf_index is None:
            raise not_found("事件", event_id)
        try:
            plan = tree.inclusion_plan(leaf_index, tree_size)
        except tree.OutsideTree as error:
            raise Problem(
                422,
                "event_not_in_tree",
                "该检查点签名时事件尚未入库",
                f"事件序号 {leaf_index} 不在前 {tree_size} 个事件之内",
                field="query.tree_size",
                value=tree_size,
                way_out=f"请使用不小于 {leaf_index + 1} 的 tree_size",
            ) from error
        leaf = tree.Node(0, leaf_index)
        stored = await queries.stored_nodes(tx, {leaf, *tree.nodes_of(plan), *tree.edge_nodes(tree_size)})
        return InclusionProof(
            event_id=event_id,
            leaf_index=leaf_index,
            tree_size=tree_size,
            leaf_hash=in_base64(stored[leaf]),
            root_hash=in_base64(tree.edge_from(tree_size, stored).root()),
            hashes=tuple(in_base64(hash_) for hash_ in tree.hashes_of(plan, stored)),
        )


async def prove_consistency(database: Database, *, first: int, second: int) -> ConsistencyProof:
    """The proof that the log of `second` events contains that of `first` unchanged. Raises Problem."""
    try:
        plan = tree.consistency_plan(first, second)
    except tree.OutsideTree as error:
        raise Problem(
            422,
            "sizes_out_of_order",
            "较早的检查点不能大于较晚的检查点",
            f"first={first} 大于 second={second}",
            field="query.first",
            value=first,
            way_out="请交换 first 与 second",
        ) from error
    async with database.transaction() as tx:
        await _check_size(tx, "second", second)
        wanted = {*tree.nodes_of(plan), *tree.edge_nodes(first), *tree.edge_nodes(second)}
        stored = await queries.stored_nodes(tx, wanted)
        return ConsistencyProof(
            first=first,
            second=second,
            first_root_hash=in_base64(tree.edge_from(first, stored).root()),
            second_root_hash=in_base64(tree.edge_from(second, stored).root()),
            hashes=tuple(in_base64(hash_) for hash_ in tree.hashes_of(plan, stored)),
        )


async def _check_size(tx: AsyncConnection, field: str, tree_size: int) -> None:
    size = await queries.log_size(tx)
    if tree_size > size:
        raise Problem(
            422,
            "tree_size_too_large",
            "日志还没有这么多事件",
            f"日志现有 {size} 个事件，请求的是 {tree_size} 个",
            field=f"query.{field}",
            value=tree_size,
            way_out="请使用已签名检查点中的数目",
        )
