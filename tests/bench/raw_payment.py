"""The rows of a payment, written by hand: what is left of it without our code, and without what the database checks.

`pay_raw` writes one payment in a transaction, a loop over asyncpg: every constraint and trigger of the database is at
work; only what must be read to know what to write is read. `RowsAlone` writes the same rows of many payments at once
into tables without checks: no code that pays from these tables can be faster.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

_ANSWER = '{"grant_id": "' + "0" * 1200 + '"}'
_EVENT = b"." * 600
_APPEND = """
insert into transfer
select street, version + 1, $2, 'payment', $3, 'raw', greatest($4, posted_at),
    -amount_fen, 0, amount_fen, 0, 0, 0, 0, 0,
    cash_fen - amount_fen, advances_fen, documented_fen + amount_fen, due_from_finance_fen, recoverable_fen,
    finance_fen, refilled_expense_fen, written_off_fen, float_fen
from lock_reserves(array[$1]), (select amount_fen from emergency_grant where grant_id = $3) as asked
"""
_MARK = """
update emergency_grant set state = 'closed', paid_by = 'raw', paid_at = $2, closed_at = $2, transfer_id = $3
where grant_id = $1
"""
_FOLLOW_UP = """
insert into follow_up (follow_up_id, grant_id, street, round, owner, due_on, opened_at)
values ($1, $2, $3, 1, 'raw', $4, $5)
"""
_DEADLINE = """
select schedule_deadlines(
    array['follow_up_overdue'], array[$1], array[$2::timestamptz], array['{}'], array[null::uuid], array[null], true
)
"""
_EVENTS = """
select record_events(
    array[$1::uuid, $2::uuid], array['emergency-fund', 'emergency-fund'], array[$3, $3], array[$4::bytea, $4]
)
"""
_KEEP = "insert into idempotency (owner, key, body_digest, answer) values ('raw', $1, $2, $3)"


async def pay_raw(connection: Any, grant_id: UUID, street: str) -> None:
    """Pay a grant that is approved, as the owner who acts as the service."""
    now = datetime.now(UTC)
    due_at = now + timedelta(days=30)
    transfer_id, follow_up_id = uuid4(), uuid4()
    async with connection.transaction():
        await connection.execute("select from emergency_grant where grant_id = $1 for update", grant_id)
        await connection.execute(_APPEND, street, transfer_id, grant_id, now)
        await connection.execute(_MARK, grant_id, now, transfer_id)
        await connection.execute(_FOLLOW_UP, follow_up_id, grant_id, street, due_at.date(), now)
        await connection.execute(_DEADLINE, str(follow_up_id), due_at)
        await connection.execute(_EVENTS, uuid4(), uuid4(), str(grant_id), _EVENT)
        await connection.execute(_KEEP, str(transfer_id), "0" * 64, _ANSWER)


_ALONE = ("transfer", "emergency_grant", "follow_up", "deadline", "outbox", "idempotency")
_ALONE_TRANSFERS = """
insert into alone.transfer
select $1, version, transfer_id, 'payment', grant_id, 'raw', $2,
    -1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 2, null
from unnest($3::bigint[], $4::uuid[], $5::uuid[]) as paid (version, transfer_id, grant_id)
"""
_ALONE_MARKS = """
update alone.emergency_grant
set state = 'closed', paid_by = 'raw', paid_at = $1, closed_at = $1, transfer_id = paid.transfer_id
from unnest($2::uuid[], $3::uuid[]) as paid (grant_id, transfer_id)
where emergency_grant.grant_id = paid.grant_id
"""
_ALONE_FOLLOW_UPS = """
insert into alone.follow_up (follow_up_id, grant_id, street, round, owner, due_on, opened_at)
select follow_up_id, grant_id, $1, 1, 'raw', $2, $3
from unnest($4::uuid[], $5::uuid[]) as opened (follow_up_id, grant_id)
"""
_ALONE_DEADLINES = """
insert into alone.deadline (kind, subject, due_at)
select 'follow_up_overdue', subject, $1 from unnest($2::text[]) as subject
"""
_ALONE_EVENTS = """
insert into alone.outbox (event_id, topic, key, body)
select event_id, 'emergency-fund', key, $1 from unnest($2::uuid[], $3::text[]) as event (event_id, key)
"""
_ALONE_KEEPS = """
insert into alone.idempotency (owner, key, body_digest, answer)
select 'raw', key, repeat('0', 64), $1 from unnest($2::text[]) as key
"""


class RowsAlone:
    """Tables with the columns and indexes of ours, in a schema of their own. No constraint but their keys, no trigger,
    no policy; nothing is read, decided or made into an answer.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._version = 0

    async def prepare(self, grant_ids: Sequence[UUID]) -> None:
        """Make the tables anew, with these grants as they were approved."""
        await self._connection.execute("drop schema if exists alone cascade; create schema alone")
        for table in _ALONE:
            await self._connection.execute(
                f"create table alone.{table} (like {table} including defaults including identity including indexes)"
            )
        await self._connection.execute(
            "insert into alone.emergency_grant select * from emergency_grant where grant_id = any($1::uuid[])",
            grant_ids,
        )
        await self._connection.execute("analyze alone.emergency_grant")

    async def pay(self, grant_ids: Sequence[UUID], street: str) -> None:
        """Write the rows of so many payments in one transaction."""
        now = datetime.now(UTC)
        due_at = now + timedelta(days=30)
        transfer_ids, follow_up_ids = [uuid4() for _ in grant_ids], [uuid4() for _ in grant_ids]
        versions = range(self._version + 1, self._version + len(grant_ids) + 1)
        self._version += len(grant_ids)
        keys = [str(grant_id) for grant_id in grant_ids]
        run = self._connection.execute
        async with self._connection.transaction():
            await run(_ALONE_TRANSFERS, street, now, versions, transfer_ids, grant_ids)
            await run(_ALONE_MARKS, now, grant_ids, transfer_ids)
            await run(_ALONE_FOLLOW_UPS, street, due_at.date(), now, follow_up_ids, grant_ids)
            await run(_ALONE_DEADLINES, due_at, [str(follow_up_id) for follow_up_id in follow_up_ids])
            await run(_ALONE_EVENTS, _EVENT, [uuid4() for _ in 2 * keys], 2 * keys)
            await run(_ALONE_KEEPS, _ANSWER, keys)
