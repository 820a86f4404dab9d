"""The inbox: events are heard from the bus, and each takes effect once.

A handler runs in the transaction that remembers the event's id, so an event that comes twice changes nothing; offsets
are committed after the database, and it does not matter when that fails. What a handler does is the service's.

A handler that fails is tried again a few times, then its event becomes a dead letter and the partition goes on. Later
events of the same key go on as well, unless the subscription says that they wait (`waiting`, `batch(waits=True)`):
then they become dead letters too, and are replayed after it. A database that fails is waited for, as long as it takes.
"""

from shared.inbox.consumer import Consumer
from shared.inbox.dead_letters import DeadLetter, dead_letter_body, list_dead_letters, replay
from shared.inbox.delivery import (
    Batch,
    BatchHandler,
    Delivery,
    EventHandler,
    LaterEventOfKey,
    Single,
    Subscriptions,
    batch,
    because_of,
    waiting,
)

__all__ = [
    "Batch",
    "BatchHandler",
    "Consumer",
    "DeadLetter",
    "Delivery",
    "EventHandler",
    "LaterEventOfKey",
    "Single",
    "Subscriptions",
    "batch",
    "because_of",
    "dead_letter_body",
    "list_dead_letters",
    "replay",
    "waiting",
]
