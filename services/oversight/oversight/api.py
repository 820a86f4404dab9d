"""Who may call oversight: heads, key and proofs are for all staff, entries and clues for those who oversee."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import PlainTextResponse

from oversight import handlers, queries
from oversight.rules.checkpoint import KeyRing
from oversight.rules.tree import leaf_hash
from oversight.schemas import (
    NOTE_EXAMPLE,
    CheckpointsOfDay,
    CheckpointView,
    CluePage,
    ClueView,
    ConsistencyProof,
    EventId,
    InclusionProof,
    LeafCount,
    LogEntryView,
    LogKey,
    LogPage,
)
from shared.app import ClockDep, DatabaseDep
from shared.auth import OVERSEERS, STAFF, Principal, Role, require
from shared.clock import Day
from shared.events.oversight import ClueKind
from shared.idempotency import IdempotencyKey
from shared.problems import Problem, not_found, problem_responses

router = APIRouter(prefix="/v1")

_MOST_CHECKPOINTS_OF_A_DAY = 200

for_staff = Depends(require(*STAFF, *OVERSEERS, Role.DEPARTMENT_OFFICER, Role.OPS))
AnyStaff = Annotated[Principal, for_staff]
Overseer = Annotated[Principal, Depends(require(*OVERSEERS))]
Operator = Annotated[Principal, Depends(require(Role.OPS))]


async def _keys(request: Request) -> KeyRing:
    keys: KeyRing = request.app.state.keys
    return keys


KeysDep = Annotated[KeyRing, Depends(_keys)]


@router.get("/log/key", tags=["log"], dependencies=[for_staff])
async def show_key(keys: KeysDep) -> LogKey:
    """The public key of signed heads."""
    key = keys.signing_key.verifier_key
    return LogKey(
        name=key.name, verifier_key=str(key), former_verifier_keys=tuple(str(former) for former in keys.former)
    )


@router.get(
    "/log/checkpoint",
    tags=["log"],
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"example": NOTE_EXAMPLE}}}, **problem_responses(404)},
)
async def show_latest_checkpoint(caller: AnyStaff, database: DatabaseDep) -> PlainTextResponse:
    """The last signed head, as the bytes that were signed (C2SP tlog-checkpoint)."""
    async with database.transaction(caller) as tx:
        row = await queries.latest_checkpoint(tx)
    if row is None:
        raise Problem(404, "no_checkpoint_yet", "尚未签名任何检查点", way_out="检查点每日零时签名，也可请运维立即签名")
    return PlainTextResponse(row.note)


@router.get("/log/checkpoints", tags=["log"])
async def list_checkpoints(
    caller: AnyStaff,
    database: DatabaseDep,
    clock: ClockDep,
    on: Annotated[Day | None, Query(description="Day in Wuhan; today when absent", examples=["2022-10-18"])] = None,
) -> CheckpointsOfDay:
    """The heads that were signed on one day, the first ones first, at most 200."""
    day = on or clock.today()
    async with database.transaction(caller) as tx:
        rows = await queries.checkpoints_on(tx, day, limit=_MOST_CHECKPOINTS_OF_A_DAY)
    return CheckpointsOfDay(on=day, items=tuple(CheckpointView.of(row) for row in rows))


@router.post("/log/checkpoints", tags=["log"], status_code=201, responses=problem_responses(409))
async def request_checkpoint(
    caller: Operator, database: DatabaseDep, clock: ClockDep, keys: KeysDep, idempotency_key: IdempotencyKey
) -> CheckpointView:
    """Sign the present head now, besides the daily one."""
    return await handlers.request_checkpoint(
        database, keys=keys, caller=caller, idempotency_key=idempotency_key, now=clock.now()
    )


@router.get("/log/entries", tags=["log"])
async def list_entries(
    caller: Overseer,
    database: DatabaseDep,
    event_type: Annotated[
        str | None,
        Query(alias="type", max_length=100, pattern=r"^[a-z0-9.-]+$", examples=["emergency-fund.grant-paid.v1"]),
    ] = None,
    key: Annotated[
        str | None,
        Query(max_length=36, pattern=r"^[0-9a-f-]+$", description="Household id, street code or district code"),
    ] = None,
    before: Annotated[int | None, Query(ge=0, le=2**62, description="`next_before` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> LogPage:
    """Events, the newest first, of one type or of one household where asked."""
    async with database.transaction(caller) as tx:
        rows = await queries.entries_before(tx, event_type=event_type, key=key, before=before, limit=limit)
    items = tuple(LogEntryView.of(row, leaf_hash=leaf_hash(row.body)) for row in rows)
    return LogPage(items=items, next_before=items[-1].leaf_index if len(items) == limit else None)


@router.get("/log/entries/{event_id}", tags=["log"], responses=problem_responses(404))
async def show_entry(caller: Overseer, database: DatabaseDep, event_id: EventId) -> LogEntryView:
    """One event, with the exact bytes that are its leaf."""
    async with database.transaction(caller) as tx:
        row = await queries.entry(tx, event_id)
    if row is None:
        raise not_found("事件", event_id)
    return LogEntryView.of(row, leaf_hash=leaf_hash(row.body))


@router.get("/log/proofs/inclusion", tags=["log"], dependencies=[for_staff], responses=problem_responses(404))
async def prove_inclusion(
    database: DatabaseDep,
    event_id: EventId,
    tree_size: Annotated[LeafCount, Query(description="That of a signed head")],
) -> InclusionProof:
    """Proof that an event is in the log under a signed head."""
    return await handlers.prove_inclusion(database, event_id=event_id, tree_size=tree_size)


@router.get("/log/proofs/consistency", tags=["log"], dependencies=[for_staff])
async def prove_consistency(
    database: DatabaseDep,
    first: Annotated[LeafCount, Query(description="Size of the earlier head", examples=[40])],
    second: Annotated[LeafCount, Query(description="Size of the later head")],
) -> ConsistencyProof:
    """Proof that nothing under the earlier head was changed or removed up to the later one."""
    return await handlers.prove_consistency(database, first=first, second=second)


@router.get("/clues", tags=["clues"])
async def list_clues(
    caller: Overseer,
    database: DatabaseDep,
    kind: Annotated[ClueKind | None, Query(description="Only of this kind")] = None,
    street: Annotated[str | None, Query(pattern=r"^[0-9]{9}$", description="Only of this street")] = None,
    before: Annotated[UUID | None, Query(description="`next_before` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> CluePage:
    """Clues, the newest first."""
    async with database.transaction(caller) as tx:
        rows = await queries.clues_after(tx, kind=kind, street=street, before=before, limit=limit)
    items = tuple(ClueView.model_validate(row) for row in rows)
    return CluePage(items=items, next_before=items[-1].clue_id if len(items) == limit else None)
