"""What eligibility reacts to."""

from eligibility.handlers.assess import note_application, plan_assessment
from shared.events.data_sharing import VerificationCompleted
from shared.events.intake import ApplicationSubmitted
from shared.inbox import Subscriptions

SUBSCRIPTIONS: Subscriptions = {
    ApplicationSubmitted: note_application,
    VerificationCompleted: plan_assessment,
}
