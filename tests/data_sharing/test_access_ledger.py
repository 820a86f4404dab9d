"""The access ledger: who looked at whose data and why; nobody can change it; residents read their own."""

from datetime import date
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.auth import Role
from shared.database import Database
from shared.events.data_sharing import PersonalDataAccessed
from shared.testing import SEAL_KEY, identity_number, let_in

NEIGHBOUR = identity_number(date(1960, 2, 29), sequence=777)
WAGE = {"person_ref": "p1", "data_set": "individual_income", "fields": {"wage": "2600.00"}, "as_of": "2022-09-30"}


@pytest.mark.clause("12.1.2")
async def test_a_department_gets_the_persons_and_the_look_is_on_record(service: Any) -> None:
    case = await service.open()
    answer = await service.read_query(case, "tax")
    assert answer.status_code == 200
    document = answer.json()
    assert [person["ref"] for person in document["persons"]] == ["p1", "p2", "p3"]
    assert [person[key] for person in document["persons"] for key in ("name", "identity_number")] == list(
        service.secrets
    )
    assert (document["data_sets"], document["purpose"]) == (["individual_income"], "verification")
    (entry,) = await service.ledger(case)
    assert entry["text"] == (
        "2022年10月10日 10:00，区税务局为“家庭经济状况核对”查询您家的姓名、身份证号码、月工资薪金：已提供。"
    )
    (looked,) = await service.recorded(PersonalDataAccessed)
    assert (looked.client_id, looked.purpose, looked.outcome) == ("department-tax", "verification", "answered")
    assert looked.application_id == case.application_id


@pytest.mark.clause("12.1.2")
async def test_facts_carry_no_name_and_no_number_and_the_look_is_on_record(service: Any) -> None:
    case = await service.open()
    await service.answer_all(case)
    facts = await service.facts(case)
    assert facts.status_code == 200
    assert not any(secret in facts.text for secret in service.secrets)
    (entry,) = await service.ledger(case)
    assert (entry["who"], entry["purpose"], entry["outcome"]) == ("救助资格认定服务", "救助资格评估", "answered")
    assert "申报的家庭情况" in entry["fields"]


@pytest.mark.clause("12.1.2")
async def test_a_resident_reads_who_looked_at_their_household_and_nobody_elses(service: Any) -> None:
    neighbour = {"id": "p1", "name": "周试", "identity_number": NEIGHBOUR, "relation": "applicant"}
    mine, other = await service.open(subject="resident-1"), await service.open(neighbour, subject="resident-2")
    await service.read_query(mine, "tax")
    await service.read_query(other, "housing")
    await service.get(f"/v1/applications/{mine.application_id}/verification", Role.STREET_CLERK, streets=["420106009"])
    await service.get(f"/v1/applications/{mine.application_id}/verification", Role.INSPECTOR)
    seen = (await service.get("/v1/accesses", Role.RESIDENT, subject="resident-1")).json()["items"]
    assert [(entry["who"], entry["purpose"]) for entry in seen] == [
        ("审计监察人员", "审计监督"),
        ("白沙洲街道工作人员", "办理救助申请"),
        ("区税务局", "家庭经济状况核对"),
    ]
    pried = await service.get(f"/v1/accesses?household_id={other.household_id}", Role.RESIDENT, subject="resident-1")
    assert pried.json()["items"] == []
    assert (await service.get("/v1/accesses", Role.RESIDENT, subject="resident-3")).json()["items"] == []
    assert {entry["subject"] for entry in seen} == {None}, "officials are named to overseers alone"
    assert (await service.ledger(mine))[0]["subject"] == "department-tax"


async def test_who_stands_in_anothers_application_reads_who_looked_at_them(service: Any) -> None:
    """A grown-up child applied for herself, and her father for the family with her in it."""
    await service.open(
        {"id": "p1", "name": "张小样", "identity_number": service.secrets[5], "relation": "applicant"},
        subject="resident-3",
    )
    family = await service.open(subject="resident-1")
    await service.read_query(family, "tax")
    seen = (await service.get("/v1/accesses", Role.RESIDENT, subject="resident-3")).json()["items"]
    assert [entry["who"] for entry in seen] == ["区税务局"]


async def test_the_applicants_own_look_is_no_look_of_others(service: Any) -> None:
    case = await service.open()
    await service.get(f"/v1/applications/{case.application_id}/verification", Role.RESIDENT, subject="resident-1")
    assert await service.ledger(case) == []


async def test_an_overseer_names_the_household(service: Any) -> None:
    assert (await service.get("/v1/accesses", Role.AUDITOR)).status_code == 422


async def test_pages_of_the_ledger_leave_nothing_out(service: Any) -> None:
    case = await service.open()
    for department in sorted(case.query_ids)[:5]:
        await service.read_query(case, department)
    collected: list[str] = []
    path = f"/v1/accesses?household_id={case.household_id}&limit=2"
    cursor: str | None = ""
    while cursor is not None:
        page = (await service.get(path + (f"&cursor={cursor}" if cursor else ""), Role.AUDITOR)).json()
        collected += [entry["access_id"] for entry in page["items"]]
        cursor = page["next_cursor"]
    assert collected == [entry["access_id"] for entry in reversed(await service.ledger(case))]
    assert len(collected) == 5


@pytest.mark.clause("12.1.2")
@pytest.mark.parametrize("change", ["update access set purpose = 'other'", "delete from access", "truncate access"])
async def test_nobody_changes_the_ledger(service: Any, change: str) -> None:
    case = await service.open()
    await service.read_query(case, "tax")
    with pytest.raises(DBAPIError, match="permission denied"):
        async with service.database.transaction() as tx:
            await tx.execute(text(change))
    owner = Database(service.urls.owner, seal_key=SEAL_KEY)
    with pytest.raises(DBAPIError, match="append-only"):
        async with owner.transaction() as tx:
            await tx.execute(text(change))
    await owner.close()
    assert len(await service.ledger(case)) == 1


@pytest.mark.clause("12.1.2")
async def test_numbers_and_names_are_encrypted_in_the_database(service: Any) -> None:
    case = await service.open()
    await service.answer_all(case, but=("tax",))
    await service.answer(case, "tax", "matched", WAGE)
    await service.read_query(case, "tax")
    await service.facts(case)
    owner = Database(service.urls.owner, seal_key=SEAL_KEY)
    async with owner.transaction() as tx:
        names = await tx.execute(text("select tablename from pg_tables where schemaname = 'public'"))
        kept = {}
        for table in names.scalars().all():
            everything = sa.select(sa.text("*")).select_from(sa.table(table))
            kept[table] = (await tx.execute(everything)).all()
    await owner.close()
    assert len(kept["person"]) == len(kept["verification_member"]) == 3
    for table, rows in kept.items():
        values = [value for row in rows for value in row]
        binary = b"".join(bytes(value) for value in values if isinstance(value, bytes))
        shown = "".join(str(value) for value in values if not isinstance(value, bytes))
        assert not any(secret in shown or secret.encode() in binary for secret in service.secrets), table


@pytest.mark.clause("12.1.2")
async def test_no_event_and_no_log_line_carries_personal_data(service: Any, capfd: pytest.CaptureFixture[str]) -> None:
    case = await service.open()
    await service.answer_all(case, but=("tax",))
    await service.answer(case, "tax", "matched", WAGE)
    await service.facts(case)
    await service.answer(case, "tax", "matched", {**WAGE, "fields": {"wage": service.secrets[1]}})
    published = "".join(event.model_dump_json() for event in await service.recorded())
    published += "".join(capfd.readouterr())
    assert not any(secret in published for secret in (*service.secrets, "2600.00", "260000"))


@pytest.mark.clause("12.1.2")
@pytest.mark.parametrize(
    ("scope", "department", "table", "sees"),
    [
        ("department", "tax", "query", 1),
        ("department", "tax", "person", 3),
        ("department", "tax", "verification", 0),
        ("department", "finance", "person", 0),
        ("department", "finance", "query", 0),
        ("department", "tax", "report", 0),
        ("department", "tax", "access", 0),
        ("streets", "", "person", 0),
        ("streets", "", "verification", 1),
        ("streets", "", "access", 0),
        ("district", "", "person", 0),
        ("district", "", "authorisation", 0),
        ("resident", "", "verification", 0),
        ("", "", "verification", 0),
        ("", "", "access", 0),
    ],
)
async def test_the_second_wall(service: Any, scope: str, department: str, table: str, sees: int) -> None:
    """Row-level security alone, as if every check before it had been forgotten."""
    case = await service.open()
    await service.answer_all(case)
    await service.facts(case)
    connection = await asyncpg.connect(service.urls.app.replace("+asyncpg", ""))
    await let_in(connection, scope=scope, streets=["420106009"], department=department, subject="somebody-else")
    count = await connection.fetchval(f"select count(*) from {table}")  # noqa: S608  # names from above
    await connection.close()
    assert count == sees
