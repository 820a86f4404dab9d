"""A screening: a snapshot comes in parts, is matched as a whole, and told household by household (clause 6.1)."""

import asyncio
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eligibility.queries.calendar import standing_calendar
from eligibility.queries.parameters import current_parameters
from eligibility.queries.screenings import screening_row
from eligibility.rules import toolbook_version
from eligibility.rules.engine.calendar import Calendar
from eligibility.rules.facts.snapshot import Snapshot, SnapshotInvalid, read_snapshot
from eligibility.rules.findings import FindingKind, FoundHousehold, assessments_of, by_household, check_households
from eligibility.rules.screening import Screening, screen
from eligibility.tables import finding, screening, screening_match, screening_part
from shared import deadlines, outbox
from shared.auth import Principal, Role
from shared.database import driver_connection
from shared.events import Event
from shared.events.eligibility import LeadFound, ReviewSuggested
from shared.ids import new_id
from shared.parameters import ParameterMissing, Parameters
from shared.problems import Problem, plain_problem

SCREEN_JOB = "screen"
SNAPSHOT_CLIENT = "data-sharing"
"""Besides officers of the district, only this service may send a snapshot."""

_PAGE_HOUSEHOLDS = 250
"""Each is looked at once more for its reasons: a page takes a second or two, far below a lease."""
_ROWS_AT_ONCE = 10_000
_KEEP_MATCHES = """
insert into screening_match (screening_id, position, household_id, street, findings)
select $1, * from unnest($2::integer[], $3::uuid[], $4::text[], $5::jsonb[])
"""
_KEEP_REJECTIONS = """
insert into screening_rejection
    (screening_id, line, row_number, household_ref, person_ref, column_name, found, expected)
select $1, * from unnest($2::integer[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
"""
REST = timedelta(days=180)
"""So long after it was closed, a finding is not found again (ours: no regulation says)."""


async def open_screening(
    tx: AsyncConnection, *, as_of: date, snapshot_sha256: str, parts: int, caller: Principal, now: datetime
) -> tuple[sa.Row[Any], bool]:
    """Begin to receive a snapshot, or find the screening of it that there is; and whether it is new.

    Raises Problem 403.
    """
    _refuse_strangers(caller)
    created = await tx.execute(
        insert(screening)
        .values(
            screening_id=new_id(),
            snapshot_sha256=snapshot_sha256,
            as_of=as_of,
            parts=parts,
            state="receiving",
            requested_by=caller.subject,
            requested_at=now,
        )
        .on_conflict_do_nothing()
        .returning(screening.c.screening_id)
    )
    screening_id: UUID | None = created.scalar()
    if screening_id is not None:
        return await screening_row(tx, screening_id), True
    same = sa.select(screening).where(screening.c.snapshot_sha256 == snapshot_sha256, screening.c.as_of == as_of)
    return (await tx.execute(same)).one(), False


async def receive_part(
    tx: AsyncConnection, *, screening_id: UUID, number: int, content: bytes, caller: Principal, now: datetime
) -> sa.Row[Any]:
    """Keep one part; with the last one the work begins. A part that is there already is left as it is.

    A whole that is not what was announced is refused. Raises Problem 403, 404, 422 for a part that cannot be.
    """
    _refuse_strangers(caller)
    row = await screening_row(tx, screening_id, locked=True)
    if row.state != "receiving":
        return row
    if number > row.parts:
        raise Problem(
            422,
            "no_such_part",
            "快照没有这一部分",
            f"快照共 {row.parts} 部分",
            field="path.number",
            value=number,
            way_out="请核对部分编号",
        )
    part = {"screening_id": screening_id, "number": number, "content": content}
    await tx.execute(insert(screening_part).values(part).on_conflict_do_nothing())
    received = sa.select(sa.func.count()).where(screening_part.c.screening_id == screening_id)
    if (await tx.execute(received)).scalar_one() < row.parts:
        return row
    if hashlib.sha256(await _content(tx, screening_id)).hexdigest() != row.snapshot_sha256:
        problem = "收到的内容与登记的摘要不一致：请核对后以正确的摘要重新登记"
        await _finish(tx, screening_id, {"state": "refused", "problems": [problem], "completed_at": now})
        return await screening_row(tx, screening_id)
    await deadlines.schedule(tx, kind=SCREEN_JOB, subject=str(screening_id), due_at=now)
    return await _update(tx, screening_id, {"state": "queued"})


async def match_snapshot(tx: AsyncConnection, *, screening_id: UUID, now: datetime) -> bool:
    """Match everybody at once and note who is to be told; returns whether there is anybody."""
    row = await screening_row(tx, screening_id, locked=True)
    content = await _content(tx, screening_id)
    parameters, calendar = (await current_parameters(tx)).parameters, await standing_calendar(tx)
    try:
        snapshot, found = await asyncio.to_thread(_screened, content, row.as_of, parameters, calendar)
    except (SnapshotInvalid, ParameterMissing) as error:
        problems = error.problems if isinstance(error, SnapshotInvalid) else [str(error)]
        await _finish(tx, screening_id, {"state": "refused", "problems": problems, "completed_at": now})
        return False
    households = await asyncio.to_thread(by_household, snapshot, found)
    await _keep_matches(tx, screening_id, households)
    await _keep_rejections(tx, screening_id, snapshot)
    values: dict[str, Any] = {
        "state": "matched",
        "toolbook_version": toolbook_version(row.as_of),
        "persons": snapshot.rows.height,
        "households": snapshot.rows.get_column("household_id").n_unique(),
        "rejected_rows": snapshot.rejected.get_column("row").n_unique(),
        "undecided_households": found.undecided,
        "unknown_columns": list(snapshot.unknown_columns),
        "to_tell": len(households),
    }
    await _update(tx, screening_id, values)
    if not households:
        await _finish(tx, screening_id, {"state": "completed", "completed_at": now})
    return bool(households)


async def tell_page(tx: AsyncConnection, *, screening_id: UUID, now: datetime) -> bool:
    """Tell of the next households; returns whether there are more. What was found before is not told again."""
    row = await screening_row(tx, screening_id, locked=True)
    matches = sa.select(screening_match).where(
        screening_match.c.screening_id == screening_id, screening_match.c.position >= row.told
    )
    page = (await tx.execute(matches.order_by(screening_match.c.position).limit(_PAGE_HOUSEHOLDS))).all()
    content = await _content(tx, screening_id)
    parameters, calendar = (await current_parameters(tx)).parameters, await standing_calendar(tx)
    rows = await asyncio.to_thread(_with_reasons, content, row.as_of, page, parameters, calendar)
    fresh = await _insert_findings(tx, screening_id, rows, now=now) if rows else []
    await _tell(tx, fresh, screening_id=screening_id, now=now)
    counts = {kind: sum(one["kind"] == kind for one in fresh) for kind in FindingKind}
    told = row.told + len(page)
    await _update(
        tx,
        screening_id,
        {
            "told": told,
            "leads": row.leads + counts[FindingKind.LEAD],
            "reviews": row.reviews + counts[FindingKind.REVIEW],
        },
    )
    if told < row.to_tell:
        return True
    await _finish(tx, screening_id, {"state": "completed", "completed_at": now})
    return False


async def close_finding(
    tx: AsyncConnection, *, finding_id: UUID, outcome: str, note: str, caller: Principal, now: datetime
) -> sa.Row[Any]:
    """What came of it. Raises Problem 404, 409 where it is closed."""
    locked = sa.select(finding).where(finding.c.finding_id == finding_id).with_for_update()
    row = (await tx.execute(locked)).one_or_none()
    if row is None:
        raise plain_problem(404, detail=f"没有可查看的线索 {finding_id}")
    if row.state == "closed":
        raise Problem(
            409,
            "finding_closed",
            "该线索已办结",
            field="path.finding_id",
            value=finding_id,
            way_out="请刷新后查看办理结果",
        )
    closed = {"state": "closed", "outcome": outcome, "note": note, "closed_by": caller.subject, "closed_at": now}
    updated = sa.update(finding).where(finding.c.finding_id == finding_id).values(closed).returning(finding)
    found: sa.Row[Any] = (await tx.execute(updated)).one()
    return found


def _refuse_strangers(caller: Principal) -> None:
    if Role.DISTRICT_OFFICER not in caller.roles and caller.client_id != SNAPSHOT_CLIENT:
        raise plain_problem(403, detail="人口快照只由区级人员或数据共享服务提交")


def _screened(content: bytes, as_of: date, parameters: Parameters, calendar: Calendar) -> tuple[Snapshot, Screening]:
    snapshot = read_snapshot(io.BytesIO(content), as_of)
    check_households(snapshot)
    return snapshot, screen(snapshot, parameters, calendar=calendar)


def _with_reasons(
    content: bytes, as_of: date, page: Sequence[sa.Row[Any]], parameters: Parameters, calendar: Calendar
) -> list[dict[str, Any]]:
    """The rows of `finding` for these households, without ids."""
    snapshot = read_snapshot(io.BytesIO(content), as_of, households=[str(one.household_id) for one in page])
    assessments = assessments_of(snapshot, parameters, calendar)
    return [
        {
            "household_id": one.household_id,
            "street": one.street,
            "kind": found["kind"],
            "policy": found["policy"],
            "person_refs": found["persons"],
            "reason": "；".join(assessments[str(one.household_id)].explanation(found["policy"])["text"]),
        }
        for one in page
        for found in one.findings
    ]


async def _content(tx: AsyncConnection, screening_id: UUID) -> bytes:
    parts = sa.select(screening_part.c.content).where(screening_part.c.screening_id == screening_id)
    return b"".join((await tx.execute(parts.order_by(screening_part.c.number))).scalars())


async def _keep_matches(tx: AsyncConnection, screening_id: UUID, households: Sequence[FoundHousehold]) -> None:
    await _insert_many(
        tx,
        _KEEP_MATCHES,
        screening_id,
        [
            (at, one.household_id, one.street, json.dumps([asdict(found) for found in one.found]))
            for at, one in enumerate(households)
        ],
    )


async def _keep_rejections(tx: AsyncConnection, screening_id: UUID, snapshot: Snapshot) -> None:
    await _insert_many(
        tx,
        _KEEP_REJECTIONS,
        screening_id,
        [(line, *values) for line, values in enumerate(snapshot.rejected.iter_rows())],
    )


async def _insert_many(
    tx: AsyncConnection, statement: str, screening_id: UUID, rows: Sequence[tuple[Any, ...]]
) -> None:
    """Column by column: a hundred thousand rows a second, where one by one are a few thousand."""
    driver = await driver_connection(tx)
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        columns = zip(*rows[first : first + _ROWS_AT_ONCE], strict=True)
        await driver.execute(statement, screening_id, *map(list, columns))


async def _insert_findings(
    tx: AsyncConnection, screening_id: UUID, rows: Sequence[dict[str, Any]], *, now: datetime
) -> list[dict[str, Any]]:
    """Those that are new. One that is open, or was closed a short while ago, is not found again."""
    recent = sa.select(finding.c.household_id, finding.c.policy, finding.c.kind).where(
        finding.c.household_id.in_({row["household_id"] for row in rows}),
        sa.or_(finding.c.state == "open", finding.c.closed_at > now - REST),
    )
    known = {tuple(row) for row in await tx.execute(recent)}
    fresh = [
        {**row, "finding_id": new_id(), "screening_id": screening_id, "found_at": now, "state": "open"}
        for row in rows
        if (row["household_id"], row["policy"], row["kind"]) not in known
    ]
    if fresh:
        await tx.execute(insert(finding), fresh)
    return fresh


async def _tell(tx: AsyncConnection, fresh: Sequence[dict[str, Any]], *, screening_id: UUID, now: datetime) -> None:
    """One event for each household and kind."""
    policies: dict[tuple[UUID, str, str], list[str]] = {}
    for row in fresh:
        policies.setdefault((row["household_id"], row["street"], row["kind"]), []).append(row["policy"])
    events: list[Event] = []
    for (household_id, street, kind), found in policies.items():
        about: dict[str, Any] = {"household_id": household_id, "screening_id": screening_id, "street": street}
        is_lead = kind == FindingKind.LEAD
        events.append(
            LeadFound(**about, policies=tuple(found)) if is_lead else ReviewSuggested(**about, policies=tuple(found))
        )
    if events:
        await outbox.record(tx, *events, at=now)


async def _update(tx: AsyncConnection, screening_id: UUID, values: dict[str, Any]) -> sa.Row[Any]:
    updated = sa.update(screening).where(screening.c.screening_id == screening_id).values(values).returning(screening)
    row: sa.Row[Any] = (await tx.execute(updated)).one()
    return row


async def _finish(tx: AsyncConnection, screening_id: UUID, values: dict[str, Any]) -> None:
    """The screening is over: nothing of the snapshot stays but what was found in it."""
    await _update(tx, screening_id, values)
    for table in (screening_part, screening_match):
        await tx.execute(sa.delete(table).where(table.c.screening_id == screening_id))
