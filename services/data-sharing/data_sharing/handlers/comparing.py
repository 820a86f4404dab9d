"""Saved comparisons run, and what they find is looked into (12.1.1). Hits are clues and leads: no benefit changes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.access_ledger import platform, purpose_of, put_on_ledger
from data_sharing.handlers.lead_joining import SentReport, take_in
from data_sharing.handlers.lead_matching import Found
from data_sharing.handlers.quotas import why_closed
from data_sharing.queries.comparisons import hit_detail, hit_view, question
from data_sharing.queries.registries import VERSION_OF_NOW
from data_sharing.rules.catalogue import Catalogue
from data_sharing.rules.comparisons import CONSUMER, PURPOSE, Comparison, fields_of_others
from data_sharing.schemas.comparisons import HitDetail, HitOutcome, HitView
from data_sharing.tables.comparisons import comparison_hit, comparison_run
from data_sharing.tables.persons import person
from data_sharing.tables.registries import person_version
from shared import deadlines, outbox
from shared.auth import Principal
from shared.clock import Clock, local_date
from shared.database import Database
from shared.deadlines import Deadline, Work
from shared.events.data_sharing import ComparisonHitFound, ComparisonHitSettled
from shared.ids import new_id
from shared.problems import Problem, not_found

RUN_JOB = "run_comparison"
LEAD_JOB = "lead_of_hit"
CHANNEL = "comparison"
_PLATFORM = "data-sharing"
# Of those whom a condition holds the planner takes one to be there, and would go through all of another condition for
# each: 48,000 by 36,000.
_BY_HASH = sa.text("set local enable_nestloop = off")


async def plan_comparisons(database: Database, clock: Clock, comparisons: Mapping[str, Comparison]) -> None:
    """Each comparison that has no day yet gets one."""
    now = clock.now()
    async with database.transaction() as tx:
        wanted = [Deadline(RUN_JOB, one.code, one.next_run(now)) for one in comparisons.values()]
        await deadlines.ensure_all(tx, wanted)


async def run_comparison(work: Work, comparisons: Mapping[str, Comparison], *, catalogue: Catalogue) -> None:
    """Run one that is due, where the agreements allow it, and plan it anew. One that was taken out runs no more."""
    comparison = comparisons.get(work.subject)
    async with work.transaction() as tx:
        if comparison is None:
            return
        run_id = new_id()
        reason = await why_closed(
            tx,
            # Without the register of benefits nobody receives any.
            {path.partition(".")[0] for path in comparison.fields},
            consumer=CONSUMER,
            purpose=PURPOSE,
            fields=fields_of_others(comparison, catalogue),
            now=work.now,
        )
        found, new, gone = (0, 0, 0) if reason is not None else await _compare(tx, comparison, run_id, now=work.now)
        await tx.execute(
            insert(comparison_run).values(
                run_id=run_id,
                comparison=comparison.code,
                started_at=work.now,
                state="completed" if reason is None else "refused",
                reason=reason,
                found=found,
                new=new,
                gone=gone,
            )
        )
        looking = platform(f"comparison:{comparison.code}", client_id=_PLATFORM, department=CONSUMER)
        await put_on_ledger(tx, looking, purpose=PURPOSE, fields=comparison.fields, refusal=reason, now=work.now)
        await deadlines.schedule(tx, kind=RUN_JOB, subject=comparison.code, due_at=comparison.next_run(work.now))


async def _compare(tx: AsyncConnection, comparison: Comparison, run_id: UUID, *, now: datetime) -> tuple[int, int, int]:
    """How many were found, how many of them anew, and how many are found no more."""
    await tx.execute(_BY_HASH)
    who = question(comparison).cte("who")
    digest = sa.func.sha256(sa.func.convert_to(who.c.evidence.cast(sa.Text), "UTF8"))
    hits: dict[str, Any] = {
        "hit_id": sa.func.gen_random_uuid(),
        "comparison": sa.literal(comparison.code),
        "identity_index": who.c.identity_index,
        "person_id": person.c.person_id,
        "street": person_version.c.street,
        "evidence": who.c.evidence,
        "digest": digest,
        "state": sa.literal("open"),
        "found_at": sa.literal(now),
        "last_seen_at": sa.literal(now),
        "last_run_id": sa.literal(run_id),
    }
    selected = sa.select(*(value.label(name) for name, value in hits.items())).select_from(
        who.outerjoin(person, person.c.identity_index == who.c.identity_index).outerjoin(person_version, VERSION_OF_NOW)
    )
    kept = insert(comparison_hit).from_select(list(hits), selected)
    kept = kept.on_conflict_do_update(
        index_elements=["comparison", "identity_index", "digest"],
        set_={
            "last_seen_at": now,
            "last_run_id": run_id,
            "state": sa.case((comparison_hit.c.state == "gone", "open"), else_=comparison_hit.c.state),
        },
    )
    rows = (
        await tx.execute(
            kept.returning(
                comparison_hit.c.hit_id, comparison_hit.c.street, sa.literal_column("xmax = 0").label("is_new")
            )
        )
    ).all()
    gone = await tx.execute(
        sa.update(comparison_hit)
        .where(
            comparison_hit.c.comparison == comparison.code,
            comparison_hit.c.state == "open",
            comparison_hit.c.last_run_id != run_id,
        )
        .values(state="gone")
        .returning(comparison_hit.c.hit_id)
    )
    new = [row for row in rows if row.is_new]
    await _tell(tx, comparison, new, now=now)
    return len(rows), len(new), len(gone.all())


async def _tell(tx: AsyncConnection, comparison: Comparison, new: Sequence[sa.Row[Any]], *, now: datetime) -> None:
    if comparison.finds == "lead":
        # Each in a transaction of its own: leads are taken one by one, as other reports come in.
        await deadlines.schedule_all(tx, [Deadline(LEAD_JOB, str(row.hit_id), now) for row in new])
    events = [
        ComparisonHitFound(hit_id=row.hit_id, comparison=comparison.code, finds=comparison.finds, street=row.street)
        for row in new
    ]
    await outbox.record(tx, *events, at=now)


async def open_lead_of_hit(work: Work, comparisons: Mapping[str, Comparison]) -> None:
    """A hit that is a lead becomes one, or joins the one that the person has."""
    async with work.transaction() as tx:
        hit_id = UUID(work.subject)
        hit = (await tx.execute(sa.select(comparison_hit).where(comparison_hit.c.hit_id == hit_id))).one()
        comparison = comparisons.get(hit.comparison)
        if comparison is None or hit.lead_id is not None:
            return
        sent = SentReport(
            sender=_PLATFORM,
            reference=f"hit-{hit_id}",
            channel=CHANNEL,
            happened_on=local_date(hit.found_at),
            troubles=comparison.told,
            is_urgent=False,
            street=hit.street,
            sent_by=f"comparison:{hit.comparison}",
            digest=hit.digest,
            indexes={"identity_index": hit.identity_index},
        )
        found = Found(match="unknown" if hit.person_id is None else "exact", person_id=hit.person_id)
        taken = await take_in(tx, sent, found, now=work.now)
        of_hit = sa.update(comparison_hit).where(comparison_hit.c.hit_id == hit_id)
        await tx.execute(of_hit.values(lead_id=taken.lead_id))


async def look_at_hit(
    database: Database, caller: Principal, hit_id: UUID, *, comparisons: Mapping[str, Comparison], clock: Clock
) -> HitDetail:
    """A hit with what was found; the look is on the access ledger before it is answered. Raises Problem 404."""
    async with database.transaction() as tx:
        row = (await tx.execute(sa.select(comparison_hit).where(comparison_hit.c.hit_id == hit_id))).one_or_none()
        if row is None:
            raise not_found("比对结果", hit_id)
        comparison = comparisons.get(row.comparison)
        await put_on_ledger(
            tx,
            caller,
            purpose=purpose_of(caller, PURPOSE),
            fields=sorted(row.evidence) if comparison is None else comparison.fields,
            refusal=None,
            now=clock.now(),
            person_ids=[] if row.person_id is None else [row.person_id],
        )
    return hit_detail(row)


async def settle_hit(
    tx: AsyncConnection, caller: Principal, hit_id: UUID, body: HitOutcome, *, now: datetime
) -> HitView:
    """Somebody found out what there is to it. Raises Problem 404, and 409 for one that is not open."""
    wanted = sa.select(comparison_hit).where(comparison_hit.c.hit_id == hit_id).with_for_update()
    row = (await tx.execute(wanted)).one_or_none()
    if row is None:
        raise not_found("比对结果", hit_id)
    if row.state != "open":
        raise Problem(
            409,
            "hit_not_open",
            "该比对结果已不需要核实",
            f"比对结果 {hit_id} 的状态为 {row.state}",
            way_out="已核实的不重复登记；数据变化后再次符合的会作为新的结果出现",
        )
    await tx.execute(
        sa.update(comparison_hit)
        .where(comparison_hit.c.hit_id == hit_id)
        .values(state="settled", outcome=body.outcome, words=body.words, settled_by=caller.subject, settled_at=now)
    )
    settled = ComparisonHitSettled(hit_id=hit_id, comparison=row.comparison, outcome=body.outcome)
    await outbox.record(tx, settled, at=now)
    return await hit_view(tx, hit_id)
