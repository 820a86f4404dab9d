"""Data sets that no verification asks by itself: asked for with a reason, under letters that name them (12.1.2)."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from tests.data_sharing.conftest import FATHER, MOTHER
from tests.data_sharing.deliveries import csv_file, deliver, number
from tests.data_sharing.test_letters import CLERK, letters, post, sign, withdraw
from tests.data_sharing.test_objections import raise_objection
from tests.data_sharing.test_refusals import assert_refused

from data_sharing.rules.catalogue import Catalogue
from data_sharing.rules.verification import is_waited_for
from shared.auth import Role
from shared.events.data_sharing import (
    ObjectionSettled,
    VerificationAnswered,
    VerificationCompleted,
    VerificationRequested,
)
from shared.ids import new_id
from shared.testing import problem_code

LIVING, BALANCES, DOCTORS = "household_composition", "financial_assets", "family_doctors"
REASON = "核实共同生活的家庭成员"
ELSEWHERE = {**CLERK, "subject": "clerk-2", "streets": ["420106006"]}


class Channel:
    """The interface to banks, insurers and brokers."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.is_down = False

    def handle(self, request: httpx.Request) -> httpx.Response:
        if self.is_down:
            return httpx.Response(503)
        self.asked.append(json.loads(request.content))
        record = {"person_ref": "p2", "data_set": BALANCES, "fields": {"balance": "81000.00"}, "as_of": "2022-10-09"}
        return httpx.Response(200, json={"outcome": "matched", "records": [record]})


@pytest.fixture
def further_settings(tmp_path: Path) -> dict[str, Any]:
    """One department is called over REST."""
    upstreams = tmp_path / "upstreams.json"
    upstreams.write_text(json.dumps({"financial_channel": {"url": "http://channel/lookups"}}))
    return {"upstreams_file": upstreams}


@pytest.fixture
def channel(service: Any) -> Channel:
    channel = Channel()
    service.mint.route("channel", channel.handle)
    return channel


def with_data_set(catalogue: Catalogue, code: str, **changes: Any) -> Catalogue:
    """The catalogue, with one data set that is otherwise."""
    changed = replace(catalogue.data_sets[code], **changes)
    return replace(catalogue, data_sets={**catalogue.data_sets, code: changed})


async def opened(service: Any, *data_sets: str, completed: bool = True) -> Any:
    """A household whose adults allow these data sets too."""
    case = await service.open()
    for member in ("p1", "p2"):
        signed = await sign(service, case, member, data_sets=list(data_sets))
        assert signed.status_code == 201, signed.text
    if completed:
        await service.answer_all(case)
    return case


async def ask(service: Any, case: Any, *data_sets: str, who: dict[str, Any] = CLERK, **body: Any) -> Any:
    path = f"/v1/applications/{case.application_id}/queries"
    key = body.pop("key", f"ask-{new_id()}")
    body = {"data_sets": list(data_sets), "reason": REASON, **body}
    return await post(service, path, body, **{**who, "key": key})


async def delivered(service: Any, *lines: str, as_of: str = "2022-10-09", data_set: str = LIVING) -> None:
    columns = "identity_number,household_number,relation_to_head"
    file = csv_file(columns, *lines)
    batch = await deliver(service, file, rows=len(lines), data_set=data_set, as_of=as_of, by="public_security")
    assert (batch["state"], batch["loaded_rows"]) == ("published", len(lines))


async def verification(service: Any, case: Any) -> Any:
    path = f"/v1/applications/{case.application_id}/verification"
    answer = await service.get(path, Role.RESIDENT, subject="resident-1")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def state_of(service: Any, case: Any, *data_sets: str) -> list[tuple[str, bool]]:
    """How each query on request stands, and whether it is late."""
    seen = await verification(service, case)
    own = [one for one in seen["departments"] if one["kind"] == "on_request" and one["data_sets"] == list(data_sets)]
    return [(one["state"], one["is_late"]) for one in own]


def found(seen: Any) -> list[tuple[str, str, str, Any, str]]:
    return [(one["person_ref"], one["data_set"], one["field"], one["found"], one["as_of"]) for one in seen["findings"]]


def answer_with(case: Any, query: dict[str, Any]) -> None:
    """From now on `case` answers this query."""
    case.query_ids = {query["department"]: query["query_id"]}


@pytest.mark.clause("12.1.1", "12.1.2")
async def test_what_was_delivered_by_file_answers_at_once_and_changes_no_fact(service: Any) -> None:
    await delivered(service, f"{FATHER['identity_number']},H-1,户主", f"{MOTHER['identity_number']},H-2,配偶")
    case = await opened(service, LIVING)
    before = (await service.facts(case)).json()
    asked = await ask(service, case, LIVING)
    assert asked.status_code == 202, asked.text
    (query,) = asked.json()["queries"]
    assert (query["state"], query["reached"], query["file_as_of"]) == ("matched", "file", "2022-10-09")
    entry = (await service.ledger(case))[-1]
    assert (entry["who"], entry["subject"], entry["outcome"]) == ("白沙洲街道工作人员", "clerk-1", "answered")
    assert (entry["purpose"], entry["fields"][0]) == ("家庭经济状况核对", "户号")
    seen = await verification(service, case)
    assert found(seen) == [
        ("p1", LIVING, "household_number", "H-1", "2022-10-09"),
        ("p1", LIVING, "relation_to_head", "户主", "2022-10-09"),
        ("p2", LIVING, "household_number", "H-2", "2022-10-09"),
        ("p2", LIVING, "relation_to_head", "配偶", "2022-10-09"),
    ]
    (shown,) = [one for one in seen["departments"] if one["kind"] == "on_request"]
    assert (shown["title"], shown["reason"], shown["file_as_of"]) == ("武昌公安分局", REASON, "2022-10-09")
    path = f"/v1/applications/{case.application_id}/verification/report"
    report = (await service.get(path, Role.STREET_CLERK, streets=["420106009"])).json()
    assert found(report) == found(seen)
    assert (await service.facts(case)).json() == before, "it is no fact, and no agreement need open it"
    assert len(await service.recorded(VerificationCompleted)) == 1, "nothing is assessed anew"
    told = [str(event.query_id) for event in await service.recorded(VerificationAnswered)]
    assert query["query_id"] not in told, "the department answered nothing; who stands in a file is told to nobody"
    heard = [event for event in await service.recorded(VerificationRequested) if LIVING in event.data_sets]
    assert heard == [], "the department's own service knows nothing of the file"


@pytest.mark.clause("12.1.1")
async def test_the_newest_file_counts_with_every_row_of_a_person(service: Any) -> None:
    await delivered(service, f"{FATHER['identity_number']},H-0,户主", as_of="2022-10-01")
    of_father = FATHER["identity_number"]
    await delivered(service, f"{of_father},H-1,户主", f"{of_father},H-2,其他", as_of="2022-10-08")
    case = await opened(service, LIVING)
    await ask(service, case, LIVING)
    numbers = [one[3:] for one in found(await verification(service, case)) if one[2] == "household_number"]
    assert numbers == [("H-1", "2022-10-08"), ("H-2", "2022-10-08")]


@pytest.mark.clause("12.1.1")
async def test_not_in_the_file_is_no_record_and_no_file_is_no_answer(service: Any) -> None:
    case = await opened(service, LIVING, "residence_permits")
    refused = await ask(service, case, LIVING)
    assert (refused.status_code, problem_code(refused)) == (409, "data_set_not_delivered")
    assert refused.json()["errors"][0]["value"] == LIVING
    await delivered(service, f"{number(9)},H-9,户主")
    both = await ask(service, case, LIVING, "residence_permits")
    assert problem_code(both) == "data_set_not_delivered"
    assert await state_of(service, case, LIVING) == [], "all is asked or nothing"
    (query,) = (await ask(service, case, LIVING)).json()["queries"]
    assert query["state"] == "no_record"
    assert found(await verification(service, case)) == []


@pytest.mark.clause("12.1.2")
async def test_an_interface_is_called_under_the_letters_and_its_look_is_on_the_ledger(
    service: Any, channel: Channel
) -> None:
    case = await opened(service, BALANCES, completed=False)
    (query,) = (await ask(service, case, BALANCES)).json()["queries"]
    assert (query["reached"], query["state"], query["answer_by"]) == ("rest", "not_answered", "2022-10-24T16:00:00Z")
    await service.run_due()
    (question,) = channel.asked
    assert question["data_sets"] == [BALANCES]
    assert [person["identity_number"] for person in question["persons"]] == list(service.secrets[1::2])
    entry = (await service.ledger(case))[-1]
    assert (entry["who"], entry["outcome"]) == ("金融机构查询通道", "answered")
    assert found(await verification(service, case)) == [("p2", BALANCES, "balance", "81000.00", "2022-10-09")]
    heard = {event.department for event in await service.recorded(VerificationRequested)}
    assert "financial_channel" not in heard
    assert await service.recorded(VerificationCompleted) == [], "the first round is still waited for"
    await service.answer_all(case)
    (completed,) = await service.recorded(VerificationCompleted)
    assert (completed.not_answered, completed.difference_count) == ((), 0)


@pytest.mark.clause("12.1.2")
async def test_a_department_that_is_down_holds_up_nobody_and_comes_in_late(service: Any, channel: Channel) -> None:
    channel.is_down = True
    case = await opened(service, BALANCES)
    before = (await service.facts(case)).json()
    await ask(service, case, BALANCES)
    await service.run_due()
    await service.pass_time(days=14)
    assert await state_of(service, case, BALANCES) == [("not_answered", False)]
    assert problem_code(await ask(service, case, BALANCES)) == "query_open"
    await service.pass_time(hours=14)  # the midnight that ends the tenth working day
    assert await state_of(service, case, BALANCES) == [("not_answered", True)]
    assert (await service.facts(case)).json() == before, "nothing becomes unknown by it"
    assert (await ask(service, case, BALANCES)).status_code == 202, "what nobody answered is asked again"
    channel.is_down = False
    await service.pass_time(hours=6)
    assert await state_of(service, case, BALANCES) == [("matched", True), ("matched", False)]
    assert found(await verification(service, case)) == [("p2", BALANCES, "balance", "81000.00", "2022-10-09")]


@pytest.mark.clause("12.1.1")
async def test_an_interface_that_is_not_connected_is_said_at_once(service: Any) -> None:
    case = await opened(service, "medical_enrolment")
    refused = await ask(service, case, "medical_enrolment")
    assert (refused.status_code, problem_code(refused)) == (409, "department_not_connected")
    assert await state_of(service, case, "medical_enrolment") == []


@pytest.mark.clause("12.1.2")
async def test_a_service_hears_it_and_answers_under_a_grant(service: Any, catalogue: Catalogue) -> None:
    service.know(with_data_set(catalogue, DOCTORS, reached="service"))
    case = await opened(service, DOCTORS)
    (query,) = (await ask(service, case, DOCTORS)).json()["queries"]
    heard = (await service.recorded(VerificationRequested))[-1]
    assert (heard.department, heard.data_sets, str(heard.query_id)) == ("health", (DOCTORS,), query["query_id"])
    answer_with(case, query)
    looked = await service.read_query(case, "health")
    assert (looked.status_code, len(looked.json()["persons"])) == (200, 3)
    record = {"person_ref": "p1", "data_set": DOCTORS, "fields": {"signed_on": "2021-03-01"}, "as_of": "2022-10-09"}
    body = {"grant_id": looked.json()["grant"]["grant_id"], "outcome": "matched", "records": [record]}
    path = f"/v1/queries/{query['query_id']}/answer"
    service.clock.advance(timedelta(minutes=15))
    late = await service.http.put(path, json=body, headers=service.as_department("health"))
    await assert_refused(service, case, late, 403, "grant_expired")
    assert (await service.answer(case, "health", "matched", record)).status_code == 200
    assert found(await verification(service, case)) == [("p1", DOCTORS, "signed_on", "2021-03-01", "2022-10-09")]
    settled = await service.answer(case, "health")
    assert (settled.status_code, problem_code(settled)) == (409, "verification_completed")


@pytest.mark.clause("12.1.2")
async def test_who_could_not_look_may_be_asked_again_and_may_answer_after_all(
    service: Any, catalogue: Catalogue
) -> None:
    service.know(with_data_set(catalogue, DOCTORS, reached="service"))
    case = await opened(service, DOCTORS)
    (query,) = (await ask(service, case, DOCTORS)).json()["queries"]
    answer_with(case, query)
    assert (await service.answer(case, "health", "error")).status_code == 200
    assert await state_of(service, case, DOCTORS) == [("error", False)]
    assert (await ask(service, case, DOCTORS)).status_code == 202
    assert (await service.answer(case, "health", "no_record")).status_code == 200, "the first query, after all"
    assert await state_of(service, case, DOCTORS) == [("no_record", False), ("not_answered", False)]
    assert len(await service.recorded(VerificationCompleted)) == 1


@pytest.mark.clause("12.1.2")
async def test_the_standard_letter_opens_nothing_more(service: Any) -> None:
    await delivered(service, f"{FATHER['identity_number']},H-1,户主")
    case = await service.open()
    await assert_refused(service, case, await ask(service, case, LIVING), 403, "field_not_authorised")
    await sign(service, case, "p1", data_sets=[LIVING])
    refused = await ask(service, case, LIVING)
    assert problem_code(refused) == "field_not_authorised", "every adult must allow it"
    assert "户号" in (await service.ledger(case))[-1]["fields"]
    await sign(service, case, "p2", data_sets=[LIVING])
    assert (await ask(service, case, LIVING)).status_code == 202


@pytest.mark.clause("12.1.2")
async def test_a_data_set_that_is_not_open_to_civil_affairs(service: Any, catalogue: Catalogue) -> None:
    service.know(with_data_set(catalogue, DOCTORS, reached="service", open_to=frozenset({"disabled_federation"})))
    case = await opened(service, DOCTORS)
    refused = await ask(service, case, DOCTORS)
    assert problem_code(refused) == "not_open_to_asker"
    assert DOCTORS in refused.json()["detail"]
    await assert_refused(service, case, refused, 403, "not_open_to_asker")
    assert DOCTORS not in {code for one in await service.recorded(VerificationRequested) for code in one.data_sets}


@pytest.mark.clause("12.1.2")
async def test_the_clerk_of_another_street(service: Any) -> None:
    await delivered(service, f"{FATHER['identity_number']},H-1,户主")
    case = await opened(service, LIVING)
    refused = await ask(service, case, LIVING, who=ELSEWHERE)
    await assert_refused(service, case, refused, 404, "out_of_scope")
    assert found(await verification(service, case)) == []


@pytest.mark.clause("12.1.2")
async def test_after_a_withdrawal_and_after_the_six_months_nobody_is_asked(service: Any) -> None:
    await delivered(service, f"{FATHER['identity_number']},H-1,户主")
    case = await opened(service, LIVING)
    await withdraw(service, (await letters(service, case))[0], who=CLERK, on_behalf=True)
    await assert_refused(service, case, await ask(service, case, LIVING), 403, "authorisation_withdrawn")
    other = await opened(service, LIVING)
    await service.pass_time(days=190)
    await assert_refused(service, other, await ask(service, other, LIVING), 409, "verification_expired")


@pytest.mark.clause("12.1.2")
async def test_a_letter_without_the_data_set_closes_the_query_and_not_the_facts(
    service: Any, catalogue: Catalogue
) -> None:
    service.know(with_data_set(catalogue, DOCTORS, reached="service"))
    case = await opened(service, DOCTORS)
    (query,) = (await ask(service, case, DOCTORS)).json()["queries"]
    await sign(service, case, "p2")
    answer_with(case, query)
    await assert_refused(service, case, await service.read_query(case, "health"), 403, "field_not_authorised")
    assert (await service.facts(case)).status_code == 200


async def test_two_clerks_at_once_ask_once_and_a_key_that_comes_again_asks_nothing_new(
    service: Any, channel: Channel
) -> None:
    case = await opened(service, BALANCES)
    answers = await asyncio.gather(*(ask(service, case, BALANCES, key=f"at-once-{at}") for at in range(4)))
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]
    assert {problem_code(answer) for answer in answers if answer.status_code == 409} == {"query_open"}
    (at,) = [at for at, answer in enumerate(answers) if answer.status_code == 202]
    again = await ask(service, case, BALANCES, key=f"at-once-{at}")
    assert again.json() == answers[at].json()
    assert await state_of(service, case, BALANCES) == [("not_answered", False)]


async def test_a_key_that_comes_again_looks_into_the_file_once(service: Any) -> None:
    await delivered(service, f"{FATHER['identity_number']},H-1,户主")
    case = await opened(service, LIVING)
    first, again = [await ask(service, case, LIVING, key="look-0001") for _ in range(2)]
    assert first.json() == again.json()
    assert len(await service.ledger(case)) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"data_sets": ["no_such_set"]}, "body.data_sets"),
        ({"data_sets": ["individual_income"]}, "body.data_sets"),
        ({"data_sets": []}, "body.data_sets"),
        ({"reason": "why not"}, "body.reason"),
        ({"reason": "查"}, "body.reason"),
        ({"purpose": "assessment"}, "body.purpose"),
    ],
    ids=["unknown", "always asked", "nothing", "not Chinese", "too short", "another purpose"],
)
async def test_what_cannot_be_asked(service: Any, body: dict[str, Any], field: str) -> None:
    case = await service.open()
    refused = await ask(service, case, LIVING, **body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)


async def test_what_a_letter_cannot_name(service: Any) -> None:
    case = await service.open()
    refused = await sign(service, case, "p1", data_sets=["individual_income"])
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "body.data_sets")
    signed = await sign(service, case, "p1", data_sets=[LIVING, LIVING])
    assert signed.json()["fields"].count(f"{LIVING}.address") == 1
    assert "individual_income.wage" in signed.json()["fields"], "the standard wording stands"


@pytest.mark.clause("1.2")
async def test_a_data_set_that_verifies_a_fact_changes_it_once_it_is_answered(
    service: Any, catalogue: Catalogue
) -> None:
    """None does so today: the facts then need the letters, and an agreement, for its fields too."""
    pension = replace(catalogue.data_sets["preferential_pensions"].fields["pension"], verifies="members.income.special")
    changes: dict[str, Any] = {"reached": "service", "fields": {"pension": pension}}
    service.know(with_data_set(catalogue, "preferential_pensions", **changes))
    case = await opened(service, "preferential_pensions")
    (query,) = (await ask(service, case, "preferential_pensions")).json()["queries"]
    answer_with(case, query)
    assert (await service.answer(case, "veterans", "error")).status_code == 200
    assert [event.difference_count for event in await service.recorded(VerificationCompleted)][-1] == 0
    fields = {"pension": "900.00"}
    record = {"person_ref": "p1", "data_set": "preferential_pensions", "fields": fields, "as_of": "2022-09-30"}
    assert (await service.answer(case, "veterans", "matched", record)).status_code == 200
    assert [event.difference_count for event in await service.recorded(VerificationCompleted)][-1] == 1
    differences = (await verification(service, case))["differences"]
    assert [(one["data_set"], one["found"]) for one in differences] == [("preferential_pensions", "900.00")]
    refused = await service.facts(case)
    await assert_refused(service, case, refused, 403, "field_not_in_agreement")


@pytest.mark.clause("12.1.2", "1.2")
async def test_what_was_found_on_request_can_be_objected_to(service: Any, catalogue: Catalogue) -> None:
    service.know(with_data_set(catalogue, DOCTORS, reached="service"))
    case = await opened(service, DOCTORS)
    (query,) = (await ask(service, case, DOCTORS)).json()["queries"]
    answer_with(case, query)
    record = {"person_ref": "p1", "data_set": DOCTORS, "fields": {"signed_on": "2021-03-01"}, "as_of": "2022-10-09"}
    await service.answer(case, "health", "matched", record)
    assert (await raise_objection(service, case, data_set=DOCTORS)).status_code == 201
    assert problem_code(await ask(service, case, DOCTORS)) == "query_open", "the re-check is being answered"
    again = (await service.recorded(VerificationRequested))[-1]
    case.query_ids = {"health": again.query_id}
    await service.answer(case, "health", "matched", {**record, "fields": {"signed_on": "2022-03-01"}})
    seen = await verification(service, case)
    assert [one[3] for one in found(seen)] == ["2022-03-01"]
    assert [one["outcome"] for one in seen["objections"]] == ["corrected"]
    (settled,) = await service.recorded(ObjectionSettled)
    assert not settled.is_of_facts
    assert len(await service.recorded(VerificationCompleted)) == 1


@pytest.mark.clause("12.1.2", "1.2")
async def test_what_a_file_says_is_objected_to_and_an_older_file_does_not_undo_the_correction(service: Any) -> None:
    await delivered(service, f"{FATHER['identity_number']},H-1,户主", as_of="2022-10-08")
    case = await opened(service, LIVING)
    await ask(service, case, LIVING)
    assert (await raise_objection(service, case, data_set=LIVING)).status_code == 201
    heard = [event for event in await service.recorded(VerificationRequested) if LIVING in event.data_sets]
    assert heard == [], "a service of the department would answer that it cannot look"
    assert [one["outcome"] for one in (await verification(service, case))["objections"]] == [None]
    async with service.database.transaction() as tx:
        again = (await tx.execute(text("select query_id from query where kind = 'recheck'"))).scalar_one()
    case.query_ids = {"public_security": again}
    record = {"person_ref": "p1", "data_set": LIVING, "fields": {"household_number": "H-7"}, "as_of": "2022-10-10"}
    await service.answer(case, "public_security", "matched", record)
    seen = await verification(service, case)
    assert ([one[3] for one in found(seen)], [one["outcome"] for one in seen["objections"]]) == (["H-7"], ["corrected"])
    refused = await ask(service, case, LIVING)
    assert (refused.status_code, problem_code(refused)) == (409, "file_older_than_recheck")
    await service.pass_time(days=2)
    await delivered(service, f"{FATHER['identity_number']},H-8,户主", as_of="2022-10-11")
    assert (await ask(service, case, LIVING)).status_code == 202
    assert [one[3] for one in found(await verification(service, case))][:1] == ["H-8"]


@pytest.mark.clause("12.1.2", "1.2")
async def test_an_objection_calls_the_interface_again_and_nobody_else(service: Any, channel: Channel) -> None:
    case = await opened(service, BALANCES)
    await ask(service, case, BALANCES)
    await service.run_due()
    assert (await raise_objection(service, case, data_set=BALANCES)).status_code == 201
    await service.run_due()
    assert len(channel.asked) == 2
    assert [one["outcome"] for one in (await verification(service, case))["objections"]] == ["upheld"]
    heard = {event.department for event in await service.recorded(VerificationRequested)}
    assert "financial_channel" not in heard, "a service of the department would answer that it cannot look"


@pytest.mark.clause("1.2")
@pytest.mark.parametrize(
    ("outcome", "minutes", "expected"),
    [(None, -1, True), (None, 0, False), ("error", -1, False), ("matched", -1, False), ("no_record", 1, False)],
)
def test_how_long_a_query_is_waited_for(outcome: Any, minutes: int, expected: object) -> None:
    until = datetime(2022, 10, 24, 16, tzinfo=UTC)
    assert is_waited_for(outcome, answer_by=until, now=until + timedelta(minutes=minutes)) is expected
