"""What intake reacts to: everything that the resident reads on the time line, in batches, and a new time limit."""

from intake.handlers.limits import keep_limit
from intake.handlers.timeline import add_to_timeline
from intake.rules.timeline import EVENTS
from shared.events.eligibility import StandardPublished
from shared.inbox import Subscriptions, batch

SUBSCRIPTIONS: Subscriptions = {event: batch(add_to_timeline) for event in EVENTS} | {StandardPublished: keep_limit}
