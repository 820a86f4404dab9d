"""Who may send: one session leads an outbox, and gives way to whoever wants to send again.

Advisory locks of the session, beside the class of the keys in `record_events`. Losing the session loses the lead.
"""

from typing import Any

_TRY_LEAD = "select pg_try_advisory_lock(1685024118, 1)"
_TRY_CLAIM = "select pg_try_advisory_lock(1685024118, 2)"
_IS_UNCLAIMED = "select pg_try_advisory_xact_lock_shared(1685024118, 2)"


class LeadLost(RuntimeError):
    """Another session leads, or asks to."""


async def try_lead(session: Any) -> bool:
    """Whether this session leads from now on."""
    return bool(await session.fetchval(_TRY_LEAD))


async def try_claim(session: Any) -> bool:
    """Whether the leader will give way to this session."""
    return bool(await session.fetchval(_TRY_CLAIM))


async def check_lead(session: Any) -> None:
    """Ask before each batch. Raises LeadLost when the leader should give way, and an error of the driver when the
    session, and with it the lead, is gone. Inside a transaction, nobody can claim the lead until it ends.
    """
    if not await session.fetchval(_IS_UNCLAIMED):
        raise LeadLost("events are being sent again")
