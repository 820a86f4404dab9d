"""The time line and the state of an application, whatever the order in which events come."""

import asyncio
import random
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from tests.intake.conftest import OTHER_STREET, Intake, Receipt, family, submission

from intake.consumers import SUBSCRIPTIONS
from intake.handlers.timeline import add_to_timeline
from intake.rules import labels
from intake.rules.application import DECIDED, STATUS_KINDS, SUBMITTED, TRANSITIONS, status_after
from intake.rules.timeline import EVENTS, line_of
from intake.tables import application, household
from shared.events import Envelope, Event, contracts
from shared.events.data_sharing import (
    ObjectionSettled,
    PersonalDataAccessed,
    VerificationCompleted,
    VerificationRequested,
)
from shared.events.departments import ReferralAccepted, ReferralCompleted
from shared.events.eligibility import (
    AssessmentCompleted,
    BenefitStarted,
    ComplaintReceived,
    DecisionConfirmed,
    DecisionProposed,
    DecisionReturned,
    LeadFound,
    OfficerRecused,
    PublicNoticeStarted,
    ReferralIssued,
    ReviewSuggested,
)
from shared.events.emergency_fund import (
    CorrectionProposed,
    CorrectionRejected,
    FollowUpOverdue,
    GrantApprovalOverdue,
    StageConditionMet,
    StageDue,
    StageOverdue,
)
from shared.ids import new_id
from shared.inbox import Delivery
from shared.papers import paper_title
from shared.testing import deliver, envelope_of

WALK: tuple[type[Event], ...] = (
    VerificationRequested,
    VerificationCompleted,
    AssessmentCompleted,
    DecisionProposed,
    PublicNoticeStarted,
    DecisionConfirmed,
    BenefitStarted,
    ReferralIssued,
    ReferralAccepted,
    ReferralCompleted,
)
WALK_KINDS = [
    "application_submitted",
    "verification_requested",
    "verification_completed",
    "assessment_completed",
    "decision_proposed",
    "public_notice_started",
    "decision_granted",
    "benefit_started",
    "referral_issued",
    "referral_accepted",
    "referral_completed",
]


def walk(intake: Intake, receipt: Receipt) -> list[Envelope]:
    """What happens to an application that is granted, a day apart."""
    envelopes = []
    for contract in WALK:
        intake.clock.advance(timedelta(days=1))
        envelopes.append(envelope_of(receipt.event(contract), clock=intake.clock))
    return envelopes


@pytest.mark.clause("1.5")
@pytest.mark.clause("8.7")
async def test_the_resident_follows_the_whole_case(intake: Intake) -> None:
    receipt = await intake.accepted()
    states = [await intake.status(receipt)]
    for envelope in walk(intake, receipt):
        await intake.hear(envelope)
        states.append(await intake.status(receipt))

    items = await intake.lines(receipt)
    assert [item["kind"] for item in items] == WALK_KINDS
    assert [item["at"] for item in items] == sorted(item["at"] for item in items)
    assert list(dict.fromkeys(states)) == ["submitted", "verified", "assessed", "proposed", "on_notice", "granted"]
    texts = [item["text"] for item in items]
    assert texts[1] == "正在向区税务局核对家庭信息，您不需要自己去开证明。"
    assert texts[7] == "最低生活保障自2022年11月1日起发放，每月1030.00元。"
    assert texts[8] == (
        "“教育救助”已转区教育局办理，该部门应在2022年10月21日前受理、2022年11月1日前办结，您不需要另行申请。"
    )


async def test_any_order_and_any_repetition_end_alike(intake: Intake) -> None:
    receipt = await intake.accepted()
    envelopes = walk(intake, receipt)
    shuffled = [*envelopes, *envelopes]
    random.Random(2022).shuffle(shuffled)
    reached = set()
    for envelope in shuffled:
        await intake.hear(envelope)
        if "granted" in reached:
            assert await intake.status(receipt) == "granted"
        reached.add(await intake.status(receipt))

    assert [item["kind"] for item in await intake.lines(receipt)] == WALK_KINDS
    assert await intake.status(receipt) == "granted"


async def test_a_repeated_delivery_in_one_batch_changes_nothing(intake: Intake) -> None:
    receipt = await intake.accepted()
    envelope = envelope_of(receipt.event(VerificationCompleted), clock=intake.clock)
    await deliver(intake.database, SUBSCRIPTIONS, envelope, clock=intake.clock, group="intake")
    await deliver(intake.database, SUBSCRIPTIONS, envelope, clock=intake.clock, group="another")
    assert [item["kind"] for item in await intake.lines(receipt)] == ["application_submitted", "verification_completed"]


async def test_many_events_are_taken_in_one_batch(intake: Intake) -> None:
    receipts = [await intake.accepted(submission(family(100 + 4 * n))) for n in range(3)]
    deliveries = [
        _delivery(envelope, intake) for receipt in receipts for envelope in reversed(walk(intake, receipt)[:5])
    ]
    async with intake.database.transaction() as tx:
        await add_to_timeline(tx, deliveries)
    for receipt in receipts:
        assert await intake.status(receipt) == "on_notice"
        assert [item["kind"] for item in await intake.lines(receipt)] == WALK_KINDS[:6]


async def test_events_handled_side_by_side_do_not_move_an_application_backwards(intake: Intake) -> None:
    receipt = await intake.accepted()
    envelopes = walk(intake, receipt)
    await asyncio.gather(*(intake.hear(envelope) for envelope in reversed(envelopes)))
    assert await intake.status(receipt) == "granted"


async def test_an_event_before_its_application_is_not_lost(intake: Intake) -> None:
    other = await intake.accepted()
    later = Receipt(new_id(), new_id(), {})
    await intake.hear(*(later.event(contract) for contract in WALK[:3]))
    path = f"/v1/applications/{later.application_id}/timeline"
    assert (await intake.get(path)).status_code == 404

    await _becomes_known(intake, later, like=other)
    kinds = [item["kind"] for item in await intake.lines(later)]
    assert kinds == ["verification_requested", "verification_completed", "assessment_completed"]

    await intake.hear(later.event(VerificationRequested), later.event(VerificationCompleted))
    page = await intake.get("/v1/applications", intake.clerk())
    states = {item["application_id"]: item["status"] for item in page.json()["items"]}
    assert states == {str(other.application_id): "submitted", str(later.application_id): "assessed"}


@pytest.mark.clause("8.1")
async def test_a_refusal_names_reason_and_ways_of_appeal(intake: Intake) -> None:
    receipt = await intake.accepted()
    await intake.hear(receipt.event(DecisionConfirmed, outcome="refused", granted=(), refused=("dibao",)))

    assert await intake.status(receipt) == "refused"
    told = (await intake.lines(receipt))[-1]
    assert told["kind"] == "decision_refused"
    for words in ("不予最低生活保障", "理由写在决定书中", "60日", "行政复议", "6个月", "行政诉讼", "12345"):
        assert words in told["text"]


@pytest.mark.clause("1.2")
@pytest.mark.parametrize(("is_of_facts", "words"), [(True, "重新评估"), (False, "不影响已作出的评估")])
async def test_a_new_assessment_is_promised_only_where_one_comes(
    intake: Intake, *, is_of_facts: bool, words: str
) -> None:
    receipt = await intake.accepted()
    await intake.hear(receipt.event(ObjectionSettled, is_of_facts=is_of_facts))
    told = (await intake.lines(receipt))[-1]
    assert (told["kind"], words in told["text"]) == ("objection_settled", True)


async def test_an_objection_reopens_the_proposal(intake: Intake) -> None:
    receipt = await intake.accepted()
    for contract, expected in (
        (DecisionProposed, "proposed"),
        (PublicNoticeStarted, "on_notice"),
        (DecisionReturned, "assessed"),
        (DecisionProposed, "proposed"),
        (DecisionConfirmed, "granted"),
        (DecisionReturned, "granted"),
    ):
        intake.clock.advance(timedelta(days=1))
        await intake.hear(receipt.event(contract))
        assert await intake.status(receipt) == expected


async def test_the_time_line_comes_in_pages(intake: Intake) -> None:
    receipt = await intake.accepted()
    intake.clock.advance(timedelta(days=1))
    events = [receipt.event(ReferralIssued) for _ in range(6)]
    await intake.hear(*events)  # all at the same instant
    path, found, cursor = f"/v1/applications/{receipt.application_id}/timeline", [], dict[str, Any]()
    while True:
        page = (await intake.get(path, limit=2, **cursor)).json()
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert len(found) == len(set(found)) == 7
    assert found == [item["id"] for item in await intake.lines(receipt)]


async def test_a_page_after_the_last_entry_is_empty(intake: Intake) -> None:
    receipt = await intake.accepted()
    path = f"/v1/applications/{receipt.application_id}/timeline"
    await intake.hear(receipt.event(VerificationCompleted))
    page = (await intake.get(path, limit=1)).json()
    async with intake.database.transaction() as tx:
        count = await tx.execute(text("select count(*) from timeline_entry"))
        assert count.scalar_one() == 2
    second = (await intake.get(path, limit=1, cursor=page["next_cursor"])).json()
    assert [item["kind"] for item in second["items"]] == ["verification_completed"]
    assert second["next_cursor"] is None


async def test_only_the_applicant_and_staff_in_scope_read_it(intake: Intake) -> None:
    path = f"/v1/applications/{(await intake.accepted()).application_id}/timeline"
    assert (await intake.get(path, intake.clerk())).status_code == 200
    assert (await intake.get(path, intake.clerk(OTHER_STREET))).status_code == 404
    assert (await intake.get(path, intake.resident("resident-2"))).status_code == 404
    assert (await intake.get(path, intake.service())).status_code == 403


@pytest.mark.parametrize("contract", EVENTS, ids=[contract.type for contract in EVENTS])
def test_every_event_reads_in_plain_chinese(contract: type[Event]) -> None:
    line = line_of(contract.from_example())
    assert line.text.endswith(("。", "）"))
    assert not any("a" <= letter <= "z" for letter in line.text.lower()), line.text
    assert "有关" not in line.text, "a label is missing"


def test_all_events_about_households_are_on_the_time_line() -> None:
    own = {contract for contract in contracts() if contract.topic == "intake"}
    about_households = {contract for contract in contracts() if "household_id" in contract.model_fields}
    for_staff = {
        PersonalDataAccessed,
        ComplaintReceived,
        LeadFound,
        ReviewSuggested,
        OfficerRecused,
        GrantApprovalOverdue,
        CorrectionProposed,
        CorrectionRejected,
        StageConditionMet,
        StageDue,
        StageOverdue,
        FollowUpOverdue,
    }
    assert set(EVENTS) == about_households - own - for_staff


def test_unknown_codes_still_read_well() -> None:
    assert labels.department("moon") == "有关部门"
    assert labels.policies(["moon", "sun", "dibao"]) == "有关救助、最低生活保障"
    assert paper_title("moon") == "有关材料"


def test_the_table_of_states_leads_nowhere_unknown() -> None:
    for steps in TRANSITIONS.values():
        assert set(steps.values()) <= set(TRANSITIONS)
    assert {state for state, steps in TRANSITIONS.items() if not steps} == DECIDED


@given(kinds=st.lists(st.sampled_from(sorted(STATUS_KINDS))))
def test_a_decided_application_stays_decided(kinds: list[str]) -> None:
    states = [status_after(kinds[:n]) for n in range(len(kinds) + 1)]
    assert states[0] == SUBMITTED
    for before, after in pairwise(states):
        assert before not in DECIDED or after == before


@given(kinds=st.lists(st.sampled_from(sorted(STATUS_KINDS - {"decision_returned"}))))
def test_only_a_returned_proposal_leads_back(kinds: list[str]) -> None:
    order = list(TRANSITIONS)
    states = [order.index(status_after(kinds[:n])) for n in range(len(kinds) + 1)]
    assert states == sorted(states)


def _delivery(envelope: Envelope, intake: Intake) -> Delivery[Any]:
    return Delivery(
        event=envelope.event,
        event_id=envelope.event_id,
        time=envelope.time,
        now=intake.clock.now(),
        body=envelope.to_json(),
        topic=envelope.event.topic,
    )


async def _becomes_known(intake: Intake, later: Receipt, *, like: Receipt) -> None:
    """Store an application under ids of its own, as a restore would."""
    ids = {"household_id": later.household_id, "application_id": later.application_id}
    async with intake.database.transaction() as tx:
        for table, key in ((household, like.household_id), (application, like.application_id)):
            own_key = next(iter(table.primary_key.columns))
            row = (await tx.execute(sa.select(table).where(own_key == key))).mappings().one()
            await tx.execute(sa.insert(table).values({**row, **{name: ids[name] for name in ids if name in row}}))
