"""What data-sharing reacts to."""

from data_sharing.handlers.opening import note_decision, plan_verification
from shared.events.eligibility import DecisionConfirmed
from shared.events.intake import ApplicationSubmitted
from shared.inbox import Subscriptions

SUBSCRIPTIONS: Subscriptions = {
    ApplicationSubmitted: plan_verification,
    DecisionConfirmed: note_decision,
}
