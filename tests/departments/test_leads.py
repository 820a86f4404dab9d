"""Families in trouble of whom a department was told are on its list until somebody met them (12.2)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.events.data_sharing import LeadClosed, LeadContacted, LeadReported
from shared.ids import new_id

CONTACT_BY = datetime(2022, 10, 19, 2, tzinfo=UTC)
"""A day after the report of `TUESDAY`."""


def reported(lead_id: UUID, **changes: Any) -> LeadReported:
    """A child is out of school: civil affairs and education are told."""
    told = {"told": ("civil_affairs", "education"), "troubles": ("out_of_school",), "contact_by": CONTACT_BY}
    example = {**LeadReported.example, "lead_id": lead_id, "report_id": new_id()}
    return LeadReported.model_validate(example | told | changes)


def contacted(lead_id: UUID, *, department: str | None = None, is_first: bool = True) -> LeadContacted:
    """Somebody met the family: the street, unless told otherwise."""
    return LeadContacted(lead_id=lead_id, street="420106009", department=department, is_first=is_first)


async def to_do(department: Any) -> list[tuple[str, str, bool]]:
    items = (await department.get("/v1/work-items")).json()["items"]
    return [(item["kind"], item["due_at"], item["overdue"]) for item in items]


@pytest.mark.clause("12.2")
async def test_those_who_are_told_have_it_on_their_list_and_nobody_else(education: Any, tax: Any) -> None:
    lead_id = new_id()
    for department in (education, tax):
        await department.hear(reported(lead_id))
    (item,) = (await education.get("/v1/work-items")).json()["items"]
    assert (item["kind"], item["subject_id"]) == ("meet_family", str(lead_id))
    assert (item["due_at"], item["overdue"]) == ("2022-10-19T02:00:00Z", False)
    assert await to_do(tax) == []


async def test_a_second_report_makes_it_due_earlier_and_never_later(education: Any) -> None:
    lead_id = new_id()
    for hours in (0, -5, +48):
        by = CONTACT_BY + timedelta(hours=hours)
        await education.hear(reported(lead_id, joined=hours != 0, contact_by=by))
    assert await to_do(education) == [("meet_family", "2022-10-18T21:00:00Z", False)]


async def test_a_family_that_nobody_met_stays_and_shows_as_overdue(education: Any) -> None:
    await education.hear(reported(new_id()))
    education.clock.advance(timedelta(hours=25))
    assert await to_do(education) == [("meet_family", "2022-10-19T02:00:00Z", True)]


@pytest.mark.clause("12.2")
@pytest.mark.parametrize(
    ("department", "is_first", "is_done"),
    [
        pytest.param(None, True, True, id="the street met it first"),
        pytest.param("civil_affairs", True, True, id="another department met it first"),
        pytest.param("education", False, True, id="our officer met it after others"),
        pytest.param("civil_affairs", False, False, id="others met it again"),
    ],
)
async def test_it_is_off_the_list_when_somebody_met_the_family(
    education: Any, department: str | None, *, is_first: bool, is_done: bool
) -> None:
    lead_id = new_id()
    await education.hear(reported(lead_id), contacted(lead_id, department=department, is_first=is_first))
    assert (await to_do(education) == []) is is_done


async def test_whoever_is_told_after_the_family_was_met_has_time_of_their_own(education: Any) -> None:
    lead_id = new_id()
    told_first = reported(lead_id, told=("civil_affairs",), troubles=("no_food",))
    await education.hear(told_first, contacted(lead_id))
    assert await to_do(education) == []
    education.clock.advance(timedelta(days=2))
    await education.hear(reported(lead_id, joined=True))
    # Three working days from Thursday: the end of Tuesday.
    assert await to_do(education) == [("meet_family", "2022-10-25T16:00:00Z", False)]
    await education.hear(contacted(lead_id, department="education", is_first=False))
    assert await to_do(education) == []


async def test_what_was_done_stays_done_when_one_more_report_joins(education: Any) -> None:
    lead_id = new_id()
    await education.hear(reported(lead_id), contacted(lead_id))
    await education.hear(reported(lead_id, joined=True))
    assert await to_do(education) == []


async def test_a_lead_that_is_closed_leaves_nothing_to_do(education: Any) -> None:
    lead_id = new_id()
    closed = LeadClosed.model_validate({**LeadClosed.example, "lead_id": lead_id, "outcome": "duplicate"})
    await education.hear(reported(lead_id), closed)
    assert await to_do(education) == []
