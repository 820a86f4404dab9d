"""Saved comparisons between data sets: what they find, once; that it decides nothing (12.1.1)."""

import json
from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from tests.data_sharing.conftest import Service
from tests.data_sharing.deliveries import csv_file, deliver, number
from tests.data_sharing.test_base_registries import credit_code

from data_sharing.handlers.comparing import plan_comparisons
from data_sharing.rules.catalogue import load_packed
from data_sharing.rules.comparisons import ComparisonInvalid, load, read
from eligibility.rules import PARAMETERS, TOOLBOOK
from shared.auth import Role
from shared.events.data_sharing import ComparisonHitFound, ComparisonHitSettled, LeadReported
from shared.ids import new_id

pytestmark = pytest.mark.clause("12.1.1")

STREET = "420106009"
CATALOGUE = load_packed()
COMPARISONS = load(CATALOGUE)
PERSONS = "identity_number,name,birth_date,sex,street,death"


def person(sequence: int, death: str = "") -> str:
    return f"{number(sequence)},某样例,1977-05-12,M,{STREET},{death}"


async def registered(service: Service, *lines: str, as_of: str = "2022-10-09") -> None:
    await deliver(service, csv_file(PERSONS, *lines), rows=len(lines), data_set="household_register", as_of=as_of)


async def delivered(service: Service, data_set: str, field: str, by: str, *lines: tuple[int, Any]) -> None:
    """A file of one field; lists as JSON in a cell."""
    cells = [
        f'{number(sequence)},"{json.dumps(value).replace(chr(34), chr(34) * 2)}"'
        if isinstance(value, list)
        else f"{number(sequence)},{value}"
        for sequence, value in lines
    ]
    content = csv_file(f"identity_number,{field}", *cells)
    await deliver(service, content, rows=len(cells), data_set=data_set, by=by)


async def receiving(service: Service, *lines: tuple[int, list[str]]) -> None:
    """The register of benefits: who receives which policies."""
    rows = [(sequence, [{"policy": policy} for policy in policies]) for sequence, policies in lines]
    await delivered(service, "benefit_register", "receiving", "civil_affairs", *rows)


async def run(service: Service, code: str) -> dict[str, Any]:
    """The district has a comparison run; its newest run."""
    headers = service.mint.authorization("district-1", Role.DISTRICT_OFFICER) | {"Idempotency-Key": str(new_id())}
    started = await service.http.post(f"/v1/comparisons/{code}/runs", headers=headers)
    assert started.status_code == 202, started.text
    await service.run_due()
    runs: list[dict[str, Any]] = (await service.get(f"/v1/comparisons/{code}/runs", Role.AUDITOR)).json()["items"]
    return runs[0]


async def hits(service: Service, code: str, **wanted: str) -> list[dict[str, Any]]:
    query = "&".join(f"{name}={value}" for name, value in {"comparison": code, **wanted}.items())
    found: list[dict[str, Any]] = (await service.get(f"/v1/comparison-hits?{query}", Role.AUDITOR)).json()["items"]
    return found


async def settle(service: Service, hit_id: str, **body: str) -> httpx.Response:
    headers = service.mint.authorization("district-1", Role.DISTRICT_OFFICER) | {"Idempotency-Key": str(new_id())}
    said = {"outcome": "explained", "words": "已核实，系同名登记", **body}
    return await service.http.post(f"/v1/comparison-hits/{hit_id}/outcome", json=said, headers=headers)


def counts(found: dict[str, Any]) -> tuple[int, int, int]:
    return found["found"], found["new"], found["gone"]


async def test_who_died_and_is_paid_is_a_clue_and_nothing_is_decided(service: Service) -> None:
    await registered(service, person(1, "2022-08-01"), person(2, "2022-08-01"), person(3))
    await receiving(service, (1, ["dibao"]), (3, ["dibao"]))
    assert counts(await run(service, "dead_but_paid")) == (1, 1, 0)
    (hit,) = await hits(service, "dead_but_paid")
    assert (hit["state"], hit["street"], hit["lead_id"]) == ("open", STREET, None)
    assert "evidence" not in hit
    (told,) = await service.recorded(ComparisonHitFound)
    assert (str(told.hit_id), told.finds, told.street) == (hit["hit_id"], "clue", STREET)
    assert not [event for event in await service.recorded() if "benefit" in event.type]


@pytest.mark.clause("12.1.2")
async def test_every_run_and_every_look_is_on_the_ledger(service: Service) -> None:
    await registered(service, person(1, "2022-08-01"))
    await receiving(service, (1, ["dibao"]))
    await run(service, "dead_but_paid")
    (hit,) = await hits(service, "dead_but_paid")
    seen = await service.get(f"/v1/comparison-hits/{hit['hit_id']}", Role.AUDITOR, subject="auditor-1")
    assert seen.json()["evidence"] == {
        "household_register.death": ["2022-08-01"],
        "benefit_register.receiving": ["dibao"],
    }
    assert number(1) not in seen.text
    async with service.database.transaction() as tx:
        rows = await tx.execute(text("select subject, purpose, fields, person_ids from access order by access_id"))
        of_run, of_look = rows.all()
    assert (of_run.subject, of_run.purpose) == ("comparison:dead_but_paid", "comparison")
    assert of_run.fields == ["household_register.death", "benefit_register.receiving"]
    assert (of_look.subject, of_look.purpose, len(of_look.person_ids)) == ("auditor-1", "oversight", 1)


async def test_the_same_facts_are_one_hit_whatever_became_of_it(service: Service) -> None:
    await registered(service, person(1, "2022-08-01"))
    await receiving(service, (1, ["dibao"]))
    assert counts(await run(service, "dead_but_paid")) == (1, 1, 0)
    await service.pass_time(hours=1)
    assert counts(await run(service, "dead_but_paid")) == (1, 0, 0)
    (hit,) = await hits(service, "dead_but_paid")
    settled = await settle(service, hit["hit_id"])
    assert (settled.status_code, settled.json()["outcome"]) == (200, "explained")
    again = await settle(service, hit["hit_id"])
    assert (again.status_code, again.json()["code"]) == (409, "hit_not_open")
    await service.pass_time(hours=1)
    await run(service, "dead_but_paid")
    assert [one["state"] for one in await hits(service, "dead_but_paid")] == ["settled"]
    assert len(await service.recorded(ComparisonHitSettled)) == 1

    await registered(service, person(1, "2022-08-02"), as_of="2022-10-10")
    await service.pass_time(hours=1)
    assert counts(await run(service, "dead_but_paid")) == (1, 1, 0)
    assert [one["state"] for one in await hits(service, "dead_but_paid")] == ["open", "settled"]


async def test_a_hit_that_is_found_no_more_is_gone_and_can_come_back(service: Service) -> None:
    await registered(service, person(1, "2022-08-01"))
    await receiving(service, (1, ["dibao"]))
    await run(service, "dead_but_paid")
    for day, death, expected, state in (
        ("2022-10-10", "", (0, 0, 1), "gone"),
        ("2022-10-11", "2022-08-01", (1, 0, 0), "open"),
    ):
        await service.pass_time(days=1)
        # Another person in each file: the same file again would be the first delivery.
        await registered(service, person(1, death), person(int(day[-2:])), as_of=day)
        assert counts(await run(service, "dead_but_paid")) == expected
        (hit,) = await hits(service, "dead_but_paid")
        assert hit["state"] == state


@pytest.mark.parametrize(
    ("code", "policies", "is_hit"),
    [
        ("benefits_that_exclude_each_other", ["dibao", "tekun"], True),
        ("benefits_that_exclude_each_other", ["tekun", "severe_disability_nursing_allowance"], True),
        ("benefits_that_exclude_each_other", ["dibao", "severe_disability_nursing_allowance"], False),
        ("benefits_that_exclude_each_other", ["dibao"], False),
    ],
)
async def test_benefits_that_exclude_each_other(
    service: Service, code: str, policies: list[str], *, is_hit: bool
) -> None:
    await receiving(service, (1, policies), (2, ["dibao"]), (3, ["tekun"]))
    assert counts(await run(service, code)) == (int(is_hit), int(is_hit), 0)


async def test_a_car_over_the_limit(service: Service) -> None:
    cars = [(1, ["99999.99", "80000.00"]), (2, ["100000.00"]), (3, ["100000.01"]), (4, ["250000.00"])]
    rows = [(sequence, [{"value": worth} for worth in worths]) for sequence, worths in cars]
    await delivered(service, "vehicle_register", "vehicles", "public_security", *rows)
    await receiving(service, *((sequence, ["low_income_margin"]) for sequence in (1, 2, 3)), (4, ["dibao"]))
    assert counts(await run(service, "car_over_margin_limit")) == (1, 1, 0)
    assert counts(await run(service, "car_with_dibao")) == (1, 1, 0)


async def test_the_representative_of_a_company_that_goes_on(service: Service) -> None:
    goes_on, is_over = credit_code("91420199MA4K00001"), credit_code("91420199MA4K00002")
    entities = [f"{goes_on},甲公司,company,active,{number(1)}", f"{is_over},乙公司,company,deregistered,{number(2)}"]
    content = csv_file("credit_code,name,kind,state,representative", *entities)
    await deliver(service, content, rows=2, data_set="entity_register")
    await receiving(service, (1, ["dibao"]), (2, ["dibao"]))
    assert counts(await run(service, "company_with_dibao")) == (1, 1, 0)
    (hit,) = await hits(service, "company_with_dibao")
    detail = (await service.get(f"/v1/comparison-hits/{hit['hit_id']}", Role.DISTRICT_OFFICER)).json()
    assert detail["evidence"]["entity_register.representative"] == [goes_on]


@pytest.mark.clause("12.2", "6.1")
async def test_who_may_need_help_becomes_a_lead_for_the_street(service: Service) -> None:
    await registered(service, person(1), person(2), person(3), person(4))
    await delivered(service, "disability_register", "grade", "disabled_federation", (1, 1), (2, 2), (3, 3), (4, 1))
    await receiving(service, (2, ["severe_disability_nursing_allowance"]), (4, ["tekun"]))
    assert counts(await run(service, "severely_disabled_without_allowance")) == (1, 1, 0)
    (hit,) = await hits(service, "severely_disabled_without_allowance")
    lead = (await service.get(f"/v1/leads/{hit['lead_id']}", Role.STREET_CLERK, streets=[STREET])).json()
    assert (lead["match"], lead["troubles"], lead["street"]) == ("exact", ["disability"], STREET)
    assert (lead["reported"][0]["channel"], lead["reported"][0]["name"]) == ("comparison", None)
    assert lead["registered"] == {"name": "某*例", "birth_year": 1977, "street": STREET, "address": None}
    await service.pass_time(hours=1)
    await run(service, "severely_disabled_without_allowance")
    assert len(await service.recorded(LeadReported)) == 1


@pytest.mark.clause("12.1.2")
async def test_without_an_agreement_nothing_is_compared(service: Service) -> None:
    await registered(service, person(1, "2022-08-01"))
    await receiving(service, (1, ["dibao"]))
    async with service.database.transaction() as tx:
        suspend = "update agreement set state = 'suspended' where consumer = 'civil_affairs'"
        await tx.execute(text(suspend))
    refused = await run(service, "dead_but_paid")
    assert (refused["state"], refused["reason"], counts(refused)) == ("refused", "agreement_not_in_force", (0, 0, 0))
    assert await hits(service, "dead_but_paid") == []
    async with service.database.transaction() as tx:
        (entry,) = (await tx.execute(text("select outcome, reason from access"))).all()
    assert tuple(entry) == ("refused", "agreement_not_in_force")
    # What it holds itself, civil affairs compares without anybody's leave.
    assert (await run(service, "benefits_that_exclude_each_other"))["state"] == "completed"


async def test_a_data_set_that_nobody_delivered_is_not_an_empty_one(service: Service) -> None:
    """Without the register of benefits, everybody would be without their allowance."""
    await registered(service, person(1))
    await delivered(service, "disability_register", "grade", "disabled_federation", (1, 1))
    refused = await run(service, "severely_disabled_without_allowance")
    assert (refused["state"], refused["reason"]) == ("refused", "not_delivered:benefit_register")
    assert not await service.recorded(ComparisonHitFound)


async def test_comparisons_run_by_themselves_on_their_days(service: Service) -> None:
    await plan_comparisons(service.database, service.clock, COMPARISONS)
    await plan_comparisons(service.database, service.clock, COMPARISONS)
    listed = (await service.get("/v1/comparisons", Role.DISTRICT_OFFICER)).json()["items"]
    due = {one["comparison"]: one["next_run_at"] for one in listed}
    # Monday 2022-10-10, 10:00 in Wuhan: tomorrow, next Monday, the first of November, each at 03:00.
    assert due["dead_but_paid"] == "2022-10-10T19:00:00Z"
    assert due["car_with_dibao"] == "2022-10-16T19:00:00Z"
    assert due["company_with_dibao"] == "2022-10-31T19:00:00Z"
    await service.pass_time(days=3)
    runs = (await service.get("/v1/comparisons/dead_but_paid/runs", Role.AUDITOR)).json()["items"]
    assert len(runs) == 1, "what was missed is made up for once"
    after = (await service.get("/v1/comparisons", Role.DISTRICT_OFFICER)).json()["items"]
    assert {one["comparison"]: one["next_run_at"] for one in after}["dead_but_paid"] == "2022-10-13T19:00:00Z"


async def test_hits_come_in_pages(service: Service) -> None:
    await registered(service, *(person(at, "2022-08-01") for at in range(1, 6)))
    await receiving(service, *((at, ["dibao"]) for at in range(1, 6)))
    await run(service, "dead_but_paid")
    seen: list[str] = []
    cursor = ""
    while len(seen) < 5:
        page = (await service.get(f"/v1/comparison-hits?limit=2{cursor}", Role.AUDITOR)).json()
        seen += [one["hit_id"] for one in page["items"]]
        cursor = f"&before={page['next_cursor']}"
    assert len(set(seen)) == 5


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"where": [{"field": "household_register.wage", "is": "recorded"}]}, "no file has the field"),
        ({"where": [{"field": "nowhere.death", "is": "recorded"}]}, "no file has the field"),
        ({"where": [{"field": "household_register.death", "at_most": 2}]}, "cannot be asked"),
        ({"where": [{"field": "household_register.death"}]}, "cannot be asked"),
        ({"where": [{"field": "disability_register.grade", "at_most": "two"}]}, "cannot be asked"),
        ({"where": [{"field": "benefit_register.receiving", "together": [["dibao"]]}]}, "cannot be asked"),
        ({"where": [{"field": "benefit_register.receiving", "none_of": ["dibao"]}]}, "nobody is found"),
        ({"finds": "decision"}, "none of those"),
        ({"every": "minute"}, "none of those"),
        ({"told": ["disability"]}, "a lead names its troubles"),
        ({"finds": "lead", "told": ["bad_luck"]}, "a lead names its troubles"),
        ({"title": None, "basis": None, "where": None}, "TypeError"),
    ],
)
def test_a_definition_that_does_not_fit_the_catalogue_is_refused(change: dict[str, Any], says: str) -> None:
    sound = {
        "title": "某比对",
        "basis": "某规定",
        "finds": "clue",
        "every": "day",
        "where": [{"field": "household_register.death", "is": "recorded"}],
    }
    assert read({"mine": sound}, CATALOGUE)["mine"].fields == ("household_register.death",)
    with pytest.raises(ComparisonInvalid, match=says) as refused:
        read({"mine": sound | change}, CATALOGUE)
    assert str(refused.value).startswith("mine: ")


def test_limits_and_policies_are_those_of_the_toolbook() -> None:
    limit = PARAMETERS.value("margin_vehicle_value_at_most", on=date(2022, 10, 10)).value
    (above,) = [one.value for one in COMPARISONS["car_over_margin_limit"].where if one.test == "dearest_above"]
    assert float(above) == float(str(limit))
    policies = {policy.id for policy in TOOLBOOK.policies}
    for comparison in COMPARISONS.values():
        for condition in comparison.where:
            named = condition.value if condition.test in {"any_of", "none_of"} else []
            named = [one for group in condition.value for one in group] if condition.test == "together" else named
            assert set(named) <= policies, comparison.code


async def test_digits_of_full_width_are_rejected_and_stop_no_comparison(service: Service) -> None:
    cars: Any = [(1, [{"value": "250000.00"}]), (2, [{"value": "１２００００"}])]
    await delivered(service, "vehicle_register", "vehicles", "public_security", *cars)
    await receiving(service, (1, ["low_income_margin"]), (2, ["low_income_margin"]))
    assert counts(await run(service, "car_over_margin_limit")) == (1, 1, 0)
