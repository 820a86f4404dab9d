"""Leads are followed: who sees them, who met the family, how they end, and what is left of them (12.2)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from tests.data_sharing.conftest import Service
from tests.data_sharing.deliveries import number
from tests.data_sharing.reported import STREET, Reporter, registered, report

from shared.auth import Role
from shared.events.data_sharing import LeadClosed, LeadContacted, LeadContactOverdue, LeadErased, LeadLookedAt
from shared.ids import new_id

pytestmark = pytest.mark.clause("12.2")

OTHER_STREET = "420106005"
AMBIGUOUS = {"name": "李示丽", "age": 45}
CHILD = {
    "name": "赵小无",
    "age": 9,
    "street": STREET,
    "address": "示例路1号",
    "phone": "13912345678",
    "words": "独自在家",
}


@pytest.fixture
async def reporter(service: Service) -> Reporter:
    return Reporter(service)


async def opened(reporter: Reporter, **changes: Any) -> str:
    """The id of a new lead."""
    answer = await reporter.send(report(**changes))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["lead_id"])


async def ledger(reporter: Reporter) -> list[dict[str, Any]]:
    """Looks at leads that are on the access ledger, the oldest first."""
    async with reporter.service.database.transaction() as tx:
        rows = await tx.execute(
            text("select subject, purpose, fields, outcome, reason from access where lead_id is not null order by 1, 4")
        )
        return [dict(row) for row in rows.mappings()]


@pytest.mark.parametrize(
    ("role", "claims", "sees"),
    [
        (Role.STREET_CLERK, {}, True),
        (Role.STREET_CLERK, {"street": OTHER_STREET}, False),
        (Role.DISTRICT_OFFICER, {}, True),
        (Role.AUDITOR, {}, True),
        (Role.DEPARTMENT_OFFICER, {"department": "education"}, True),
        (Role.DEPARTMENT_OFFICER, {"department": "civil_affairs"}, True),
        (Role.DEPARTMENT_OFFICER, {"department": "human_resources"}, False),
        (Role.DEPARTMENT_OFFICER, {"department": "public_security"}, False),
    ],
)
async def test_only_those_who_are_told_see_a_lead_and_each_look_is_on_the_ledger(
    reporter: Reporter, role: Role, claims: dict[str, Any], *, sees: bool
) -> None:
    lead_id = await opened(reporter, troubles=["child_alone"], about=CHILD)
    answer = await reporter.look(lead_id, role=role, subject="somebody", **claims)
    assert answer.status_code == (200 if sees else 404)
    listed = await reporter.service.http.get("/v1/leads", headers=reporter.clerk(role=role, **claims))
    assert [one["lead_id"] for one in listed.json()["items"]] == ([lead_id] if sees else [])
    (look,) = await ledger(reporter)
    assert (look["subject"], look["outcome"]) == ("somebody", "answered" if sees else "refused")
    (told,) = await reporter.service.recorded(LeadLookedAt)
    assert told.outcome == look["outcome"]


@pytest.mark.clause("12.1.2")
async def test_names_are_masked_unless_the_token_says_otherwise_for_this_lead(reporter: Reporter) -> None:
    lead_id = await opened(reporter, about=CHILD)
    masked = (await reporter.look(lead_id)).json()["reported"][0]
    assert (masked["name"], masked["phone"], masked["address"], masked["words"]) == ("赵*无", "139****5678", None, None)

    refused = await reporter.look(lead_id, view="full", subject="curious", scope=f"unmask:{new_id()}")
    assert (refused.status_code, refused.json()["code"]) == (403, "unmask_not_permitted")
    assert "赵小无" not in refused.text

    full = (await reporter.look(lead_id, view="full", subject="permitted", scope=f"unmask:{lead_id}")).json()
    assert {key: full["reported"][0][key] for key in ("name", "phone", "address", "words")} == {
        key: CHILD[key] for key in ("name", "phone", "address", "words")
    }
    looks = {look["subject"]: look for look in await ledger(reporter)}
    assert looks["curious"]["reason"] == "unmask_not_permitted"
    assert "name" in looks["permitted"]["fields"]


@pytest.mark.clause("12.1.2")
async def test_whoever_is_meant_reads_who_looked(reporter: Reporter) -> None:
    case = await reporter.service.open()
    declared = reporter.service.intake.declarations[case.application_id]["household"]["members"][0]
    lead_id = await opened(reporter, about={"identity_number": declared["identity_number"]})
    await reporter.look(lead_id, role=Role.DISTRICT_OFFICER)
    own = await reporter.service.get("/v1/accesses", Role.RESIDENT, subject="resident-1")
    assert any(one["purpose"] == "联系困难群众" and "困难情形" in one["fields"] for one in own.json()["items"])


async def test_the_family_is_met_and_the_clock_stops(reporter: Reporter) -> None:
    lead_id = await opened(reporter)
    missed = await reporter.act(lead_id, "contacts", {"result": "not_reached"}, role=Role.DISTRICT_OFFICER)
    assert (missed.status_code, missed.json()["state"]) == (201, "open")
    met = await reporter.act(lead_id, "contacts", {"result": "reached"}, role=Role.DISTRICT_OFFICER)
    assert (met.json()["state"], met.json()["contacted_at"]) == ("contacted", "2022-10-10T02:00:00Z")
    await reporter.service.pass_time(days=5)
    assert not await reporter.service.recorded(LeadContactOverdue)
    assert [one["result"] for one in (await reporter.lead(lead_id))["contacts"]] == ["not_reached", "reached"]


async def test_others_hear_who_met_the_family_and_that_it_was_the_first_time(reporter: Reporter) -> None:
    lead_id = await opened(reporter)
    await reporter.act(lead_id, "contacts", {"result": "not_reached"}, role=Role.DISTRICT_OFFICER)
    await reporter.act(lead_id, "contacts", {"result": "reached"}, role=Role.DISTRICT_OFFICER)
    told = {"role": Role.DEPARTMENT_OFFICER, "department": "civil_affairs"}
    await reporter.act(lead_id, "contacts", {"result": "reached"}, **told)
    met = await reporter.service.recorded(LeadContacted)
    assert [(one.department, one.is_first) for one in met] == [(None, True), ("civil_affairs", False)]


async def test_a_family_that_nobody_met_is_told_to_oversight_once(reporter: Reporter) -> None:
    lead_id = await opened(reporter)
    await reporter.service.pass_time(hours=23, minutes=59)
    assert not await reporter.service.recorded(LeadContactOverdue)
    assert (await reporter.lead(lead_id))["is_overdue"] is False
    await reporter.service.pass_time(minutes=1)
    await reporter.send(report())
    await reporter.service.pass_time(days=3)
    (overdue,) = await reporter.service.recorded(LeadContactOverdue)
    assert str(overdue.lead_id) == lead_id
    assert (await reporter.lead(lead_id))["is_overdue"] is True


async def test_the_officer_says_who_is_meant(reporter: Reporter) -> None:
    await registered(reporter.service)
    lead_id = await opened(reporter, about=AMBIGUOUS)
    lead = await reporter.lead(lead_id)
    assert (lead["match"], lead["person_id"]) == ("unclear", None)
    (candidate,) = (one for one in lead["candidates"] if one["birth_year"] == 1977)
    assert candidate["name"] == "李*丽"

    stranger = await reporter.act(lead_id, "person", {"person_id": str(new_id())}, role=Role.DISTRICT_OFFICER)
    assert (stranger.status_code, stranger.json()["errors"][0]["field"]) == (422, "body.person_id")
    chosen = await reporter.act(lead_id, "person", {"person_id": candidate["person_id"]}, role=Role.DISTRICT_OFFICER)
    assert chosen.json()["match"] == "confirmed"
    again = await reporter.act(lead_id, "person", {"person_id": None}, role=Role.DISTRICT_OFFICER)
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_choose")
    lead = await reporter.lead(lead_id)
    assert (lead["person_id"], lead["candidates"]) == (candidate["person_id"], [])


async def test_none_of_the_candidates_may_be_the_one(reporter: Reporter) -> None:
    await registered(reporter.service)
    lead_id = await opened(reporter, about=AMBIGUOUS)
    denied = await reporter.act(lead_id, "person", {"person_id": None}, role=Role.DISTRICT_OFFICER)
    assert denied.json()["match"] == "denied"
    # The same words again do not bring the candidates back; a number does.
    await reporter.send(report(about={"identity_number": number(1)}))


async def test_the_district_finds_out_where(reporter: Reporter) -> None:
    lead_id = await opened(reporter, about={"name": "赵无", "phone": "13912345678"})
    assert (await reporter.act(lead_id, "street", {"street": STREET})).status_code == 403
    moved = await reporter.act(lead_id, "street", {"street": STREET}, role=Role.DISTRICT_OFFICER)
    assert moved.json()["street"] == STREET
    assert (await reporter.look(lead_id)).status_code == 200


@pytest.mark.parametrize(
    ("outcome", "before"),
    [("applied", None), ("helped", None), ("not_eligible", "not_reached"), ("refused", None), ("unfounded", None)],
)
async def test_no_lead_ends_before_somebody_tried_to_meet_the_family(
    reporter: Reporter, outcome: str, before: str | None
) -> None:
    lead_id = await opened(reporter, about=CHILD)
    if before is not None:
        await reporter.act(lead_id, "contacts", {"result": before})
    ended = await reporter.act(lead_id, "outcome", {"outcome": outcome})
    assert (ended.status_code, ended.json()["code"]) == (409, "not_contacted")


async def test_a_lead_ends_once_and_its_senders_are_told(reporter: Reporter) -> None:
    case = await reporter.service.open()
    lead_id = await opened(reporter, about=CHILD)
    await reporter.act(lead_id, "contacts", {"result": "reached"})
    unknown = {"outcome": "applied", "application_id": str(new_id())}
    assert (await reporter.act(lead_id, "outcome", unknown)).status_code == 422
    applied = {"outcome": "applied", "application_id": str(case.application_id)}
    assert (await reporter.act(lead_id, "outcome", applied)).status_code == 200
    for what, body in (("outcome", {"outcome": "helped"}), ("contacts", {"result": "reached"})):
        again = await reporter.act(lead_id, what, body)
        assert (again.status_code, again.json()["code"]) == (409, "lead_closed")
    (closed,) = await reporter.service.recorded(LeadClosed)
    assert (closed.outcome, closed.senders) == ("applied", ("public_security",))
    assert (await reporter.lead(lead_id))["application_id"] == str(case.application_id)


async def test_a_duplicate_points_at_the_lead_that_goes_on(reporter: Reporter) -> None:
    one, two = await opened(reporter, about=CHILD), await opened(reporter, about={"name": "赵无", "street": STREET})
    for other in (two, str(new_id())):
        itself = await reporter.act(two, "outcome", {"outcome": "duplicate", "duplicate_of": other})
        assert (itself.status_code, itself.json()["errors"][0]["field"]) == (422, "body.duplicate_of")
    assert (await reporter.act(two, "outcome", {"outcome": "duplicate"})).status_code == 422
    ended = await reporter.act(two, "outcome", {"outcome": "duplicate", "duplicate_of": one})
    assert ended.json()["outcome"] == "duplicate"
    # Two that each are the duplicate of the other would leave nobody to go there.
    circle = await reporter.act(one, "outcome", {"outcome": "duplicate", "duplicate_of": two})
    assert circle.status_code == 422


async def test_nothing_personal_is_left_of_an_unfounded_lead(reporter: Reporter) -> None:
    await registered(reporter.service)
    lead_id = await opened(reporter, about={"identity_number": number(1), "name": "李示丽", "phone": "13912345678"})
    kept = await opened(reporter, about=CHILD)
    await reporter.act(lead_id, "contacts", {"result": "not_reached"})
    assert (await reporter.act(lead_id, "outcome", {"outcome": "unfounded"})).status_code == 200
    await reporter.service.pass_time(days=30)
    assert (await reporter.lead(lead_id))["reported"][0]["name"] == "李*丽"
    await reporter.service.pass_time(days=1)
    erased = await reporter.lead(lead_id)
    assert (erased["match"], erased["person_id"], erased["outcome"]) == ("erased", None, "unfounded")
    shown = erased["reported"][0]
    assert [shown[key] for key in ("name", "identity_number", "phone", "age", "street")] == [None] * 5
    async with reporter.service.database.transaction() as tx:
        left = await tx.execute(
            text(
                "select count(*) from lead_report where lead_id = :id and"
                " num_nonnulls(about, identity_index, name_index, address_index, phone_index) > 0"
            ),
            {"id": lead_id},
        )
        assert left.scalar_one() == 0
    assert [str(event.lead_id) for event in await reporter.service.recorded(LeadErased)] == [lead_id]
    assert (await reporter.lead(kept))["reported"][0]["name"] == "赵*无"


async def test_the_indicator_counts_what_was_met_in_time(reporter: Reporter) -> None:
    in_time, late, never = [
        await opened(reporter, about={"identity_number": number(at), "street": STREET}) for at in (61, 62, 63)
    ]
    await reporter.send(report(about={"identity_number": number(61)}))
    await reporter.end(in_time, "helped")
    await reporter.service.pass_time(hours=30)
    await reporter.act(late, "contacts", {"result": "reached"})
    today = await opened(reporter, about={"identity_number": number(64), "street": OTHER_STREET})
    assert today != never
    path = "/v1/indicators/leads?first_on=2022-10-10&last_on=2022-10-11"
    document = (await reporter.service.get(path, Role.AUDITOR)).json()
    assert {key: document[key] for key in ("leads", "reports", "due", "contacted_in_time", "rate")} == {
        "leads": 4,
        "reports": 5,
        "due": 3,
        "contacted_in_time": 1,
        "rate": "0.3333",
    }
    assert (document["by_match"], document["by_outcome"]) == ({"unknown": 4}, {"helped": 1})
    of_street = (await reporter.service.get(path, Role.STREET_CLERK, streets=[OTHER_STREET])).json()
    assert (of_street["leads"], of_street["rate"]) == (1, None)
    backwards = await reporter.service.get("/v1/indicators/leads?first_on=2022-10-11&last_on=2022-10-10", Role.AUDITOR)
    assert backwards.status_code == 422


async def test_leads_come_in_pages_the_newest_first(reporter: Reporter) -> None:
    ids = []
    for at in range(70, 75):
        ids.append(await opened(reporter, about={"identity_number": number(at), "street": STREET}))
        reporter.service.clock.advance(timedelta(seconds=1))
    seen: list[str] = []
    cursor: str | None = None
    while len(seen) < 5:
        path = "/v1/leads?limit=2&state=open" + (f"&before={cursor}" if cursor else "")
        page = (await reporter.service.get(path, Role.DISTRICT_OFFICER)).json()
        seen += [one["lead_id"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert (seen, cursor) == (ids[::-1], None)


async def test_nothing_personal_is_left_of_the_duplicates_of_an_unfounded_lead(reporter: Reporter) -> None:
    abouts = ({"name": name, "street": STREET, "phone": "13912345678"} for name in ("赵无", "赵无名", "赵吾"))
    one, two, three = [(await reporter.send(report(about=about))).json()["lead_id"] for about in abouts]
    for lead_id, other in ((three, two), (two, one)):
        ended = await reporter.act(lead_id, "outcome", {"outcome": "duplicate", "duplicate_of": other})
        assert ended.status_code == 200, ended.text
    await reporter.act(one, "contacts", {"result": "not_reached"})
    assert (await reporter.act(one, "outcome", {"outcome": "unfounded"})).status_code == 200
    await reporter.service.pass_time(days=31)
    left = "select count(*) from lead_report where num_nonnulls(about, identity_index, name_index, phone_index) > 0"
    async with reporter.service.database.transaction() as tx:
        assert (await tx.execute(text(left))).scalar_one() == 0
    assert {str(erased.lead_id) for erased in await reporter.service.recorded(LeadErased)} == {one, two, three}


@pytest.mark.clause("12.1.2")
@pytest.mark.parametrize("phone", ["12345", "8765432", "027-1234"])
async def test_a_short_telephone_is_masked_too(reporter: Reporter, phone: str) -> None:
    lead_id = await opened(reporter, about={"name": "赵无", "phone": phone, "street": STREET})
    shown = (await reporter.lead(lead_id))["reported"][0]["phone"]
    assert sum(map(str.isdigit, shown)) < sum(map(str.isdigit, phone))
