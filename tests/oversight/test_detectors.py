"""Which event is a clue."""

from typing import get_args
from uuid import UUID

import pytest

from oversight.rules.detectors import Finding, detect
from shared.events import Event, contracts
from shared.events.data_sharing import ComparisonHitFound, LeadContactOverdue
from shared.events.departments import ReferralOverdue
from shared.events.eligibility import DecisionConfirmed
from shared.events.emergency_fund import (
    AmountRecovered,
    AmountWrittenOff,
    FollowUpCompleted,
    FollowUpOverdue,
    GrantApprovalOverdue,
    GrantApproved,
    GrantRequested,
    PaperDebtOverdue,
    ReconciliationDifferenceFound,
    ReconciliationDifferenceResolved,
    StageDue,
    StageOverdue,
    StagePaid,
)
from shared.events.oversight import ClueKind, ClueRaised

DECISION = DecisionConfirmed.from_example()
REQUESTED = GrantRequested.from_example()
APPROVED = GrantApproved.from_example()
OTHER_GRANT = UUID("01930000-0000-7000-8000-0000000000ff")


def changed(event: Event, **fields: object) -> Event:
    return event.model_copy(update=fields)


@pytest.mark.clause("13.1.2")
@pytest.mark.parametrize(
    ("event", "history", "kinds"),
    [
        pytest.param(PaperDebtOverdue.from_example(), [], ["paper_debt_overdue"], id="a paper is overdue"),
        pytest.param(StageOverdue.from_example(), [], ["stage_overdue"], id="a stage is overdue"),
        pytest.param(StageDue.from_example(), [], [], id="a stage is due"),
        pytest.param(StagePaid.from_example(), [], [], id="a stage is paid"),
        pytest.param(FollowUpOverdue.from_example(), [], ["follow_up_overdue"], id="a follow-up is overdue"),
        pytest.param(FollowUpCompleted.from_example(), [], [], id="a follow-up is completed"),
        pytest.param(
            GrantApprovalOverdue.from_example(), [], ["grant_approval_overdue"], id="nobody approved what was paid"
        ),
        pytest.param(AmountWrittenOff.from_example(), [], ["amount_written_off"], id="money is given up"),
        pytest.param(AmountRecovered.from_example(), [], [], id="money came back"),
        pytest.param(ComparisonHitFound.from_example(), [], ["comparison_hit"], id="a comparison found something"),
        pytest.param(LeadContactOverdue.from_example(), [], ["lead_contact_overdue"], id="nobody met a family"),
        pytest.param(ReferralOverdue.from_example(), [], ["referral_overdue"], id="a referral is overdue"),
        pytest.param(
            ReconciliationDifferenceFound.from_example(),
            [],
            ["reconciliation_difference"],
            id="bank and ledger of a reserve differ",
        ),
        pytest.param(ReconciliationDifferenceResolved.from_example(), [], [], id="a difference is resolved"),
        pytest.param(DECISION, [], [], id="a decision as assessed, by two persons"),
        pytest.param(
            changed(DECISION, differs_from_assessment=True), [], ["decision_differs"], id="a decision not as assessed"
        ),
        pytest.param(
            changed(DECISION, confirmed_by=DECISION.proposed_by),
            [],
            ["same_person_twice"],
            id="one person proposed and confirmed",
        ),
        pytest.param(
            changed(DECISION, confirmed_by=DECISION.proposed_by, differs_from_assessment=True),
            [],
            ["decision_differs", "same_person_twice"],
            id="both at once",
        ),
        pytest.param(APPROVED, [REQUESTED], [], id="a grant by two persons"),
        pytest.param(
            changed(APPROVED, approved_by=REQUESTED.requested_by),
            [REQUESTED],
            ["same_person_twice"],
            id="one person asked for a grant and approved it",
        ),
        pytest.param(
            changed(APPROVED, approved_by=REQUESTED.requested_by),
            [changed(REQUESTED, grant_id=OTHER_GRANT)],
            [],
            id="the approver asked for another grant of the household",
        ),
    ],
)
def test_clues(event: Event, history: list[Event], kinds: list[str]) -> None:
    assert [finding.kind for finding in detect(event, history)] == kinds


def test_a_clue_names_street_and_department() -> None:
    assert detect(ReferralOverdue.from_example()) == [
        Finding("referral_overdue", street="420106009", department="education")
    ]
    assert detect(PaperDebtOverdue.from_example()) == [
        Finding("paper_debt_overdue", street="420106006", department=None)
    ]


def test_every_event_can_be_looked_at() -> None:
    for contract in contracts():
        for finding in detect(contract.from_example()):
            assert finding.street is not None


def test_rules_and_events_know_the_same_kinds() -> None:
    assert ClueRaised.from_example().kind in get_args(ClueKind)
