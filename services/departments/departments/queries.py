"""Reads used twice, or that depend on who asks. Row-level security hides what the caller may not see."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, get_args
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from departments.rules.referrals import State, possible_actions
from departments.schemas import (
    QueryList,
    QueryState,
    QueryView,
    ReferralList,
    ReferralState,
    ReferralView,
    RegisterView,
    ReplenishmentList,
    ReplenishmentState,
    ReplenishmentView,
    WorkItemView,
)
from departments.tables import referral, register_record, replenishment, verification_query, work_item
from shared.problems import not_found

_WORK_ITEMS_SHOWN = 500

assert set(get_args(ReferralState)) == {str(state) for state in State}, "callers see the states that the rules have"


async def referral_row(tx: AsyncConnection, referral_id: UUID, *, locked: bool = False) -> sa.Row[Any]:
    """A referral that the caller may see. Raises Problem 404."""
    return await _row(tx, referral, referral.c.referral_id, referral_id, "转办", locked=locked)


async def replenishment_row(tx: AsyncConnection, replenishment_id: UUID, *, locked: bool = False) -> sa.Row[Any]:
    """A replenishment that the caller may see. Raises Problem 404."""
    column = replenishment.c.replenishment_id
    return await _row(tx, replenishment, column, replenishment_id, "备用金补充申请", locked=locked)


async def _row(
    tx: AsyncConnection, table: sa.Table, column: sa.Column[UUID], wanted: UUID, what: str, *, locked: bool
) -> sa.Row[Any]:
    statement = sa.select(table).where(column == wanted)
    row = (await tx.execute(statement.with_for_update() if locked else statement)).one_or_none()
    if row is None:
        raise not_found(what, wanted)
    return row


def referral_view(row: sa.Row[Any]) -> ReferralView:
    """The row as callers see it."""
    return ReferralView(
        referral_id=row.referral_id,
        household_id=row.household_id,
        application_id=row.application_id,
        policy=row.policy,
        policy_clause=row.policy_clause,
        street=row.street,
        person_refs=row.person_refs,
        state=row.state,
        possible_actions=[action.value for action in possible_actions(State(row.state))],
        received_at=row.received_at,
        accept_by=row.accept_by,
        complete_by=row.complete_by,
        overdue=row.overdue,
        accepted_at=row.accepted_at,
        accepted_by=row.accepted_by,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        reason_code=row.reason_code,
        return_text=row.return_text,
        result=row.result,
        amount=row.amount_fen,
        details=row.details,
        note=row.note,
    )


async def referrals(
    tx: AsyncConnection, *, state: ReferralState | None, cursor: UUID | None, limit: int
) -> ReferralList:
    """A page of the referrals that the caller may see, oldest first."""
    rows, next_cursor = await _page(tx, referral, referral.c.referral_id, state=state, cursor=cursor, limit=limit)
    return ReferralList(items=[referral_view(row) for row in rows], next_cursor=next_cursor)


def replenishment_view(row: sa.Row[Any]) -> ReplenishmentView:
    """The row as callers see it."""
    return ReplenishmentView(
        replenishment_id=row.replenishment_id,
        street=row.street,
        amount=row.amount_fen,
        state=row.state,
        received_at=row.received_at,
        answer_by=row.answer_by,
        outcome=row.outcome,
        granted_amount=row.granted_fen,
        answered_at=row.answered_at,
        answered_by=row.answered_by,
        note=row.note,
    )


async def replenishments(
    tx: AsyncConnection, *, state: ReplenishmentState | None, cursor: UUID | None, limit: int
) -> ReplenishmentList:
    """A page of the replenishments, oldest first."""
    column = replenishment.c.replenishment_id
    rows, next_cursor = await _page(tx, replenishment, column, state=state, cursor=cursor, limit=limit)
    return ReplenishmentList(items=[replenishment_view(row) for row in rows], next_cursor=next_cursor)


async def verification_queries(
    tx: AsyncConnection, *, state: QueryState | None, cursor: UUID | None, limit: int
) -> QueryList:
    """A page of the queries of verification, oldest first."""
    column = verification_query.c.query_id
    rows, next_cursor = await _page(tx, verification_query, column, state=state, cursor=cursor, limit=limit)
    items = [
        QueryView(
            query_id=row.query_id,
            application_id=row.application_id,
            data_sets=row.data_sets,
            state=row.state,
            received_at=row.received_at,
            answer_by=row.answer_by,
            closed_at=row.closed_at,
            outcome=row.outcome,
            record_count=row.record_count,
            refusal_code=row.refusal_code,
        )
        for row in rows
    ]
    return QueryList(items=items, next_cursor=next_cursor)


async def _page(
    tx: AsyncConnection,
    table: sa.Table,
    column: sa.Column[UUID],
    *,
    state: str | None,
    cursor: UUID | None,
    limit: int,
) -> tuple[Sequence[sa.Row[Any]], UUID | None]:
    statement = sa.select(table).order_by(column).limit(limit + 1)
    if state is not None:
        statement = statement.where(table.c.state == state)
    if cursor is not None:
        statement = statement.where(column > cursor)
    rows = (await tx.execute(statement)).all()
    shown = rows[:limit]
    return shown, getattr(shown[-1], column.name) if len(rows) > limit else None


async def open_work_items(tx: AsyncConnection, *, now: datetime) -> list[WorkItemView]:
    """What is to be done, the most urgent first."""
    statement = (
        sa.select(work_item)
        .where(work_item.c.closed_at.is_(None))
        .order_by(work_item.c.due_at, work_item.c.work_item_id)
        .limit(_WORK_ITEMS_SHOWN)
    )
    return [
        WorkItemView(
            work_item_id=row.work_item_id,
            kind=row.kind,
            subject_id=row.subject_id,
            opened_at=row.opened_at,
            due_at=row.due_at,
            overdue=row.due_at <= now,
        )
        for row in await tx.execute(statement)
    ]


async def register_views(tx: AsyncConnection, data_sets: Sequence[str]) -> list[RegisterView]:
    """How much each of these registers holds, empty ones too."""
    table = register_record
    statement = (
        sa.select(
            table.c.data_set,
            sa.func.count().label("records"),
            sa.func.count(sa.distinct(table.c.person_index)).label("persons"),
            sa.func.max(table.c.as_of).label("newest_as_of"),
        )
        .where(table.c.data_set.in_(data_sets))
        .group_by(table.c.data_set)
    )
    found: Mapping[str, sa.Row[Any]] = {row.data_set: row for row in await tx.execute(statement)}
    return [
        RegisterView(data_set=data_set, records=row.records, persons=row.persons, newest_as_of=row.newest_as_of)
        if (row := found.get(data_set)) is not None
        else RegisterView(data_set=data_set, records=0, persons=0, newest_as_of=None)
        for data_set in data_sets
    ]


async def records_of(
    tx: AsyncConnection, *, data_sets: Sequence[str], person_indexes: Sequence[bytes], on: date
) -> Sequence[Any]:
    """The records of these persons that hold on a day."""
    table = register_record
    statement = (
        sa.select(table.c.data_set, table.c.person_index, table.c.fields, table.c.as_of)
        .where(table.c.data_set.in_(data_sets), table.c.person_index.in_(person_indexes))
        .where(table.c.valid_from <= on, sa.or_(table.c.valid_to.is_(None), table.c.valid_to > on))
        .order_by(table.c.data_set, table.c.person_index)
    )
    return (await tx.execute(statement)).all()
