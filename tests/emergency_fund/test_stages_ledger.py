"""Stages hold against any client: raw connections try what the code never does."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from shared.ids import new_id

from .conftest import APPROVER, CLERK, OTHER_STREET, STREET, Fund, by_visit, ok
from .raw import append, raw, refusal

pytestmark = pytest.mark.clause("4.2.3")

_STAGES = [by_visit("1000.00", "2022-12-05"), by_visit("1200.00", "2022-12-05"), by_visit("800.00", "2022-12-05")]
_PAID = "state = 'paid', paid_by = 'raw', paid_at = now(), transfer_id = $2"


@pytest.fixture
async def connection(fund: Fund) -> AsyncIterator[asyncpg.Connection]:
    """A raw connection as the run-time role, in the context of the service itself."""
    opened = await raw(fund)
    yield opened
    await opened.close()


async def _approved(fund: Fund, **changes: Any) -> dict[str, Any]:
    changes = {"missing": (), "stages": _STAGES} | changes
    return await fund.read(f"/v1/grants/{await fund.approved('3000.00', **changes)}")


async def _met(fund: Fund, *numbers: int, **changes: Any) -> tuple[dict[str, Any], list[str]]:
    """An approved grant with some conditions met, and the ids of its stages."""
    grant = await _approved(fund, **changes)
    for number in numbers:
        ok(await fund.on_stage(grant, number, "condition", {"note": "已核实"}, by=CLERK))
    return grant, [stage["stage_id"] for stage in grant["plan"]["stages"]]


async def _at_the_end(connection: asyncpg.Connection, *statements: tuple[Any, ...]) -> str:
    """The constraint that refuses statements at the end of their transaction."""
    transaction = connection.transaction()
    await transaction.start()
    for statement in statements:
        await connection.execute(*statement)
    refused_by = await refusal(connection.execute("set constraints all immediate"))
    await transaction.rollback()
    return refused_by


async def test_only_a_met_stage_is_paid_to_the_fen_and_once(fund: Fund, connection: asyncpg.Connection) -> None:
    grant, (first, second, _) = await _met(fund, 1)
    with_papers_missing, (third, *_) = await _met(fund, 1, missing=("diagnosis",))
    for cause, moved in (
        (grant["grant_id"], {"cash": -300_000, "documented": 300_000}),  # the plan at once
        (second, {"cash": -120_000, "documented": 120_000}),  # not met
        (first, {"cash": -100_001, "documented": 100_001}),
        (first, {"cash": -99_999, "documented": 99_999}),
        (first, {"cash": -100_000, "advances": 100_000}),  # no paper is missing
        (third, {"cash": -100_000, "documented": 100_000}),  # a paper is missing
        (with_papers_missing["grant_id"], {"cash": -300_000, "advances": 300_000}),
    ):
        assert await refusal(append(connection, "payment", moved, cause=cause)) == "transfer_has_cause", moved
    elsewhere = append(
        connection, "payment", {"cash": -100_000, "documented": 100_000}, cause=first, street=OTHER_STREET
    )
    assert await refusal(elsewhere) == "transfer_has_cause"
    await append(connection, "payment", {"cash": -100_000, "documented": 100_000}, cause=first)
    again = append(connection, "payment", {"cash": -100_000, "documented": 100_000}, cause=first)
    assert await refusal(again) == "transfer_once_per_cause"


async def test_nothing_is_paid_before_the_approval_or_after_a_refusal_or_a_stop(
    fund: Fund, connection: asyncpg.Connection
) -> None:
    requested = ok(await fund.request("3000.00", missing=(), stages=_STAGES))
    early = requested["plan"]["stages"][0]["stage_id"]
    met = "update grant_stage set state = 'met', met_by = 'raw', met_at = now(), met_note = 'x' where stage_id = $1"
    assert await refusal(connection.execute(met, early)) == "grant_stage_two_persons"
    refused, (first, *_) = await _met(fund, 1)
    ok(await fund.act(refused["grant_id"], "refusal", {"reason": "不属实"}))
    stopped, (paid, second, third) = await _met(fund, 1, 2)
    ok(await fund.on_stage(stopped, 1, "payment"))
    ok(await fund.act(stopped["grant_id"], "stop", {"reason": "已纳入低保"}))
    for cause, amount_fen in ((early, 100_000), (first, 100_000), (second, 120_000), (third, 80_000)):
        work = append(connection, "payment", {"cash": -amount_fen, "documented": amount_fen}, cause=cause)
        assert await refusal(work) == "transfer_has_cause"
    for stage_id, change in (
        (second, "state = 'met'"),
        (second, "state = 'planned', met_by = null, met_at = null, met_note = null"),
        (third, "state = 'planned'"),
        (paid, "state = 'met', paid_by = null, paid_at = null, transfer_id = null"),
        (paid, "state = 'stopped', paid_by = null, paid_at = null, transfer_id = null"),
    ):
        work = connection.execute(f"update grant_stage set {change} where stage_id = $1", stage_id)  # noqa: S608 - from the list above
        assert await refusal(work) == "grant_stage_step", change
    work = connection.execute("update grant_plan set stop_reason = 'x' where grant_id = $1", stopped["grant_id"])
    assert await refusal(work) == "grant_plan_step"


async def test_a_stage_is_met_by_somebody_else_than_the_approver_and_a_day_not_before_it_has_come(
    fund: Fund, connection: asyncpg.Connection
) -> None:
    day = {"amount": "1000.00", "planned_on": "2022-12-06", "condition": {"kind": "day", "words": "到期"}}
    _, (visit, due, _) = await _met(fund, stages=[_STAGES[0], day, by_visit("1000.00", "2022-12-05")])
    met = (
        "update grant_stage set state = 'met', met_by = $2, met_at = $3::text::timestamptz, met_note = $4 "
        "where stage_id = $1"
    )
    for stage_id, by, at, note, constraint in (
        (visit, APPROVER, "2022-12-06", "x", "grant_stage_two_persons"),
        (visit, "calendar", "2022-12-06", "x", "grant_stage_day"),
        (visit, CLERK, "2022-12-06", None, "grant_stage_day"),
        (visit, None, "2022-12-06", "x", "grant_stage_met"),
        (due, CLERK, "2022-12-06", "x", "grant_stage_day"),
        (due, "calendar", "2022-12-05T23:59+08:00", None, "grant_stage_day"),
    ):
        assert await refusal(connection.execute(met, stage_id, by, at, note)) == constraint, (by, at)
    await connection.execute(met, due, "calendar", "2022-12-06T00:00+08:00", None)


async def test_who_finds_the_condition_met_does_not_pay(fund: Fund, connection: asyncpg.Connection) -> None:
    _, (first, *_) = await _met(fund, 1)
    work = connection.execute(
        f"update grant_stage set {_PAID.replace('raw', CLERK)} where stage_id = $1",  # noqa: S608 - a fixed name
        first,
        new_id(),
    )
    assert await refusal(work) == "grant_stage_two_persons"


async def test_a_plan_is_whole_from_the_first_and_stays_as_it_was_approved(
    fund: Fund, connection: asyncpg.Connection
) -> None:
    grant = await _approved(fund)
    lump = ok(await fund.request("3000.00", missing=()))["grant_id"]
    stage = (
        "insert into grant_stage (stage_id, grant_id, street, number, amount_fen, planned_on, condition_kind, "
        "condition, state) values (gen_random_uuid(), $1, $2, $3, $4, '2022-12-06', 'visit', 'x', 'planned')"
    )
    plan = "insert into grant_plan (grant_id, street) values ($1, $2)"
    # One more stage; one stage only; stages that do not come to the amount; another street.
    assert await _at_the_end(connection, (stage, grant["grant_id"], STREET, 4, 1)) == "plan_is_whole"
    for stages in ([300_000], [100_000, 199_999], [100_000, 200_001], [300_001], []):
        rows = [(stage, lump, STREET, number, amount) for number, amount in enumerate(stages, start=1)]
        assert await _at_the_end(connection, (plan, lump, STREET), *rows) == "plan_is_whole", stages
    rows = [(stage, lump, OTHER_STREET, number, 150_000) for number in (1, 2)]
    assert await _at_the_end(connection, (plan, lump, STREET), *rows) == "plan_is_whole"
    approved = await fund.approved(missing=())
    for grant_id, street in ((approved, STREET), (lump, OTHER_STREET)):
        assert await refusal(connection.execute(plan, grant_id, street)) == "grant_plan_step"
    for change in (
        "update grant_stage set amount_fen = 1",
        "update grant_stage set planned_on = '2099-01-01'",
        "update grant_stage set condition = 'none'",
        "delete from grant_stage",
        "delete from grant_plan",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            await connection.execute(change)


async def test_a_grant_stands_where_its_stages_stand(fund: Fund, connection: asyncpg.Connection) -> None:
    grant, (first, second, third) = await _met(fund, 1, 2)
    grant_id = grant["grant_id"]
    step = f"update grant_stage set {_PAID} where stage_id = $1"  # noqa: S608 - fixed words
    other = (await fund.paid(missing=()))["transfer_id"]
    for transfer_id in (str(new_id()), other):
        assert await _at_the_end(connection, (step, first, transfer_id)) == "stage_paid_by_its_payment"
    stop = ("update grant_stage set state = 'stopped' where stage_id = $1", third)
    assert await _at_the_end(connection, stop) == "grant_follows_its_stages"
    ok(await fund.on_stage(grant, 1, "payment"))
    for state in ("paid", "closed"):
        change = (f"update emergency_grant set state = '{state}' where grant_id = $1", grant_id)  # noqa: S608 - two fixed words
        assert await _at_the_end(connection, change) == "grant_follows_its_stages"
    # A stop of some stages and not of others, or of none.
    assert await _at_the_end(connection, stop) == "grant_follows_its_stages"
    plan = "update grant_plan set stopped_by = $2, stopped_at = now(), stop_reason = 'x' where grant_id = $1"
    assert await _at_the_end(connection, stop, (plan, grant_id, APPROVER)) == "grant_follows_its_stages"
    assert await _at_the_end(connection, (plan, grant_id, APPROVER)) == "grant_follows_its_stages"
    assert await refusal(connection.execute(plan, grant_id, CLERK)) == "grant_plan_step"
    # A stage that has its payment cannot be stopped.
    await append(connection, "payment", {"cash": -120_000, "documented": 120_000}, cause=second)
    everything = (
        "update grant_stage set state = 'stopped' where grant_id = $1 and state in ('planned', 'met')",
        grant_id,
    )
    closed = ("update emergency_grant set state = 'closed' where grant_id = $1", grant_id)
    refused_by = await _at_the_end(connection, everything, (plan, grant_id, APPROVER), closed)
    assert refused_by == "stage_paid_by_its_payment"


async def test_a_grant_without_a_plan_is_never_in_stages(fund: Fund, connection: asyncpg.Connection) -> None:
    grant_id = await fund.approved("1000.00", missing=())
    await append(connection, "payment", {"cash": -100_000, "documented": 100_000}, cause=grant_id)
    pay = (
        "update emergency_grant set state = 'in_stages', paid_by = 'raw', paid_at = now(), transfer_id = "
        "(select transfer_id from transfer where cause_id = $1) where grant_id = $1"
    )
    look_after = (
        "insert into follow_up (follow_up_id, grant_id, street, round, owner, due_on, opened_at) "
        "values (gen_random_uuid(), $1, $2, 1, 'raw', '2023-01-04', now())"
    )
    assert await _at_the_end(connection, (pay, grant_id), (look_after, grant_id, STREET)) == "plan_is_whole"
    closed = (pay.replace("in_stages", "closed"), grant_id)
    assert await _at_the_end(connection, closed) == "no_payment_without_follow_up"


async def test_the_settlement_moves_what_was_advanced_and_not_while_a_paper_is_owed(
    fund: Fund, connection: asyncpg.Connection
) -> None:
    grant, _ = await _met(fund, 1, 2, missing=("diagnosis",))
    grant = ok(await fund.on_stage(grant, 1, "payment"))
    grant = ok(await fund.on_stage(grant, 2, "payment"))
    cause = grant["grant_id"]
    exact = {"advances": -220_000, "documented": 220_000}
    assert await refusal(append(connection, "settlement", exact, cause=cause)) == "transfer_has_cause"
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("update paper_debt set outcome = 'supplied', settled_by = 'raw', settled_at = now()")
    for advances_fen in (100_000, 120_000, 219_999):
        savepoint = connection.transaction()
        await savepoint.start()
        moved = {"advances": -advances_fen, "documented": advances_fen}
        assert await refusal(append(connection, "settlement", moved, cause=cause)) == "transfer_has_cause"
        await savepoint.rollback()
    await append(connection, "settlement", exact, cause=cause)
    await transaction.commit()
    ok(await fund.on_stage(grant, 3, "condition", {"note": "已核实"}, by=CLERK))
    third = grant["plan"]["stages"][2]["stage_id"]
    late = append(connection, "payment", {"cash": -80_000, "advances": 80_000}, cause=third)
    assert await refusal(late) == "transfer_has_cause"
    assert ok(await fund.on_stage(grant, 3, "payment"))["state"] == "closed"


async def test_a_clerk_of_another_street_neither_sees_nor_writes_a_plan(fund: Fund) -> None:
    grant, _ = await _met(fund, 1)
    connection = await raw(fund, scope="streets", streets=[OTHER_STREET])
    for table in ("grant_plan", "grant_stage"):
        assert await connection.fetch(f"select * from {table}") == []  # noqa: S608 - two fixed words
    assert await connection.execute("update grant_stage set due_at = now()") == "UPDATE 0"
    assert await connection.execute("update grant_plan set stopped_by = 'x'") == "UPDATE 0"
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await connection.execute(
            "insert into grant_stage (stage_id, grant_id, street, number, amount_fen, planned_on, condition_kind, "
            "condition, state) values ($1, $2, $3, 9, 1, '2022-12-06', 'visit', 'x', 'planned')",
            new_id(),
            grant["grant_id"],
            STREET,
        )
    await connection.close()
