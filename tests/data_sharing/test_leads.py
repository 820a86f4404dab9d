"""Reports of families in trouble come in, once, and are told to those who can help (12.2)."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from tests.data_sharing.conftest import FATHER, Service
from tests.data_sharing.deliveries import number
from tests.data_sharing.reported import NOBODY, Reporter, registered, report

from shared.auth import Role
from shared.events.data_sharing import LeadReported
from shared.ids import new_id

pytestmark = pytest.mark.clause("12.2")

STREET, OTHER_STREET = "420106009", "420106005"


@pytest.fixture
async def reporter(service: Service) -> Reporter:
    return Reporter(service)


async def test_the_number_says_who_is_meant_and_those_who_can_help_are_told(reporter: Reporter) -> None:
    await registered(reporter.service)
    answer = await reporter.send(report(troubles=["no_food", "out_of_work", "child_alone"]))
    assert answer.status_code == 201, answer.text
    sent = answer.json()
    assert (sent["joined"], sent["state"], sent["outcome"]) == (False, "open", None)
    lead = await reporter.lead(sent["lead_id"])
    assert (lead["match"], lead["street"]) == ("exact", STREET)
    assert lead["told"] == ["civil_affairs", "education", "human_resources"]
    (told,) = await reporter.service.recorded(LeadReported)
    assert (str(told.lead_id), told.street, told.joined) == (sent["lead_id"], STREET, False)
    assert told.told == ("civil_affairs", "education", "human_resources")


@pytest.mark.parametrize(("is_urgent", "contact_by"), [(True, "2022-10-11T02:00:00Z"), (False, "2022-10-13T16:00:00Z")])
async def test_the_family_is_met_in_time(reporter: Reporter, *, is_urgent: bool, contact_by: str) -> None:
    """Reported on a Monday: by the same hour of Tuesday, or by the end of Thursday."""
    sent = (await reporter.send(report(is_urgent=is_urgent))).json()
    assert sent["contact_by"] == contact_by


async def test_a_name_by_ear_an_age_and_a_door_are_enough(reporter: Reporter) -> None:
    await registered(reporter.service)
    about = {"name": "李示莉", "age": 45, "sex": "F", "street": STREET, "address": "白沙洲大道12号"}
    sent = (await reporter.send(report(about=about))).json()
    assert (await reporter.lead(sent["lead_id"]))["match"] == "matched"


async def test_somebody_who_stands_in_no_registry_is_followed_all_the_same(reporter: Reporter) -> None:
    sent = (await reporter.send(report(about=NOBODY))).json()
    lead = await reporter.lead(sent["lead_id"])
    assert (lead["match"], lead["person_id"], lead["state"]) == ("unknown", None, "open")


async def test_a_number_with_another_persons_name_is_left_to_the_officer(reporter: Reporter) -> None:
    await registered(reporter.service)
    sent = (await reporter.send(report(about={"identity_number": number(1), "name": "王大山"}))).json()
    lead = await reporter.lead(sent["lead_id"])
    assert (lead["match"], lead["person_id"], len(lead["candidates"])) == ("unclear", None, 1)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"identity_number": number(1)}, {"name": "李示丽", "age": 45, "address": "白沙洲大道12号3栋"}),
        ({"identity_number": number(77), "name": "无名"}, {"identity_number": number(77)}),
        ({"name": "赵无", "phone": "13000000000"}, {"name": "赵无", "phone": "130-0000-0000"}),
        ({"name": "赵无", "address": "示例路1号"}, {"name": "赵无", "address": "武昌区 示例路１号"}),
    ],
    ids=["one_person_of_the_registry", "one_number", "name_and_telephone", "name_and_door"],
)
async def test_two_reports_about_one_person_are_one_lead(
    reporter: Reporter, first: dict[str, Any], second: dict[str, Any]
) -> None:
    await registered(reporter.service)
    one = (await reporter.send(report(about={**first, "street": STREET}, is_urgent=False))).json()
    by_another = report(about={**second, "street": STREET}, channel="emergency_report")
    two = (await reporter.send(by_another, by="emergency_management")).json()
    assert (two["lead_id"], two["joined"]) == (one["lead_id"], True)
    lead = await reporter.lead(one["lead_id"])
    assert lead["reports"] == 2
    # What comes later shortens the time and never makes it longer.
    assert (lead["is_urgent"], lead["contact_by"]) == (True, "2022-10-11T02:00:00Z")


@pytest.mark.parametrize(
    "second",
    [
        {"name": "赵无", "street": STREET},
        {"name": "钱无", "phone": "13000000000", "street": STREET},
        {"name": "赵无", "phone": "13000000000", "street": STREET, "identity_number": number(5)},
    ],
    ids=["a_name_alone", "one_telephone_of_two", "another_number"],
)
async def test_where_it_is_not_sure_two_leads_stand_beside_each_other(
    reporter: Reporter, second: dict[str, Any]
) -> None:
    """A family that is visited twice is better than one that is not visited."""
    first = {"name": "赵无", "phone": "13000000000", "street": STREET, "identity_number": number(4)}
    one = (await reporter.send(report(about=first))).json()
    two = (await reporter.send(report(about=second))).json()
    assert (two["joined"], two["lead_id"] == one["lead_id"]) == (False, False)
    similar = (await reporter.lead(one["lead_id"]))["similar"]
    assert similar == ([two["lead_id"]] if second["name"] == "赵无" else [])


async def test_a_report_after_the_end_is_a_new_lead(reporter: Reporter) -> None:
    one = (await reporter.send(report())).json()
    await reporter.end(one["lead_id"], "helped")
    two = (await reporter.send(report())).json()
    assert (two["joined"], two["lead_id"] == one["lead_id"]) == (False, False)


async def test_what_is_sent_again_is_known_and_another_text_under_its_number_is_refused(reporter: Reporter) -> None:
    said = report()
    one = await reporter.send(said)
    again = await reporter.send(said)
    assert again.json() == one.json()
    changed = await reporter.send(said | {"troubles": ["disaster"]})
    assert (changed.status_code, changed.json()["code"]) == (409, "reference_used")
    assert len(await reporter.service.recorded(LeadReported)) == 1


async def test_twenty_reports_at_once_about_one_person_are_one_lead(reporter: Reporter) -> None:
    await registered(reporter.service)
    answers = await asyncio.gather(*(reporter.send(report()) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["lead_id"] for answer in answers}) == 1
    assert sorted(answer.json()["joined"] for answer in answers) == [False] + [True] * 19


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"channel": "telepathy"}, "body.channel", "invalid_input"),
        ({"troubles": []}, "body.troubles", "too_short"),
        ({"troubles": ["bad_luck"]}, "body.troubles[0]", "unknown_trouble"),
        ({"happened_on": "2022-10-11"}, "body.happened_on", "in_future"),
        ({"happened_on": "2023-02-29"}, "body.happened_on", None),
        ({"about": {"age": 40}}, "body.about", "nobody_described"),
        ({"about": {"name": "李"} | {"age": 40, "birth_date": "1982-01-01"}}, "body.about", "age_twice"),
        ({"about": {"name": "李", "age": 131}}, "body.about.age", None),
        ({"about": {"identity_number": "42019919770512903"}}, "body.about.identity_number", "identity_number_form"),
        ({"about": {"name": "李", "street": "420106004"}}, "body.about.street", "unknown_street"),
        ({"about": {"name": "李", "bank_account": "1"}}, "body.about.bank_account", "extra_forbidden"),
    ],
)
async def test_a_report_that_is_not_sound_names_the_field_and_opens_nothing(
    reporter: Reporter, change: dict[str, Any], field: str, code: str | None
) -> None:
    answer = await reporter.send(report() | change)
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["field"]) == (422, field)
    assert code is None or error["code"] == code
    assert not await reporter.service.recorded(LeadReported)


@pytest.mark.parametrize(
    ("channel", "by", "status"),
    [
        ("police_110", "public_security", 201),
        ("police_110", "emergency_management", 403),
        ("emergency_report", "emergency_management", 201),
        ("hotline", "hotline", 201),
        ("hotline", "tax", 403),
        ("community_visit", "public_security", 403),
    ],
)
async def test_each_department_reports_what_is_its_own_to_find(
    reporter: Reporter, channel: str, by: str, status: int
) -> None:
    assert (await reporter.send(report(channel=channel), by=by)).status_code == status


async def test_a_clerk_reports_for_the_own_street_alone(reporter: Reporter) -> None:
    about = {"name": "赵无", "street": STREET}
    assert (await reporter.send_as_clerk(report(channel="community_visit", about=about))).status_code == 201
    elsewhere = {"name": "钱无", "street": OTHER_STREET}
    assert (await reporter.send_as_clerk(report(channel="community_visit", about=elsewhere))).status_code == 403
    nowhere = {"name": "孙无"}
    assert (await reporter.send_as_clerk(report(channel="community_visit", about=nowhere))).status_code == 403


async def test_in_a_batch_the_good_are_taken_and_the_bad_come_back_with_reasons(reporter: Reporter) -> None:
    first, twice = report(about={"identity_number": number(31)}), report(about={"identity_number": number(31)})
    bad = report() | {"troubles": ["bad_luck"]}
    worse = report(happened_on="2022-10-11", about={"identity_number": "420199197705129039"})
    answer = await reporter.send_batch([first, bad, twice, worse, first])
    assert answer.status_code == 200, answer.text
    document = answer.json()
    counts = {key: document[key] for key in ("received", "opened", "joined", "known")}
    assert counts == {"received": 5, "opened": 1, "joined": 1, "known": 1}
    assert [(one["number"], one["fields"]) for one in document["refused"]] == [
        (2, ["troubles[0]"]),
        (4, ["happened_on", "about.identity_number"]),
    ]
    assert counts["received"] == counts["opened"] + counts["joined"] + counts["known"] + len(document["refused"])


async def test_a_batch_of_another_form_is_refused_whole(reporter: Reporter) -> None:
    answer = await reporter.send_batch([report(), report(about={"age": 40})])
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.reports[1].about")
    assert not await reporter.service.recorded(LeadReported)


async def test_the_same_batch_again_opens_nothing_more(reporter: Reporter) -> None:
    said = [report(about={"identity_number": number(at)}) for at in range(41, 46)]
    first = (await reporter.send_batch(said)).json()
    again = (await reporter.send_batch(said)).json()
    assert (first["opened"], again["opened"], again["known"]) == (5, 0, 5)


@pytest.mark.clause("12.1.2")
async def test_nothing_of_a_report_is_stored_or_told_in_clear(reporter: Reporter) -> None:
    await registered(reporter.service)
    about = {"name": "赵无名", "identity_number": number(9), "phone": "13912345678", "street": STREET}
    sent = (await reporter.send(report(about={**about, "address": "示例路1号", "words": "断粮三日"}))).json()
    secrets = ("赵无名", number(9), "13912345678", "示例路1号", "断粮三日")
    async with reporter.service.database.transaction() as tx:
        rows = await tx.execute(text("select to_jsonb(lead_report)::text from lead_report"))
        stored = rows.scalar_one()
        told = " ".join(row.body.decode() for row in await tx.execute(text("select body from outbox")))
    for secret in secrets:
        assert secret not in stored
        assert secret not in told
        assert secret.encode().hex() not in stored
    lead = await reporter.look(sent["lead_id"])
    assert not any(secret in lead.text for secret in secrets)


async def test_a_person_of_an_application_is_found_by_number_too(reporter: Reporter) -> None:
    case = await reporter.service.open()
    sent = (await reporter.send(report(about={"identity_number": FATHER["identity_number"]}))).json()
    lead = await reporter.lead(sent["lead_id"])
    assert lead["match"] == "exact"
    assert lead["households"] == [str(case.household_id)]


async def test_the_sender_reads_how_it_went_and_nobody_elses(reporter: Reporter) -> None:
    sent = (await reporter.send(report())).json()
    await reporter.end(sent["lead_id"], "applied")
    own: httpx.Response = await reporter.read_report(sent["report_id"])
    document = own.json()
    assert (document["state"], document["outcome"]) == ("closed", "applied")
    assert not {"person_id", "households", "reported", "street"} & document.keys()
    assert (await reporter.read_report(sent["report_id"], by="emergency_management")).status_code == 404
    assert (await reporter.read_report(str(new_id()))).status_code == 404


async def test_the_street_of_the_registry_stands_in_for_one_that_nobody_named(reporter: Reporter) -> None:
    await registered(reporter.service)
    sent = (await reporter.send(report(about={"identity_number": number(1)}))).json()
    assert (await reporter.lead(sent["lead_id"]))["street"] == STREET
    elsewhere = (await reporter.send(report(about={"name": "赵无", "phone": "13000000000"}))).json()
    lead = await reporter.lead(elsewhere["lead_id"])
    assert lead["street"] is None
    found = await reporter.service.get("/v1/leads", Role.STREET_CLERK, streets=[STREET])
    assert [one["lead_id"] for one in found.json()["items"]] == [sent["lead_id"]]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"about": {"name": "赵无", "birth_date": "0001-01-01", "street": STREET}}, id="no date"),
        pytest.param(
            {"about": {"name": "赵无", "age": 40, "street": STREET}, "happened_on": "0003-01-01"}, id="long ago"
        ),
    ],
)
async def test_a_day_that_cannot_be_is_refused_and_keeps_no_other_report_of_the_batch_back(
    reporter: Reporter, change: dict[str, Any]
) -> None:
    reports = [report(), report(**change), report(about={"name": "钱无", "street": STREET})]
    for _ in range(2):
        answer = await reporter.send_batch(reports)
        assert answer.status_code == 200, answer.text
    async with reporter.service.database.transaction() as tx:
        kept = set((await tx.execute(text("select reference from lead_report"))).scalars())
    assert kept == {reports[0]["reference"], reports[2]["reference"]}


async def test_another_number_is_another_person_also_after_a_report_without_one(reporter: Reporter) -> None:
    about = {"name": "赵无", "phone": "13000000000", "street": STREET}
    one = (await reporter.send(report(about={**about, "identity_number": number(4)}))).json()
    without = (await reporter.send(report(about=about))).json()
    assert without["lead_id"] == one["lead_id"]
    other = (await reporter.send(report(about={**about, "identity_number": number(5)}))).json()
    assert (other["joined"], other["lead_id"] == one["lead_id"]) == (False, False)
