"""Events of data-sharing, one module per matter."""

from shared.events.data_sharing.agreements import AgreementChanged, AgreementNotSupplied, AgreementOverdue
from shared.events.data_sharing.leads import (
    LeadClosed,
    LeadContacted,
    LeadContactOverdue,
    LeadErased,
    LeadLookedAt,
    LeadReported,
)
from shared.events.data_sharing.papers import HeldPapersAnnounced, PaperRequested, PaperRequestSettled
from shared.events.data_sharing.registries import BatchPublished, BatchRefused, ComparisonHitFound, ComparisonHitSettled
from shared.events.data_sharing.verifications import (
    AnswerOutcome,
    AuthorisationEnded,
    ObjectionRaised,
    ObjectionSettled,
    PersonalDataAccessed,
    VerificationAnswered,
    VerificationCompleted,
    VerificationRequested,
)

__all__ = [
    "AgreementChanged",
    "AgreementNotSupplied",
    "AgreementOverdue",
    "AnswerOutcome",
    "AuthorisationEnded",
    "BatchPublished",
    "BatchRefused",
    "ComparisonHitFound",
    "ComparisonHitSettled",
    "HeldPapersAnnounced",
    "LeadClosed",
    "LeadContactOverdue",
    "LeadContacted",
    "LeadErased",
    "LeadLookedAt",
    "LeadReported",
    "ObjectionRaised",
    "ObjectionSettled",
    "PaperRequestSettled",
    "PaperRequested",
    "PersonalDataAccessed",
    "VerificationAnswered",
    "VerificationCompleted",
    "VerificationRequested",
]
