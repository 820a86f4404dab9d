"""Keys of encrypted fields change while intake runs: files of households and of homeless persons stay readable."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.intake.conftest import STREET, Intake, family, submission

from intake.jobs import JOBS
from intake.tables import ENCRYPTED, INDEXED
from shared.crypto import FieldCipher
from shared.keys import Keeper
from shared.keys.laying import lay
from shared.settings import KeySettings
from shared.testing import SEAL_KEY, problem_code, run_due

FOUND = {
    "street": STREET,
    "found_on": "2022-10-09",
    "place": "白沙洲大道桥洞",
    "description": "男，约六十岁",
    "condition": "神志清楚",
}


@pytest.mark.clause("12.1.2")
async def test_files_are_readable_under_the_new_key_alone(intake: Intake, tmp_path: Path) -> None:
    desk = intake.desk
    first = await intake.accepted()
    filed = (await intake.post("/v1/homeless-persons", FOUND, intake.clerk())).json()
    settings = KeySettings.model_validate(
        {
            "database_url": intake.urls.app,
            "kafka_bootstrap": "127.0.0.1:1",
            "token_issuer": intake.mint.issuer,
            "client_id": "intake",
            "client_secret": "secret",
            "seal_key": SEAL_KEY.secret.hex(),
            "key_file": tmp_path / "keys.json",
            "key_check_seconds": 0.05,
            "key_settle_seconds": 0.2,
            "key_renewal_rows": 1,
            "key_renewal_pause_seconds": 0,
        }
    )
    cipher: FieldCipher = desk.cipher
    keeper = Keeper(intake.database, intake.clock, cipher, service="intake", columns=ENCRYPTED, settings=settings)
    await keeper.begin()

    def write(*key_ids: int, current: int) -> None:
        keys = {str(key_id): f"{key_id:x}{key_id:x}" * 16 for key_id in key_ids}
        ring = {"current": current, "keys": keys, "index_key": "22" * 32}
        (tmp_path / "keys.json").write_text(json.dumps(ring), encoding="ascii")

    write(1, 2, current=2)
    for _ in range(100):
        await keeper.check()
        await asyncio.sleep(0.02)
        intake.clock.advance(timedelta(seconds=1))
        await run_due(intake.database, intake.clock, JOBS, keeper)
        if (await keeper.report()).is_finished:
            break
    second = await intake.accepted(submission(family(201)), intake.resident("resident-2"))
    write(2, current=2)
    await keeper.check()
    report = await keeper.report()
    assert report.fault is None
    assert {column.column: column.values for column in report.columns} == {
        "household.persons": {2: 2},
        "application.persons": {2: 1},
        "homeless_person.details": {2: 1},
    }
    assert list(cipher.ring.keys) == [2]
    for receipt, caller in ((first, intake.resident()), (second, intake.resident("resident-2"))):
        assert (await intake.get(f"/v1/applications/{receipt.application_id}", caller)).status_code == 200
        assert (await intake.get(f"/v1/households/{receipt.household_id}", intake.clerk())).status_code == 200
    file = await intake.get(f"/v1/homeless-persons/{filed['homeless_person_id']}", intake.clerk())
    assert file.json()["place"] == FOUND["place"]
    async with intake.database.transaction() as tx:
        left = await tx.execute(
            text("select get_byte(persons, 1) from household union select get_byte(details, 1) from homeless_person")
        )
    assert left.scalars().all() == [2]


@pytest.mark.clause("12.1.2")
async def test_nobody_is_in_two_open_applications_under_a_further_index_key(intake: Intake) -> None:
    await intake.accepted()
    ring = intake.desk.cipher.ring
    async with intake.database.transaction() as tx:
        await tx.execute(
            text("insert into blind_index_key (layer, check_value) values (1, :check_value)"),
            {"check_value": ring.index_check_values()[0]},
        )
    further = replace(ring, index_keys=(*ring.index_keys, b"j" * 32))
    await intake.database.close()
    laid = await lay(intake.urls.owner, further, INDEXED)
    assert laid["open_membership.identity_index"] == laid["household_member.identity_index"] == 3
    intake.desk.cipher.use(further)
    answer = await intake.post("/v1/applications", submission(), intake.resident("resident-2"))
    assert (answer.status_code, problem_code(answer)) == (409, "application_already_open")
