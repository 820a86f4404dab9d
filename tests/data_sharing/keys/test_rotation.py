"""Keys of encrypted fields change while data-sharing runs: added, made current, waited for, removed."""

import asyncio
import contextlib
import random
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.data_sharing.conftest import CHILD, FATHER, MOTHER, Case, Service
from tests.data_sharing.keys.vault import SETTLE_SECONDS, Vault, key_of

from shared.auth import Role
from shared.crypto import CannotDecrypt, KeysClosed
from shared.testing import eventually, identity_number, let_in, problem_code

pytestmark = pytest.mark.clause("12.1.2")


def family(at: int) -> list[dict[str, Any]]:
    """A family that nobody else is of."""
    members: tuple[dict[str, Any], ...] = (FATHER, MOTHER, CHILD)
    born = (date(1977, 5, 12), date(1979, 8, 3), date(2010, 3, 21))
    return [
        member | {"identity_number": identity_number(day, sequence=2 * at + 1 + place % 2)}
        for place, (member, day) in enumerate(zip(members, born, strict=True))
    ]


async def opened(service: Service, at: int) -> Case:
    """A family applies, while somebody else may be doing what is due."""
    case = await service.submit(*family(at))

    async def is_open() -> bool:
        await service.run_due()
        with contextlib.suppress(AssertionError):
            await service.look_up(case)
        return bool(case.query_ids)

    await eventually(is_open)
    return case


async def names_read(service: Service, case: Case) -> set[str]:
    """The names that a department reads in its query."""
    answer = await service.read_query(case, "tax")
    assert answer.status_code == 200, answer.text
    return {person["name"] for person in answer.json()["persons"]}


NAMES = {str(member["name"]) for member in (FATHER, MOTHER, CHILD)}


async def test_a_key_is_changed_under_a_running_load(service: Service, vault: Vault) -> None:
    cases = [await service.open(*family(at)) for at in range(3)]
    assert set(await vault.values()) == {1}
    is_over = asyncio.Event()

    async def load() -> None:
        at = len(cases)
        while not is_over.is_set():
            cases.append(await opened(service, at))
            for case in cases[-4:]:
                assert await names_read(service, case) == NAMES
            at += 1
            await asyncio.sleep(0.02)

    working = asyncio.create_task(load())
    vault.write(1, 2, current=2)
    await vault.finish()
    is_over.set()
    await working
    assert len(cases) > 3, "families came in meanwhile"
    assert set(await vault.values()) == {2}, "nothing is left under the old key"

    vault.write(2, current=2)
    await vault.step()
    report = await vault.own.keeper.report()
    assert report.fault is None
    assert {key.key_id: key.is_in_file for key in report.keys} == {1: False, 2: True}
    assert list(service.means.cipher.ring.keys) == [2]
    for case in cases:
        assert await names_read(service, case) == NAMES
    assert set(await vault.values()) == {2}


async def test_a_new_key_waits_until_every_replica_has_read_it(service: Service, vault: Vault, tmp_path: Path) -> None:
    slow_file = tmp_path / "slow.json"
    vault.write(1, current=1, path=slow_file)
    slow = vault.replica(slow_file)
    await slow.keeper.begin()
    vault.write(1, 2, current=2)
    await vault.own.keeper.check()
    # However long it takes: who looks and has not got it holds everybody back.
    for _ in range(3):
        await slow.keeper.check()
        await asyncio.sleep(SETTLE_SECONDS)
        await vault.own.keeper.check()
    await slow.keeper.check()
    written = service.means.cipher.encrypt("李样例", field="person.name")
    assert slow.cipher.decrypt(written, field="person.name") == "李样例"
    assert (await vault.own.keeper.report()).model_dump(include={"writes_with", "current_in_file"}) == {
        "writes_with": 1,
        "current_in_file": 2,
    }
    vault.write(1, 2, current=2, path=slow_file)
    await slow.keeper.check()
    await vault.own.keeper.check()
    assert service.means.cipher.encrypt("李样例", field="person.name")[1] == 1, "it was only read now"
    await asyncio.sleep(SETTLE_SECONDS)
    await vault.own.keeper.check()
    assert service.means.cipher.encrypt("李样例", field="person.name")[1] == 2
    # It follows what the database says, at its next look.
    await slow.keeper.check()
    assert slow.cipher.encrypt("李样例", field="person.name")[1] == 2


async def test_who_starts_with_an_old_copy_of_the_file_does_not_turn_back(
    service: Service, vault: Vault, tmp_path: Path
) -> None:
    await service.open()
    vault.write(1, 2, current=2)
    await vault.finish()
    old_file = tmp_path / "old.json"
    vault.write(1, 2, current=1, path=old_file)
    late = vault.replica(old_file)
    await late.keeper.begin()
    assert late.cipher.ring.current == 2
    assert (await vault.own.keeper.report()).writes_with == 2


async def test_a_change_is_taken_back_by_a_change_of_the_file(service: Service, vault: Vault) -> None:
    case = await service.open()
    vault.write(1, 2, current=2)
    await vault.finish()
    vault.write(1, 2, current=1)
    await vault.finish()
    assert set(await vault.values()) == {1}
    assert await names_read(service, case) == NAMES


async def test_an_old_key_is_needed_as_long_as_somebody_writes_with_it(
    service: Service, vault: Vault, tmp_path: Path
) -> None:
    """A replica that cannot read its file any more goes on with what it had, and holds the old key."""
    await service.open()
    vault.write(1, 2, current=2)
    await vault.finish()
    states = {key.key_id: key.state for key in (await vault.own.keeper.report()).keys}
    assert states == {1: "retired", 2: "writing"}
    # Somebody's old write arrives after all: it is found, not lost.
    async with service.database.transaction() as tx:
        await tx.exec_driver_sql("update encryption_key set retired_at = null, used_until = now() where key_id = 1")
    vault.write(2, current=2)
    await vault.own.keeper.check()
    report = await vault.own.keeper.report()
    assert report.fault is not None
    assert report.fault.code == "key_missing"
    assert report.fault.key_ids == [1]
    assert list(service.means.cipher.ring.keys) == [1, 2]


BROKEN = (
    "",
    "{",
    "[]",
    "null",
    '{"current": 1}',
    '{"current": 1, "keys": [], "index_key": "a5"}',
    '{"current": 1, "keys": {"1": "5a"}, "index_key": "a5"}',
    '{"current": 2, "keys": {"1": "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"}, "index_key": "' + "a5" * 32 + '"}',
)


async def test_a_broken_file_changes_nothing(service: Service, vault: Vault) -> None:
    case = await service.open()
    for broken in BROKEN:
        vault.write_text(broken)
        await vault.own.keeper.check()
        report = await vault.own.keeper.report()
        assert report.fault is not None, broken
        assert report.fault.code == "file_broken"
        assert vault.own.keeper.healthy(), "a bad file is no outage"
    assert await names_read(service, case) == NAMES
    metrics = (await service.http.get("/metrics")).text
    assert 'doudi_key_file_refused{code="file_broken",service="data-sharing"} 1.0' in metrics
    vault.write(1, current=1)
    await vault.own.keeper.check()
    assert (await vault.own.keeper.report()).fault is None
    assert 'refused{code="file_broken",service="data-sharing"} 0.0' in (await service.http.get("/metrics")).text


async def test_a_missing_file_changes_nothing(vault: Vault) -> None:
    vault.path.unlink()
    await vault.own.keeper.check()
    report = await vault.own.keeper.report()
    assert report.fault is not None
    assert (report.fault.code, vault.own.keeper.healthy()) == ("file_broken", True)


MISFITS: dict[str, tuple[tuple[int, ...], int, dict[str, Any]]] = {
    "key_missing": ((2,), 2, {}),
    "key_changed": ((1,), 1, {"keys": {"1": key_of(9)}}),
    "index_key_changed": ((1,), 1, {"index_key": "b6" * 32}),
}


@pytest.mark.parametrize("code", MISFITS)
async def test_a_file_that_does_not_fit_the_database_changes_nothing(service: Service, vault: Vault, code: str) -> None:
    case = await service.open()
    key_ids, current, changes = MISFITS[code]
    vault.write(*key_ids, current=current, **changes)
    await vault.own.keeper.check()
    report = await vault.own.keeper.report()
    assert report.fault is not None
    assert report.fault.code == code
    assert "仍用原来的密钥" in report.fault.detail
    assert vault.own.keeper.healthy()
    assert await names_read(service, case) == NAMES
    assert (await service.open(*family(9))).query_ids


@pytest.mark.parametrize("code", MISFITS)
async def test_who_starts_with_such_a_file_neither_writes_nor_answers(
    service: Service, vault: Vault, code: str
) -> None:
    await service.open()
    key_ids, current, changes = MISFITS[code]
    vault.write(*key_ids, current=current, **changes)
    starting = vault.replica()
    await starting.keeper.begin()
    assert not starting.keeper.healthy()
    with pytest.raises(KeysClosed):
        starting.cipher.encrypt("李样例", field="person.name")
    with pytest.raises(KeysClosed):
        starting.cipher.blind_index("李样例", field="person.name")
    vault.write(1, current=1)
    await starting.keeper.check()
    assert starting.keeper.healthy()
    assert starting.cipher.encrypt("李样例", field="person.name")


async def test_without_keys_a_request_is_told_to_come_again(service: Service, vault: Vault) -> None:
    case = await service.open()
    vault.own.cipher.close()
    answer = await service.read_query(case, "tax")
    assert (answer.status_code, problem_code(answer)) == (503, "unavailable")
    await vault.own.keeper.check()
    assert await names_read(service, case) == NAMES


async def test_operations_and_those_who_check_see_how_keys_stand(service: Service, vault: Vault) -> None:
    await service.open()
    vault.write(1, 2, current=2)
    await vault.finish()
    for role in (Role.OPS, Role.AUDITOR, Role.INSPECTOR):
        answer = await service.get("/v1/keys", role)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        assert document["is_finished"] is True
        assert [(key["key_id"], key["state"], key["may_be_removed"]) for key in document["keys"]] == [
            (1, "retired", True),
            (2, "writing", False),
        ]
        columns = {column["column"]: column["values"] for column in document["columns"]}
        assert columns["verification_member.name"] == {"2": 3}
        assert key_of(1) not in answer.text
        assert key_of(2) not in answer.text
    assert (await service.get("/v1/keys", Role.STREET_CLERK, streets=["420106009"])).status_code == 403
    await vault.own.keeper.check()
    metrics = (await service.http.get("/metrics")).text
    assert 'doudi_encrypted_values{column="person.name",key="2",service="data-sharing"} 3.0' in metrics
    assert 'doudi_encrypted_values{column="person.name",key="1",service="data-sharing"} 0.0' in metrics


async def test_a_moved_ciphertext_is_refused_before_and_after(service: Service, vault: Vault) -> None:
    case = await service.open()
    owner = await asyncpg.connect(service.urls.owner.replace("+asyncpg", ""))
    await owner.execute("select act_as_service()")
    await owner.execute(
        "update verification_member set name = (select name from person"
        " where person.person_id = verification_member.person_id) where ref = 'p1'"
    )
    assert (await service.read_query(case, "tax")).status_code == 500
    vault.write(1, 2, current=2)
    async with asyncio.timeout(60):
        while (await vault.values()).get(1) != 1:
            await vault.step()
    for _ in range(3):
        await asyncio.sleep(SETTLE_SECONDS)
        await vault.step()
    # Nothing made it readable by writing it again, and its key stays until somebody has looked at it.
    moved = await owner.fetchval("select name from verification_member where ref = 'p1'")
    assert moved[1] == 1
    with pytest.raises(CannotDecrypt):
        service.means.cipher.decrypt(moved, field="verification_member.name")
    report = await vault.own.keeper.report()
    assert not report.is_finished
    assert {key.key_id: key.may_be_removed for key in report.keys} == {1: False, 2: False}
    assert (await vault.values())[1] == 1
    await owner.close()


async def test_what_somebody_wrote_meanwhile_is_not_overwritten(service: Service, vault: Vault) -> None:
    await service.open()
    owner = await asyncpg.connect(service.urls.owner.replace("+asyncpg", ""))
    await owner.execute("select act_as_service()")
    place, old = await owner.fetchrow("select ctid::text, name from person limit 1")
    vault.write(1, 2, current=2)
    await vault.own.keeper.check()
    await asyncio.sleep(SETTLE_SECONDS)
    await vault.own.keeper.check()
    cipher = service.means.cipher
    renewed = cipher.encrypt(cipher.decrypt(old, field="person.name"), field="person.name")
    newer = cipher.encrypt("赵改名", field="person.name")
    await owner.execute("update person set name = $1 where name = $2", newer, old)
    async with service.database.transaction() as tx:
        done = await tx.exec_driver_sql(
            "select renew_values('person', 'name', array[$1]::text[], array[$2]::bytea[], array[$3]::bytea[])",
            (place, old, renewed),
        )
        assert done.all() == []
    assert await owner.fetchval("select count(*) from person where name = $1", newer) == 1
    await owner.close()


async def test_a_row_that_somebody_writes_is_left_and_nobody_waits(service: Service, vault: Vault) -> None:
    await service.open()
    owner = await asyncpg.connect(service.urls.owner.replace("+asyncpg", ""))
    await owner.execute("select act_as_service()")
    await owner.execute("begin")
    await owner.execute("select 1 from person limit 1 for update")
    vault.write(1, 2, current=2)
    async with asyncio.timeout(20):
        while (await vault.values()).get(1) != 2:
            await vault.step()
    await owner.execute("rollback")
    await vault.finish()
    assert set(await vault.values()) == {2}
    await owner.close()


async def test_values_are_renewed_and_nothing_else(service: Service, vault: Vault) -> None:
    """The one way past the missing right to update lets nothing through but the renewal of a value."""
    await service.open()
    vault.write(1, 2, current=2)
    await vault.own.keeper.check()
    await asyncio.sleep(SETTLE_SECONDS)
    await vault.own.keeper.check()
    cipher = service.means.cipher
    connection = await asyncpg.connect(service.urls.app.replace("+asyncpg", ""))
    await let_in(connection, scope="service")
    place, old = await connection.fetchrow("select ctid::text, name from person limit 1")
    fitting = cipher.encrypt(cipher.decrypt(old, field="person.name"), field="person.name")
    call = "select renew_values($1, $2, array[$3], array[$4::bytea], array[$5::bytea])"
    refused: list[tuple[Any, ...]] = [
        ("person", "identity_index", place, old, fitting),
        ("person", "first_seen_at", place, old, fitting),
        ("verification_member", "is_adult", place, old, fitting),
        ("seal_key", "inner_pad", place, old, fitting),
        ("person", "name", place, old, fitting + b"x"),
        ("person", "name", place, old, old),
        ("person", "name", place, old, bytes([1, 1]) + fitting[2:]),
        ("person", "name", place, old, bytes([1, 3]) + fitting[2:]),
        ("person", "name", place, old, None),
        ("person", "name", place, None, fitting),
        ("person; drop table person", "name", place, old, fitting),
    ]
    for arguments in refused:
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.RestrictViolationError)):
            await connection.fetch(call, *arguments)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("update person set name = name")
    for scope in ("streets", "district", "resident", "department"):
        other = await asyncpg.connect(service.urls.app.replace("+asyncpg", ""))
        await let_in(other, scope=scope, subject="x", department="tax", streets=["420106009"])
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await other.fetch(call, "person", "name", place, old, fitting)
        assert await other.fetch("select * from encryption_key") == []
        await other.close()
    assert await connection.fetch(call, "person", "name", place, old, fitting) == [(1,)]
    await connection.close()


@pytest.mark.parametrize("seed", range(4))
async def test_any_history_of_keys_loses_nothing(service: Service, vault: Vault, seed: int) -> None:
    """Keys are added, made current, taken back and removed in any order, right or wrong, while families apply."""
    chance = random.Random(seed)
    cases = [await service.open(*family(0))]
    in_file, current = {1}, 1
    for at in range(1, 14):
        match chance.choice(["add", "current", "remove", "apply", "wait", "finish"]):
            case "add":
                in_file.add(at + 1)
            case "current":
                current = chance.choice(sorted(in_file))
            case "remove" if len(in_file) > 1:
                in_file.discard(chance.choice(sorted(in_file - {current})))
            case "apply":
                cases.append(await service.open(*family(at)))
            case "wait":
                await asyncio.sleep(chance.choice([0.05, SETTLE_SECONDS]))
            case "finish":
                with contextlib.suppress(AssertionError):
                    await vault.step()
        vault.write(*sorted(in_file), current=current)
        for _ in range(chance.randrange(4)):
            await vault.step()
        for one in cases:
            assert await names_read(service, one) == NAMES
    vault.write(*sorted(in_file | set(range(1, 16))), current=current)
    await vault.finish()
    assert len(await vault.values()) == 1
