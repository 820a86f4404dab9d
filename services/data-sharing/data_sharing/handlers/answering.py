"""Departments answer; a verification is completed by the last of them, and again by each late answer (1.2)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.completing import complete, complete_if_due, lock_verification
from data_sharing.handlers.looking import Look, refusal_to_department, refuse
from data_sharing.handlers.objections import settle_objection
from data_sharing.queries.cases import AskedCase, case_of_query, refs_of_query
from data_sharing.rules import verification as course
from data_sharing.rules.authorisation import ASKING_PURPOSE, Refusal
from data_sharing.rules.catalogue import Catalogue
from data_sharing.rules.records import Asked, faults
from data_sharing.schemas.queries import AnswerReceipt, AnswerRequest
from data_sharing.tables.letters import query_grant
from data_sharing.tables.verifications import answer, query
from shared import outbox
from shared.auth import Principal
from shared.clock import Clock, local_date
from shared.database import Database
from shared.events.data_sharing import VerificationAnswered
from shared.problems import FieldError, Problem, not_found, plain_problem

_SHOWN_ERRORS = 50


@dataclass(frozen=True, kw_only=True)
class GivenAnswer:
    """An answer, its records as JSON, and the client that gave it. `is_told`: to the other services, as the
    department's; what was looked up in a file is none of it.
    """

    outcome: course.Outcome
    records: Sequence[Mapping[str, Any]]
    by: str
    is_told: bool = True

    @cached_property
    def digest(self) -> str:
        """Of what was answered, under whichever grant."""
        document = {"outcome": self.outcome, "records": self.records}
        return hashlib.sha256(json.dumps(document, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


async def answer_query(
    database: Database, caller: Principal, *, query_id: UUID, body: AnswerRequest, catalogue: Catalogue, clock: Clock
) -> AnswerReceipt:
    """Keep a department's answer; complete the verification when it is the last, or came after completion.

    The same answer again changes nothing. Raises Problem 403, 404, 409 and 422.
    """
    now = clock.now()
    kept = None
    async with database.transaction() as tx:
        case = await case_of_query(tx, query_id)
        if case is None:
            raise not_found("核对请求", query_id)
        refusal = await refusal_to_department(tx, case, caller, catalogue=catalogue, now=now)
        if refusal is None:
            said = GivenAnswer(
                outcome=body.outcome, records=body.model_dump(mode="json")["records"], by=caller.client_id
            )
            kept = await _same_answer(tx, case, said)
            if kept is None:
                refusal = await _refusal_of_grant(tx, case, caller, body.grant_id, now=now)
        if refusal is not None:
            look = Look(
                case=case, purpose=ASKING_PURPOSE, fields=catalogue.field_paths(case.data_sets), refusal=refusal
            )
            problem = await refuse(tx, look, caller, what=("核对请求", query_id), now=now)
    if refusal is not None:
        raise problem
    if kept is not None:
        return kept
    async with database.transaction() as tx:
        _check_records(body, case, refs=await refs_of_query(tx, case), catalogue=catalogue, now=now)
        return await _receive(tx, case, said, catalogue=catalogue, clock=clock)


async def _refusal_of_grant(
    tx: AsyncConnection, case: AskedCase, caller: Principal, grant_id: UUID, *, now: datetime
) -> Refusal | None:
    found = (await tx.execute(sa.select(query_grant).where(query_grant.c.grant_id == grant_id))).one_or_none()
    if found is None or found.query_id != case.query_id or found.client_id != caller.client_id:
        return "grant_unknown"
    return None if now < found.expires_at else "grant_expired"


def _check_records(
    body: AnswerRequest, case: AskedCase, *, refs: frozenset[str], catalogue: Catalogue, now: datetime
) -> None:
    asked = Asked(refs=refs, data_sets=case.data_sets)
    errors = [
        FieldError(field=f"body.{fault.place}", code=fault.code, message=fault.message)
        for fault in faults(body.outcome, body.records, asked, catalogue=catalogue, today=local_date(now))
    ]
    if errors:
        raise plain_problem(422, detail=f"共有 {len(errors)} 处需要修改", errors=errors[:_SHOWN_ERRORS])


async def _receive(
    tx: AsyncConnection, case: AskedCase, said: GivenAnswer, *, catalogue: Catalogue, clock: Clock
) -> AnswerReceipt:
    # The lock comes first: of two last answers, the second sees the first, and is the later one on the time line.
    found = await lock_verification(tx, case.verification_id)
    now = clock.now()
    kept = await _same_answer(tx, case, said)
    if kept is not None:
        return kept
    asked = await _asked(tx, case.query_id)
    if course.reception(case.kind, found.state, asked.outcome) is None:
        raise Problem(
            409,
            "verification_completed",
            "该次核对已完成，不能再更改答复",
            f"核对请求 {case.query_id} 已有答复，核对已于完成时采用",
            way_out="数据有误的，请通知街道发起复核",
        )
    return await keep_answer(tx, case, found, said, version=asked.version + 1, catalogue=catalogue, now=now)


async def keep_answer(
    tx: AsyncConnection,
    case: AskedCase,
    found: sa.Row[Any],
    said: GivenAnswer,
    *,
    version: int,
    catalogue: Catalogue,
    now: datetime,
) -> AnswerReceipt:
    """Keep what was said, tell the others, and do what follows. The caller holds the verification: `found`."""
    await tx.execute(
        insert(answer).values(
            query_id=case.query_id,
            version=version,
            outcome=said.outcome,
            records=said.records,
            digest=said.digest,
            answered_by=said.by,
            answered_at=now,
        )
    )
    await tx.execute(
        sa.update(query)
        .where(query.c.query_id == case.query_id)
        .values(version=version, outcome=said.outcome, answered_at=now)
    )
    answered = VerificationAnswered(
        household_id=case.household_id,
        application_id=case.application_id,
        verification_id=case.verification_id,
        query_id=case.query_id,
        department=case.department,
        outcome=said.outcome,
    )
    if said.is_told:
        await outbox.record(tx, answered, at=now)
    await _follow(tx, case, found, catalogue=catalogue, now=now)
    return AnswerReceipt(query_id=case.query_id, version=version, outcome=said.outcome, answered_at=now)


async def _follow(
    tx: AsyncConnection, case: AskedCase, found: sa.Row[Any], *, catalogue: Catalogue, now: datetime
) -> None:
    """What an answer leads to. About an obligor it is a finding for officers, and no fact of the household; nor is
    what was asked beside the facts, by which nothing is assessed anew.
    """
    if case.kind == "recheck":
        await settle_objection(tx, case.query_id, catalogue=catalogue, now=now)
    if case.kind == "obligor" or not catalogue.of_facts(case.data_sets):
        return
    if found.state == "completed":
        await complete(tx, found, catalogue=catalogue, now=now)
    else:
        await complete_if_due(tx, found, catalogue=catalogue, now=now)


async def _asked(tx: AsyncConnection, query_id: UUID) -> sa.Row[Any]:
    return (await tx.execute(sa.select(query).where(query.c.query_id == query_id))).one()


async def _same_answer(tx: AsyncConnection, case: AskedCase, said: GivenAnswer) -> AnswerReceipt | None:
    """The receipt of this very answer, where it is the newest."""
    newest = (
        sa.select(query.c.version, query.c.outcome, query.c.answered_at)
        .join(answer, sa.and_(answer.c.query_id == query.c.query_id, answer.c.version == query.c.version))
        .where(query.c.query_id == case.query_id, answer.c.digest == said.digest)
    )
    found = (await tx.execute(newest)).one_or_none()
    if found is None:
        return None
    return AnswerReceipt(
        query_id=case.query_id, version=found.version, outcome=found.outcome, answered_at=found.answered_at
    )
