"""Events of eligibility, one module per matter."""

from shared.events.eligibility.benefits import (
    BenefitAdjusted,
    BenefitEnded,
    BenefitEvent,
    BenefitResumed,
    BenefitStarted,
    BenefitSuspended,
    GracePeriodEnded,
    GracePeriodStarted,
    HearingHeld,
    HearingOpened,
    HouseholdChangeReported,
    ReviewDue,
    ReviewOverdue,
)
from shared.events.eligibility.decisions import (
    AssessmentCompleted,
    ComplaintReceived,
    DecisionConfirmed,
    DecisionOverdue,
    DecisionProposed,
    DecisionReturned,
    PublicNoticeStarted,
    ReferralIssued,
)
from shared.events.eligibility.screenings import LeadFound, ReviewSuggested
from shared.events.eligibility.standards import StandardPublished

__all__ = [
    "AssessmentCompleted",
    "BenefitAdjusted",
    "BenefitEnded",
    "BenefitEvent",
    "BenefitResumed",
    "BenefitStarted",
    "BenefitSuspended",
    "ComplaintReceived",
    "DecisionConfirmed",
    "DecisionOverdue",
    "DecisionProposed",
    "DecisionReturned",
    "GracePeriodEnded",
    "GracePeriodStarted",
    "HearingHeld",
    "HearingOpened",
    "HouseholdChangeReported",
    "LeadFound",
    "PublicNoticeStarted",
    "ReferralIssued",
    "ReviewDue",
    "ReviewOverdue",
    "ReviewSuggested",
    "StandardPublished",
]
