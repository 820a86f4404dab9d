"""The department's registers: who may write them, what a second file does, and that numbers are unreadable at rest."""

import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from shared.auth import Principal, Role
from shared.testing import identity_number, problem_code

REGISTER = "/v1/registers/individual_income"
WANG = identity_number(date(1979, 3, 7), sequence=101)
LI = identity_number(date(1952, 11, 30), sequence=202)


def record(number: str = WANG, **changes: Any) -> dict[str, Any]:
    return {
        "identity_number": number,
        "fields": {"wage": "2600.00"},
        "valid_from": "2022-01-01",
        "as_of": "2022-09-30",
        **changes,
    }


async def put(tax: Any, *records: dict[str, Any]) -> dict[str, int]:
    answer = await tax.put(f"{REGISTER}/records", {"records": list(records)})
    assert answer.status_code == 200, answer.text
    return {name: count for name, count in answer.json().items() if name != "data_set" and count}


async def test_records_are_inserted_replaced_by_newer_ones_and_kept_from_older_ones(tax: Any) -> None:
    assert await put(tax, record(), record(LI)) == {"inserted": 2}
    assert await put(tax, record(), record(LI)) == {"replaced": 2}
    assert await put(tax, record(fields={"wage": "1.00"}, as_of="2022-08-31")) == {"older_ignored": 1}
    assert (await tax.get(REGISTER)).json() == {
        "data_set": "individual_income",
        "records": 2,
        "persons": 2,
        "newest_as_of": "2022-09-30",
    }
    assert [one["records"] for one in (await tax.get("/v1/registers")).json()["items"]] == [2]


async def test_identity_numbers_are_encrypted_and_found_by_a_keyed_index_only(tax: Any) -> None:
    await put(tax, record())
    async with tax.database.transaction() as tx:
        row = (await tx.execute(text("select *, register_record::text as whole from register_record"))).one()
    await put(tax, record())
    async with tax.database.transaction() as tx:
        again = (await tx.execute(text("select person_index, identity_number from register_record"))).one()
    assert again.person_index == row.person_index
    assert again.identity_number != row.identity_number
    assert WANG not in row.whole
    assert WANG.encode().hex() not in row.whole


async def test_a_data_set_of_another_department_is_not_found(tax: Any) -> None:
    for path in ("/v1/registers/real_estate", "/v1/registers/nothing"):
        assert problem_code(await tax.get(path)) == "not_found"
        assert problem_code(await tax.put(f"{path}/records", {"records": [record()]})) == "not_found"


async def test_only_this_departments_officers_see_or_write_a_register(tax: Any) -> None:
    await put(tax, record())
    assert (await tax.put(f"{REGISTER}/records", {"records": [record()]}, department="housing")).status_code == 403
    for role in (Role.DISTRICT_OFFICER, Role.AUDITOR, Role.INSPECTOR, Role.SERVICE, Role.STREET_CLERK):
        assert (await tax.get(REGISTER, role)).status_code == 403

    outsiders = [
        Principal(subject="o", client_id="c", roles=frozenset({Role.DEPARTMENT_OFFICER}), department="housing"),
        Principal(subject="a", client_id="c", roles=frozenset({Role.AUDITOR})),
    ]
    for outsider in outsiders:
        async with tax.database.transaction(outsider) as tx:
            assert (await tx.execute(text("select count(*) from register_record"))).scalar_one() == 0


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"identity_number": WANG[:-1]}, "identity_number", "identity_number_form"),
        ({"identity_number": "420199199003079031"}, "identity_number", "identity_number_check_digit"),
        ({"valid_to": "2022-01-01"}, "valid_to", "period_empty"),
        ({"as_of": "2022-10-19"}, "as_of", "as_of_in_future"),
        ({"identity_number": LI}, "identity_number", "record_twice"),
    ],
)
async def test_one_record_at_fault_refuses_the_whole_batch_and_is_named_without_its_number(
    tax: Any, changes: dict[str, Any], field: str, code: str
) -> None:
    answer = await tax.put(f"{REGISTER}/records", {"records": [record(LI), record(**changes)]})
    assert (answer.status_code, problem_code(answer)) == (422, "records_invalid")
    (error,) = answer.json()["errors"]
    assert (error["field"], error["code"]) == (f"body.records[1].{field}", code)
    assert record(**changes)["identity_number"] not in answer.text
    assert (await tax.get(REGISTER)).json()["records"] == 0


async def test_a_thousand_records_fit_in_a_batch_and_no_more(tax: Any) -> None:
    records = [
        record(identity_number(date(1950 + n % 50, 1 + n % 12, 1 + n % 28), sequence=n % 1000)) for n in range(1000)
    ]
    assert await put(tax, *records) == {"inserted": 1000}
    answer = await tax.put(f"{REGISTER}/records", {"records": [*records, record()]})
    assert (answer.status_code, problem_code(answer)) == (422, "invalid_input")


@pytest.mark.parametrize(
    "fields", ['{"x": NaN}', '{"x": "\\u0000"}', '{"x": "\\ud800"}', '{"x": "%s"}' % ("长" * 2000)]
)
async def test_fields_that_the_database_could_not_keep_are_refused(tax: Any, fields: str) -> None:
    body = json.dumps({"records": [record(fields="F")]}).replace('"F"', fields)
    headers = tax.headers() | {"Content-Type": "application/json"}
    answer = await tax.http.put(f"{REGISTER}/records", content=body, headers=headers)
    assert (answer.status_code, problem_code(answer)) == (422, "invalid_input")
