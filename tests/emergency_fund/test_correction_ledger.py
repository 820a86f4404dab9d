"""Corrections hold against any client: raw connections try what the code never does. Clause 4.3.4."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from shared.ids import new_id

from .conftest import CLERK, OTHER_APPROVER, OTHER_STREET, STREET, Fund, ok
from .corrections import corrected, propose
from .raw import append, raw, refusal

pytestmark = pytest.mark.clause("4.3.4")

_INSTANT = datetime(2022, 12, 5, 2, tzinfo=UTC)
_CONFIRM = (
    "update correction set state = 'confirmed', decided_by = 'raw', decided_at = now(), transfer_id = $2"
    " where correction_id = $1"
)


@pytest.fixture
async def service(fund: Fund) -> AsyncIterator[asyncpg.Connection]:
    """A raw connection as the run-time role, in the service's own context."""
    connection = await raw(fund)
    yield connection
    await connection.close()


async def _proposed(
    connection: asyncpg.Connection, grant: dict[str, Any], kind: str, amount_fen: int, **changes: Any
) -> Any:
    """Insert a proposal, right unless something is said."""
    values = {
        "correction_id": new_id(), "grant_id": grant["grant_id"], "street": STREET, "kind": kind,
        "corrects": grant["transfer_id"], "amount_fen": amount_fen, "reason": "raw", "state": "proposed",
        "proposed_by": CLERK, "proposed_at": _INSTANT,
    } | changes  # fmt: skip
    await connection.execute(
        f"insert into correction ({', '.join(values)}) values "  # noqa: S608 - names of columns, written above
        f"({', '.join(f'${number}' for number in range(1, len(values) + 1))})",
        *values.values(),
    )
    return values["correction_id"]


async def test_nothing_is_corrected_that_nobody_proposed_or_in_another_way(
    fund: Fund, service: asyncpg.Connection
) -> None:
    grant = await fund.paid("1.00")
    approved = await fund.approved("1.00", street=OTHER_STREET, by=f"clerk-{OTHER_STREET}-1", approver=OTHER_APPROVER)
    elsewhere = ok(await fund.act(approved, "payment", by=OTHER_APPROVER))
    payment = grant["transfer_id"]
    cause = ok(await propose(fund, grant, "reversal", "0.60"))["correction_id"]
    back, back_all = {"cash": 60, "advances": -60}, {"cash": 100, "advances": -100}
    for kind, moved, named, corrects, constraint in (
        ("reversal", back, None, payment, "correction_has_cause"),
        ("reversal", back_all, cause, payment, "correction_has_cause"),
        ("claim", {"recoverable": 60, "advances": -60}, cause, payment, "correction_has_cause"),
        ("reversal", {"cash": 60, "due_from_finance": -60}, cause, payment, "correction_where_it_stands"),
        ("reversal", back, cause, elsewhere["transfer_id"], "correction_fits"),
        ("reversal", back, cause, new_id(), "correction_fits"),
        ("reversal", back, cause, None, "transfer_corrects"),
        ("payment", {"cash": -60, "advances": 60}, cause, payment, "transfer_corrects"),
        ("reversal", {"cash": 60, "recoverable": -60}, cause, payment, "transfer_kind"),
        ("reversal", {"cash": 60, "advances": -50, "due_from_finance": -10}, cause, payment, "transfer_kind"),
        ("reversal", back, cause, payment, "correction_is_confirmed"),
    ):
        work = append(service, kind, moved, cause=named, corrects=corrects)
        assert await refusal(work) == constraint, (kind, moved, constraint)
    assert (await fund.reserve())["advances"] == "1.00"


async def test_all_corrections_of_a_transfer_come_to_no_more_than_it_moved(
    fund: Fund, service: asyncpg.Connection
) -> None:
    grant = await fund.paid("1.00")
    await fund.paid("5.00")
    await corrected(fund, grant, "reversal", "0.60")
    cause = await _proposed(service, grant, "claim", 41)
    work = append(service, "claim", {"recoverable": 41, "advances": -41}, cause=cause, corrects=grant["transfer_id"])
    assert await refusal(work) == "correction_of_what_is_left"


async def test_a_claim_is_ended_by_no_more_than_was_asked_back(fund: Fund, service: asyncpg.Connection) -> None:
    grant, other = await fund.paid("1.00"), await fund.paid("5.00")
    claim = await corrected(fund, grant, "claim", "1.00")
    await corrected(fund, other, "claim", "5.00")
    cause = await _proposed(service, grant, "recovery", 101, corrects=claim["transfer_id"])
    work = append(service, "recovery", {"cash": 101, "recoverable": -101}, cause=cause, corrects=claim["transfer_id"])
    assert await refusal(work) == "correction_of_what_is_left"
    cause = await _proposed(service, grant, "reversal", 1)
    work = append(service, "recovery", {"cash": 1, "recoverable": -1}, cause=cause, corrects=grant["transfer_id"])
    assert await refusal(work) == "correction_fits"


async def test_two_corrections_at_once_do_not_overlook_each_other(fund: Fund, service: asyncpg.Connection) -> None:
    grant = await fund.paid("1.00")
    await fund.paid("5.00")
    other = await raw(fund)
    first = service.transaction()
    await first.start()

    async def take_back(connection: asyncpg.Connection) -> None:
        cause = await _proposed(connection, grant, "reversal", 60)
        moved = {"cash": 60, "advances": -60}
        transfer_id = await append(connection, "reversal", moved, cause=cause, corrects=grant["transfer_id"])
        await connection.execute(_CONFIRM, cause, transfer_id)

    await take_back(service)
    second = asyncio.create_task(take_back(other))
    await asyncio.sleep(0.2)
    assert not second.done(), "it waits for the first"
    await first.commit()
    assert await refusal(second) == "correction_of_what_is_left"
    await other.close()
    assert (await fund.reserve())["advances"] == "5.40"


async def test_a_correction_is_decided_once_by_another_person(fund: Fund, service: asyncpg.Connection) -> None:
    grant = await fund.paid("1.00")
    cause = ok(await propose(fund, grant, "reversal", "0.60"))["correction_id"]
    for change, constraint in (
        (f"state = 'rejected', decided_by = '{CLERK}', decided_at = now(), decision_reason = 'x'", "two_persons"),
        ("state = 'rejected', decided_by = 'raw', decided_at = now()", "decision_reason"),
        ("state = 'rejected'", "decided"),
        ("state = 'confirmed', decided_by = 'raw', decided_at = now()", "posted"),
    ):
        work = service.execute(f"update correction set {change} where correction_id = $1", cause)  # noqa: S608 - from the list above
        assert await refusal(work) == f"correction_{constraint}", change
    assert await refusal(service.execute(_CONFIRM, cause, grant["transfer_id"])) == "confirmed_by_its_transfer"
    await service.execute(
        "update correction set state = 'rejected', decided_by = 'raw', decided_at = now(), decision_reason = 'x'"
    )
    assert await refusal(service.execute("update correction set state = 'proposed'")) == "correction_decided_once"
    work = _proposed(service, grant, "reversal", 60, state="confirmed", decided_by="raw", decided_at=_INSTANT)
    assert await refusal(work) == "correction_step"
    other = await fund.paid("1.00")
    work = _proposed(service, grant, "reversal", 60, corrects=other["transfer_id"])
    assert await refusal(work) == "correction_of_its_grant"
    for change in ("update correction set amount_fen = 1", "delete from correction", "truncate correction"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            await service.execute(change)


async def test_a_grant_ends_only_as_its_money_says(fund: Fund, service: asyncpg.Connection) -> None:
    with_papers, without = await fund.paid("1.00", missing=()), await fund.paid("1.00")
    claimed = await fund.paid("1.00", missing=())
    await corrected(fund, claimed, "claim", "0.40")
    change = "update emergency_grant set state = $2 where grant_id = $1"
    for grant, state, constraint in (
        (with_papers, "returned", "returned_in_full"),
        (without, "returned", "no_close_with_open_debt"),
        (without, "recovering", "no_close_with_open_debt"),
        (with_papers, "recovering", "no_close_with_open_claim"),
        (claimed, "closed", "no_close_with_open_claim"),
        (claimed, "returned", "no_close_with_open_claim"),
    ):
        assert await refusal(service.execute(change, grant["grant_id"], state)) == constraint, state
    work = service.execute("update paper_debt set outcome = 'recovered', settled_by = 'raw', settled_at = now()")
    assert await refusal(work) == "recovered_when_returned"


async def test_no_correction_leaves_its_grant_behind(fund: Fund, service: asyncpg.Connection) -> None:
    for kind, moved, amount_fen in (
        ("claim", {"recoverable": 40, "documented": -40}, 40),
        ("reversal", {"cash": 100, "documented": -100}, 100),
    ):
        grant = await fund.paid("1.00", missing=())
        transaction = service.transaction()
        await transaction.start()
        cause = await _proposed(service, grant, kind, amount_fen)
        transfer_id = await append(service, kind, moved, cause=cause, corrects=grant["transfer_id"])
        await service.execute(_CONFIRM, cause, transfer_id)
        assert await refusal(transaction.commit()) == "grant_follows_correction"


async def test_no_street_writes_off_what_is_owed_to_it(fund: Fund) -> None:
    grant = await fund.paid("1.00")
    claim = await corrected(fund, grant, "claim", "1.00")
    cause = ok(await propose(fund, grant, "write_off", "1.00", corrects=claim["transfer_id"]))["correction_id"]
    street = await raw(fund, scope="streets", streets=[STREET])
    moved = {"recoverable": -100, "documented": 100, "refilled_expense": -100, "written_off": 100}
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await append(street, "write_off", moved, cause=cause, corrects=claim["transfer_id"])
    await street.close()


async def test_a_street_sees_and_proposes_only_its_own(fund: Fund) -> None:
    grant = await fund.paid("1.00")
    ok(await propose(fund, grant, "reversal", "0.60"))
    other = await raw(fund, scope="streets", streets=[OTHER_STREET])
    assert await other.fetchval("select count(*) from correction") == 0
    assert await other.fetchval("select count(*) from grant_transfer") == 0
    assert await other.execute("update correction set state = 'rejected'") == "UPDATE 0"
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await _proposed(other, grant, "reversal", 1)
    await other.close()


@pytest.mark.clause("4.3.2")
async def test_finance_is_asked_for_no_more_than_is_missing(fund: Fund, service: asyncpg.Connection) -> None:
    await fund.paid("1.00")
    ask = "insert into replenishment values (gen_random_uuid(), $1, $2, 'requested', now())"
    assert await refusal(service.execute(ask, STREET, 101)) == "replenishment_of_what_is_missing"
    assert await refusal(service.execute(ask, "420106004", 1)) == "replenishment_of_what_is_missing"
    await service.execute(ask, STREET, 100)
