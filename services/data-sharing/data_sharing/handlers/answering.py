"""Departments answer, or their time passes; a verification is completed, and again by each late answer (1.2)."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.looking import Look, refusal_of_letters, refuse
from data_sharing.queries.cases import Case, answer_rows, case_of_query, member_refs, query_rows
from data_sharing.rules import merge as merging
from data_sharing.rules import verification as course
from data_sharing.rules.catalogue import Catalogue
from data_sharing.rules.records import Asked, faults
from data_sharing.schemas.queries import AnswerReceipt, AnswerRequest
from data_sharing.tables.verifications import answer, query, report, verification
from shared import outbox
from shared.auth import Principal
from shared.clock import Clock, local_date
from shared.database import Database
from shared.events.data_sharing import VerificationAnswered, VerificationCompleted
from shared.problems import FieldError, Problem, not_found, plain_problem

ANSWER_PURPOSE = "verification"
_SHOWN_ERRORS = 50


async def answer_query(
    database: Database, caller: Principal, *, query_id: UUID, body: AnswerRequest, catalogue: Catalogue, clock: Clock
) -> AnswerReceipt:
    """Keep a department's answer; complete the verification when it is the last, or came after completion.

    The same answer again changes nothing. Raises Problem 403, 404, 409 and 422.
    """
    now = clock.now()
    async with database.transaction() as tx:
        case = await case_of_query(tx, query_id)
        refusal = None if case is None else await _refusal(tx, case, caller, catalogue=catalogue, now=now)
        if case is not None and refusal is not None:
            look = Look(
                case=case, purpose=ANSWER_PURPOSE, fields=catalogue.field_paths(case.data_sets), refusal=refusal
            )
            problem = await refuse(tx, look, caller, what=("核对请求", query_id), now=now)
    if case is None:
        raise not_found("核对请求", query_id)
    if refusal is not None:
        raise problem
    async with database.transaction() as tx:
        _check_records(body, case, refs=await member_refs(tx, case.verification_id), catalogue=catalogue, now=now)
        return await _receive(tx, case, caller, body, catalogue=catalogue, clock=clock)


async def close_verification(
    tx: AsyncConnection, verification_id: UUID, *, catalogue: Catalogue, now: datetime
) -> None:
    """The departments' time is over: complete with what is there. Does nothing when it is completed already."""
    found = await _lock(tx, verification_id)
    queries = await query_rows(tx, verification_id)
    outcomes = [row.outcome for row in queries]
    if found.state == "open" and course.may_complete(outcomes, answer_by=found.answer_by, now=now):
        await _complete(tx, found, queries, catalogue=catalogue, now=now)


async def _refusal(
    tx: AsyncConnection, case: Case, caller: Principal, *, catalogue: Catalogue, now: datetime
) -> str | None:
    if caller.department is None or caller.department != case.department:
        return "not_addressed"
    fields = catalogue.field_paths(case.data_sets)
    return await refusal_of_letters(tx, case.verification_id, purpose=ANSWER_PURPOSE, fields=fields, now=now)


def _check_records(
    body: AnswerRequest, case: Case, *, refs: frozenset[str], catalogue: Catalogue, now: datetime
) -> None:
    asked = Asked(refs=refs, data_sets=case.data_sets)
    errors = [
        FieldError(field=f"body.{fault.place}", code=fault.code, message=fault.message)
        for fault in faults(body.outcome, body.records, asked, catalogue=catalogue, today=local_date(now))
    ]
    if errors:
        raise plain_problem(422, detail=f"共有 {len(errors)} 处需要修改", errors=errors[:_SHOWN_ERRORS])


async def _receive(
    tx: AsyncConnection, case: Case, caller: Principal, body: AnswerRequest, *, catalogue: Catalogue, clock: Clock
) -> AnswerReceipt:
    # The lock comes first: of two last answers, the second sees the first, and is the later one on the time line.
    found = await _lock(tx, case.verification_id)
    now = clock.now()
    queries = await query_rows(tx, case.verification_id)
    asked = next(row for row in queries if row.query_id == case.query_id)
    document = body.model_dump(mode="json")
    digest = hashlib.sha256(json.dumps(document, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    if asked.version and await _same_answer(tx, asked, digest):
        return AnswerReceipt(
            query_id=asked.query_id, version=asked.version, outcome=asked.outcome, answered_at=asked.answered_at
        )
    reception = course.reception(found.state, asked.outcome)
    if reception is None:
        raise Problem(
            409,
            "verification_completed",
            "该次核对已完成，不能再更改答复",
            f"核对请求 {case.query_id} 已有答复，核对已于完成时采用",
            way_out="数据有误的，请通知街道发起复核",
        )
    version = asked.version + 1
    await tx.execute(
        insert(answer).values(
            query_id=case.query_id,
            version=version,
            outcome=body.outcome,
            records=document["records"],
            digest=digest,
            answered_by=caller.client_id,
            answered_at=now,
        )
    )
    await tx.execute(
        sa.update(query)
        .where(query.c.query_id == case.query_id)
        .values(version=version, outcome=body.outcome, answered_at=now)
    )
    answered = VerificationAnswered(
        household_id=case.household_id,
        application_id=case.application_id,
        verification_id=case.verification_id,
        query_id=asked.query_id,
        department=asked.department,
        outcome=body.outcome,
    )
    await outbox.record(tx, answered, at=now)
    queries = await query_rows(tx, case.verification_id)
    if reception == "late" or course.may_complete([row.outcome for row in queries], answer_by=found.answer_by, now=now):
        await _complete(tx, found, queries, catalogue=catalogue, now=now)
    return AnswerReceipt(query_id=asked.query_id, version=version, outcome=body.outcome, answered_at=now)


async def _lock(tx: AsyncConnection, verification_id: UUID) -> sa.Row[Any]:
    locked = sa.select(verification).where(verification.c.verification_id == verification_id).with_for_update()
    return (await tx.execute(locked)).one()


async def _same_answer(tx: AsyncConnection, asked: sa.Row[Any], digest: str) -> bool:
    newest = sa.select(answer.c.digest).where(answer.c.query_id == asked.query_id, answer.c.version == asked.version)
    return bool((await tx.execute(newest)).scalar_one() == digest)


async def _complete(
    tx: AsyncConnection, found: sa.Row[Any], queries: Sequence[sa.Row[Any]], *, catalogue: Catalogue, now: datetime
) -> None:
    """Merge what is there and publish it. The caller holds the lock of the verification."""
    records = await answer_rows(tx, queries)
    answers = [
        merging.Answer(
            department=row.department,
            data_sets=row.data_sets,
            state=row.outcome or "not_answered",
            records=[merging.Record(**record) for record in records.get(row.query_id, [])],
        )
        for row in queries
    ]
    merged = merging.merge(found.declared, answers, catalogue)
    not_answered = [row.department for row in queries if row.outcome is None]
    # A late answer does not make the others fresher: the period runs from the first completion.
    valid_until = found.valid_until or course.valid_until(now)
    await tx.execute(
        insert(report).values(
            verification_id=found.verification_id,
            revision=found.revision + 1,
            completed_at=now,
            not_answered=not_answered,
            **merged.as_json(),
        )
    )
    await tx.execute(
        sa.update(verification)
        .where(verification.c.verification_id == found.verification_id)
        .values(
            state="completed",
            completed_at=found.completed_at or now,
            valid_until=valid_until,
            revision=found.revision + 1,
        )
    )
    await outbox.record(
        tx,
        VerificationCompleted(
            household_id=found.household_id,
            application_id=found.application_id,
            verification_id=found.verification_id,
            street=found.street,
            not_answered=tuple(not_answered),
            difference_count=merged.difference_count,
            valid_until=valid_until,
        ),
        at=now,
    )
