"""Finance answers the street reserves' requests for money; nobody else serves them."""

from typing import Any

import pytest

from shared.events.departments import ReplenishmentAnswered
from shared.events.emergency_fund import ReplenishmentRequested
from shared.ids import new_id
from shared.testing import problem_code


def request() -> ReplenishmentRequested:
    """A street reserve asks for 18,199.95 yuan."""
    return ReplenishmentRequested.model_validate({**ReplenishmentRequested.example, "replenishment_id": new_id()})


async def asked(finance: Any) -> ReplenishmentRequested:
    event = request()
    await finance.hear(event)
    return event


@pytest.mark.clause("4.3.2")
async def test_a_request_becomes_a_work_item_with_a_date_and_its_answer_is_published(finance: Any) -> None:
    event = await asked(finance)
    (item,) = (await finance.get("/v1/replenishments", state="open")).json()["items"]
    assert (item["street"], item["amount"], item["answer_by"]) == (event.street, "18199.95", "2022-10-21T16:00:00Z")
    (to_do,) = (await finance.get("/v1/work-items")).json()["items"]
    assert (to_do["kind"], to_do["subject_id"]) == ("answer_replenishment", str(event.replenishment_id))

    answer = await finance.post(f"/v1/replenishments/{event.replenishment_id}/answer", {"outcome": "granted"})
    assert (answer.status_code, answer.json()["granted_amount"]) == (200, "18199.95")
    assert await finance.recorded() == [
        ReplenishmentAnswered(
            street=event.street,
            replenishment_id=event.replenishment_id,
            outcome="granted",
            amount_fen=event.amount_fen,
        )
    ]
    assert (await finance.get("/v1/work-items")).json()["items"] == []
    assert (await finance.get("/v1/replenishments", state="open")).json()["items"] == []


@pytest.mark.parametrize(
    ("body", "amount_fen"),
    [
        ({"outcome": "granted", "amount": "18199.95"}, 1819995),
        ({"outcome": "partly_granted", "amount": "18199.94", "note": "余额下月拨付"}, 1819994),
        ({"outcome": "partly_granted", "amount": "0.01"}, 1),
        ({"outcome": "refused", "amount": "0"}, 0),
        ({"outcome": "refused"}, 0),
    ],
)
async def test_an_amount_that_fits_its_outcome_is_taken(finance: Any, body: Any, amount_fen: int) -> None:
    event = await asked(finance)
    answer = await finance.post(f"/v1/replenishments/{event.replenishment_id}/answer", body)
    assert answer.status_code == 200, answer.text
    (published,) = await finance.recorded()
    assert isinstance(published, ReplenishmentAnswered)
    assert (published.outcome, published.amount_fen) == (body["outcome"], amount_fen)


@pytest.mark.parametrize(
    "body",
    [
        {"outcome": "granted", "amount": "18199.96"},
        {"outcome": "granted", "amount": "18199.94"},
        {"outcome": "partly_granted"},
        {"outcome": "partly_granted", "amount": "0.00"},
        {"outcome": "partly_granted", "amount": "18199.95"},
        {"outcome": "refused", "amount": "0.01"},
    ],
)
async def test_an_amount_that_does_not_fit_is_refused_with_the_one_that_would(finance: Any, body: Any) -> None:
    event = await asked(finance)
    answer = await finance.post(f"/v1/replenishments/{event.replenishment_id}/answer", body)
    assert (answer.status_code, problem_code(answer)) == (422, "amount_unfit")
    assert await finance.recorded() == []


async def test_an_answer_stands_and_its_repetition_changes_nothing(finance: Any) -> None:
    event = await asked(finance)
    path = f"/v1/replenishments/{event.replenishment_id}/answer"
    first = await finance.post(path, {"outcome": "refused"}, key="answer-0001")
    again = await finance.post(path, {"outcome": "refused"}, key="answer-0001")
    assert (again.status_code, again.json()) == (200, first.json())
    other = await finance.post(path, {"outcome": "granted"})
    assert (other.status_code, problem_code(other)) == (409, "replenishment_answered")
    await finance.hear(event)
    assert len(await finance.recorded()) == 1


async def test_a_department_that_funds_no_reserve_neither_keeps_nor_serves_requests(tax: Any) -> None:
    event = await asked(tax)
    assert (await tax.get("/v1/work-items")).json()["items"] == []
    assert problem_code(await tax.get("/v1/replenishments")) == "not_found"
    answer = await tax.post(f"/v1/replenishments/{event.replenishment_id}/answer", {"outcome": "granted"})
    assert problem_code(answer) == "not_found"
