"""Population snapshots: what screening may know of everybody, without who they are (6.1, 12.1.1)."""

import asyncio
import hashlib
import io
import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import text
from tests.data_sharing.conftest import Service
from tests.data_sharing.deliveries import csv_file, deliver, number

from eligibility.rules import PARAMETERS, assess
from eligibility.rules.facts.snapshot import read_snapshot
from eligibility.rules.screening import screen
from shared.auth import Role
from shared.ids import new_id

pytestmark = [pytest.mark.clause("12.1.1"), pytest.mark.clause("6.1")]

STREET = "420106009"
PERSONS = "identity_number,name,birth_date,sex,registration,street,address,death"
# Sequence, birth, sex: a couple with a child; an old man alone; two whom no household is known of; a dead man.
PEOPLE = ((1, "1977-05-12", "M"), (2, "1979-08-03", "F"), (3, "2010-03-21", "M"), (4, "1940-01-31", "M"),
          (5, "1990-02-28", "F"), (6, "1950-06-01", "M"))  # fmt: skip
DEAD = 6


@pytest.fixture
def further_settings(tmp_path: Path) -> dict[str, Any]:
    return {"snapshot_directory": tmp_path / "snapshots"}


def identity(sequence: int) -> str:
    born = next(birth for at, birth, _ in PEOPLE if at == sequence)
    return number(sequence, date.fromisoformat(born))


async def file_of(service: Service, data_set: str, columns: str, by: str, *lines: tuple[int, str]) -> None:
    content = csv_file(f"identity_number,{columns}", *(f"{identity(at)},{cells}" for at, cells in lines))
    await deliver(service, content, rows=len(lines), data_set=data_set, by=by)


def cell(value: Any) -> str:
    """JSON in a CSV cell."""
    return '"' + json.dumps(value).replace('"', '""') + '"'


async def delivered(service: Service) -> None:
    """What departments know of these six."""
    lines = [
        f"{identity(at)},某样例,{born},{sex},420106:urban,{STREET},白沙洲示例路1号,{'2022-08-01' if at == DEAD else ''}"
        for at, born, sex in PEOPLE
    ]
    await deliver(service, csv_file(PERSONS, *lines), rows=len(lines), data_set="household_register")
    await file_of(
        service, "household_composition", "household_number,relation_to_head", "public_security",
        (1, "H-1,户主"), (2, "H-1,妻"), (3, "H-1,儿子"), (4, "H-2,户主"), (6, "H-2,兄弟"),
    )  # fmt: skip
    await file_of(service, "individual_income", "wage", "tax", (1, "2000.00"))
    await file_of(service, "employment_register", "status,since", "human_resources", (1, "employed,2015-01-01"))
    await file_of(service, "pension_register", "pension", "human_resources", (4, "500.50"))
    await file_of(service, "real_estate", "homes", "housing", (1, "1"), (4, "0"))
    await file_of(service, "school_register", "stage,home_teaching", "education", (3, "primary,false"))
    await file_of(
        service,
        "vehicle_register",
        "vehicles",
        "public_security",
        (2, cell([{"value": "30000.00"}, {"value": "5000.50"}])),
    )
    receiving = [{"policy": "dibao", "monthly_amount": "910.00"}]
    await file_of(service, "benefit_register", "receiving", "civil_affairs", (4, cell(receiving)))


async def ask(service: Service) -> dict[str, Any]:
    """eligibility has a snapshot made; how it stands in the end."""
    asked = await service.http.post(
        "/v1/snapshots", headers=as_eligibility(service) | {"Idempotency-Key": str(new_id())}
    )
    assert asked.status_code == 202, asked.text
    await service.run_due()
    answer = await service.http.get(f"/v1/snapshots/{asked.json()['snapshot_id']}", headers=as_eligibility(service))
    document: dict[str, Any] = answer.json()
    return document


async def download(service: Service, snapshot_id: str) -> Any:
    return await service.http.get(f"/v1/snapshots/{snapshot_id}/file", headers=as_eligibility(service))


def as_eligibility(service: Service) -> dict[str, str]:
    return service.mint.authorization("eligibility", Role.SERVICE, client_id="eligibility")


async def test_everybody_in_a_household_is_in_it_and_nobody_is_named(service: Service) -> None:
    await delivered(service)
    made = await ask(service)
    assert (made["state"], made["persons"], made["households"], made["left_out"]) == ("ready", 4, 2, 1)
    answer = await download(service, made["snapshot_id"])
    assert answer.status_code == 200
    assert hashlib.sha256(answer.content).hexdigest() == made["sha256"]
    assert len(answer.content) == made["size_bytes"]
    for at, _, _ in PEOPLE:
        assert identity(at).encode() not in answer.content
    rows = pl.read_parquet(io.BytesIO(answer.content))
    shown = " ".join(str(value) for row in rows.rows() for value in row)
    assert not any(secret in shown for secret in ("某样例", "示例路", "H-1", "H-2"))
    (family,) = (group for _, group in rows.group_by("household_id") if len(group) == 3)
    assert sorted(family["relation"]) == ["applicant", "child", "spouse"]
    (earner,) = family.filter(pl.col("relation") == "applicant").to_dicts()
    assert (earner["wage"], earner["employment"], earner["birth_date"]) == (200_000, "employed", date(1977, 5, 12))
    # Known of some members alone: at least so much, and not nothing.
    assert (earner["homes"], earner["homes_low"]) == (None, 1)
    assert (earner["vehicles"], earner["vehicles_low"], earner["dearest_vehicle_low"]) == (None, 2, 3_000_000)
    assert (earner["receives_dibao"], earner["receiving"]) == (False, [])
    (old,) = (group.to_dicts()[0] for _, group in rows.group_by("household_id") if len(group) == 1)
    assert (old["pension"], old["homes"], old["wage"]) == (50_050, 0, None)
    assert (old["receives_dibao"], old["dibao_monthly"], old["receiving"]) == (True, 91_000, ["dibao"])


async def test_screening_reads_it_and_finds_what_the_rules_find_of_the_same_household(service: Service) -> None:
    await delivered(service)
    made = await ask(service)
    answer = await download(service, made["snapshot_id"])
    on = date(2022, 10, 10)
    snapshot = read_snapshot(io.BytesIO(answer.content), on)
    assert snapshot.rejected.is_empty(), snapshot.rejected
    found = screen(snapshot, PARAMETERS)
    reviewed = set(found.reviews["policy"]) | set(found.leads["policy"])
    alone = {
        "street": STREET,
        "members": [
            {
                "id": "p1",
                "relation": "applicant",
                "birth_date": "1940-01-31",
                "sex": "M",
                "registration": {"region": "420106", "kind": "urban"},
                "income": [{"kind": "pension", "monthly": "500.50"}],
            }
        ],
        "assets": {"homes": 0},
        "receiving": [{"policy": "dibao", "monthly_amount": "910.00"}],
    }
    told = assess(alone, on).as_json()["policies"]
    decided = {policy for policy, said in told.items() if said["eligible"] is True}
    of_old = {row["policy"] for row in found.leads.to_dicts() if row["household_id"] in _alone(answer.content)}
    assert of_old <= decided, "a lead of the population is a right of the household"
    assert reviewed or of_old or found.undecided, "the screening looked at somebody"


def _alone(content: bytes) -> set[str]:
    rows = pl.read_parquet(io.BytesIO(content))
    return {group["household_id"][0] for _, group in rows.group_by("household_id") if len(group) == 1}


async def test_two_snapshots_cannot_be_joined(service: Service) -> None:
    await delivered(service)
    ids: set[str] = set()
    for _ in range(2):
        made = await ask(service)
        rows = pl.read_parquet(io.BytesIO((await download(service, made["snapshot_id"])).content))
        both = set(rows["household_id"]) | set(rows["person_id"])
        assert len(both) == 6
        assert not ids & both
        ids |= both


@pytest.mark.clause("12.1.2")
async def test_it_is_built_under_agreements_and_every_look_is_on_the_ledger(service: Service) -> None:
    await delivered(service)
    made = await ask(service)
    await download(service, made["snapshot_id"])
    async with service.database.transaction() as tx:
        await tx.execute(
            text("update agreement set state = 'suspended' where purpose = 'screening' and provider = 'tax'")
        )
    refused = await ask(service)
    assert (refused["state"], refused["reason"]) == ("refused", "agreement_not_in_force")
    assert (await download(service, refused["snapshot_id"])).status_code == 409
    async with service.database.transaction() as tx:
        rows = await tx.execute(
            text(
                "select outcome, reason, cardinality(fields) from access where purpose = 'screening' order by access_id"
            )
        )
        entries = [tuple(row) for row in rows]
    assert [entry[:2] for entry in entries] == [
        ("answered", None),
        ("answered", None),
        ("refused", "agreement_not_in_force"),
    ]
    assert all(entry[2] > 15 for entry in entries)


async def test_what_must_be_known_and_is_not_delivered_is_named(service: Service) -> None:
    refused = await ask(service)
    assert (refused["state"], refused["reason"]) == ("refused", "not_delivered:benefit_register")


async def test_the_file_goes_when_its_days_are_over(service: Service, further_settings: dict[str, Any]) -> None:
    await delivered(service)
    made = await ask(service)
    directory = str(further_settings["snapshot_directory"])
    assert await asyncio.to_thread(os.listdir, directory) == [f"{made['snapshot_id']}.parquet"]
    await service.pass_time(days=7, seconds=1)
    assert await asyncio.to_thread(os.listdir, directory) == []
    gone = await download(service, made["snapshot_id"])
    assert (gone.status_code, gone.json()["code"]) == (409, "snapshot_not_ready")


async def test_only_screening_and_the_district_have_it(service: Service) -> None:
    for client in ("intake", "data-sharing"):
        headers = service.mint.authorization(client, Role.SERVICE, client_id=client)
        assert (await service.http.get("/v1/snapshots", headers=headers)).status_code == 403
    assert (await service.get("/v1/snapshots", Role.DISTRICT_OFFICER)).status_code == 200
    assert (await service.get("/v1/snapshots", Role.STREET_CLERK, streets=[STREET])).status_code == 403


async def test_who_asks_twice_gets_the_one_that_is_being_made(service: Service) -> None:
    first, second = [
        (
            await service.http.post(
                "/v1/snapshots", headers=as_eligibility(service) | {"Idempotency-Key": str(new_id())}
            )
        ).json()
        for _ in range(2)
    ]
    assert first == second


async def test_digits_of_full_width_are_rejected_and_stop_no_snapshot(service: Service) -> None:
    await delivered(service)
    await file_of(service, "pension_register", "pension", "human_resources", (4, "５００.50"), (1, "1.00"))
    assert (await ask(service))["state"] == "ready"


async def test_a_car_of_unknown_worth_is_not_a_car_worth_nothing(service: Service) -> None:
    await delivered(service)
    await file_of(service, "vehicle_register", "vehicles", "public_security", (4, cell([{"value": None}])))
    old = await alone(service)
    assert (old["vehicles"], old["dearest_vehicle"]) == (1, None)


async def test_a_dibao_of_unknown_amount_is_not_a_dibao_of_nothing(service: Service) -> None:
    await delivered(service)
    unknown = [{"policy": "dibao", "monthly_amount": None}]
    await file_of(service, "benefit_register", "receiving", "civil_affairs", (4, cell(unknown)))
    old = await alone(service)
    assert (old["receives_dibao"], old["dibao_monthly"]) == (True, None)


async def alone(service: Service) -> dict[str, Any]:
    """The old man, in a snapshot that is made now."""
    made = await ask(service)
    rows = pl.read_parquet(io.BytesIO((await download(service, made["snapshot_id"])).content))
    (old,) = (group.to_dicts()[0] for _, group in rows.group_by("household_id") if len(group) == 1)
    return old
