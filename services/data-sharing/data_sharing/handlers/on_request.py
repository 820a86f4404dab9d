"""A street asks for data sets that no verification asks by itself, saying why, under letters that name them (12.1.2).

A department answers as it answers a verification. What it delivered by file is looked up at once: a look of who asks.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from data_sharing.handlers.answering import GivenAnswer, keep_answer
from data_sharing.handlers.asking import Question, ask
from data_sharing.handlers.completing import lock_verification
from data_sharing.handlers.looking import Look, refuse, settle
from data_sharing.handlers.resting import lock_household
from data_sharing.handlers.signing import further_data_sets
from data_sharing.queries.batches import current_batch
from data_sharing.queries.cases import Case, case_of_application, case_of_query, letters_of, query_rows
from data_sharing.queries.registries import members_in_batch
from data_sharing.rules import authorisation as rules
from data_sharing.rules import verification as course
from data_sharing.rules.catalogue import IDENTITY_FIELDS, Catalogue, DataSet
from data_sharing.rules.papers import ASKER
from data_sharing.schemas.on_request import OnRequestQuery, OnRequestReceipt, OnRequestRequest
from shared.auth import Principal
from shared.clock import Clock, local_date
from shared.database import Database
from shared.idempotency import Claim, answered, keep_all
from shared.problems import Problem, not_found

_PLATFORM = "data-sharing"


async def ask_on_request(
    database: Database,
    caller: Principal,
    application_id: UUID,
    body: OnRequestRequest,
    key: str,
    *,
    catalogue: Catalogue,
    clock: Clock,
) -> OnRequestReceipt:
    """Ask the departments that hold some data sets about a household. Raises Problem 403, 404, 409 and 422.

    All is asked or nothing. A refusal is on the ledger.
    """
    claim = Claim(caller, key, f"ask_on_request {application_id}", body, OnRequestReceipt)
    async with database.transaction() as tx:
        before = await answered(tx, claim)
        if before is not None:
            return before
        receipt = await _ask_or_refuse(tx, caller, application_id, body, catalogue=catalogue, clock=clock)
        if isinstance(receipt, OnRequestReceipt):
            await keep_all(tx, [(claim, receipt)])
    if isinstance(receipt, Problem):
        raise receipt
    return receipt


async def _ask_or_refuse(
    tx: AsyncConnection,
    caller: Principal,
    application_id: UUID,
    body: OnRequestRequest,
    *,
    catalogue: Catalogue,
    clock: Clock,
) -> OnRequestReceipt | Problem:
    """The problem of a refusal, which is on the ledger, is to be raised after the commit."""
    data_sets = further_data_sets(body.data_sets, catalogue)
    case = await _held_case(tx, application_id)
    now = clock.now()
    refused = await _refusal(tx, caller, case, data_sets, now=now)
    if refused is not None:
        reason, what = refused
        fields = catalogue.field_paths([data_set.code for data_set in data_sets])
        look = Look(case=case, purpose=rules.ASKING_PURPOSE, fields=(*IDENTITY_FIELDS, *fields), refusal=reason)
        return await refuse(tx, look, caller, what=what, now=now)
    files = await _files(tx, data_sets, catalogue)
    await _check_open(tx, case, data_sets, files, now=now)
    query_ids: list[UUID] = []
    for question in _questions(case, caller, body, data_sets, files):
        asked = await ask(tx, question, catalogue=catalogue, now=now)
        query_ids += asked.values()
        if question.reached == "file":
            ((code,),) = question.data_sets.values()
            (query_id,) = asked.values()
            await _look_up(tx, caller, query_id, files[code], catalogue=catalogue, now=now)
    return await _receipt(tx, case, query_ids, catalogue)


async def _held_case(tx: AsyncConnection, application_id: UUID) -> Case:
    """The case of an application, which nobody else asks about, signs for or completes before `tx` ends."""
    found = await case_of_application(tx, application_id)
    if found is None:
        raise not_found("申请的核对", application_id)
    await lock_household(tx, found.household_id)
    case = await case_of_application(tx, application_id)
    assert case is not None, "an application keeps its verification"
    await lock_verification(tx, case.verification_id)
    return case


async def _refusal(
    tx: AsyncConnection, caller: Principal, case: Case, data_sets: Sequence[DataSet], *, now: datetime
) -> tuple[rules.Refusal, tuple[str, object]] | None:
    """Why these may not be asked for, and what stands in the way; None where they may."""
    of_case = ("申请的核对", case.application_id)
    if not caller.may_see_street(case.street):
        return "out_of_scope", of_case
    if case.valid_until is not None and case.valid_until <= now:
        return "verification_expired", of_case
    needed, letters = await letters_of(tx, case, asking_on=local_date(now))
    for data_set in data_sets:
        of_data_set = ("数据集", data_set.code)
        if not data_set.may_be_asked_by(ASKER):
            return "not_open_to_asker", of_data_set
        fields = [field.path for field in data_set.fields.values()]
        refusal = rules.refusal(needed, letters, purpose=rules.ASKING_PURPOSE, fields=fields, at=now)
        if refusal is not None:
            return refusal, of_data_set
    return None


async def _check_open(
    tx: AsyncConnection, case: Case, data_sets: Sequence[DataSet], files: Mapping[str, sa.Row[Any]], *, now: datetime
) -> None:
    """Raises Problem 409 for a data set that a department is being asked for, and for a file that is older than what
    the department said of it when it looked again.
    """
    for row in await query_rows(tx, case.verification_id):
        for data_set in data_sets:
            if row.kind == "obligor" or data_set.code not in row.data_sets:
                continue
            if course.is_waited_for(row.outcome, answer_by=row.answer_by, now=now):
                raise Problem(
                    409,
                    "query_open",
                    "该数据集正在查询，不重复查询",
                    f"核对请求 {row.query_id} 已向数据部门查询“{data_set.title}”，尚未答复",
                    field="body.data_sets",
                    value=data_set.code,
                    way_out="请等待数据部门答复；期限届满仍未答复的，可以再次查询",
                )
            file = files.get(data_set.code)
            is_looked_again = row.kind == "recheck" and course.has_looked(row.outcome)
            if file is not None and is_looked_again and file.as_of <= local_date(row.answered_at):
                raise Problem(
                    409,
                    "file_older_than_recheck",
                    "数据文件早于数据部门的复核结果",
                    f"“{data_set.title}”的数据文件日期 {file.as_of}，数据部门已于 {local_date(row.answered_at)} 复核",
                    field="body.data_sets",
                    value=data_set.code,
                    way_out="以复核结果为准；待数据部门提供更新的文件后再查询",
                )


async def _files(tx: AsyncConnection, data_sets: Sequence[DataSet], catalogue: Catalogue) -> Mapping[str, sa.Row[Any]]:
    """The delivery in which each data set is looked up that is reached by file.

    Raises Problem 409 for what nobody can answer: a file that was never delivered, an interface that is not connected.
    Silence of either is no `no_record`.
    """
    files = {}
    for data_set in data_sets:
        department = catalogue.departments[data_set.department]
        if data_set.reached == "rest" and data_set.code not in catalogue.called:
            raise Problem(
                409,
                "department_not_connected",
                "尚未接入该部门的查询接口",
                f"“{data_set.title}”须向{department}的接口查询，本平台尚未接入",
                field="body.data_sets",
                value=data_set.code,
                way_out="请删去该数据集后重新提交，并请运维人员接入该部门",
            )
        if data_set.reached == "file":
            delivered = await current_batch(tx, data_set.code)
            if delivered is None:
                raise Problem(
                    409,
                    "data_set_not_delivered",
                    "该数据集尚未提供，无从查询",
                    f"{department}尚未提供“{data_set.title}”的数据文件",
                    field="body.data_sets",
                    value=data_set.code,
                    way_out="请删去该数据集后重新提交，并请数据部门提供",
                )
            files[data_set.code] = delivered
    return files


def _questions(
    case: Case,
    caller: Principal,
    body: OnRequestRequest,
    data_sets: Sequence[DataSet],
    files: Mapping[str, sa.Row[Any]],
) -> list[Question]:
    """One to all departments that are reached in one way; one of each file, whose answer is of its own day."""

    def question(by_department: Mapping[str, Sequence[str]], **how: Any) -> Question:
        return Question(
            verification_id=case.verification_id,
            application_id=case.application_id,
            household_id=case.household_id,
            kind="on_request",
            data_sets=by_department,
            reason=body.reason,
            asked_by=caller.subject,
            **how,
        )

    asked: dict[str, dict[str, list[str]]] = {"service": {}, "rest": {}}
    of_files = []
    for data_set in data_sets:
        if data_set.reached == "file":
            as_of = files[data_set.code].as_of
            of_files.append(question({data_set.department: [data_set.code]}, reached="file", file_as_of=as_of))
        else:
            asked[data_set.reached].setdefault(data_set.department, []).append(data_set.code)
    return [question(held, reached=reached) for reached, held in asked.items() if held] + of_files


async def _look_up(
    tx: AsyncConnection, caller: Principal, query_id: UUID, file: sa.Row[Any], *, catalogue: Catalogue, now: datetime
) -> None:
    """Answer from a delivered file. The department looks at nobody: on the ledger it is who asks that looked."""
    case = await case_of_query(tx, query_id)
    assert case is not None, "it was asked"
    fields = catalogue.field_paths(case.data_sets)
    look = Look(case=case, purpose=rules.ASKING_PURPOSE, fields=fields, refusal=None)
    await settle(tx, look, caller, what=("核对请求", query_id), now=now)
    records = [
        {"person_ref": row.ref, "data_set": file.data_set, "fields": row.fields, "as_of": file.as_of.isoformat()}
        for row in await members_in_batch(tx, file.batch_id, case.verification_id)
    ]
    said = GivenAnswer(outcome="matched" if records else "no_record", records=records, by=_PLATFORM, is_told=False)
    # Locked already; read again, because the answer before this one may have completed it anew.
    found = await lock_verification(tx, case.verification_id)
    await keep_answer(tx, case, found, said, version=1, catalogue=catalogue, now=now)


async def _receipt(
    tx: AsyncConnection, case: Case, query_ids: Sequence[UUID], catalogue: Catalogue
) -> OnRequestReceipt:
    rows = {row.query_id: row for row in await query_rows(tx, case.verification_id)}
    return OnRequestReceipt(
        application_id=case.application_id,
        verification_id=case.verification_id,
        queries=[
            OnRequestQuery(
                query_id=query_id,
                department=rows[query_id].department,
                title=catalogue.departments[rows[query_id].department],
                data_sets=rows[query_id].data_sets,
                reached=catalogue.data_sets[rows[query_id].data_sets[0]].reached,
                state=rows[query_id].outcome or "not_answered",
                answer_by=rows[query_id].answer_by,
                file_as_of=rows[query_id].file_as_of,
            )
            for query_id in query_ids
        ],
    )
