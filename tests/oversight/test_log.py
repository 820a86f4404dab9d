"""Every event is kept as it came, once, and cannot be changed unseen."""

import asyncio
import base64
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Table, func, select, text
from sqlalchemy.exc import DBAPIError

from oversight import handlers
from oversight.rules import tree
from oversight.rules.verification import ProofRejected, verify_consistency, verify_inclusion
from oversight.tables import clue, log_entry
from shared.auth import Principal, Role
from shared.events import Event, contracts
from shared.events.emergency_fund import (
    GrantApproved,
    GrantPaid,
    GrantRequested,
    ReplenishmentRequested,
    ReserveReplenished,
)
from shared.events.intake import ApplicationSubmitted
from shared.events.oversight import CheckpointSigned
from shared.ids import new_id
from shared.testing import envelope_of, problem_code

SUBMITTED = ApplicationSubmitted.from_example()


def decoded(hashes: list[str]) -> list[bytes]:
    return [base64.b64decode(hash_) for hash_ in hashes]


async def proof_of(oversight: Any, event_id: object, tree_size: int) -> dict[str, Any]:
    answer = await oversight.ask(
        "/v1/log/proofs/inclusion", Role.STREET_CLERK, event_id=str(event_id), tree_size=tree_size
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def entry_of(oversight: Any, event_id: object) -> dict[str, Any]:
    answer = await oversight.ask(f"/v1/log/entries/{event_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def execute_as(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.clause("13.2.2")
async def test_every_kind_of_event_is_kept_byte_for_byte_and_proved(oversight: Any) -> None:
    envelopes = await oversight.hear(*(contract.from_example() for contract in contracts()))
    assert (await oversight.ask_for_checkpoint()).status_code == 201
    head = await oversight.signed_head()
    assert head.tree_size == len(envelopes)
    for index, envelope in enumerate(envelopes):
        entry = await entry_of(oversight, envelope.event_id)
        assert base64.b64decode(entry["leaf"]) == envelope.to_json()
        proof = await proof_of(oversight, envelope.event_id, head.tree_size)
        assert proof["leaf_index"] == index
        verify_inclusion(
            leaf=envelope.to_json(),
            leaf_index=index,
            tree_size=head.tree_size,
            proof=decoded(proof["hashes"]),
            root_hash=head.root_hash,
        )


@pytest.mark.clause("4.3.4")
async def test_every_movement_of_a_street_reserve_is_in_the_log(oversight: Any) -> None:
    movements: list[type[Event]] = [
        GrantRequested,
        GrantApproved,
        GrantPaid,
        ReplenishmentRequested,
        ReserveReplenished,
    ]
    envelopes = await oversight.hear(*(movement.from_example() for movement in movements))
    for envelope in envelopes:
        entry = await entry_of(oversight, envelope.event_id)
        assert entry["type"] == envelope.event.type
        assert entry["topic"] == "emergency-fund"


@pytest.mark.clause("13.2.2")
async def test_todays_log_is_proved_to_contain_yesterdays_head(oversight: Any) -> None:
    await oversight.hear(*[SUBMITTED] * 5)
    await oversight.run_due()
    yesterday = await oversight.signed_head()
    await oversight.hear(*[SUBMITTED] * 9)
    oversight.clock.advance(timedelta(days=1))
    await oversight.run_due()
    today = await oversight.signed_head()
    answer = await oversight.ask(
        "/v1/log/proofs/consistency", Role.DEPARTMENT_OFFICER, first=yesterday.tree_size, second=today.tree_size
    )
    verify_consistency(
        first=yesterday.tree_size,
        second=today.tree_size,
        first_root=yesterday.root_hash,
        second_root=today.root_hash,
        proof=decoded(answer.json()["hashes"]),
    )
    assert (yesterday.tree_size, today.tree_size) == (5, 14)


async def test_an_event_that_comes_twice_in_two_batches_is_refused_by_the_database(oversight: Any) -> None:
    (envelope,) = await oversight.hear(SUBMITTED)
    with pytest.raises(DBAPIError, match="log_entry_event_id"):
        await oversight.hear(envelope)
    assert (await entry_of(oversight, envelope.event_id))["leaf_index"] == 0


async def test_a_batch_that_fails_leaves_nothing_behind(oversight: Any) -> None:
    known, new = envelope_of(SUBMITTED, clock=oversight.clock), envelope_of(SUBMITTED, clock=oversight.clock)
    await oversight.hear(known)
    with pytest.raises(DBAPIError):
        await oversight.hear(new, known)
    assert problem_code(await oversight.ask(f"/v1/log/entries/{new.event_id}")) == "not_found"
    await oversight.hear(new)
    await oversight.ask_for_checkpoint()
    expected, _ = tree.extend(tree.EMPTY, [tree.leaf_hash(each.to_json()) for each in (known, new)])
    assert (await oversight.signed_head()).root_hash == expected.root()


async def test_replicas_that_append_at_the_same_time_make_one_log(oversight: Any) -> None:
    batches = await asyncio.gather(*(oversight.hear(*[SUBMITTED] * 7) for _ in range(8)))
    await oversight.ask_for_checkpoint()
    head = await oversight.signed_head()
    assert head.tree_size == 56
    by_index = {}
    for envelope in [envelope for batch in batches for envelope in batch]:
        entry = await entry_of(oversight, envelope.event_id)
        by_index[entry["leaf_index"]] = envelope.to_json()
    leaves = [tree.leaf_hash(by_index[index]) for index in range(56)]
    assert tree.extend(tree.EMPTY, leaves)[0].root() == head.root_hash


@pytest.mark.clause("13.2.2")
@pytest.mark.parametrize("table", ["log_entry", "log_node", "checkpoint", "clue"])
@pytest.mark.parametrize(
    "change", ["update {table} set {column} = {column}", "delete from {table}", "truncate {table}"]
)
async def test_neither_the_service_nor_its_owner_can_change_what_is_kept(
    oversight: Any, table: str, change: str
) -> None:
    column = {"log_entry": "body", "log_node": "hash", "checkpoint": "note", "clue": "kind"}[table]
    statement = change.format(table=table, column=column)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
        await execute_as(oversight.urls.app, statement)
    with pytest.raises(asyncpg.PostgresError, match=r"append only|referenced in a foreign key"):
        await execute_as(oversight.urls.owner, statement)


@pytest.mark.clause("13.2.2")
async def test_an_event_changed_by_force_is_found_before_the_next_head_is_signed(oversight: Any) -> None:
    first, second, _ = await oversight.hear(*[SUBMITTED] * 3)
    await execute_as(
        oversight.urls.owner,
        "alter table log_entry disable trigger log_entry_append_only; "
        "update log_entry set body = body || ' '::bytea where leaf_index = 1",
    )
    refused = await oversight.ask_for_checkpoint()
    assert (refused.status_code, problem_code(refused)) == (500, "log_tampered")
    assert await oversight.recorded() == []
    # And whoever asks for the event sees it: what is shown is not what the tree holds.
    entry, proof = await entry_of(oversight, second.event_id), await proof_of(oversight, second.event_id, 3)
    assert entry["leaf_hash"] != proof["leaf_hash"]
    assert (await entry_of(oversight, first.event_id))["leaf_hash"] == (await proof_of(oversight, first.event_id, 3))[
        "leaf_hash"
    ]


@pytest.mark.clause("13.2.2")
@pytest.mark.parametrize(
    "change",
    [
        "update log_node set hash = sha256('x') where (level, number) = (1, 0)",
        "update log_node set hash = sha256('x') where (level, number) = (0, 2)",
        "delete from log_node where (level, number) = (0, 2)",
        "delete from log_entry where leaf_index = 4",
        "update checkpoint set note = replace(note, E'\\n3\\n', E'\\n2\\n')",
    ],
)
async def test_a_head_is_not_signed_over_a_log_that_left_the_last_one(oversight: Any, change: str) -> None:
    await oversight.hear(*[SUBMITTED] * 3)
    assert (await oversight.ask_for_checkpoint()).status_code == 201
    await oversight.hear(*[SUBMITTED] * 4)
    await execute_as(
        oversight.urls.owner,
        "alter table log_entry disable trigger user; alter table log_node disable trigger user; "
        f"alter table checkpoint disable trigger user; {change}",
    )
    refused = await oversight.ask_for_checkpoint(key="ask-00000002")
    assert problem_code(refused) == "log_tampered"


@pytest.mark.clause("13.2.2")
@pytest.mark.parametrize(
    "change",
    [
        "delete from log_entry where leaf_index = 1",
        "update log_entry set body = body || ' '::bytea where leaf_index = 1",
        # Whoever knows the tree changes it too, as far as the edge that is compared.
        (
            "update log_entry set body = body || ' '::bytea where leaf_index = 1;"
            " update log_node set hash = sha256('\\x00' || (select body from log_entry where leaf_index = 1))"
            " where (level, number) = (0, 1)"
        ),
    ],
    ids=["removed", "changed", "changed with its leaf"],
)
async def test_what_stands_under_a_signed_head_is_looked_at_again(oversight: Any, change: str) -> None:
    await oversight.hear(*[SUBMITTED] * 5)
    assert (await oversight.ask_for_checkpoint()).status_code == 201
    await execute_as(
        oversight.urls.owner,
        f"alter table log_entry disable trigger user; alter table log_node disable trigger user; {change}",
    )
    await oversight.hear(SUBMITTED)
    refused = await oversight.ask_for_checkpoint(key="ask-00000002")
    assert (refused.status_code, problem_code(refused)) == (500, "log_tampered")


@pytest.mark.clause("13.2.2")
async def test_all_that_was_ever_signed_is_looked_at_again_in_turn(
    oversight: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "_RECHECKED_AT_LEAST", 3)
    await oversight.hear(*[SUBMITTED] * 8)
    seen = []
    for number in range(8):
        assert (await oversight.ask_for_checkpoint(key=f"ask-0000000{number}")).status_code == 201
        async with oversight.database.transaction() as tx:
            newest = text("select rechecked_until from checkpoint order by tree_size desc, checkpoint_id desc limit 1")
            seen.append((await tx.execute(newest)).scalar_one())
        if number == 3:
            await oversight.hear(*[SUBMITTED] * 3)
    assert seen == [0, 3, 6, 8, 3, 6, 9, 11], "from the start again once all were seen"


@pytest.mark.clause("13.2.2")
async def test_a_rewritten_log_cannot_prove_that_it_contains_the_old_head(oversight: Any) -> None:
    await oversight.hear(*[SUBMITTED] * 6)
    await oversight.ask_for_checkpoint()
    head = await oversight.signed_head()
    await execute_as(
        oversight.urls.owner,
        "alter table log_node disable trigger log_node_append_only; "
        "update log_node set hash = sha256(hash) where level = 1",
    )
    await oversight.hear(*[SUBMITTED] * 4)
    proof = (await oversight.ask("/v1/log/proofs/consistency", first=6, second=10)).json()
    with pytest.raises(ProofRejected, match="does not lead to the earlier root"):
        verify_consistency(
            first=6,
            second=10,
            first_root=head.root_hash,
            second_root=base64.b64decode(proof["second_root_hash"]),
            proof=decoded(proof["hashes"]),
        )


async def test_what_oversight_says_itself_is_heard_like_any_other_event(oversight: Any) -> None:
    await oversight.hear(SUBMITTED)
    await oversight.ask_for_checkpoint()
    (signed,) = await oversight.recorded()
    assert isinstance(signed, CheckpointSigned)
    await oversight.hear(signed)
    assert len(await oversight.recorded()) == 1


@pytest.mark.parametrize("table", [log_entry, clue], ids=str)
async def test_row_level_security_hides_entries_and_clues_from_streets_and_departments(
    oversight: Any, table: Table
) -> None:
    await oversight.hear(*(contract.from_example() for contract in contracts()))
    counts = {}
    for role in (Role.AUDITOR, Role.STREET_CLERK, Role.DEPARTMENT_OFFICER, Role.RESIDENT):
        caller = Principal(subject="x", client_id="x", roles=frozenset({role}), streets=frozenset({"420106006"}))
        async with oversight.database.transaction(caller) as tx:
            counts[role] = (await tx.execute(select(func.count()).select_from(table))).scalar_one()
    assert counts.pop(Role.AUDITOR) > 0
    assert set(counts.values()) == {0}


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("/v1/log/proofs/inclusion", {"event_id": "unknown", "tree_size": 2}, 404, "not_found"),
        ("/v1/log/proofs/inclusion", {"event_id": "second", "tree_size": 1}, 422, "event_not_in_tree"),
        ("/v1/log/proofs/inclusion", {"event_id": "first", "tree_size": 3}, 422, "tree_size_too_large"),
        ("/v1/log/proofs/inclusion", {"event_id": "first", "tree_size": 0}, 422, "invalid_input"),
        ("/v1/log/proofs/inclusion", {"event_id": "first", "tree_size": 2**63}, 422, "invalid_input"),
        ("/v1/log/proofs/consistency", {"first": 2, "second": 1}, 422, "sizes_out_of_order"),
        ("/v1/log/proofs/consistency", {"first": 1, "second": 3}, 422, "tree_size_too_large"),
        ("/v1/log/proofs/consistency", {"first": 0, "second": 2}, 422, "invalid_input"),
        ("/v1/log/checkpoint", {}, 404, "no_checkpoint_yet"),
        ("/v1/log/checkpoints", {"on": "2022-02-30"}, 422, "invalid_input"),
    ],
)
async def test_what_cannot_be_answered_says_why(
    oversight: Any, path: str, params: dict[str, Any], status: int, code: str
) -> None:
    first, second = await oversight.hear(SUBMITTED, SUBMITTED)
    ids = {"first": first.event_id, "second": second.event_id, "unknown": new_id()}
    if "event_id" in params:
        params = params | {"event_id": str(ids[params["event_id"]])}
    answer = await oversight.ask(path, **params)
    assert (answer.status_code, problem_code(answer)) == (status, code)
    assert answer.json().get("way_out")


@pytest.mark.parametrize("path", ["/v1/log/entries/{event_id}", "/v1/clues"])
@pytest.mark.parametrize("role", [Role.STREET_CLERK, Role.DEPARTMENT_OFFICER, Role.OPS, Role.RESIDENT, Role.SERVICE])
async def test_entries_and_clues_are_for_overseers_only(oversight: Any, path: str, role: Role) -> None:
    (envelope,) = await oversight.hear(SUBMITTED)
    answer = await oversight.ask(path.format(event_id=envelope.event_id), role)
    assert (answer.status_code, problem_code(answer)) == (403, "not_permitted")


async def test_an_auditor_lists_the_events_of_one_household_or_one_type_page_by_page(oversight: Any) -> None:
    paid = GrantPaid.from_example()
    other = paid.model_copy(update={"household_id": new_id()})
    await oversight.hear(SUBMITTED, paid, other, paid)
    of_type = (await oversight.ask("/v1/log/entries", type="emergency-fund.grant-paid.v1")).json()
    assert [entry["leaf_index"] for entry in of_type["items"]] == [3, 2, 1]
    of_household = (await oversight.ask("/v1/log/entries", key=str(other.household_id))).json()
    assert [entry["leaf_index"] for entry in of_household["items"]] == [2]
    first = (await oversight.ask("/v1/log/entries", limit=3)).json()
    last = (await oversight.ask("/v1/log/entries", limit=3, before=first["next_before"])).json()
    assert [entry["leaf_index"] for entry in last["items"]] == [0]
    assert last["next_before"] is None
    assert (await oversight.ask("/v1/log/entries", Role.STREET_CLERK)).status_code == 403
