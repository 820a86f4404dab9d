"""Clues come from the history, once each, and overseers read them."""

from typing import Any

import pytest
from sqlalchemy import text

from oversight.consumers import EVERYTHING
from shared.auth import Role
from shared.events import Envelope, Event, contracts
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
from shared.events.oversight import ClueRaised
from shared.inbox import batch
from shared.testing import deliver, envelope_of, problem_code

REQUESTED = GrantRequested.from_example()
APPROVED_BY_ONE = GrantApproved.from_example().model_copy(update={"approved_by": REQUESTED.requested_by})


async def clues(oversight: Any, **params: Any) -> dict[str, Any]:
    answer = await oversight.ask("/v1/clues", Role.INSPECTOR, **params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.clause("13.1.2")
async def test_a_paper_debt_that_becomes_overdue_is_a_clue_that_points_at_its_event(oversight: Any) -> None:
    (envelope,) = await oversight.hear(PaperDebtOverdue.from_example())
    (clue,) = (await clues(oversight))["items"]
    assert clue == {
        "clue_id": clue["clue_id"],
        "kind": "paper_debt_overdue",
        "event_id": str(envelope.event_id),
        "street": "420106006",
        "department": None,
        "raised_at": "2022-10-17T02:00:00Z",
    }
    (raised,) = await oversight.recorded()
    assert isinstance(raised, ClueRaised)
    assert (str(raised.clue_id), raised.event_id) == (clue["clue_id"], envelope.event_id)


@pytest.mark.clause("13.1.2")
async def test_an_overdue_referral_names_the_department(oversight: Any) -> None:
    await oversight.hear(ReferralOverdue.from_example())
    (clue,) = (await clues(oversight))["items"]
    assert (clue["kind"], clue["department"], clue["street"]) == ("referral_overdue", "education", "420106009")


@pytest.mark.clause("4.3.4")
@pytest.mark.clause("13.1.2")
async def test_a_difference_between_bank_and_ledger_is_a_clue_of_its_street(oversight: Any) -> None:
    (envelope,) = await oversight.hear(ReconciliationDifferenceFound.from_example())
    (clue,) = (await clues(oversight, kind="reconciliation_difference"))["items"]
    assert (clue["street"], clue["event_id"]) == ("420106006", str(envelope.event_id))


@pytest.mark.clause("13.1.2")
@pytest.mark.parametrize(
    ("event", "kind"),
    [
        pytest.param(GrantApprovalOverdue, "grant_approval_overdue", marks=pytest.mark.clause("4.2.1")),
        pytest.param(FollowUpOverdue, "follow_up_overdue", marks=pytest.mark.clause("4.2.2")),
        pytest.param(StageOverdue, "stage_overdue", marks=pytest.mark.clause("4.2.3")),
        pytest.param(AmountWrittenOff, "amount_written_off", marks=pytest.mark.clause("4.3.4")),
    ],
)
async def test_what_is_late_or_given_up_of_a_grant_is_a_clue_of_its_street(
    oversight: Any, event: type[Event], kind: str
) -> None:
    (envelope,) = await oversight.hear(event.from_example())
    (clue,) = (await clues(oversight, kind=kind))["items"]
    assert (clue["street"], clue["event_id"]) == ("420106006", str(envelope.event_id))
    (raised,) = await oversight.recorded()
    assert (raised.kind, raised.street, raised.event_id) == (kind, "420106006", envelope.event_id)


@pytest.mark.clause("13.1.2")
@pytest.mark.parametrize("batches", [[[REQUESTED], [APPROVED_BY_ONE]], [[REQUESTED, APPROVED_BY_ONE]]])
async def test_one_person_for_both_steps_of_a_grant_is_found_across_events(oversight: Any, batches: Any) -> None:
    for events in batches:
        envelopes = await oversight.hear(*events)
    (clue,) = (await clues(oversight))["items"]
    assert (clue["kind"], clue["event_id"]) == ("same_person_twice", str(envelopes[-1].event_id))


async def test_a_grant_by_two_persons_is_no_clue(oversight: Any) -> None:
    await oversight.hear(REQUESTED, GrantApproved.from_example())
    assert (await clues(oversight))["items"] == []


async def test_one_decision_may_give_two_clues(oversight: Any) -> None:
    decision = DecisionConfirmed.from_example()
    odd = decision.model_copy(update={"confirmed_by": decision.proposed_by, "differs_from_assessment": True})
    await oversight.hear(odd)
    kinds = {clue["kind"] for clue in (await clues(oversight))["items"]}
    assert kinds == {"decision_differs", "same_person_twice"}


async def test_clues_are_read_page_by_page_the_newest_first(oversight: Any) -> None:
    for _ in range(5):
        await oversight.hear(PaperDebtOverdue.from_example())
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 2}
    while True:
        page = await clues(oversight, **params)
        seen += [clue["clue_id"] for clue in page["items"]]
        if page["next_before"] is None:
            break
        params["before"] = page["next_before"]
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)


async def test_clues_are_found_by_kind_and_street(oversight: Any) -> None:
    await oversight.hear(PaperDebtOverdue.from_example(), ReferralOverdue.from_example())
    assert [clue["kind"] for clue in (await clues(oversight, kind="referral_overdue"))["items"]] == ["referral_overdue"]
    assert [clue["street"] for clue in (await clues(oversight, street="420106006"))["items"]] == ["420106006"]
    assert (await clues(oversight, street="420106001"))["items"] == []


@pytest.mark.parametrize("params", [{"kind": "gossip"}, {"street": "wuchang"}, {"limit": 0}, {"before": "yesterday"}])
async def test_a_filter_that_makes_no_sense_is_refused(oversight: Any, params: dict[str, Any]) -> None:
    answer = await oversight.ask("/v1/clues", **params)
    assert (answer.status_code, problem_code(answer)) == (422, "invalid_input")


async def test_an_event_that_comes_twice_is_kept_once_and_gives_one_clue(oversight: Any) -> None:
    envelope = envelope_of(PaperDebtOverdue.from_example(), clock=oversight.clock)
    everything = {contract: batch(EVERYTHING) for contract in contracts()}
    await deliver(oversight.database, everything, envelope, envelope, clock=oversight.clock)
    assert len((await clues(oversight))["items"]) == 1
    assert len(await oversight.recorded()) == 1
    answer = await oversight.ask(f"/v1/log/entries/{envelope.event_id}")
    assert answer.json()["leaf_index"] == 0
    assert (await oversight.ask_for_checkpoint()).json()["tree_size"] == 1


async def test_a_clue_names_the_event_that_caused_it(oversight: Any) -> None:
    first, second = await oversight.hear(PaperDebtOverdue.from_example(), ReferralOverdue.from_example())
    async with oversight.database.transaction() as tx:
        bodies = (await tx.execute(text("select body from outbox order by id"))).scalars()
        causes = [Envelope.from_json(body).causation_id for body in bodies]
    assert causes == [first.event_id, second.event_id]
