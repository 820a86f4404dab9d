"""Keys of encrypted fields change while a department runs: its registers find and tell the same."""

import asyncio
import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from departments.jobs import JOBS
from departments.tables import ENCRYPTED, IDENTITY_FIELD
from shared.keys import Keeper
from shared.settings import KeySettings
from shared.testing import SEAL_KEY, identity_number, run_due

NUMBERS = [identity_number(date(1979, 3, 7), sequence=at) for at in range(101, 108)]


def put_file(key_file: Path, ring: dict[str, Any]) -> None:
    key_file.write_text(json.dumps(ring), encoding="ascii")


@pytest.mark.clause("12.1.2")
async def test_registers_are_found_and_read_under_the_new_key_alone(tax: Any, key_file: Path) -> None:
    said = {"fields": {"wage": "2600.00"}, "valid_from": "2022-01-01", "as_of": "2022-09-30"}
    records = {"records": [{"identity_number": number, **said} for number in NUMBERS]}
    path = "/v1/registers/individual_income/records"
    assert (await tax.put(path, records)).json()["inserted"] == 7
    settings = KeySettings.model_validate(
        {
            "database_url": tax.urls.app,
            "kafka_bootstrap": "127.0.0.1:1",
            "token_issuer": tax.mint.issuer,
            "client_id": "department-tax",
            "client_secret": "secret",
            "seal_key": SEAL_KEY.secret.hex(),
            "key_file": key_file,
            "key_check_seconds": 0.05,
            "key_settle_seconds": 0.2,
            "key_renewal_rows": 2,
            "key_renewal_pause_seconds": 0,
        }
    )
    cipher = tax.desk.cipher
    keeper = Keeper(tax.database, tax.clock, cipher, service="departments-tax", columns=ENCRYPTED, settings=settings)
    await keeper.begin()
    ring = {"current": 2, "keys": {"1": "11" * 16, "2": "22" * 16}, "index_key": "22" * 32}
    put_file(key_file, ring)
    desk = replace(tax.desk, keys=keeper)
    for _ in range(100):
        await keeper.check()
        await asyncio.sleep(0.02)
        tax.clock.advance(timedelta(seconds=1))
        await run_due(tax.database, tax.clock, JOBS, desk)
        if (await keeper.report()).is_finished:
            break
    put_file(key_file, {**ring, "keys": {"2": "22" * 16}})
    await keeper.check()
    report = await keeper.report()
    assert report.fault is None
    assert report.columns[0].values == {2: 7}
    # The index is as before: a second file replaces, and doubles nobody.
    assert (await tax.put(path, records)).json()["replaced"] == 7
    async with tax.database.transaction() as tx:
        values = (await tx.execute(text("select identity_number from register_record"))).scalars().all()
    assert sorted(cipher.decrypt(value, field=IDENTITY_FIELD) for value in values) == sorted(NUMBERS)
