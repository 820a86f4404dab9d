"""A household that was paid is looked after: a task with a last day, and what was found. Clause 4.2.2.

It does not hold up the money: a grant may close while its follow-up is open.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from emergency_fund.handlers.bulk import insert_rows
from emergency_fund.handlers.recusals import refuse_recused
from emergency_fund.queries.follow_ups import find_follow_up, follow_up_view
from emergency_fund.queries.grants import find_grant
from emergency_fund.rules import parameters
from emergency_fund.rules.follow_up import is_looked_at_again
from emergency_fund.schemas.follow_ups import Finding, FollowUpView
from emergency_fund.tables import follow_up
from shared import deadlines, outbox
from shared.auth import Principal
from shared.bus import Cause, current_cause
from shared.clock import Clock, end_of_day, local_date
from shared.database import Database
from shared.deadlines import Deadline, Work
from shared.events.emergency_fund import FollowUpCompleted, FollowUpOpened, FollowUpOverdue
from shared.idempotency import Claim, once
from shared.ids import new_id
from shared.problems import Problem

FOLLOW_UP_OVERDUE = "follow_up_overdue"
"""Kind of the deadline after a follow-up's last day; its subject is the follow-up."""


async def open_follow_ups(
    tx: AsyncConnection, paid: Sequence[tuple[Any, Cause]], *, now: datetime, follow_up_round: int = 1
) -> list[dict[str, Any]]:
    """Have the clerk who asked for a grant look after its household: a row for each grant.

    Whatever pays a grant for the first time calls this in the same transaction: the database refuses it otherwise.
    """
    due_on = parameters.follow_up_due_on(follow_up_round=follow_up_round, opened_on=local_date(now))
    tasks: list[dict[str, Any]] = [
        {
            "follow_up_id": new_id(),
            "grant_id": grant.grant_id,
            "street": grant.street,
            "round": follow_up_round,
            "owner": grant.requested_by,
            "due_on": due_on,
            "opened_at": now,
        }
        for grant, _ in paid
    ]
    await insert_rows(tx, follow_up, tasks)
    overdue_at = end_of_day(due_on)
    await deadlines.schedule_all(
        tx,
        [
            Deadline(FOLLOW_UP_OVERDUE, str(task["follow_up_id"]), overdue_at, cause=cause)
            for (_, cause), task in zip(paid, tasks, strict=True)
        ],
    )
    return tasks


def follow_up_opened(grant: Any, task: Mapping[str, Any]) -> FollowUpOpened:
    """What is told of a follow-up that `open_follow_ups` opened."""
    return FollowUpOpened(
        household_id=grant.household_id,
        grant_id=grant.grant_id,
        follow_up_id=task["follow_up_id"],
        street=grant.street,
        round=task["round"],
        due_on=task["due_on"],
        owner=grant.requested_by,
    )


async def complete(
    database: Database, clock: Clock, caller: Principal, follow_up_id: UUID, key: str, finding: Finding
) -> FollowUpView:
    """Write down what was found. Opens the second look where one is owed. Raises Problem 409 for a completed one."""
    async with database.transaction(caller) as tx:
        return await once(
            tx,
            Claim(caller, key, f"complete_follow_up {follow_up_id}", finding, FollowUpView),
            lambda: _complete(tx, clock, caller, follow_up_id, finding),
        )


async def _complete(
    tx: AsyncConnection, clock: Clock, caller: Principal, follow_up_id: UUID, finding: Finding
) -> FollowUpView:
    # The deadline before the follow-up, as its job locks them.
    await deadlines.cancel(tx, kind=FOLLOW_UP_OVERDUE, subject=str(follow_up_id))
    task = await find_follow_up(tx, follow_up_id, for_update=True)
    if task.outcome is not None:
        raise Problem(
            409,
            "follow_up_already_completed",
            "该跟进已完成",
            f"跟进任务 {follow_up_id} 已于 {local_date(task.completed_at)} 完成",
            field="outcome",
            value=task.outcome,
            way_out="请查看支付单的跟进情况；情况有变化请另行申请救助",
        )
    grant = await find_grant(tx, task.grant_id)
    await refuse_recused(tx, caller, grant.household_id)
    now = clock.now()
    await tx.execute(
        update(follow_up)
        .where(follow_up.c.follow_up_id == follow_up_id)
        .values(**finding.model_dump(), completed_by=caller.subject, completed_at=now)
    )
    completed = FollowUpCompleted(
        household_id=grant.household_id,
        grant_id=task.grant_id,
        follow_up_id=follow_up_id,
        street=task.street,
        round=task.round,
        outcome=finding.outcome.value,
        route=None if finding.route is None else finding.route.value,
    )
    again = []
    if is_looked_at_again(completed_round=task.round, cause=grant.cause, outcome=finding.outcome):
        [second] = await open_follow_ups(tx, [(grant, current_cause())], now=now, follow_up_round=task.round + 1)
        again = [follow_up_opened(grant, second)]
    await outbox.record(tx, completed, *again, at=now)
    return await follow_up_view(tx, follow_up_id)


async def note_overdue(work: Work) -> None:
    """A follow-up's last day is over. It stays open; an event tells of it, once."""
    follow_up_id = UUID(work.subject)
    async with work.transaction() as tx:
        task = (
            await tx.execute(
                update(follow_up)
                .where(
                    follow_up.c.follow_up_id == follow_up_id,
                    follow_up.c.outcome.is_(None),
                    follow_up.c.overdue_at.is_(None),
                )
                .values(overdue_at=work.now)
                .returning(follow_up)
            )
        ).one_or_none()
        if task is None:
            return
        grant = await find_grant(tx, task.grant_id)
        overdue = FollowUpOverdue(
            household_id=grant.household_id,
            grant_id=task.grant_id,
            follow_up_id=follow_up_id,
            street=task.street,
            round=task.round,
            due_on=task.due_on,
            owner=task.owner,
        )
        await outbox.record(tx, overdue, at=work.now)
