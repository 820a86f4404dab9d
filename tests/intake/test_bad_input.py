"""Bad input: each a problem document with a stable code, the field and the way out, and nothing half stored."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from tests.intake.conftest import Intake, family, member, submission

from shared.testing import identity_number, problem_code

Body = dict[str, Any]


def _changed(change: Callable[[Body], object]) -> Body:
    body = submission()
    change(body)
    return body


def _members(body: Body) -> list[dict[str, Any]]:
    members: list[dict[str, Any]] = body["household"]["members"]
    return members


def _set(target: Callable[[Body], dict[str, Any]], **values: Any) -> Body:
    return _changed(lambda body: target(body).update(values))


def _second(**values: Any) -> Body:
    return _set(lambda body: _members(body)[1], **values)


def _household(**values: Any) -> Body:
    return _set(lambda body: body["household"], **values)


_NUMBER = "members[1].identity_number"
BAD = {
    "not an object": ([], "body", "model_attributes_type"),
    "no household": (_changed(lambda body: body.pop("household")), "body.household", "missing"),
    "unknown key": (_set(lambda body: body, hukou="x"), "body.hukou", "extra_forbidden"),
    "unknown fact": (_second(incom=[]), "body.household.members[1].incom", "extra_forbidden"),
    "unknown street": (_household(street="420106004"), "body.household.street", "unknown_street"),
    "street outside the district": (_household(street="420106490"), "body.household.street", "unknown_street"),
    "no members": (_household(members=[]), "body.household.members", "too_short"),
    "a thousand members": (
        _household(members=[member(f"p{n}") for n in range(1000)]),
        "body.household.members",
        "too_long",
    ),
    "number as a number": (_second(identity_number=420199199003079030), f"body.household.{_NUMBER}", "string_type"),
    "wrong check digit": (
        _second(identity_number="420199199003079031"),
        f"body.household.{_NUMBER}",
        "identity_number_check_digit",
    ),
    "impossible date in the number": (
        _second(identity_number="420199198002309012"),
        f"body.household.{_NUMBER}",
        "identity_number_date",
    ),
    "born tomorrow": (
        _second(identity_number=identity_number(date(2022, 10, 11), sequence=1)),
        f"body.household.{_NUMBER}",
        "identity_number_date",
    ),
    "too short a number": (
        _second(identity_number="42019919900307903"),
        f"body.household.{_NUMBER}",
        "identity_number_form",
    ),
    "no such province": (
        _second(identity_number="990199199003079030"),
        f"body.household.{_NUMBER}",
        "identity_number_region",
    ),
    "no number": (_second(identity_number=None), f"body.household.{_NUMBER}", "identity_number_missing"),
    "the same number twice": (
        _changed(lambda body: _members(body)[1].update(identity_number=_members(body)[0]["identity_number"])),
        f"body.household.{_NUMBER}",
        "identity_number_duplicate",
    ),
    "the same number in lower case": (
        submission(
            [
                member("p1") | {"identity_number": "42019919770512049X"},
                member("p2", relation="spouse") | {"identity_number": "42019919770512049x"},
            ]
        ),
        f"body.household.{_NUMBER}",
        "identity_number_duplicate",
    ),
    "birth date differs": (
        _second(birth_date="1979-08-04"),
        "body.household.members[1].birth_date",
        "birth_date_differs",
    ),
    "sex differs": (_second(sex="M"), "body.household.members[1].sex", "sex_differs"),
    "impossible birth date": (
        _second(birth_date="1979-02-30"),
        "body.household.members[1].birth_date",
        "date_from_datetime_parsing",
    ),
    "birth date as a number": (_second(birth_date=19790803), "body.household.members[1].birth_date", "not_a_day"),
    "birth date with a time": (
        _second(birth_date="1979-08-03T00:00:00"),
        "body.household.members[1].birth_date",
        "not_a_day",
    ),
    "household book of an adult": (
        _second(id_type="household_book", identity_number=None, birth_date="1979-08-03", sex="F"),
        "body.household.members[1].id_type",
        "household_book_not_for_adults",
    ),
    "household book without a birth date": (
        _second(id_type="household_book", identity_number=None, sex="F"),
        "body.household.members[1].birth_date",
        "birth_date_missing",
    ),
    "household book without sex": (
        _second(id_type="household_book", identity_number=None, birth_date="2022-01-01"),
        "body.household.members[1].sex",
        "sex_missing",
    ),
    "household book with a number": (
        _second(id_type="household_book", birth_date="2022-01-01", sex="F"),
        f"body.household.{_NUMBER}",
        "identity_number_unexpected",
    ),
    "household book from the future": (
        _second(id_type="household_book", identity_number=None, birth_date="2023-01-01", sex="F"),
        "body.household.members[1].birth_date",
        "birth_date_impossible",
    ),
    "nobody with a number": (
        submission(
            [
                {
                    "id": "p1",
                    "name": "李小",
                    "id_type": "household_book",
                    "birth_date": "2012-01-01",
                    "sex": "F",
                    "relation": "applicant",
                }
            ]
        ),
        "body.household.members",
        "identity_number_missing",
    ),
    "no name": (_second(name=" "), "body.household.members[1].name", "string_too_short"),
    "a name with a null byte": (_second(name="李\0"), "body.household.members[1].name", "not_printable"),
    "a null byte in a diagnosis": (
        _second(diagnoses=["a\0b"]),
        "body.household.members[1].diagnoses[0]",
        "not_printable",
    ),
    "a number in free words": (
        _second(relation_note="420199199003079030"),
        "body.household.members[1].relation_note",
        "number_in_words",
    ),
    "two members of one id": (_second(id="p1"), "body.household.members[1].id", "member_id_duplicate"),
    "two applicants": (_second(relation="applicant"), "body.household.members", "applicant_count"),
    "amount as a number": (
        _second(income=[{"kind": "wage", "monthly": 2000}]),
        "body.household.members[1].income[0].monthly",
        "not_an_amount",
    ),
    "amount with three decimals": (
        _second(income=[{"kind": "wage", "monthly": "0.001"}]),
        "body.household.members[1].income[0].monthly",
        "amount_too_precise",
    ),
    "negative amount": (_household(requested_amount="-1.00"), "body.household.requested_amount", "amount_negative"),
    "unknown kind of income": (
        _second(income=[{"kind": "gambling", "monthly": "1.00"}]),
        "body.household.members[1].income[0].kind",
        "literal_error",
    ),
    "yes for true": (_second(lives_alone="yes"), "body.household.members[1].lives_alone", "bool_type"),
    "shares of a stranger": (
        _household(receiving=[{"policy": "orphan", "shares": {"p9": "1.00"}}]),
        "body.household.receiving[0].shares.p9",
        "member_unknown",
    ),
    "unknown policy": (submission(requested=["dibao", "jackpot"]), "body.requested[1]", "unknown_policy"),
    "one policy twice": (submission(requested=["dibao", "dibao"]), "body.requested", "requested_twice"),
    "nothing requested": (submission(requested=[]), "body.requested", "too_short"),
    "signature of a stranger": (
        submission(signed_by=["p1", "p2", "p9"]),
        "body.authorisation.signed_by[2]",
        "member_unknown",
    ),
    "signed tomorrow": (
        _set(lambda body: body["authorisation"], signed_on="2022-10-11"),
        "body.authorisation.signed_on",
        "signed_in_future",
    ),
    "commitment of a stranger": (
        _set(lambda body: body["commitment"], signed_by="p9"),
        "body.commitment.signed_by",
        "member_unknown",
    ),
}


OF_THEIR_OWN = {"not_an_amount", "amount_too_precise", "amount_negative", "unknown_street"}
"""Codes that the whole problem has, where nothing else is wrong."""


@pytest.mark.parametrize(("body", "field", "code"), BAD.values(), ids=BAD.keys())
async def test_bad_input_is_refused_by_field(intake: Intake, body: Any, field: str, code: str) -> None:
    answer = await intake.apply(body)

    own = code if code in OF_THEIR_OWN else "invalid_input"
    assert (answer.status_code, problem_code(answer)) == (422, own), answer.text
    document = answer.json()
    assert (field, code) in [(error["field"], error["code"]) for error in document["errors"]], document["errors"]
    assert (document["title"] == "提交的内容不符合要求") == (own == "invalid_input")
    assert document["way_out"]
    await _nothing_is_stored(intake)


async def test_every_mistake_is_named_at_once(intake: Intake) -> None:
    members = family()
    members[0]["identity_number"] = "420199199003079031"
    members[1]["birth_date"] = "1979-08-04"
    answer = await intake.apply(submission(members, requested=["jackpot"]))
    assert [error["code"] for error in answer.json()["errors"]] == [
        "identity_number_check_digit",
        "birth_date_differs",
        "unknown_policy",
    ]


@pytest.mark.clause("8.4")
async def test_every_adult_signs_the_authorisation(intake: Intake) -> None:
    members = [*family(), member("p4", born=date(2004, 10, 10), sequence=401, relation="child", name="周大")]
    answer = await intake.apply(submission(members, signed_by=["p1"]))

    assert (answer.status_code, problem_code(answer)) == (422, "authorisation_incomplete")
    assert [error["value"] for error in answer.json()["errors"]] == ["p2", "p4"]
    assert "p2、p4" in answer.json()["detail"]
    await _nothing_is_stored(intake)


async def test_a_number_in_a_wrong_place_does_not_come_back(intake: Intake) -> None:
    number = identity_number(date(1979, 8, 3), sequence=102)
    answer = await intake.apply(_second(id_number=number, income=[{"kind": "wage", "monthly": number}]))
    assert answer.status_code == 422
    assert number not in answer.text


async def test_malformed_json_is_refused(intake: Intake) -> None:
    headers = intake.resident() | {"Idempotency-Key": "key-of-the-caller", "Content-Type": "application/json"}
    answer = await intake.http.post("/v1/applications", content=b'{"household": ', headers=headers)
    assert (answer.status_code, problem_code(answer)) == (400, "bad_request")
    await _nothing_is_stored(intake)


async def test_half_a_character_is_refused(intake: Intake) -> None:
    headers = intake.resident() | {"Idempotency-Key": "key-of-the-caller", "Content-Type": "application/json"}
    content = json.dumps(_second(name="\ud800"))
    answer = await intake.http.post("/v1/applications", content=content, headers=headers)
    assert (answer.status_code, problem_code(answer)) == (422, "invalid_input")
    await _nothing_is_stored(intake)


async def test_fifty_megabytes_are_refused(intake: Intake) -> None:
    headers = intake.resident() | {"Idempotency-Key": "key-of-the-caller", "Content-Type": "application/json"}
    answer = await intake.http.post("/v1/applications", content=b" " * 50_000_000, headers=headers)
    assert (answer.status_code, problem_code(answer)) == (413, "body_too_large")
    await _nothing_is_stored(intake)


async def test_a_key_does_not_stand_for_two_bodies(intake: Intake) -> None:
    assert (await intake.apply(key="key-of-the-caller")).status_code == 201
    answer = await intake.apply(submission(family(201)), key="key-of-the-caller")
    assert (answer.status_code, problem_code(answer)) == (409, "idempotency_key_reused")
    assert len(await intake.recorded()) == 1


async def test_a_key_is_needed(intake: Intake) -> None:
    answer = await intake.http.post("/v1/applications", json=submission(), headers=intake.resident())
    assert (answer.status_code, problem_code(answer)) == (422, "invalid_input")
    await _nothing_is_stored(intake)


async def test_a_refused_key_may_be_used_for_the_corrected_body(intake: Intake) -> None:
    assert (await intake.apply(_second(sex="M"), key="key-of-the-caller")).status_code == 422
    assert (await intake.apply(key="key-of-the-caller")).status_code == 201


@pytest.mark.parametrize("cursor", ["x", "AAAA", "MjAyMi0xMC0xMHww", "2022-10-10", "é", "a" * 300])
async def test_a_cursor_that_is_none_of_ours_is_refused(intake: Intake, cursor: str) -> None:
    answer = await intake.get("/v1/applications", intake.clerk(), cursor=cursor)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "query.cursor"


@pytest.mark.parametrize("limit", [0, 101, "many"])
async def test_a_page_has_one_to_a_hundred_rows(intake: Intake, limit: Any) -> None:
    assert (await intake.get("/v1/applications", intake.clerk(), limit=limit)).status_code == 422


async def _nothing_is_stored(intake: Intake) -> None:
    async with intake.database.transaction() as tx:
        for table in ("household", "household_member", "application", "open_membership", "timeline_entry", "outbox"):
            rows = await tx.execute(text(f"select count(*) from {table}"))  # noqa: S608  # names from the line above
            assert rows.scalar_one() == 0, table
        assert (await tx.execute(text("select count(*) from idempotency"))).scalar_one() == 0
