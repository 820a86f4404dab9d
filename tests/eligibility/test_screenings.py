"""A population is screened: who is entitled and not covered becomes a lead, once; bad rows go aside."""

import base64
import hashlib
import io
from datetime import date, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import httpx
import polars as pl
import pytest
from sqlalchemy import text
from tests.eligibility.snapshots import table_of

from doudi.population import make_population
from eligibility.handlers.screenings import REST, SCREEN_JOB, tell_page
from eligibility.jobs import JOBS
from eligibility.rules.facts.contract import read_facts
from shared.auth import Role
from shared.deadlines import Work
from shared.events.eligibility import LeadFound, ReviewSuggested
from shared.testing import problem_code, run_due

TODAY = date(2022, 10, 10)
POOR, COVERED, NO_LONGER_POOR, UNSURE = (f"00000000-0000-7000-8000-00000000000{number}" for number in range(1, 5))
STREET = "420106009"


def member(wage: str | None, **facts: Any) -> dict[str, Any]:
    return {
        "id": "p1",
        "relation": "applicant",
        "birth_date": "1980-01-01",
        "registration": {"region": "420106", "kind": "urban"},
        "employment": {"status": "employed"},
        "income": [{"kind": "wage", "monthly": wage}],
        **facts,
    }


def snapshot(*, wages: dict[str, str | None] | None = None) -> pl.DataFrame:
    """Four households of one person each; two of them receive dibao."""
    wages = wages or {POOR: "500.00", COVERED: "500.00", NO_LONGER_POOR: "9000.00", UNSURE: None}
    facts = {
        household_id: read_facts({"street": STREET, "members": [member(wage)]}, TODAY)
        for household_id, wage in wages.items()
    }
    everything = ["dibao", "medical_assistance", "premium_subsidy", "legal_aid", "public_rental_housing"]
    receiving = {f"{COVERED}.p1": [*everything, "family_doctor", "worker_file", "worker_aid"]}
    return table_of(facts, {**receiving, f"{NO_LONGER_POOR}.p1": ["dibao"]})


def file_of(table: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    return buffer.getvalue()


async def announce(eligibility: Any, content: bytes, *, parts: int = 1, as_of: date = TODAY) -> httpx.Response:
    body = {"as_of": str(as_of), "snapshot_sha256": hashlib.sha256(content).hexdigest(), "parts": parts}
    answer: httpx.Response = await eligibility.post("/v1/screenings", body, Role.DISTRICT_OFFICER)
    return answer


async def send_part(eligibility: Any, screening_id: str, number: int, content: bytes) -> httpx.Response:
    answer: httpx.Response = await eligibility.http.put(
        f"/v1/screenings/{screening_id}/parts/{number}",
        json={"content": base64.b64encode(content).decode()},
        headers=eligibility.authorization(Role.DISTRICT_OFFICER),
    )
    return answer


async def screened(eligibility: Any, table: pl.DataFrame, *, as_of: date = TODAY) -> dict[str, Any]:
    """The whole way: announce, send, work. What the screening says in the end."""
    content = file_of(table)
    screening_id = (await announce(eligibility, content, as_of=as_of)).json()["screening_id"]
    await send_part(eligibility, screening_id, 1, content)
    await eligibility.run_due()
    return await read(eligibility, screening_id)


async def read(eligibility: Any, screening_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await eligibility.get(f"/v1/screenings/{screening_id}", Role.DISTRICT_OFFICER)).json()
    return found


async def findings(eligibility: Any, **query: Any) -> list[dict[str, Any]]:
    address = "/v1/findings?" + "&".join(f"{key}={value}" for key, value in query.items())
    answer = await eligibility.get(address, Role.STREET_CLERK)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.clause("6.1")
async def test_who_is_entitled_and_not_covered_becomes_a_lead_and_never_a_grant(eligibility: Any) -> None:
    found = await screened(eligibility, snapshot())
    assert (found["state"], found["percent"], found["persons"], found["households"]) == ("completed", 100.0, 4, 4)
    assert found["undecided_households"] == 1
    leads = await findings(eligibility, kind="lead", policy="dibao")
    assert [(lead["household_id"], lead["persons"]) for lead in leads] == [(POOR, [f"{POOR}.p1"])]
    assert leads[0]["clause"] == "2.1.2"
    assert leads[0]["reason"].startswith("符合：最低生活保障")
    told = await eligibility.recorded(LeadFound)
    (about_poor,) = [event for event in told if event.household_id == UUID(POOR)]
    assert {"dibao", "medical_assistance"} <= set(about_poor.policies)
    assert not [event for event in told if event.household_id == UUID(COVERED) and "dibao" in event.policies]
    benefits = await eligibility.get(f"/v1/households/{POOR}/benefits", Role.DISTRICT_OFFICER)
    assert benefits.json()["items"] == []


@pytest.mark.clause("6.1")
async def test_who_may_have_lost_the_ground_becomes_a_review(eligibility: Any) -> None:
    await screened(eligibility, snapshot())
    (review,) = await findings(eligibility, kind="review")
    assert (review["household_id"], review["policy"]) == (NO_LONGER_POOR, "dibao")
    assert "不成立：" in review["reason"]
    assert [event.policies for event in await eligibility.recorded(ReviewSuggested)] == [("dibao",)]


@pytest.mark.clause("6.1")
async def test_the_same_snapshot_is_the_same_screening(eligibility: Any) -> None:
    first = await screened(eligibility, snapshot())
    again = await announce(eligibility, file_of(snapshot()))
    assert (again.status_code, again.json()["screening_id"]) == (200, first["screening_id"])
    assert again.json()["state"] == "completed"


@pytest.mark.clause("6.1")
async def test_a_second_run_gives_no_second_lead(eligibility: Any) -> None:
    first = await screened(eligibility, snapshot())
    assert first["leads"] > 0
    eligibility.clock.advance(timedelta(days=1))
    second = await screened(eligibility, snapshot(), as_of=TODAY + timedelta(days=1))
    assert second["screening_id"] != first["screening_id"]
    assert (second["leads"], second["reviews"]) == (0, 0)
    told = [event.household_id for event in await eligibility.recorded(LeadFound)]
    assert len(told) == len(set(told))


@pytest.mark.clause("6.1")
async def test_a_closed_finding_rests_for_a_while(eligibility: Any) -> None:
    await screened(eligibility, snapshot())
    (lead,) = await findings(eligibility, kind="lead", policy="dibao")
    body = {"outcome": "declined", "note": "家庭表示暂不申请"}
    path = f"/v1/findings/{lead['finding_id']}/outcome"
    closed = await eligibility.post(path, body, Role.STREET_CLERK)
    assert (closed.status_code, closed.json()["state"], closed.json()["outcome"]) == (200, "closed", "declined")
    assert problem_code(await eligibility.post(path, body, Role.STREET_CLERK)) == "finding_closed"
    for days, again in ((1, 0), (REST.days + 1, 1)):
        day = TODAY + timedelta(days=days)
        eligibility.clock.advance(timedelta(days=days))
        await screened(eligibility, snapshot(), as_of=day)
        assert len(await findings(eligibility, kind="lead", policy="dibao")) == again


@pytest.mark.clause("6.1")
async def test_bad_rows_go_aside_with_their_reason_and_the_totals_add_up(eligibility: Any) -> None:
    table = snapshot()
    table = table.with_columns(wage=pl.when(pl.col("household_id") == COVERED).then(-1).otherwise(pl.col("wage")))
    found = await screened(eligibility, table)
    assert (found["persons"], found["rejected_rows"], found["state"]) == (3, 1, "completed")
    path = f"/v1/screenings/{found['screening_id']}/rejected-rows"
    page = (await eligibility.get(path, Role.AUDITOR)).json()
    assert page["next_line"] is None
    (line,) = page["items"]
    assert (line["row"], line["household_id"], line["column"], line["found"]) == (1, COVERED, "wage", "-1")


async def test_a_snapshot_that_cannot_be_used_is_refused_with_the_reason(eligibility: Any) -> None:
    found = await screened(eligibility, snapshot().drop("receiving"))
    assert found["state"] == "refused"
    assert found["problems"] == ["receiving: the column is missing: who receives what decides what is a lead"]
    ids = snapshot().with_columns(household_id=pl.col("household_id").str.replace("^0+", "h"))
    assert "expected a UUID" in (await screened(eligibility, ids))["problems"][0]


async def test_parts_come_in_any_order_and_twice(eligibility: Any) -> None:
    content = file_of(snapshot())
    half = len(content) // 2
    screening_id = (await announce(eligibility, content, parts=2)).json()["screening_id"]
    for number, part in ((2, content[half:]), (2, content[half:])):
        answer = await send_part(eligibility, screening_id, number, part)
        assert (answer.json()["state"], answer.json()["parts_received"]) == ("receiving", 1)
    assert problem_code(await send_part(eligibility, screening_id, 3, b"more")) == "no_such_part"
    assert (await send_part(eligibility, screening_id, 1, content[:half])).json()["state"] == "queued"
    await eligibility.run_due()
    assert (await read(eligibility, screening_id))["state"] == "completed"


async def test_what_is_not_what_was_announced_is_refused(eligibility: Any) -> None:
    content = file_of(snapshot())
    screening_id = (await announce(eligibility, content)).json()["screening_id"]
    answer = await send_part(eligibility, screening_id, 1, content + b"more")
    assert answer.json()["state"] == "refused"
    assert "摘要不一致" in answer.json()["problems"][0]


@pytest.mark.clause("6.1")
async def test_a_run_that_is_cut_off_goes_on_where_it_was(eligibility: Any) -> None:
    """A page whose process dies is told by the next one; none is told twice."""
    table = make_population(persons=2_500, seed=3, on=TODAY)
    content = file_of(table)
    screening_id = (await announce(eligibility, content)).json()["screening_id"]
    await send_part(eligibility, screening_id, 1, content)
    attempts = count()

    async def cut_off(work: Work, clients: Any) -> None:
        if work.payload and next(attempts) % 2 == 0:
            async with work.transaction() as tx:
                await tell_page(tx, screening_id=UUID(screening_id), now=work.now)
                raise ConnectionError
        await JOBS[SCREEN_JOB](work, clients)

    for _ in range(40):
        await run_due(eligibility.database, eligibility.clock, {**JOBS, SCREEN_JOB: cut_off}, eligibility.clients)
        async with eligibility.database.transaction() as tx:
            await tx.execute(text("update deadline set blocked_until = null"))
    found = await read(eligibility, screening_id)
    assert (found["state"], found["persons"]) == ("completed", 2_500)
    async with eligibility.database.transaction() as tx:
        rows = (await tx.execute(text("select household_id, kind, policy from finding"))).all()
        left = (await tx.execute(text("select count(*) from screening_part"))).scalar_one()
    assert len(rows) == len(set(rows)) == found["leads"] + found["reviews"] > 1_000
    assert left == 0, "nothing of the snapshot stays"


async def test_a_finding_is_seen_in_its_street_alone(eligibility: Any) -> None:
    await screened(eligibility, snapshot())
    elsewhere = await eligibility.get("/v1/findings", Role.STREET_CLERK, streets=("420106010",))
    assert elsewhere.json()["items"] == []
    assert (await eligibility.get("/v1/screenings", Role.STREET_CLERK)).status_code == 403


async def test_findings_are_read_in_pages(eligibility: Any) -> None:
    await screened(eligibility, snapshot())
    everything = [one["finding_id"] for one in await findings(eligibility)]
    seen: list[str] = []
    after = None
    while True:
        address = f"/v1/findings?limit=2{f'&after={after}' if after else ''}"
        page = (await eligibility.get(address, Role.DISTRICT_OFFICER)).json()
        seen += [one["finding_id"] for one in page["items"]]
        after = page["next_after"]
        if after is None:
            break
    assert seen == everything
    assert len(seen) > 2
