"""Names and identity numbers: nowhere in clear but in the declaration; rows only for those in scope."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy import text
from tests.intake.conftest import OTHER_STREET, STREET, Intake, family, submission

from intake.tables import metadata
from shared.testing import let_in, problem_code

MEMBERS = family()
SECRETS = [one[key] for one in MEMBERS for key in ("name", "identity_number")]


@pytest.mark.clause("12.1.2")
async def test_names_and_numbers_are_nowhere_in_clear(intake: Intake) -> None:
    receipt = await intake.accepted(submission(MEMBERS))
    answers = [
        json.dumps(receipt.document, ensure_ascii=False),
        (await intake.apply(submission(MEMBERS))).text,
        (await intake.apply(submission([MEMBERS[0] | {"sex": "F"}, *MEMBERS[1:]]))).text,
        (await intake.apply(submission([MEMBERS[0] | {"identity_number": "420199199003079031", "hukou": 1}]))).text,
        (await intake.get(f"/v1/applications/{receipt.application_id}")).text,
        (await intake.get(f"/v1/applications/{receipt.application_id}/timeline")).text,
        (await intake.get("/v1/applications", intake.clerk())).text,
        (await intake.get(f"/v1/households/{receipt.household_id}", intake.clerk())).text,
        (await intake.get(f"/v1/households/{receipt.household_id}/timeline", intake.clerk())).text,
    ]
    declaration = await intake.get(f"/v1/applications/{receipt.application_id}/declaration", intake.service())
    assert all(secret in declaration.text for secret in SECRETS), "data-sharing reads them in full"

    everything = "\n".join([*answers, intake.log.getvalue(), *await _stored(intake)])
    assert [secret for secret in SECRETS if secret in everything] == []
    assert "declaration.read" in intake.log.getvalue()


async def test_a_masked_number_cannot_be_completed_from_the_answer(intake: Intake) -> None:
    receipt = await intake.accepted(submission(MEMBERS))
    detail = (await intake.get(f"/v1/applications/{receipt.application_id}")).text
    for one in MEMBERS:
        born = one["identity_number"][6:14]
        assert born not in detail
        assert f"{born[:4]}-{born[4:6]}-{born[6:]}" not in detail


async def test_a_sealed_value_cannot_be_moved_to_another_row(intake: Intake) -> None:
    one = await intake.accepted(submission(family(201)))
    two = await intake.accepted(submission(family(301)))
    async with intake.database.transaction() as tx:
        await tx.execute(
            text("update application set persons = (select persons from application where application_id = :one)"),
            {"one": one.application_id},
        )
    answer = await intake.get(f"/v1/applications/{two.application_id}")
    assert (answer.status_code, problem_code(answer)) == (500, "internal_error")


SCOPES: dict[str, tuple[dict[str, Any], int]] = {
    "nothing said": ({}, 0),
    "resident": ({"scope": "resident", "subject": "resident-1"}, 1),
    "other resident": ({"scope": "resident", "subject": "resident-2"}, 0),
    "nobody's resident": ({"scope": "resident", "subject": ""}, 0),
    "street": ({"scope": "streets", "streets": [STREET]}, 2),
    "two streets": ({"scope": "streets", "streets": [OTHER_STREET, STREET]}, 2),
    "other street": ({"scope": "streets", "streets": [OTHER_STREET]}, 0),
    "no street": ({"scope": "streets", "streets": []}, 0),
    "department": ({"scope": "department", "department": "tax"}, 0),
    "district": ({"scope": "district"}, 2),
    "service": ({"scope": "service"}, 2),
}


@pytest.mark.parametrize(("context", "rows"), SCOPES.values(), ids=SCOPES.keys())
async def test_the_database_itself_hides_rows_out_of_scope(intake: Intake, context: dict[str, Any], rows: int) -> None:
    await intake.accepted(submission(family(201)))
    await intake.accepted(submission(family(301)), intake.clerk())
    async with _raw(intake, context) as connection:
        for table in ("application", "household", "timeline_entry"):
            assert await connection.fetchval(f"select count(*) from {table}") == rows, table  # noqa: S608  # fixed names
        hidden = 6 if context.get("scope") == "service" else 0
        for table in ("household_member", "open_membership"):
            assert await connection.fetchval(f"select count(*) from {table}") == hidden, table  # noqa: S608  # fixed names


@pytest.mark.parametrize("scope", ["resident", "streets", "district", "department"])
async def test_only_the_service_itself_writes(intake: Intake, scope: str) -> None:
    await intake.accepted()
    context = {"scope": scope, "subject": "resident-1", "streets": [STREET]}
    async with _raw(intake, context) as connection:
        assert await connection.execute("update application set status = 'granted'") == "UPDATE 0"
        assert await connection.execute("delete from open_membership") == "DELETE 0"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("insert into household values (gen_random_uuid(), '420106009', null, '', now())")


async def test_the_run_time_role_removes_no_application_and_changes_no_table(intake: Intake) -> None:
    await intake.accepted()
    for statement in (
        "delete from application",
        "delete from timeline_entry",
        "update timeline_entry set text = ''",
        "alter table application disable row level security",
        "drop policy application_read on application",
    ):
        async with _raw(intake, {"scope": "service"}) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)


async def test_the_tables_in_the_code_are_those_in_the_database(intake: Intake) -> None:
    def columns(connection: sa.Connection) -> dict[str, set[tuple[str, bool]]]:
        inspector = sa.inspect(connection)
        return {
            table: {(column["name"], column["nullable"]) for column in inspector.get_columns(table)}
            for table in metadata.tables
        }

    async with intake.database.transaction() as tx:
        found = await tx.run_sync(columns)
    assert found == {
        name: {(column.name, bool(column.nullable)) for column in table.columns}
        for name, table in metadata.tables.items()
    }


async def _stored(intake: Intake) -> list[str]:
    """Every row of every table, as text."""
    found = []
    async with _raw(intake, {"scope": "service"}) as connection:
        tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        for (table,) in tables:
            if await connection.fetchval("select has_table_privilege($1, 'select')", table):
                rows = await connection.fetch(f"select row_to_json(t)::text from {table} as t")  # noqa: S608  # pg_tables
                found += [row[0] for row in rows]
    bodies = [bytes.fromhex(json.loads(row)["body"][2:]).decode() for row in found if '"body":' in row]
    assert bodies, "the outbox was read"
    return found + bodies


@asynccontextmanager
async def _raw(intake: Intake, context: dict[str, Any]) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the run-time role without anything of ours in between."""
    connection = await asyncpg.connect(intake.urls.app.replace("+asyncpg", ""))
    transaction = connection.transaction()
    await transaction.start()
    if context:
        await let_in(connection, **context)
    try:
        yield connection
    finally:
        await transaction.rollback()
        await connection.close()
