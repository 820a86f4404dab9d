"""Events of the street reserves, one module per matter."""

from shared.events.emergency_fund.bank import (
    LineMatchedByHand,
    MatchTakenBack,
    ReconciliationDifferenceFound,
    ReconciliationDifferenceResolved,
    ReserveAccountRegistered,
    StatementImported,
)
from shared.events.emergency_fund.corrections import (
    AmountRecovered,
    AmountWrittenOff,
    CorrectionProposed,
    CorrectionRejected,
    PaymentReversed,
    RecoveryClaimed,
)
from shared.events.emergency_fund.emergencies import (
    EmergencyDeclared,
    EmergencyEnded,
)
from shared.events.emergency_fund.grants import (
    GrantApprovalOverdue,
    GrantApproved,
    GrantObjected,
    GrantPaid,
    GrantRefused,
    GrantRequested,
    PaperDebtOpened,
    PaperDebtOverdue,
    PaperDebtRecovered,
    PaperDebtSettled,
)
from shared.events.emergency_fund.incidents import IncidentCause
from shared.events.emergency_fund.reserves import (
    FiscalYearClosed,
    ReplenishmentRequested,
    ReserveReplenished,
)
from shared.events.emergency_fund.stages import (
    FollowUpCompleted,
    FollowUpOpened,
    FollowUpOverdue,
    PlanStopped,
    StageConditionMet,
    StageDue,
    StageOverdue,
    StagePaid,
)

__all__ = [
    "AmountRecovered",
    "AmountWrittenOff",
    "CorrectionProposed",
    "CorrectionRejected",
    "EmergencyDeclared",
    "EmergencyEnded",
    "FiscalYearClosed",
    "FollowUpCompleted",
    "FollowUpOpened",
    "FollowUpOverdue",
    "GrantApprovalOverdue",
    "GrantApproved",
    "GrantObjected",
    "GrantPaid",
    "GrantRefused",
    "GrantRequested",
    "IncidentCause",
    "LineMatchedByHand",
    "MatchTakenBack",
    "PaperDebtOpened",
    "PaperDebtOverdue",
    "PaperDebtRecovered",
    "PaperDebtSettled",
    "PaymentReversed",
    "PlanStopped",
    "ReconciliationDifferenceFound",
    "ReconciliationDifferenceResolved",
    "RecoveryClaimed",
    "ReplenishmentRequested",
    "ReserveAccountRegistered",
    "ReserveReplenished",
    "StageConditionMet",
    "StageDue",
    "StageOverdue",
    "StagePaid",
    "StatementImported",
]
