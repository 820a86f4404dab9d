"""What the clock starts: answering a query of verification, and looking whether a referral is late."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from prometheus_client import Counter

from departments.clients import DataSharing, FoundRecord, Query
from departments.handlers.referrals import find_overdue
from departments.handlers.verification import close_answered, close_refused, look_up
from departments.rules.offices import Office
from departments.rules.registers import answer_outcome
from shared.crypto import FieldCipher
from shared.database import Database
from shared.deadlines import Jobs, Work
from shared.events.data_sharing import AnswerOutcome
from shared.http_client import CallRefused
from shared.keys import RENEW_JOB, Keeper

_log = structlog.get_logger(__name__)
_answers = Counter("doudi_department_answers_total", "Answers to verification", ["department", "outcome"])
_overdue = Counter("doudi_department_overdue_total", "Referrals found late, by clock", ["department", "clock"])

# Not ours, unknown, or closed meanwhile: so it stays. Anything else, such as a token that is not accepted or an answer
# that cannot be read, is somebody's mistake that gets mended: the query stays due.
_FINAL_STATUSES = frozenset({403, 404, 409, 410})
_UNFIT_STATUS = 422


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Everything that jobs work with."""

    office: Office
    database: Database
    cipher: FieldCipher
    data_sharing: DataSharing
    keys: Keeper


async def answer_query(work: Work, desk: Desk) -> None:
    """Read the query, look in our registers, put the answer. A refusal is noted and ends it; no answer is retried."""
    query_id = UUID(work.subject)
    code = desk.office.code
    try:
        query = await desk.data_sharing.query(query_id)
        async with desk.database.transaction() as tx:
            records = await look_up(tx, query, cipher=desk.cipher, now=work.now)
        outcome = answer_outcome(
            asked=query.data_sets, held=desk.office.department.data_sets, record_count=len(records)
        )
        sent = records if outcome == "matched" else ()
        if not await _is_taken(desk, query, outcome, sent):
            outcome, sent = "error", ()
            await desk.data_sharing.answer(query, outcome=outcome, records=sent)
    except CallRefused as refusal:
        if refusal.status not in _FINAL_STATUSES:
            raise
        async with work.transaction() as tx:
            await close_refused(tx, query_id, refusal_code=refusal.code, now=work.now)
        _log.warning("query.refused", department=code, query_id=str(query_id), code=refusal.code)
        _answers.labels(code, "refused").inc()
        return
    async with work.transaction() as tx:
        await close_answered(tx, query_id, outcome=outcome, record_count=len(sent), now=work.now)
    _answers.labels(code, outcome).inc()


async def _is_taken(desk: Desk, query: Query, outcome: AnswerOutcome, records: Sequence[FoundRecord]) -> bool:
    """Put an answer. False when records do not fit the catalogue: the register is wrong, and could not be looked in."""
    try:
        await desk.data_sharing.answer(query, outcome=outcome, records=records)
    except CallRefused as refusal:
        if refusal.status != _UNFIT_STATUS or not records:
            raise
        _log.warning(
            "query.records_unfit", department=desk.office.code, query_id=str(query.query_id), code=refusal.code
        )
        return False
    return True


async def watch_referral(work: Work, desk: Desk) -> None:
    """The time to accept or return is over, or that to complete."""
    async with work.transaction() as tx:
        late = await find_overdue(tx, referral_id=UUID(work.subject), now=work.now)
    for clock in late:
        _overdue.labels(desk.office.code, clock).inc()


async def renew_values(work: Work, desk: Desk) -> None:
    """Write some values again that an older key encrypted."""
    await desk.keys.renew(work)


JOBS: Jobs[Desk] = {
    "answer_query": answer_query,
    "watch_acceptance": watch_referral,
    "watch_completion": watch_referral,
    RENEW_JOB: renew_values,
}
