"""The outbox: events are recorded in the transaction of their cause and sent by a relay, at least once and in order
for each key. Nothing here decides what an event says.

Why order holds: a key is locked before its event takes an id, so ids of one key are in commit order; one relay leads,
reads in order of ids in one snapshot, and never sends a later event of a partition before the earlier one is
acknowledged. A relay that lost its lead without noticing can only send again what its successor sends as well.
"""

from shared.outbox.recording import EventTooLarge, Recorded, envelop, record, record_all
from shared.outbox.relay import Relay
from shared.outbox.resending import resend

__all__ = ["EventTooLarge", "Recorded", "Relay", "envelop", "record", "record_all", "resend"]
