"""Departments that deliver files: announced, sent and loaded through data-sharing's own front door."""

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import httpx
import polars as pl
from cryptography.hazmat.primitives import hashes
from sqlalchemy import text
from tests.data_sharing.conftest import Service

from shared.auth import Role
from shared.ids import new_id
from shared.testing import identity_number

INCOME = "individual_income"
_TYPES = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
_DEPARTMENTS = {
    INCOME: "tax",
    "real_estate": "housing",
    "vehicle_register": "public_security",
    "household_register": "public_security",
    "entity_register": "market_regulation",
}


def number(sequence: int, born: date = date(1977, 5, 12)) -> str:
    """A made-up identity number."""
    return identity_number(born, sequence=sequence)


def sm3(content: bytes) -> str:
    digest = hashes.Hash(hashes.SM3())
    digest.update(content)
    return digest.finalize().hex()


def csv_file(columns: str, *lines: str) -> bytes:
    return "\n".join([columns, *lines, ""]).encode()


def parquet_file(columns: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    pl.DataFrame(columns).write_parquet(file)
    return file.getvalue()


async def announce(service: Service, content: bytes, *, rows: int, by: str | None = None, **manifest: Any) -> Any:
    """A department says what it will send. `manifest` replaces what it says."""
    said = {
        "data_set": INCOME,
        "as_of": "2022-10-09",
        "format": "csv",
        "rows": rows,
        "size_bytes": len(content),
        "checksum": sm3(content),
        **manifest,
    }
    headers = service.as_department(by or _DEPARTMENTS.get(said["data_set"], "tax"))
    return await service.http.post("/v1/batches", json=said, headers={**headers, "Idempotency-Key": str(new_id())})


async def send(service: Service, batch: dict[str, Any], content: bytes, **headers: str) -> httpx.Response:
    """It sends the file."""
    return await service.http.put(
        f"/v1/batches/{batch['batch_id']}/file",
        content=content,
        headers={**service.as_department(batch["department"]), "Content-Type": _TYPES[batch["format"]], **headers},
    )


async def deliver(service: Service, content: bytes, *, rows: int, **manifest: Any) -> dict[str, Any]:
    """Announced, sent and loaded: how the delivery stands in the end."""
    announced = await announce(service, content, rows=rows, **manifest)
    assert announced.status_code == 200, announced.text
    sent = await send(service, announced.json(), content)
    assert sent.status_code == 200, sent.text
    await settle(service)
    return await standing(service, announced.json())


async def settle(service: Service) -> None:
    """Everything that is due is done."""
    while await service.run_due():
        pass


async def standing(service: Service, batch: dict[str, Any]) -> dict[str, Any]:
    answer = await service.get(f"/v1/batches/{batch['batch_id']}", Role.AUDITOR)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def rejects(service: Service, batch: dict[str, Any]) -> dict[int, list[str]]:
    """The reasons by row, as the department reads them."""
    found: dict[int, list[str]] = {}
    after: int | None = 0
    while after is not None:
        answer = await service.http.get(
            f"/v1/batches/{batch['batch_id']}/rejects?after={after}&limit=100",
            headers=service.as_department(batch["department"]),
        )
        assert answer.status_code == 200, answer.text
        found |= {item["row_number"]: item["reasons"] for item in answer.json()["items"]}
        after = answer.json()["next_cursor"]
    return found


async def current(service: Service, data_set: str = INCOME) -> list[tuple[int, dict[str, Any]]]:
    """The records that count, as whoever looks up a person meets them."""
    return [(row.row_number, row.fields) for row in await rows_of(service, data_set)]


async def rows_of(service: Service, data_set: str) -> Sequence[Any]:
    async with service.database.transaction() as tx:
        found = await tx.execute(
            text("select * from current_record where data_set = :data_set order by row_number"), {"data_set": data_set}
        )
        return found.all()
