"""A further key of the blind index is laid over what stands in the database, and everybody is found as before."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import asyncpg
import pytest
from sqlalchemy import text
from stdnum.cn import uscc
from tests.data_sharing.conftest import CHILD, FATHER, MOTHER, Service
from tests.data_sharing.deliveries import csv_file, deliver, number
from tests.data_sharing.keys.vault import INDEX_KEY, Vault, settings_of
from tests.data_sharing.reported import REGISTERED, Reporter, registered, report

from data_sharing.main import create
from data_sharing.tables.encrypted import INDEXED
from shared.crypto import KeyRing, KeysClosed, laid_over
from shared.keys.laying import NotLaid, lay
from shared.testing import client_of, problem_code

pytestmark = pytest.mark.clause("12.1.2")

SECOND, THIRD = "b6" * 32, "c7" * 32
SHOP = "91420199MA4K00001" + str(uscc.calc_check_digit("91420199MA4K000010"))


async def standing(service: Service) -> dict[str, Counter[bytes]]:
    """Every blind index in the database, by column."""
    found = {}
    owner = await asyncpg.connect(service.urls.owner.replace("+asyncpg", ""))
    await owner.execute("select act_as_service()")
    for column in INDEXED:
        table, name, *key = column.split(".")
        value = f"decode({name}->>'{key[0]}', 'hex')" if key else name
        rows = await owner.fetch(f"select {value} as index from {table} where {value} is not null")  # noqa: S608  # names of ours
        found[column] = Counter(row["index"] for row in rows)
    await owner.close()
    return found


@asynccontextmanager
async def restarted(service: Service, vault: Vault) -> AsyncIterator[Service]:
    """The service as it runs after a start with the file of now."""
    settings = settings_of(
        service.urls.app, vault.path, batch_directory=vault.path.with_name("batches"), batch_processes=0
    )
    network = service.mint.session()
    app = create(settings, clock=service.clock, http=network)
    await app.state.means.keys.begin()
    async with network, client_of(app) as http:
        yield replace(service, database=app.state.database, http=http, means=app.state.means, app=app)
    await app.state.database.close()


async def count(service: Service, table: str) -> int:
    async with service.database.transaction() as tx:
        return int((await tx.execute(text(f"select count(*) from {table}"))).scalar_one())  # noqa: S608  # names of ours


async def test_everybody_is_found_as_before(service: Service, vault: Vault) -> None:
    await registered(service)
    companies = csv_file(
        "credit_code,name,kind,state,representative", f"{SHOP},示例商贸有限公司,company,active,{number(1)}"
    )
    await deliver(service, companies, rows=1, data_set="entity_register", as_of="2022-10-01")
    await service.open(FATHER, MOTHER, CHILD)
    said = report(about=REGISTERED | {"phone": "13900000000", "address": "白沙洲大道12号"})
    first = (await Reporter(service).send(said)).json()
    unregistered = report(about={"name": "赵无名", "phone": "13900000001", "street": "420106009"})
    assert (await Reporter(service).send(unregistered)).is_success
    before = await standing(service)
    assert {column for column, found in before.items() if found} >= {
        "person.identity_index", "person_version.digest", "register_record.identity_index",
        "register_record.fields.representative_index", "legal_entity_version.representative_index",
        "lead_report.digest", "lead_report.phone_index",
    }  # fmt: skip

    vault.write(1, current=1, index_keys=[INDEX_KEY, SECOND, THIRD])
    await vault.own.keeper.check()
    assert await standing(service) == before
    seen = await vault.own.keeper.report()
    assert (seen.fault, seen.index_keys, seen.index_keys_in_file) == (None, 1, 3)
    again = await Reporter(service).send(said)
    assert again.json() == first, "a further key in the file changes nothing by itself"

    await service.database.close()
    ring = KeyRing.load(vault.path)
    counts = await lay(service.urls.owner, ring, INDEXED)
    after = await standing(service)
    for column, indexes in before.items():
        assert counts[column] == indexes.total(), column
        assert after[column] == Counter(laid_over(indexes.elements(), ring.index_keys[1:])), column

    async with restarted(service, vault) as now:
        persons, versions = await count(now, "person"), await count(now, "person_version")
        assert (await Reporter(now).send(said)).json() == first, "the same report is known again"
        await registered(now)
        await deliver(now, companies, rows=1, data_set="entity_register", as_of="2022-10-08")
        await now.open(FATHER, MOTHER, CHILD)
        assert await count(now, "person") == persons
        assert await count(now, "person_version") == versions, "the delivery says nothing new"
        assert await count(now, "legal_entity_version") == 1
        lead = await Reporter(now).send(report(about=REGISTERED))
        assert lead.json()["lead_id"] == first["lead_id"], "somebody known is matched"
        seen = await now.means.keys.report()
        assert (seen.fault, seen.index_keys, seen.index_keys_in_file) == (None, 3, 3)


async def test_who_ran_meanwhile_or_has_not_all_keys_has_none(service: Service, vault: Vault) -> None:
    await service.open()
    both = [INDEX_KEY, SECOND]
    vault.write(1, current=1, index_keys=both)
    await vault.own.keeper.check()
    await service.database.close()
    await lay(service.urls.owner, KeyRing.load(vault.path), INDEXED)
    await vault.own.keeper.check()
    fault = (await vault.own.keeper.report()).fault
    assert fault is not None
    assert (fault.code, vault.own.keeper.healthy()) == ("index_key_laid", False)
    with pytest.raises(KeysClosed):
        service.means.cipher.blind_index("李样例", field="person.name")
    answer = await Reporter(service).send(report())
    assert (answer.status_code, problem_code(answer)) == (503, "unavailable")

    for index_keys, code in (([INDEX_KEY], "index_key_missing"), ([SECOND, INDEX_KEY], "index_key_changed")):
        vault.write(1, current=1, index_keys=index_keys)
        starting = vault.replica()
        await starting.keeper.begin()
        fault = (await starting.keeper.report()).fault
        assert fault is not None
        assert (fault.code, starting.keeper.healthy()) == (code, False)
    vault.write(1, current=1, index_keys=both)
    await starting.keeper.check()
    assert starting.keeper.healthy()


async def test_nothing_is_laid_beside_a_running_service(service: Service, vault: Vault) -> None:
    await service.open()
    before = await standing(service)
    vault.write(1, current=1, index_keys=[INDEX_KEY, SECOND])
    with pytest.raises(NotLaid, match="stop all of its replicas"):
        await lay(service.urls.owner, KeyRing.load(vault.path), INDEXED)
    await service.database.close()
    assert await standing(service) == before


async def test_what_fails_on_the_way_changes_nothing(service: Service, vault: Vault) -> None:
    await service.open()
    before = await standing(service)
    vault.write(1, current=1, index_keys=[INDEX_KEY, SECOND])
    await service.database.close()
    with pytest.raises(NotLaid, match="there is no person"):
        await lay(service.urls.owner, KeyRing.load(vault.path), (*INDEXED, "person.no_such_index"))
    assert await standing(service) == before
    seen = await vault.own.keeper.report()
    assert (seen.index_keys, vault.own.keeper.healthy()) == (1, True)


@pytest.mark.parametrize(
    ("index_keys", "words"),
    [
        ([INDEX_KEY], "were laid before"),
        ([SECOND], "does not begin with"),
        ([SECOND, INDEX_KEY], "does not begin with"),
    ],
)
async def test_a_ring_with_nothing_further_or_another_beginning_is_refused(
    service: Service, vault: Vault, index_keys: list[str], words: str
) -> None:
    vault.write(1, current=1, index_keys=index_keys)
    await service.database.close()
    with pytest.raises(NotLaid, match=words):
        await lay(service.urls.owner, KeyRing.load(vault.path), INDEXED)


async def test_operations_lay_by_a_command(service: Service, vault: Vault) -> None:
    await service.open()
    vault.write(1, current=1, index_keys=[INDEX_KEY, SECOND])
    await service.database.close()
    command = [sys.executable, "-m", "shared.keys.laying", "data_sharing.tables.encrypted"]
    environment = os.environ | {"DOUDI_OWNER_URL": service.urls.owner, "DOUDI_KEY_FILE": str(vault.path)}
    run = partial(subprocess.run, command, env=environment, capture_output=True, text=True, check=False)
    done = [await asyncio.to_thread(run) for _ in range(2)]
    assert [one.returncode for one in done] == [0, 1]
    assert "person.identity_index: 3\n" in done[0].stdout
    assert "nothing was changed" in done[1].stderr
    assert SECOND not in "".join(one.stdout + one.stderr for one in done)
