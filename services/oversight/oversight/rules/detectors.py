"""What is a clue (clauses 13.1.1 and 13.1.2): what is late of a grant (its papers and its approval after the payment,
clause 4.2.1; the look at whoever was paid, 4.2.2; a stage, 4.2.3), late referrals, families in trouble whom nobody met
(12.2), decisions that leave the assessment, one person where the rules ask for two, and of a reserve what was given up
and what the bank and the ledger do not tell the same (4.3.4). A detector looks at one event and, where it needs them,
at earlier events of the same household; it judges nobody, it only points.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from shared.events import Event
from shared.events.data_sharing import ComparisonHitFound, LeadContactOverdue
from shared.events.departments import ReferralOverdue
from shared.events.eligibility import DecisionConfirmed
from shared.events.emergency_fund import (
    AmountWrittenOff,
    FollowUpOverdue,
    GrantApprovalOverdue,
    GrantApproved,
    GrantRequested,
    PaperDebtOverdue,
    ReconciliationDifferenceFound,
    StageOverdue,
)
from shared.events.oversight import ClueKind

_ALWAYS: Mapping[type[Event], ClueKind] = {
    PaperDebtOverdue: "paper_debt_overdue",
    StageOverdue: "stage_overdue",
    FollowUpOverdue: "follow_up_overdue",
    GrantApprovalOverdue: "grant_approval_overdue",
    ReferralOverdue: "referral_overdue",
    LeadContactOverdue: "lead_contact_overdue",
    # Rightly or not, public money is gone.
    AmountWrittenOff: "amount_written_off",
    ReconciliationDifferenceFound: "reconciliation_difference",
}
"""Events that are a clue whatever they say. What is done about one later ends it and does not unmake it: whoever works
the clue sees both in the log.
"""

NEEDED_HISTORY: Mapping[type[Event], type[Event]] = {GrantApproved: GrantRequested}
"""Which earlier events of the same household `detect` must be given to look at an event."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a detector points at."""

    kind: ClueKind
    street: str | None
    department: str | None = None


def detect(event: Event, history: Iterable[Event] = ()) -> list[Finding]:
    """All findings of one event. `history`: the household's earlier events of the type in NEEDED_HISTORY, if any."""
    return [
        Finding(kind, street=getattr(event, "street", None), department=getattr(event, "department", None))
        for kind in _kinds(event, history)
    ]


def _kinds(event: Event, history: Iterable[Event]) -> Iterator[ClueKind]:
    if (kind := _ALWAYS.get(type(event))) is not None:
        yield kind
    match event:
        # Only what took effect: a proposal that differs is seen, and may be sent back, by the second officer.
        case DecisionConfirmed():
            if event.differs_from_assessment:
                yield "decision_differs"
            if event.proposed_by == event.confirmed_by:
                yield "same_person_twice"
        case GrantApproved():
            if any(_asked_for(earlier, event) for earlier in history):
                yield "same_person_twice"
        case ComparisonHitFound():
            if event.finds == "clue":
                yield "comparison_hit"
        case _:
            pass


def _asked_for(earlier: Event, approved: GrantApproved) -> bool:
    """Whether the earlier event is the request of that grant, by the one who approved it."""
    return (
        isinstance(earlier, GrantRequested)
        and earlier.grant_id == approved.grant_id
        and earlier.requested_by == approved.approved_by
    )
