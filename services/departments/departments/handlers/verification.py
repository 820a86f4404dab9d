"""Queries of verification: heard from data-sharing, looked up in the own registers, closed with how they ended."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from departments.clients import FoundRecord, Query
from departments.queries import records_of
from departments.rules.offices import Office
from departments.tables import IDENTITY_FIELD, verification_query
from shared import deadlines
from shared.clock import local_date
from shared.crypto import FieldCipher
from shared.events.data_sharing import AnswerOutcome, VerificationRequested
from shared.inbox import Delivery


async def on_verification_requested(
    office: Office, tx: AsyncConnection, delivery: Delivery[VerificationRequested]
) -> None:
    """Note a query addressed to this department, to be answered over REST."""
    event = delivery.event
    if not office.takes(event.department, on=local_date(delivery.time)):
        return
    inserted = await tx.execute(
        insert(verification_query)
        .values(
            query_id=event.query_id,
            department=office.code,
            verification_id=event.verification_id,
            application_id=event.application_id,
            household_id=event.household_id,
            data_sets=list(event.data_sets),
            state="open",
            received_at=delivery.now,
            answer_by=event.answer_by,
        )
        # Heard again after a refusal: a letter that was missing may be there.
        .on_conflict_do_update(
            index_elements=["query_id"],
            set_={"state": "open", "closed_at": None, "refusal_code": None},
            where=verification_query.c.state == "refused",
        )
        .returning(verification_query.c.query_id)
    )
    if inserted.scalar() is not None:
        await deadlines.schedule(tx, kind="answer_query", subject=str(event.query_id), due_at=delivery.now)


async def look_up(tx: AsyncConnection, query: Query, *, cipher: FieldCipher, now: datetime) -> Sequence[FoundRecord]:
    """What our registers say today of the persons of a query."""
    refs: dict[bytes, list[str]] = {}
    for person in query.persons:
        if person.identity_number is not None:
            index = cipher.blind_index(person.identity_number.strip().upper(), field=IDENTITY_FIELD)
            refs.setdefault(index, []).append(person.ref)
    rows = await records_of(tx, data_sets=query.data_sets, person_indexes=list(refs), on=local_date(now))
    return [
        FoundRecord(person_ref=ref, data_set=row.data_set, fields=row.fields, as_of=row.as_of)
        for row in rows
        for ref in refs[row.person_index]
    ]


async def close_answered(
    tx: AsyncConnection, query_id: UUID, *, outcome: AnswerOutcome, record_count: int, now: datetime
) -> None:
    """Note that data-sharing took our answer."""
    await _close(tx, query_id, state="answered", closed_at=now, outcome=outcome, record_count=record_count)


async def close_refused(tx: AsyncConnection, query_id: UUID, *, refusal_code: str, now: datetime) -> None:
    """Note that data-sharing would not show the query or take the answer."""
    await _close(tx, query_id, state="refused", closed_at=now, refusal_code=refusal_code)


async def _close(tx: AsyncConnection, query_id: UUID, **values: object) -> None:
    await tx.execute(sa.update(verification_query).where(verification_query.c.query_id == query_id).values(**values))
