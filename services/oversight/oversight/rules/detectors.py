"""What is a clue (clauses 13.1.1 and 13.1.2): late papers, late referrals, decisions that leave the assessment, one
person where the rules ask for two, and a reserve of which the bank and the ledger do not tell the same (clause 4.3.4).
A detector looks at one event and, where it needs them, at earlier events of the same household; it judges nobody, it
only points.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from shared.events import Event
from shared.events.departments import ReferralOverdue
from shared.events.eligibility import DecisionConfirmed
from shared.events.emergency_fund import (
    GrantApproved,
    GrantRequested,
    PaperDebtOverdue,
    ReconciliationDifferenceFound,
)

ClueKind = Literal[
    "paper_debt_overdue", "referral_overdue", "decision_differs", "same_person_twice", "reconciliation_difference"
]

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
    match event:
        case PaperDebtOverdue():
            yield "paper_debt_overdue"
        case ReferralOverdue():
            yield "referral_overdue"
        # A later one that resolves it does not unmake the clue: whoever works it sees both in the log.
        case ReconciliationDifferenceFound():
            yield "reconciliation_difference"
        # Only what took effect: a proposal that differs is seen, and may be sent back, by the second officer.
        case DecisionConfirmed():
            if event.differs_from_assessment:
                yield "decision_differs"
            if event.proposed_by == event.confirmed_by:
                yield "same_person_twice"
        case GrantApproved():
            if any(_asked_for(earlier, event) for earlier in history):
                yield "same_person_twice"
        case _:
            pass


def _asked_for(earlier: Event, approved: GrantApproved) -> bool:
    """Whether the earlier event is the request of that grant, by the one who approved it."""
    return (
        isinstance(earlier, GrantRequested)
        and earlier.grant_id == approved.grant_id
        and earlier.requested_by == approved.approved_by
    )
