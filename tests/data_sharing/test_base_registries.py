"""The base registries of persons and legal entities: what held when, from one delivery to the next (12.1.1)."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from stdnum.cn import uscc
from tests.data_sharing.conftest import FATHER, Service
from tests.data_sharing.deliveries import csv_file, current, deliver, number, rejects

from shared.auth import Role

pytestmark = pytest.mark.clause("12.1.1")

PERSONS = "identity_number,name,birth_date,sex,registration,street,community,address,death"
ENTITIES = "credit_code,name,kind,state,representative"
HOME = "420106009,420106009001,白沙洲示例路1号"
LI = f"{number(1)},李,1977-05-12,F,420106:urban,{HOME},"
MOVED = f"{number(1)},李,1977-05-12,F,420106:urban,420106005,,粮道示例路2号,"
DEAD = f"{number(1)},李,1977-05-12,F,420106:urban,420106005,,粮道示例路2号,2022-10-08"
WANG = f"{number(2)},王样例,1980-02-29,M,,,,,"


def credit_code(begin: str) -> str:
    """A made-up unified social credit code of the region that is nobody's."""
    return begin + str(uscc.calc_check_digit(begin + "0"))


SHOP = credit_code("91420199MA4K00001")
SCHOOL = credit_code("12420199MB0K00002")


async def persons(service: Service, as_of: str, *lines: str) -> dict[str, Any]:
    return await deliver(
        service, csv_file(PERSONS, *lines), rows=len(lines), data_set="household_register", as_of=as_of
    )


async def entities(service: Service, as_of: str, *lines: str) -> dict[str, Any]:
    return await deliver(service, csv_file(ENTITIES, *lines), rows=len(lines), data_set="entity_register", as_of=as_of)


async def history(service: Service, identity_number: str) -> list[dict[str, Any]]:
    """All versions of a person, the oldest first, in plain text."""
    cipher = service.means.cipher
    index = cipher.blind_index(identity_number, field="person.identity_index")
    async with service.database.transaction() as tx:
        rows = await tx.execute(
            text(
                "select version.* from person_version as version join person using (person_id)"
                " where identity_index = :index order by valid_from"
            ),
            {"index": index},
        )
        found = [dict(row) for row in rows.mappings()]
    for version in found:
        version["name"] = cipher.decrypt(version["name"], field="person_version.name")
        if version["address"] is not None:
            version["address"] = cipher.decrypt(version["address"], field="person_version.address")
    return found


def periods(found: list[dict[str, Any]]) -> list[tuple[date, date | None]]:
    return [(version["valid_from"], version["valid_until"]) for version in found]


async def test_three_deliveries_make_the_history_of_a_person(service: Service) -> None:
    await persons(service, "2022-10-01", LI, WANG)
    await persons(service, "2022-10-05", MOVED, WANG)
    last = await persons(service, "2022-10-09", DEAD)
    days = date(2022, 10, 1), date(2022, 10, 5), date(2022, 10, 9)
    found = await history(service, number(1))
    assert periods(found) == [(days[0], days[1]), (days[1], days[2]), (days[2], None)]
    assert [version["street"] for version in found] == ["420106009", "420106005", "420106005"]
    assert [version["address"] for version in found] == ["白沙洲示例路1号", "粮道示例路2号", "粮道示例路2号"]
    assert [version["died_on"] for version in found] == [None, None, date(2022, 10, 8)]
    newest = found[-1]
    assert (newest["name"], newest["sex"], newest["birth_date"]) == ("李", "F", date(1977, 5, 12))
    assert (newest["registration_region"], newest["registration_kind"]) == ("420106", "urban")
    assert str(newest["batch_id"]) == last["batch_id"]
    assert newest["name_index"] == service.means.cipher.blind_index("李", field="person_version.name")
    # Wang is the same throughout and missing from the last file: nobody is gone because a file does not name them.
    assert periods(await history(service, number(2))) == [(days[0], None)]
    assert await current(service, "household_register") == [
        (
            1,
            {
                "birth_date": "1977-05-12",
                "sex": "F",
                "registration": {"region": "420106", "kind": "urban"},
                "death": "2022-10-08",
            },
        )
    ]


async def test_a_second_delivery_of_one_day_corrects_it(service: Service) -> None:
    await persons(service, "2022-10-01", LI)
    await persons(service, "2022-10-05", MOVED)
    await persons(service, "2022-10-05", DEAD)
    found = await history(service, number(1))
    assert periods(found) == [(date(2022, 10, 1), date(2022, 10, 5)), (date(2022, 10, 5), None)]
    assert found[-1]["died_on"] == date(2022, 10, 8)


async def test_a_person_who_was_declared_before_is_the_same_person(service: Service) -> None:
    await service.open()
    await persons(service, "2022-10-01", f"{FATHER['identity_number']},张测试,1977-05-12,M,,,,,")
    async with service.database.transaction() as tx:
        counted = await tx.execute(text("select count(*), count(distinct identity_index) from person"))
        assert tuple(counted.one()) == (3, 3)
    assert len(await history(service, str(FATHER["identity_number"]))) == 1


async def test_the_number_of_a_new_person_is_kept_encrypted(service: Service) -> None:
    await persons(service, "2022-10-01", LI)
    async with service.database.transaction() as tx:
        row = (await tx.execute(text("select * from person"))).one()
        assert (await tx.execute(text("select count(*) from person_delivery"))).scalar() == 0
    assert service.means.cipher.decrypt(row.identity_number, field="person.identity_number") == number(1)
    assert service.means.cipher.decrypt(row.name, field="person.name") == "李"


async def test_a_person_stands_once_in_a_household_register(service: Service) -> None:
    batch = await persons(service, "2022-10-01", LI, WANG, MOVED, f"{number(3)},,1980-01-01,X,here,1,,,2022-13-01")
    found = await rejects(service, batch)
    assert found[3] == ["row:repeated"]
    assert sorted(found[4]) == [
        "death:unusable",
        "name:missing",
        "registration:unusable",
        "sex:unusable",
        "street:unusable",
    ]
    assert [version["street"] for version in await history(service, number(1))] == ["420106009"]


async def test_a_register_that_is_refused_leaves_no_trace_in_the_registry(service: Service) -> None:
    batch = await deliver(service, csv_file(PERSONS, LI), rows=2, data_set="household_register", as_of="2022-10-01")
    assert batch["state"] == "refused"
    assert await history(service, number(1)) == []
    async with service.database.transaction() as tx:
        assert (await tx.execute(text("select count(*) from person_delivery"))).scalar() == 0


async def test_deliveries_make_the_history_of_a_legal_entity(service: Service) -> None:
    await entities(
        service,
        "2022-10-01",
        f"{SHOP},示例商贸有限公司,company,active,{number(1)}",
        f"{SCHOOL},示例学校,public_institution,active,",
    )
    await entities(
        service,
        "2022-10-05",
        f"{SHOP},示例商贸有限公司,company,revoked,{number(1)}",
        f"{SCHOOL},示例学校,public_institution,active,",
    )
    await entities(service, "2022-10-09", f"{SHOP},示例商贸有限公司,company,revoked,")
    shop = (await service.get(f"/v1/registries/legal-entities/{SHOP}", Role.AUDITOR)).json()
    assert [(version["valid_from"], version["valid_until"], version["state"]) for version in shop["versions"]] == [
        ("2022-10-09", None, "revoked"),
        ("2022-10-05", "2022-10-09", "revoked"),
        ("2022-10-01", "2022-10-05", "active"),
    ]
    school = (await service.get(f"/v1/registries/legal-entities/{SCHOOL}", Role.DISTRICT_OFFICER)).json()
    assert [version["valid_until"] for version in school["versions"]] == [None]
    async with service.database.transaction() as tx:
        rows = await tx.execute(
            text("select representative_index from legal_entity_version where credit_code = :code order by valid_from"),
            {"code": SHOP},
        )
        index = service.means.cipher.blind_index(number(1), field="person.identity_index")
        assert list(rows.scalars()) == [index, index, None]
    assert number(1) not in str(await current(service, "entity_register"))


async def test_a_credit_code_is_checked(service: Service) -> None:
    wrong = SHOP[:-1] + ("1" if SHOP[-1] != "1" else "2")
    batch = await entities(
        service,
        "2022-10-01",
        f"{wrong},示例商贸有限公司,company,active,",
        f"91-{SHOP[2:]},示例商贸有限公司,company,active,",
        f"{SHOP},示例商贸有限公司,shop,gone,{number(1)[:17]}",
        f"{SHOP.lower()},示例商贸有限公司,company,active,",
    )
    assert (batch["loaded_rows"], await rejects(service, batch)) == (
        1,
        {
            1: ["credit_code:unusable"],
            2: ["credit_code:unusable"],
            3: ["kind:unusable", "state:unusable", "representative:unusable"],
        },
    )
    missing = await service.get(f"/v1/registries/legal-entities/{wrong}", Role.AUDITOR)
    assert missing.status_code == 404


async def test_many_new_persons_are_taken_over_some_at_a_time(service: Service) -> None:
    """A million of them take longer than a job may. The delivery after it waits until all are taken over."""
    loader = replace(service.means.loader, piece_bytes=100, step_persons=3)
    service.means = replace(service.means, loader=loader)
    lines = [f"{number(at)},某样例,1977-05-12,M,420106:urban,{HOME}," for at in range(11, 21)]
    moved = [line.replace("420106009,420106009001,白沙洲示例路1号", "420106005,,粮道示例路2号") for line in lines]
    first = await persons(service, "2022-10-08", *lines)
    second = await persons(service, "2022-10-09", *moved)
    assert (first["state"], second["state"]) == ("published", "published")
    for at in range(11, 21):
        versions = await history(service, number(at))
        assert [(one["street"], one["valid_until"]) for one in versions] == [
            ("420106009", date(2022, 10, 9)),
            ("420106005", None),
        ]
    async with service.database.transaction() as tx:
        assert (await tx.execute(text("select count(*) from person_delivery"))).scalar_one() == 0
