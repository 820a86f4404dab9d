"""Somebody says that what a department found is wrong: it is asked again, and the objection is settled by its answer.

Rules of verification of 2021 (民发〔2021〕57号) art 18; regulation on sharing government data (2025) art 26.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.asking import Question, ask
from data_sharing.handlers.completing import lock_verification
from data_sharing.handlers.signing import open_case
from data_sharing.queries.cases import answer_rows, query_rows
from data_sharing.queries.objections import objection_by_id
from data_sharing.rules import verification as course
from data_sharing.rules.catalogue import Catalogue
from data_sharing.schemas.objections import ObjectionRequest, ObjectionView
from data_sharing.tables.verifications import objection
from shared import outbox
from shared.auth import Principal
from shared.events.data_sharing import ObjectionRaised, ObjectionSettled
from shared.ids import new_id
from shared.problems import Problem, plain_problem
from shared.working_days import WorkingCalendar

Outcome = Literal["corrected", "upheld", "not_answered"]


async def raise_objection(
    tx: AsyncConnection,
    caller: Principal,
    application_id: UUID,
    body: ObjectionRequest,
    *,
    catalogue: Catalogue,
    now: datetime,
) -> ObjectionView:
    """Keep an objection and ask the department again. Raises Problem 404, 409 and 422."""
    case = await open_case(tx, caller, application_id)
    found = await lock_verification(tx, case.verification_id)
    if found.state != "completed":
        raise Problem(
            409,
            "not_completed",
            "经济状况核对尚未完成",
            f"核对 {case.verification_id} 尚在进行，部门的答复还可以更正",
            way_out="请在核对完成后对结果提出异议",
        )
    if body.data_set not in case.data_sets:
        raise plain_problem(422, detail="本次核对没有查询该数据集", field="body.data_set", value=body.data_set)
    open_one = sa.select(objection.c.objection_id).where(
        objection.c.verification_id == case.verification_id,
        objection.c.data_set == body.data_set,
        objection.c.settled_at.is_(None),
    )
    standing = (await tx.execute(open_one)).scalar_one_or_none()
    if standing is not None:
        raise Problem(
            409,
            "objection_open",
            "对该项数据已有异议正在复核",
            f"异议 {standing} 尚未办结",
            way_out="请等待数据部门复核，结果会在办理进度中显示",
        )
    data_set = catalogue.data_sets[body.data_set]
    department = data_set.department
    question = Question(
        verification_id=case.verification_id,
        application_id=case.application_id,
        household_id=case.household_id,
        kind="recheck",
        data_sets={department: (body.data_set,)},
        # A file cannot look again: its department sees the objection, and answers by hand within the time.
        reached=data_set.reached,
    )
    query_id = (await ask(tx, question, catalogue=catalogue, now=now))[department]
    objection_id = new_id()
    await tx.execute(
        insert(objection).values(
            objection_id=objection_id,
            verification_id=case.verification_id,
            application_id=case.application_id,
            household_id=case.household_id,
            data_set=body.data_set,
            ground=body.ground,
            evidence=body.evidence,
            raised_by=caller.subject,
            raised_at=now,
            query_id=query_id,
        )
    )
    raised = ObjectionRaised(
        household_id=case.household_id,
        application_id=case.application_id,
        objection_id=objection_id,
        department=department,
        data_set=body.data_set,
        answer_by=course.answer_by(now, WorkingCalendar()),
    )
    await outbox.record(tx, raised, at=now)
    return await objection_by_id(tx, objection_id)


async def settle_objection(tx: AsyncConnection, query_id: UUID, *, catalogue: Catalogue, now: datetime) -> None:
    """The department answered the re-check: corrected when it says something else than before, else upheld. One that
    could not look has until the end of its time to look after all.
    """
    found = (await tx.execute(sa.select(objection).where(objection.c.query_id == query_id))).one()
    outcome = await _outcome(tx, found)
    if found.settled_at is None and outcome != "not_answered":
        await _settle(tx, found, outcome, catalogue=catalogue, now=now)


async def close_query(tx: AsyncConnection, query_id: UUID, *, catalogue: Catalogue, now: datetime) -> None:
    """The time to answer a re-check is over. A later answer still counts, for the facts and not for the objection."""
    found = (await tx.execute(sa.select(objection).where(objection.c.query_id == query_id))).one_or_none()
    if found is None:
        return
    await lock_verification(tx, found.verification_id)
    if (await objection_by_id(tx, found.objection_id)).settled_at is None:
        await _settle(tx, found, "not_answered", catalogue=catalogue, now=now)


async def _outcome(tx: AsyncConnection, found: sa.Row[Any]) -> Outcome:
    """Whether the re-check says the same of the data set as the answer that counted before."""
    queries = [row for row in await query_rows(tx, found.verification_id) if row.kind != "obligor"]
    (again,) = (row for row in queries if row.query_id == found.query_id)
    if again.outcome == "error":
        return "not_answered"
    before = [row for row in queries if row.asked_at <= again.asked_at and row.query_id != again.query_id]
    counted = course.standing([course.Asked(row.query_id, row.kind, row.data_sets, row.outcome) for row in before])
    records = await answer_rows(tx, queries)

    def said(query_id: UUID) -> list[Any]:
        own = [record for record in records.get(query_id, []) if record["data_set"] == found.data_set]
        return sorted((record["person_ref"], sorted(record["fields"].items(), key=str)) for record in own)

    earlier = next(query_id for query_id, data_sets in counted.items() if found.data_set in data_sets)
    if not any(row.query_id == earlier and course.has_looked(row.outcome) for row in before):
        # Nothing was known before.
        return "corrected"
    return "upheld" if said(earlier) == said(again.query_id) else "corrected"


async def _settle(
    tx: AsyncConnection, found: sa.Row[Any], outcome: Outcome, *, catalogue: Catalogue, now: datetime
) -> None:
    await tx.execute(
        sa.update(objection)
        .where(objection.c.objection_id == found.objection_id)
        .values(settled_at=now, outcome=outcome)
    )
    settled = ObjectionSettled(
        household_id=found.household_id,
        application_id=found.application_id,
        objection_id=found.objection_id,
        department=catalogue.data_sets[found.data_set].department,
        data_set=found.data_set,
        outcome=outcome,
        is_of_facts=catalogue.data_sets[found.data_set].is_of_facts,
    )
    await outbox.record(tx, settled, at=now)
