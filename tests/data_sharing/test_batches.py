"""Departments deliver files: announced, sent, checked row by row, loaded whole or refused whole (12.1.1)."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.data_sharing.conftest import Service
from tests.data_sharing.deliveries import (
    INCOME,
    announce,
    csv_file,
    current,
    deliver,
    number,
    parquet_file,
    rejects,
    rows_of,
    send,
    settle,
    sm3,
    standing,
)

from data_sharing.handlers.erasing import ERASE_JOB, plan_erasures
from data_sharing.rules.catalogue import load_packed
from shared import deadlines
from shared.auth import Role
from shared.events.data_sharing import BatchPublished, BatchRefused
from shared.identity import InvalidIdentityNumber, parse_identity_number
from shared.testing import problem_code

pytestmark = pytest.mark.clause("12.1.1")

COLUMNS = "identity_number,wage"
TODAY = date(2022, 10, 10)
GOOD = csv_file(COLUMNS, f"{number(1)},2600.00", f"{number(2)},0")
WRONG_DIGIT = number(3)[:17] + ("1" if number(3)[17] != "1" else "2")


async def test_good_rows_are_loaded_and_bad_ones_written_aside(service: Service) -> None:
    content = csv_file(
        COLUMNS,
        f"{number(1)},2600.00",
        f"{WRONG_DIGIT},100.00",
        f"{number(3)},many",
        f"{number(4)},",
        f"{number(1)},2600.00",
        f"{number(1)},2700.00",
        f'{number(5)},"12',
        f"{number(6)},1.00,2.00",
        "",
        f" {number(7).lower()} , 7.5 ",
        ",3.00",
    )
    batch = await deliver(service, content, rows=11)
    assert batch["state"] == "published"
    assert (batch["checked_rows"], batch["loaded_rows"], batch["rejected_rows"]) == (11, 3, 8)
    assert await current(service) == [(1, {"wage": "2600.00"}), (6, {"wage": "2700.00"}), (10, {"wage": "7.5"})]
    assert await rejects(service, batch) == {
        2: ["identity_number:check_digit"],
        3: ["wage:unusable"],
        4: ["row:no_value"],
        5: ["row:repeated"],
        7: ["line:malformed"],
        8: ["line:malformed"],
        9: ["line:malformed"],
        11: ["identity_number:missing"],
    }
    [event] = await service.recorded(BatchPublished)
    assert (event.rows, event.loaded_rows, event.rejected_rows, event.superseded) == (11, 3, 8, None)


async def test_a_record_is_found_by_the_index_of_the_person_and_by_nothing_else(service: Service) -> None:
    await deliver(service, GOOD, rows=2)
    first, second = await rows_of(service, INCOME)
    cipher = service.means.cipher
    assert first.identity_index == cipher.blind_index(number(1), field="person.identity_index")
    assert second.identity_index == cipher.blind_index(number(2), field="person.identity_index")
    assert number(1) not in str(first)


async def test_a_person_may_stand_in_a_file_several_times(service: Service) -> None:
    cars = '"[{""value"":""30000.00""}]"', '"[{""value"":null}]"', '"[{""value"":1}]"', '"[{""value"":""\\u0000""}]"'
    content = csv_file("identity_number,vehicles", *(f"{number(1)},{car}" for car in cars))
    batch = await deliver(service, content, rows=4, data_set="vehicle_register")
    assert await current(service, "vehicle_register") == [
        (1, {"vehicles": [{"value": "30000.00"}]}),
        (2, {"vehicles": [{"value": None}]}),
    ]
    assert await rejects(service, batch) == {3: ["vehicles:unusable"], 4: ["vehicles:unusable"]}


async def test_a_byte_order_mark_and_ends_of_lines_of_windows_are_no_fault(service: Service) -> None:
    content = b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n").removesuffix(b"\r\n")
    batch = await deliver(service, content, rows=2)
    assert (batch["loaded_rows"], await current(service)) == (2, [(1, {"wage": "2600.00"}), (2, {"wage": "0"})])


async def test_a_line_in_another_encoding_spoils_no_other(service: Service) -> None:
    content = GOOD + "身份".encode("gbk") + b",1.00\n"
    batch = await deliver(service, content, rows=3)
    assert (batch["loaded_rows"], await rejects(service, batch)) == (2, {3: ["line:encoding"]})


async def test_days_that_are_none_and_leap_days(service: Service) -> None:
    leap = number(1, born=date(2020, 2, 29))
    content = csv_file(
        "identity_number,name,birth_date,sex",
        f"{leap},李,2020-02-29,F",
        f"{number(2)},李样例,2021-02-29,F",
        f"{leap[:6]}20210229{leap[14:]},李样例,2021-02-28,F",
    )
    batch = await deliver(service, content, rows=3, data_set="household_register")
    assert (batch["loaded_rows"], batch["rejected_rows"]) == (1, 2)
    found = await rejects(service, batch)
    assert found[2] == ["birth_date:unusable"]
    assert found[3][0].startswith("identity_number:")


async def test_a_parquet_file_counts_like_a_csv_file(service: Service) -> None:
    content = parquet_file(
        {"identity_number": [number(1), number(2), WRONG_DIGIT], "wage": [Decimal("2600.00"), None, Decimal("1.00")]}
    )
    batch = await deliver(service, content, rows=3, format="parquet")
    assert (batch["state"], batch["loaded_rows"]) == ("published", 1)
    assert await current(service) == [(1, {"wage": "2600.00"})]
    assert await rejects(service, batch) == {2: ["row:no_value"], 3: ["identity_number:check_digit"]}


@pytest.mark.parametrize(
    ("content", "file_format", "code"),
    [
        (parquet_file({"identity_number": [number(1)], "wage": [2600.0]}), "parquet", "column_type"),
        (parquet_file({"identity_number": [420199], "wage": ["1.00"]}), "parquet", "column_type"),
        (csv_file(COLUMNS, f"{number(1)},1.00"), "parquet", "not_parquet"),
        (parquet_file({"identity_number": [number(1)], "wage": ["1"]})[:-5], "parquet", "not_parquet"),
        (b"\n", "csv", "header_missing"),
        (b"\xff\xfe\x00", "csv", "header_missing"),
        (csv_file(COLUMNS), "csv", "row_count_differs"),
        (csv_file(COLUMNS, *[f"{number(1)},1.00"] * 2), "csv", "row_count_differs"),
        (csv_file("identity_number,wage,name", f"{number(1)},1.00,李"), "csv", "columns_unknown"),
        (csv_file("identity_number,wage,wage", f"{number(1)},1.00,2.00"), "csv", "columns_repeated"),
        (csv_file("wage", "1.00"), "csv", "columns_missing"),
        (csv_file("identity_number", number(1)), "csv", "columns_missing"),
        (csv_file(f"{number(1)},1.00", f"{number(2)},2.00"), "csv", "columns_missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "file",
)
async def test_a_file_that_cannot_be_read_is_refused_whole(
    service: Service, content: bytes, file_format: str, code: str
) -> None:
    await deliver(service, GOOD, rows=2, as_of="2022-10-01")
    batch = await deliver(service, content, rows=1, format=file_format)
    assert (batch["state"], batch["refusal"]["code"]) == ("refused", code)
    assert batch["published_at"] is None
    assert len(await current(service)) == 2, "what was there before counts on"
    assert await rejects(service, batch) == {}
    assert number(1) not in str(batch)
    [event] = await service.recorded(BatchRefused)
    assert event.reason == code
    assert list(service.means.loader.files.directory.iterdir()) == [], "nothing of it is on disk"


async def test_a_file_that_is_not_the_announced_one_is_not_taken(service: Service) -> None:
    batch = (await announce(service, GOOD, rows=2)).json()
    for content, codes in (
        (GOOD[:-1] + b"1", {"checksum_differs"}),
        (GOOD[:-1], {"checksum_differs", "size_differs"}),
        (GOOD + b"1", {"size_differs"}),
        (b"", {"checksum_differs", "size_differs"}),
    ):
        answer = await send(service, batch, content)
        assert (answer.status_code, problem_code(answer)) == (422, "file_differs")
        assert {error["code"] for error in answer.json()["errors"]} == codes
    assert (await standing(service, batch))["state"] == "announced"
    assert list(service.means.loader.files.directory.iterdir()) == []
    assert (await send(service, batch, GOOD)).status_code == 200, "the right one may still come"
    await settle(service)
    assert (await standing(service, batch))["state"] == "published"


async def test_the_type_of_the_content_is_looked_at(service: Service) -> None:
    batch = (await announce(service, GOOD, rows=2)).json()
    answer = await send(service, batch, GOOD, **{"Content-Type": "application/json"})
    assert (answer.status_code, problem_code(answer)) == (415, "unsupported_media_type")


async def test_a_file_may_be_larger_than_other_bodies(service: Service) -> None:
    content = csv_file(COLUMNS, *(f"{number(at)},{at}.00" + " " * 2000 for at in range(1, 700)))
    assert len(content) > 1_048_576
    assert (await deliver(service, content, rows=699))["loaded_rows"] == 699


async def test_the_same_file_twice_is_one_delivery(service: Service) -> None:
    batch = await deliver(service, GOOD, rows=2)
    again = await announce(service, GOOD, rows=2, as_of="2022-10-10")
    assert (again.status_code, again.json()) == (200, batch)
    assert (await send(service, batch, b"something else")).json() == batch
    await settle(service)
    assert len(await current(service)) == 2
    assert len(await service.recorded(BatchPublished)) == 1


async def test_two_who_announce_and_send_at_once_are_answered_the_same(service: Service) -> None:
    announced = await asyncio.gather(*(announce(service, GOOD, rows=2) for _ in range(5)))
    assert {answer.status_code for answer in announced} == {200}
    [batch] = {answer.json()["batch_id"]: answer.json() for answer in announced}.values()
    sent = await asyncio.gather(*(send(service, batch, GOOD) for _ in range(5)))
    assert {answer.status_code for answer in sent} == {200}
    await settle(service)
    assert len(await current(service)) == 2


async def test_a_newer_delivery_takes_the_place_of_the_older(service: Service) -> None:
    first = await deliver(service, GOOD, rows=2, as_of="2022-10-01")
    second = await deliver(service, csv_file(COLUMNS, f"{number(9)},9.00"), rows=1, as_of="2022-10-02")
    assert await current(service) == [(1, {"wage": "9.00"})]
    first = await standing(service, first)
    assert (first["superseded_at"], second["superseded_at"]) == (second["published_at"], None)
    older = await announce(service, csv_file(COLUMNS, f"{number(8)},8.00"), rows=1, as_of="2022-10-01")
    assert (older.status_code, problem_code(older)) == (409, "older_than_current")


async def parts(service: Service) -> int:
    """How many deliveries have records in the database."""
    async with service.database.transaction() as tx:
        found = await tx.execute(
            sa.text("select count(*) from pg_inherits where inhparent = 'register_record'::regclass")
        )
        return int(found.scalar_one()) - 1  # one is for what belongs to no part


async def test_records_that_count_no_longer_are_erased_after_their_days(service: Service) -> None:
    first = await deliver(service, GOOD, rows=2, as_of="2022-10-01")
    await deliver(service, csv_file(COLUMNS, f"{number(9)},9.00"), rows=1, as_of="2022-10-02")
    service.clock.advance(timedelta(days=30) - timedelta(seconds=1))
    await settle(service)
    assert await parts(service) == 2
    service.clock.advance(timedelta(seconds=1))
    await settle(service)
    assert await parts(service) == 1
    assert await current(service) == [(1, {"wage": "9.00"})]
    erased = await standing(service, first)
    assert (erased["loaded_rows"], erased["erased_at"]) == (2, "2022-11-09T02:00:00Z")


async def test_what_was_superseded_before_is_planned_at_the_start(service: Service) -> None:
    first = await deliver(service, GOOD, rows=2, as_of="2022-10-01")
    await deliver(service, csv_file(COLUMNS, f"{number(9)},9.00"), rows=1, as_of="2022-10-02")
    async with service.database.transaction() as tx:
        await deadlines.cancel(tx, kind=ERASE_JOB, subject=first["batch_id"])
    await plan_erasures(service.database, days=2)
    service.clock.advance(timedelta(days=2))
    await settle(service)
    assert (await standing(service, first))["erased_at"] is not None


async def test_who_reads_for_long_is_not_disturbed_and_records_that_count_cannot_be_erased(service: Service) -> None:
    first = await deliver(service, GOOD, rows=2, as_of="2022-10-01")
    second = await deliver(service, csv_file(COLUMNS, f"{number(9)},9.00"), rows=1, as_of="2022-10-02")
    drop = sa.text("select drop_batch_part(:batch)")
    with pytest.raises(sa.exc.DBAPIError, match="count"):
        async with service.database.transaction() as tx:
            await tx.execute(drop, {"batch": second["batch_id"]})
    async with service.database.transaction() as reading:
        await reading.execute(sa.text("select count(*) from register_record"))
        with pytest.raises(sa.exc.DBAPIError, match="lock timeout"):
            async with service.database.transaction() as tx:
                await tx.execute(drop, {"batch": first["batch_id"]})
    service.clock.advance(timedelta(days=30))
    await settle(service)
    assert await parts(service) == 1


async def test_deliveries_of_one_data_set_are_loaded_one_by_one_and_the_older_is_refused(service: Service) -> None:
    newer, older = csv_file(COLUMNS, f"{number(9)},9.00"), csv_file(COLUMNS, f"{number(8)},8.00")
    announced = [
        (await announce(service, newer, rows=1, as_of="2022-10-05")).json(),
        (await announce(service, older, rows=1, as_of="2022-10-04")).json(),
    ]
    await asyncio.gather(*(send(service, batch, file) for batch, file in zip(announced, (newer, older), strict=True)))
    await settle(service)
    states = [await standing(service, batch) for batch in announced]
    assert states[0]["state"] == "published"
    assert await current(service) == [(1, {"wage": "9.00"})]
    assert states[1]["state"] == "refused" or states[1]["superseded_at"] is not None


async def test_what_a_manifest_may_say(service: Service) -> None:
    async def code(**manifest: Any) -> tuple[int, str]:
        answer: httpx.Response = await announce(service, GOOD, by="tax", **{"rows": 2, **manifest})
        return answer.status_code, problem_code(answer)

    assert await code(data_set="nothing") == (422, "unknown_data_set")
    assert await code(data_set="real_estate") == (403, "not_permitted")
    assert await code(as_of="2022-10-11") == (422, "invalid_input")
    assert await code(size_bytes=2**40) == (422, "invalid_input")
    assert await code(checksum="x") == (422, "invalid_input")
    assert await code(rows=0) == (422, "invalid_input")
    too_many = await announce(service, GOOD, rows=10**8)
    assert too_many.json()["errors"][0]["field"] == "body.rows"


async def test_a_department_sees_and_fills_its_own_deliveries_only(service: Service) -> None:
    batch = await deliver(service, GOOD, rows=2)
    housing = service.as_department("housing")
    for path in ("", "/rejects"):
        assert (await service.http.get(f"/v1/batches/{batch['batch_id']}{path}", headers=housing)).status_code == 404
    assert (await send(service, {**batch, "department": "housing"}, GOOD)).status_code == 404
    assert (await service.http.get("/v1/batches", headers=housing)).json()["items"] == []
    own = await service.http.get("/v1/batches", headers=service.as_department("tax"))
    assert own.json()["items"] == [batch]
    seen = await service.get(f"/v1/batches?data_set={INCOME}&limit=1", Role.INSPECTOR)
    assert seen.json()["items"] == [batch]


CELLS = st.one_of(
    st.sampled_from(["", "0", "1.5", "2600.00", "2600.001", "-1", "1e9", "9" * 13, "１２", "二百"]),
    st.decimals(0, 10**13, places=2).map(str),
)
KEYS = st.one_of(
    st.dates(date(1880, 1, 1), date(2023, 1, 1)).flatmap(
        lambda born: st.integers(1, 999).map(lambda sequence: number(sequence, born))
    ),
    st.sampled_from(
        ["", WRONG_DIGIT, number(1)[:17], number(1).lower(), "０" * 18, "身份证号码是", "99" + number(1)[2:]]
    ),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(st.tuples(KEYS, CELLS), min_size=1, max_size=40))
async def test_what_passes_the_rules_is_loaded_and_everything_adds_up(
    service: Service, rows: list[tuple[str, str]]
) -> None:
    field, seen, expected = load_packed().data_sets[INCOME].fields["wage"], set(), []
    for at, (key, wage) in enumerate(rows, 1):
        try:
            person = parse_identity_number(key, today=TODAY).text
        except InvalidIdentityNumber:
            continue
        if wage and field.fault(wage, today=TODAY) is None and (person, wage) not in seen:
            seen.add((person, wage))
            expected.append((at, {"wage": wage}))
    content = csv_file(COLUMNS, *(f"{key},{wage}" for key, wage in rows))
    batch = await deliver(service, content, rows=len(rows))
    assert batch["state"] == "published"
    assert batch["checked_rows"] == batch["loaded_rows"] + batch["rejected_rows"] == len(rows)
    assert sm3(content) == batch["checksum"]
    assert await current(service) == expected
    assert set(await rejects(service, batch)) == set(range(1, len(rows) + 1)) - {at for at, _ in expected}


async def test_a_manifest_that_was_wrong_is_corrected_by_announcing_anew(service: Service) -> None:
    content = csv_file("identity_number,wage", f"{number(1)},1.00")
    wrong = (await announce(service, content, rows=1, size_bytes=len(content) - 1)).json()
    refused = await send(service, wrong, content)
    assert (refused.status_code, refused.json()["code"]) == (422, "file_differs")
    assert "重新申报" in refused.json()["way_out"]
    right = (await announce(service, content, rows=1)).json()
    assert right["batch_id"] == wrong["batch_id"]
    assert (await send(service, right, content)).status_code == 200
