"""Departments without a service of their own are called over REST, as often as it takes (1.2).

One that is down, slow or answers rubbish holds up nobody: each is a deadline of its own, tried again ever more rarely.
"""

from typing import Any
from uuid import UUID

import structlog
from pydantic import ValidationError

from data_sharing.clients import Upstreams
from data_sharing.handlers.answering import answer_query
from data_sharing.handlers.asking import CALL_UPSTREAM_JOB
from data_sharing.handlers.looking import look_at_query
from data_sharing.queries.cases import case_of_query
from data_sharing.rules import verification as course
from data_sharing.rules.catalogue import Catalogue
from data_sharing.schemas.queries import AnswerRequest
from shared import deadlines
from shared.auth import Principal, Role
from shared.clock import Clock
from shared.crypto import FieldCipher
from shared.database import Database
from shared.deadlines import Work
from shared.http_client import CallFailed
from shared.problems import Problem

_log = structlog.get_logger(__name__)
_UNFIT_STATUS = 422


async def call_upstream(
    work: Work,
    database: Database,
    upstreams: Upstreams,
    *,
    catalogue: Catalogue,
    cipher: FieldCipher,
    clock: Clock,
) -> None:
    """Ask a department once. What it answers is treated as if it had put the answer itself."""
    query_id = UUID(work.subject)
    async with database.transaction() as tx:
        case = await case_of_query(tx, query_id)
    assert case is not None, "queries stay on record"
    caller = Principal(
        subject=f"upstream-{case.department}",
        client_id=f"upstream-{case.department}",
        roles=frozenset({Role.SERVICE}),
        department=case.department,
    )
    try:
        question = await look_at_query(
            database, caller, query_id=query_id, catalogue=catalogue, cipher=cipher, clock=clock
        )
        answer = await upstreams.ask(case.department, question.model_dump(mode="json", exclude={"grant"}))
        body = _read(case.department, {**answer, "grant_id": question.grant.grant_id})
        await answer_query(database, caller, query_id=query_id, body=body, catalogue=catalogue, clock=clock)
    except Problem as problem:
        if problem.document.status != _UNFIT_STATUS:
            # Refused, which is on the ledger, or settled meanwhile: nothing more to ask.
            _log.warning("upstream.refused", department=case.department, code=problem.document.code)
            return
        await _again(work, case.department, "the answer does not fit the catalogue")
    except CallFailed as error:
        await _again(work, case.department, str(error))


def _read(department: str, answer: dict[str, Any]) -> AnswerRequest:
    try:
        return AnswerRequest.model_validate(answer)
    except ValidationError as error:
        # The library's error would carry values into a log.
        raise CallFailed(f"{department}: {error.error_count()} values are not in the agreed form") from None


async def _again(work: Work, department: str, why: str) -> None:
    attempt = int(work.payload.get("attempt", 0)) + 1
    pause = course.pause_after(attempt)
    _log.warning("upstream.no_answer", department=department, attempt=attempt, why=why)
    async with work.transaction() as tx:
        await deadlines.schedule(
            tx,
            kind=CALL_UPSTREAM_JOB,
            subject=work.subject,
            due_at=work.now + pause,
            payload={"attempt": attempt},
        )
