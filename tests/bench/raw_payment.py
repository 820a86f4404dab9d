"""The rows of one payment, written by hand: what a loop over asyncpg with no code of ours in it takes.

Every constraint and trigger of the database is at work; only what must be read to know what to write is read.
"""

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
