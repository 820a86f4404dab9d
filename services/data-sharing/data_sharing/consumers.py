"""What data-sharing reacts to."""

from data_sharing.handlers.letters import note_benefit, note_benefit_end, note_household_change
from data_sharing.handlers.opening import note_decision, plan_verification
from shared.events.eligibility import (
    BenefitEnded,
    BenefitStarted,
    DecisionConfirmed,
    GracePeriodEnded,
    HouseholdChangeReported,
)
from shared.events.intake import ApplicationSubmitted
from shared.inbox import Subscriptions

SUBSCRIPTIONS: Subscriptions = {
    ApplicationSubmitted: plan_verification,
    DecisionConfirmed: note_decision,
    BenefitStarted: note_benefit,
    BenefitEnded: note_benefit_end,
    GracePeriodEnded: note_benefit_end,
    HouseholdChangeReported: note_household_change,
}
