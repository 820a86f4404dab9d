"""A department answers queries of verification from its own registers, and never says "no record" for "cannot look"."""

from datetime import date
from typing import Any

import pytest

from shared.events.data_sharing import VerificationRequested
from shared.ids import new_id
from shared.testing import envelope_of, identity_number

WANG = identity_number(date(1979, 3, 7), sequence=101)
LI = identity_number(date(1952, 11, 30), sequence=202)


def record(number: str, wage: str = "2600.00", **changes: Any) -> dict[str, Any]:
    return {
        "identity_number": number,
        "fields": {"wage": wage},
        "valid_from": "2022-01-01",
        "as_of": "2022-09-30",
        **changes,
    }


def request_of(department: str = "tax", *data_sets: str) -> VerificationRequested:
    return VerificationRequested.model_validate(
        {
            **VerificationRequested.example,
            "query_id": new_id(),
            "department": department,
            "data_sets": data_sets or ("individual_income",),
        }
    )


async def asked(instance: Any, data_sharing: Any, request: VerificationRequested, *persons: Any) -> None:
    """The query is there and the event arrives."""
    data_sharing.ask(request, persons or [("p1", WANG)])
    await instance.hear(request)


async def ended(instance: Any) -> list[dict[str, Any]]:
    """How the queries ended."""
    return [
        {key: query[key] for key in ("state", "outcome", "record_count", "refusal_code")}
        for query in (await instance.get("/v1/queries")).json()["items"]
    ]


@pytest.mark.clause("1.2")
async def test_all_persons_of_a_household_are_looked_up_and_the_records_answered(tax: Any, data_sharing: Any) -> None:
    await tax.load("individual_income", record(WANG), record(LI, "0.00"))
    request = request_of()
    await asked(tax, data_sharing, request, ("p1", WANG), ("p2", None), ("p3", LI), ("p4", LI.lower()))
    assert await tax.run_due() == 1

    def found(person: str, wage: str) -> dict[str, Any]:
        return {
            "person_ref": person,
            "data_set": "individual_income",
            "fields": {"wage": wage},
            "as_of": "2022-09-30",
        }

    answer = data_sharing.answers[request.query_id]
    assert answer["outcome"] == "matched"
    expected = [found("p1", "2600.00"), found("p3", "0.00"), found("p4", "0.00")]
    assert sorted(answer["records"], key=str) == sorted(expected, key=str)
    assert await ended(tax) == [{"state": "answered", "outcome": "matched", "record_count": 3, "refusal_code": None}]
    assert data_sharing.departments_seen == ["tax", "tax"], "the token says which department asks"


async def test_looking_without_finding_is_no_record(tax: Any, data_sharing: Any) -> None:
    await tax.load("individual_income", record(LI))
    request = request_of()
    await asked(tax, data_sharing, request)
    await tax.run_due()
    assert data_sharing.answers[request.query_id] == {"outcome": "no_record", "records": []}
    assert await ended(tax) == [{"state": "answered", "outcome": "no_record", "record_count": 0, "refusal_code": None}]


async def test_a_data_set_that_the_department_does_not_hold_is_an_error_and_not_no_record(
    tax: Any, data_sharing: Any
) -> None:
    await tax.load("individual_income", record(WANG))
    request = request_of("tax", "individual_income", "lottery_wins")
    await asked(tax, data_sharing, request)
    await tax.run_due()
    assert data_sharing.answers[request.query_id] == {"outcome": "error", "records": []}


@pytest.mark.parametrize(
    ("period", "outcome"),
    [
        ({"valid_from": "2022-10-18"}, "matched"),
        ({"valid_from": "2022-10-19"}, "no_record"),
        ({"valid_to": "2022-10-19"}, "matched"),
        ({"valid_to": "2022-10-18"}, "no_record"),
    ],
)
async def test_only_records_that_hold_today_count(
    tax: Any, data_sharing: Any, period: dict[str, str], outcome: str
) -> None:
    await tax.load("individual_income", record(WANG, **period))
    request = request_of()
    await asked(tax, data_sharing, request)
    await tax.run_due()
    assert data_sharing.answers[request.query_id]["outcome"] == outcome


async def test_a_query_that_was_refused_is_answered_when_it_is_heard_again(tax: Any, data_sharing: Any) -> None:
    await tax.load("individual_income", record(WANG))
    request = request_of()
    await asked(tax, data_sharing, request)
    data_sharing.status = 403
    await tax.run_due()
    assert (await ended(tax))[0]["state"] == "refused"
    data_sharing.status = 200
    await tax.hear(request)
    await tax.run_due()
    assert data_sharing.answers[request.query_id]["outcome"] == "matched"
    assert (await ended(tax))[0]["state"] == "answered"
    await tax.hear(request)
    assert await tax.run_due() == 0, "what was answered is not answered again"


async def test_a_query_to_another_department_is_not_touched(tax: Any, data_sharing: Any) -> None:
    request = request_of("housing", "real_estate")
    await asked(tax, data_sharing, request)
    assert await tax.run_due() == 0
    assert data_sharing.departments_seen == []
    assert await ended(tax) == []


async def test_the_same_query_heard_twice_is_answered_once(tax: Any, data_sharing: Any) -> None:
    request = request_of()
    data_sharing.ask(request, [("p1", WANG)])
    envelope = envelope_of(request, clock=tax.clock)
    await tax.hear(envelope, envelope)
    assert await tax.run_due() == 1
    await tax.hear(request)
    assert await tax.run_due() == 0
    assert len(await ended(tax)) == 1


@pytest.mark.parametrize("status", [503, 401, 422])
async def test_while_data_sharing_gives_no_usable_answer_the_query_waits_and_then_is_answered(
    tax: Any, data_sharing: Any, status: int
) -> None:
    request = request_of()
    await asked(tax, data_sharing, request)
    data_sharing.status = status
    for _ in range(2):
        await tax.run_due()
    assert (await ended(tax))[0]["state"] == "open"

    data_sharing.status = 200
    await tax.run_due()
    assert data_sharing.answers[request.query_id]["outcome"] == "no_record"
    assert (await ended(tax))[0]["state"] == "answered"
    assert await tax.run_due() == 0


@pytest.mark.parametrize("status", [403, 404, 409])
async def test_what_data_sharing_refuses_is_noted_and_not_tried_for_ever(
    tax: Any, data_sharing: Any, status: int
) -> None:
    request = request_of()
    await asked(tax, data_sharing, request)
    data_sharing.status = status
    assert await tax.run_due() == 1
    assert await ended(tax) == [
        {"state": "refused", "outcome": None, "record_count": None, "refusal_code": "query_closed"}
    ]
    data_sharing.status = 200
    assert await tax.run_due() == 0
    assert data_sharing.answers == {}


async def test_records_that_do_not_fit_the_catalogue_make_the_answer_an_error(tax: Any, data_sharing: Any) -> None:
    await tax.load("individual_income", record(WANG, "two thousand"))
    request = request_of()
    await asked(tax, data_sharing, request)
    data_sharing.refuses_records = True
    assert await tax.run_due() == 1
    assert data_sharing.answers[request.query_id] == {"outcome": "error", "records": []}
    assert await ended(tax) == [{"state": "answered", "outcome": "error", "record_count": 0, "refusal_code": None}]
