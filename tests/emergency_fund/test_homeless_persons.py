"""A homeless person is helped from the reserve, with papers and a name or not, within the same limit as everybody else,
and within one limit with the household that they are found to belong to.
"""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from emergency_fund.tables import emergency_grant, joined_household
from shared.auth import Principal, Role
from shared.events.eligibility import OfficerRecused
from shared.events.emergency_fund import FollowUpOpened, GrantApproved, GrantPaid, GrantRefused, GrantRequested
from shared.events.intake import HomelessPersonIdentified
from shared.ids import new_id
from shared.testing import problem_code

from .conftest import APPROVER, CLERK, OTHER_STREET, STREET, Fund, ok


def somebody(fund: Fund) -> tuple[UUID, UUID]:
    """A homeless person with a file in intake, and their household of one."""
    homeless_person_id, household_id = new_id(), new_id()
    fund.intake.homeless[homeless_person_id] = household_id
    return homeless_person_id, household_id


def identified(homeless_person_id: UUID, household_id: UUID, home_id: UUID) -> HomelessPersonIdentified:
    return HomelessPersonIdentified(
        household_id=household_id, homeless_person_id=homeless_person_id, street=STREET, identified_household_id=home_id
    )


@pytest.mark.clause("4.1.1")
@pytest.mark.clause("4.5.1")
async def test_a_person_without_papers_or_name_is_paid_from_the_reserve(fund: Fund) -> None:
    homeless_person_id, household_id = somebody(fund)
    grant = ok(await fund.request_for_homeless(homeless_person_id, "1200.00"))
    assert (grant["homeless_person_id"], grant["household_id"]) == (str(homeless_person_id), str(household_id))
    assert (grant["persons"], grant["limit"]["counted"]) == (["p1"], "0.00")
    ok(await fund.act(grant["grant_id"], "approval"))
    paid = ok(await fund.act(grant["grant_id"], "payment"))

    assert paid["state"] == "closed"
    assert (await fund.reserve())["cash"] == "28800.00"
    events = await fund.events(GrantRequested, GrantApproved, GrantPaid, FollowUpOpened)
    assert [type(event) for event in events] == [GrantRequested, GrantApproved, GrantPaid, FollowUpOpened]
    assert {event.household_id for event in events} == {household_id}
    tasks = await fund.read(f"/v1/streets/{STREET}/follow-ups")
    (task,) = tasks["follow_ups"]
    assert (task["homeless_person_id"], task["household_id"]) == (str(homeless_person_id), str(household_id))


@pytest.mark.clause("4.2.1")
@pytest.mark.clause("4.5.1")
async def test_a_small_amount_is_given_to_a_homeless_person_at_once(fund: Fund) -> None:
    homeless_person_id, household_id = somebody(fund)
    given = ok(await fund.give(household_id=None, persons=None, homeless_person_id=str(homeless_person_id)))
    assert (given["state"], given["household_id"]) == ("paid_unapproved", str(household_id))
    assert given["homeless_person_id"] == str(homeless_person_id)
    assert [debt["paper"] for debt in given["debts"]] == ["explanation"]


async def test_a_grant_for_a_household_names_no_homeless_person(fund: Fund) -> None:
    assert ok(await fund.request())["homeless_person_id"] is None


@pytest.mark.clause("4.3.3")
async def test_what_a_homeless_person_has_counts_against_the_limit(fund: Fund) -> None:
    homeless_person_id, household_id = somebody(fund)
    ok(await fund.request_for_homeless(homeless_person_id, "2900.00"))
    for answer in (
        await fund.request_for_homeless(homeless_person_id, "740.00"),
        await fund.request("740.00", household_id=household_id),
    ):
        assert (answer.status_code, problem_code(answer)) == (422, "not_below_limit")
        assert "已计 2900.00 元" in answer.json()["detail"]
    ok(await fund.request_for_homeless(homeless_person_id, "739.99"))
    assert {event.household_id for event in await fund.events(GrantRefused)} == {household_id}


@pytest.mark.clause("4.3.3")
@pytest.mark.clause("4.5.1")
async def test_once_identified_the_person_and_the_household_have_one_limit(fund: Fund) -> None:
    homeless_person_id, household_id = somebody(fund)
    home_id = new_id()
    ok(await fund.request_for_homeless(homeless_person_id, "2000.00"))
    ok(await fund.request("1000.00", household_id=home_id))
    await fund.hear(identified(homeless_person_id, household_id, home_id))

    for answer in (
        await fund.request_for_homeless(homeless_person_id, "640.00"),
        await fund.request("640.00", household_id=home_id),
        await fund.request("640.00", household_id=household_id),
    ):
        assert problem_code(answer) == "not_below_limit"
        assert "已计 3000.00 元" in answer.json()["detail"]
    assert ok(await fund.request("639.99", household_id=home_id))["limit"]["counted"] == "3000.00"


@pytest.mark.clause("4.3.3")
async def test_files_in_two_streets_of_one_person_have_one_limit(fund: Fund) -> None:
    (first, first_home), (second, second_home) = somebody(fund), somebody(fund)
    home_id = new_id()
    ok(await fund.request_for_homeless(first, "1900.00"))
    await fund.hear(identified(first, first_home, home_id), identified(second, second_home, home_id))
    answer = await fund.request_for_homeless(second, "1740.00")
    assert (answer.status_code, problem_code(answer)) == (422, "not_below_limit")
    ok(await fund.request_for_homeless(second, "1739.99"))


async def test_an_identity_that_joins_nothing_changes_nothing_and_one_heard_twice_joins_once(fund: Fund) -> None:
    homeless_person_id, household_id = somebody(fund)
    await fund.hear(identified(homeless_person_id, household_id, household_id))
    assert await fund.count(joined_household) == 0
    for _ in range(2):
        await fund.hear(identified(homeless_person_id, household_id, UUID(int=7)))
    assert await fund.count(joined_household) == 1
    ok(await fund.request("2900.00"))


@pytest.mark.clause("4.3.3")
async def test_requests_at_once_with_the_identity_do_not_overlook_each_other(fund: Fund) -> None:
    for _ in range(5):
        homeless_person_id, household_id = somebody(fund)
        home_id = new_id()
        await asyncio.gather(
            fund.request_for_homeless(homeless_person_id, "1900.00"),
            fund.hear(identified(homeless_person_id, household_id, home_id)),
            fund.request("10.00", household_id=home_id),
        )
        answers = await asyncio.gather(
            *(fund.request_for_homeless(homeless_person_id, "1000.00") for _ in range(2)),
            *(fund.request("1000.00", household_id=home_id) for _ in range(2)),
        )
        # 1900 + 10 + 1000 is below 3640; another 1000 is not.
        assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]


async def test_who_stepped_back_from_the_household_has_no_hand_in_the_persons_grants(fund: Fund) -> None:
    homeless_person_id, household_id = somebody(fund)
    home_id = new_id()
    grant = ok(await fund.request_for_homeless(homeless_person_id, "100.00", by="clerk-420106006-2"))
    for subject in (CLERK, APPROVER):
        recused = OfficerRecused.from_example().model_copy(update={"household_id": home_id, "subject": subject})
        await fund.hear(recused)
    before = ok(await fund.request_for_homeless(homeless_person_id, "100.00"))
    assert before["requested_by"] == CLERK
    await fund.hear(identified(homeless_person_id, household_id, home_id))
    for answer in (
        await fund.request_for_homeless(homeless_person_id, "100.00"),
        await fund.act(grant["grant_id"], "approval"),
    ):
        assert (answer.status_code, problem_code(answer)) == (409, "recused")


async def test_a_person_without_a_file_is_sent_to_intake(fund: Fund) -> None:
    homeless_person_id = new_id()
    answer = await fund.request_for_homeless(homeless_person_id)
    assert (answer.status_code, problem_code(answer)) == (422, "homeless_person_unknown")
    assert answer.json()["errors"][0]["field"] == "body.homeless_person_id"
    assert answer.json()["errors"][0]["value"] == str(homeless_person_id)
    assert "建档" in answer.json()["way_out"]
    assert await fund.count(emergency_grant) == 0
    assert await fund.events() == []


async def test_without_intake_nothing_is_recorded(fund: Fund) -> None:
    homeless_person_id, _ = somebody(fund)
    fund.intake.is_down = True
    answer = await fund.request_for_homeless(homeless_person_id, key="request-0001")
    assert (answer.status_code, problem_code(answer)) == (503, "unavailable")
    fund.intake.is_down = False
    first = ok(await fund.request_for_homeless(homeless_person_id, key="request-0001"))
    fund.intake.is_down = True
    assert ok(await fund.request_for_homeless(homeless_person_id, key="request-0001")) == first
    assert await fund.count(emergency_grant) == 1


_UNCLEAR: dict[str, dict[str, Any]] = {
    "both": {"household_id": str(UUID(int=1)), "persons": ["p1"]},
    "both, and nobody of the household": {"household_id": str(UUID(int=1))},
    "persons of a household without the household": {"persons": ["p1"]},
    "neither": {"homeless_person_id": None},
    "persons alone": {"homeless_person_id": None, "persons": ["p1"]},
    "a household alone": {"homeless_person_id": None, "household_id": str(UUID(int=1))},
}


async def test_who_is_to_be_helped_must_be_clear(fund: Fund) -> None:
    homeless_person_id, _ = somebody(fund)
    for case, changes in _UNCLEAR.items():
        answer = await fund.request_for_homeless(homeless_person_id, **changes)
        assert (answer.status_code, problem_code(answer)) == (422, "invalid_input"), case
        assert answer.json()["errors"][0]["code"] == "recipient_unclear", case
    assert fund.intake.asked == []
    assert await fund.events() == []


async def test_a_clerk_learns_from_the_database_neither_what_is_joined_nor_who_stepped_back(fund: Fund) -> None:
    homeless_person_id, household_id = somebody(fund)
    await fund.hear(identified(homeless_person_id, household_id, new_id()))
    clerk = Principal(subject=CLERK, client_id="x", roles=frozenset({Role.STREET_CLERK}), streets=frozenset({STREET}))
    async with fund.database.transaction(clerk) as tx:
        assert (await tx.execute(select(joined_household))).all() == []
    for query in (f"select counted_with('{household_id}')", f"select counted_as('{household_id}')"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with fund.database.transaction(clerk) as tx:
                await tx.execute(text(query))
    with pytest.raises(DBAPIError, match="row-level security"):
        async with fund.database.transaction(clerk) as tx:
            await tx.execute(joined_household.insert().values(household_id=new_id(), joined_to=new_id()))


async def test_a_clerk_elsewhere_sees_no_grant_of_the_person(fund: Fund) -> None:
    homeless_person_id, _ = somebody(fund)
    grant = ok(await fund.request_for_homeless(homeless_person_id))
    answer = await fund.http.get(f"/v1/grants/{grant['grant_id']}", headers=fund.as_(f"clerk-{OTHER_STREET}-1"))
    assert answer.status_code == 404
