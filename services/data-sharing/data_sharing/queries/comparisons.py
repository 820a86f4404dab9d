"""A comparison asked of the database, over all that was delivered; runs and hits as those who may see them see them."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.rules.comparisons import Comparison, Condition
from data_sharing.schemas.comparisons import HitDetail, HitPage, HitView, RunView
from data_sharing.tables.comparisons import comparison_hit, comparison_run
from data_sharing.tables.registries import current_record, legal_entity_version

_HIT = tuple(column for column in comparison_hit.c if column.name not in {"identity_index", "evidence", "digest"})


def question(comparison: Comparison) -> sa.Select[Any]:
    """Who is found, by blind index, with the evidence: the values that are compared, without names and numbers."""
    present = [_holds(one).cte(f"part{at}") for at, one in enumerate(comparison.where) if one.test != "none_of"]
    absent = [_holds(one).cte(f"absent{at}") for at, one in enumerate(comparison.where) if one.test == "none_of"]
    first, *others = present
    joined: sa.FromClause = first
    evidence: sa.ColumnElement[Any] = first.c.evidence
    for other in others:
        joined = joined.join(other, other.c.identity_index == first.c.identity_index)
        evidence = evidence.op("||")(other.c.evidence)
    found = sa.select(first.c.identity_index, evidence.label("evidence")).select_from(joined)
    for part in absent:
        found = found.where(~sa.exists().where(part.c.identity_index == first.c.identity_index))
    return found


def _holds(condition: Condition) -> sa.Select[Any]:
    """Who one condition holds of (of `none_of`: who receives one of these), with what was found."""
    if condition.test == "represents":
        entity = legal_entity_version.c
        companies = sa.func.jsonb_agg(sa.distinct(entity.credit_code))
        return (
            sa.select(entity.representative_index.label("identity_index"), _evidence(condition, companies))
            .where(
                entity.valid_until.is_(None), entity.state == condition.value, entity.representative_index.is_not(None)
            )
            .group_by(entity.representative_index)
        )
    record = current_record.c
    value = record.fields[condition.field.name]
    of_data_set = record.data_set == condition.field.data_set
    if condition.field.kind in {"benefits", "vehicles"}:
        # What is no list has no items: the database may ask for them before it looks at the condition.
        items = sa.case((sa.func.jsonb_typeof(value) == "array", value), else_=sa.text("'[]'::jsonb"))
        item = sa.func.jsonb_array_elements(items).table_valued(sa.column("value", JSONB)).alias("item")
        shown, holds = _of_items(condition, item.c.value)
        return (
            sa.select(record.identity_index, _evidence(condition, shown))
            .select_from(current_record.join(item, sa.true()))
            .where(of_data_set)
            .group_by(record.identity_index)
            .having(holds)
        )
    found = sa.select(record.identity_index, _evidence(condition, sa.func.jsonb_agg(sa.distinct(value)))).where(
        of_data_set, sa.func.jsonb_typeof(value) != "null"
    )
    if condition.test == "at_most":
        found = found.where(value.astext.cast(sa.Numeric) <= Decimal(str(condition.value)))
    return found.group_by(record.identity_index)


def _of_items(condition: Condition, item: Any) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[bool]]:
    """What is shown of the items of a person, and what must hold of all of them together."""
    if condition.field.kind == "vehicles":
        worth = item["value"].astext.cast(sa.Numeric)
        shown = sa.func.jsonb_agg(sa.distinct(item["value"]))
        return shown, sa.true() if condition.test == "is" else sa.func.max(worth) > Decimal(str(condition.value))
    policy = item["policy"].astext
    shown = sa.func.jsonb_agg(sa.distinct(policy))
    received = sa.func.array_agg(policy, type_=ARRAY(sa.Text))
    if condition.test == "is":
        return shown, sa.true()
    if condition.test == "together":
        return shown, sa.or_(*(received.contains(list(group)) for group in condition.value))
    return shown, received.overlap(list(condition.value))


def _evidence(condition: Condition, value: sa.ColumnElement[Any]) -> sa.Label[Any]:
    return sa.func.jsonb_build_object(condition.field.path, value, type_=JSONB).label("evidence")


async def last_runs(tx: AsyncConnection, codes: list[str]) -> dict[str, RunView]:
    """The newest run of each comparison that has run."""
    newest = sa.select(comparison_run).where(comparison_run.c.comparison.in_(codes)).order_by(comparison_run.c.run_id)
    return {row.comparison: _run_view(row) for row in await tx.execute(newest)}


async def runs_of(tx: AsyncConnection, code: str, *, limit: int) -> list[RunView]:
    """The last runs of one comparison, the newest first."""
    found = sa.select(comparison_run).where(comparison_run.c.comparison == code)
    return [_run_view(row) for row in await tx.execute(found.order_by(comparison_run.c.run_id.desc()).limit(limit))]


async def open_hits(tx: AsyncConnection) -> dict[str, int]:
    """How many hits of each comparison nobody has settled."""
    counted = sa.select(comparison_hit.c.comparison, sa.func.count()).where(comparison_hit.c.state == "open")
    return {row[0]: row[1] for row in await tx.execute(counted.group_by(comparison_hit.c.comparison))}


async def hit_page(
    tx: AsyncConnection, *, comparison: str | None, state: str | None, before: int | None, limit: int
) -> HitPage:
    """Hits without what was found, the newest first."""
    found = sa.select(*_HIT).order_by(comparison_hit.c.number.desc()).limit(limit + 1)
    if comparison is not None:
        found = found.where(comparison_hit.c.comparison == comparison)
    if state is not None:
        found = found.where(comparison_hit.c.state == state)
    if before is not None:
        found = found.where(comparison_hit.c.number < before)
    rows = (await tx.execute(found)).all()
    return HitPage(
        items=[HitView(**_hit(row)) for row in rows[:limit]],
        next_cursor=rows[limit - 1].number if len(rows) > limit else None,
    )


async def hit_view(tx: AsyncConnection, hit_id: UUID) -> HitView:
    """One that is there."""
    return HitView(**_hit((await tx.execute(sa.select(*_HIT).where(comparison_hit.c.hit_id == hit_id))).one()))


def hit_detail(row: sa.Row[Any]) -> HitDetail:
    """A row with what was found."""
    return HitDetail(**_hit(row), person_id=row.person_id, evidence=row.evidence)


def _hit(row: sa.Row[Any]) -> dict[str, Any]:
    names = ("hit_id", "comparison", "street", "state", "found_at", "last_seen_at", "lead_id", "outcome", "words")
    return {name: getattr(row, name) for name in (*names, "settled_at")}


def _run_view(row: sa.Row[Any]) -> RunView:
    names = ("run_id", "state", "started_at", "found", "new", "gone", "reason")
    return RunView(**{name: getattr(row, name) for name in names})


async def due_at(tx: AsyncConnection, kind: str, code: str) -> datetime | None:
    """When a comparison is due next."""
    next_run = sa.text("select due_at from deadline where kind = :kind and subject = :code")
    return (await tx.execute(next_run, {"kind": kind, "code": code})).scalar_one_or_none()
