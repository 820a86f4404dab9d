"""The ledger holds against any client: raw connections try what the code never does. Clauses 4.3.1 and 4.3.4."""

from collections.abc import AsyncIterator, Awaitable, Iterable
from datetime import datetime
from typing import Any

import asyncpg
import pytest

from shared.ids import new_id
from shared.testing import let_in

from .conftest import OTHER_APPROVER, OTHER_STREET, STREET, Fund, ok

pytestmark = pytest.mark.clause("4.3.4")

ACCOUNTS = (
    "cash", "advances", "documented", "due_from_finance", "recoverable", "finance", "refilled_expense", "written_off",
)  # fmt: skip
FLOAT_FEN = 3_000_000


async def _raw(url: str, *, scope: str = "service", streets: Iterable[str] = ()) -> asyncpg.Connection:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await let_in(connection, scope=scope, streets=streets)
    return connection


@pytest.fixture
async def owner(fund: Fund) -> AsyncIterator[asyncpg.Connection]:
    """A raw connection of the role that owns the tables: more than any running service may do."""
    connection = await _raw(fund.urls.owner)
    yield connection
    await connection.close()


@pytest.fixture
async def clerk(fund: Fund) -> AsyncIterator[asyncpg.Connection]:
    """A raw connection as the run-time role, in the context of a clerk of one street."""
    connection = await _raw(fund.urls.app, scope="streets", streets=[STREET])
    yield connection
    await connection.close()


async def _append(
    connection: asyncpg.Connection,
    *,
    kind: str = "payment",
    cause: Any = None,
    version: int = 2,
    street: str = STREET,
    moved: dict[str, int] | None = None,
    after: dict[str, int] | None = None,
    float_fen: int = FLOAT_FEN,
    at: str = "2022-12-05T10:00+08:00",
) -> None:
    """Insert one row, right unless something is said: 100 fen paid from a full reserve, papers missing."""
    legs = {"cash": -100, "advances": 100} if moved is None else moved
    before = {"cash": FLOAT_FEN, "finance": -FLOAT_FEN}
    left = {name: before.get(name, 0) + legs.get(name, 0) for name in ACCOUNTS} | (after or {})
    await connection.execute(
        f"insert into transfer values ($1, $2, $3, $4, $5, 'raw', $6, "  # noqa: S608 - dollar signs and numbers
        f"{', '.join(f'${at}' for at in range(7, 24))})",
        street,
        version,
        new_id(),
        kind,
        cause,
        datetime.fromisoformat(at),
        *(legs.get(name, 0) for name in ACCOUNTS),
        *(left[name] for name in ACCOUNTS),
        float_fen,
    )


async def _refusal(work: Awaitable[Any]) -> str:
    """The constraint by which the database refuses."""
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await work
    return str(refused.value.constraint_name)


@pytest.mark.clause("4.3.1")
async def test_fourteen_streets_have_30000_each_from_the_first_day(fund: Fund) -> None:
    balance = await fund.read("/v1/trial-balance")
    cash = [line for line in balance["accounts"] if line["account"] == "cash"]
    assert len(cash) == 14
    assert {line["debit"] for line in cash} == {"30000.00"}
    assert (balance["total_debit"], balance["total_credit"]) == ("420000.00", "420000.00")
    first_day = await fund.read(f"/v1/streets/{STREET}/statement", on="2022-09-08")
    [cash_account] = [account for account in first_day["accounts"] if account["account"] == "cash"]
    assert (cash_account["opening"], cash_account["closing"]) == ("0.00", "30000.00")
    assert cash_account["entries"][0]["kind"] == "preset"


async def test_the_first_postings_are_the_same_in_every_database(fund: Fund) -> None:
    first_day = await fund.read(f"/v1/streets/{STREET}/statement", on="2022-09-08")
    assert first_day["accounts"][0]["entries"][0] == {
        "version": 1,
        "transfer_id": "018318ae-0000-7000-8000-000000106006",
        "kind": "preset",
        "cause_id": None,
        "corrects": None,
        "amount": "30000.00",
        "balance_after": "30000.00",
        "posted_at": "2022-09-07T16:00:00Z",
        "actor": "department:finance",
    }


async def test_not_even_the_owner_changes_what_is_posted(owner: asyncpg.Connection) -> None:
    for change in ("delete from transfer", "update transfer set cash_fen = 0", "truncate transfer cascade"):
        with pytest.raises(asyncpg.RestrictViolationError, match="append only"):
            await owner.execute(change)


async def test_the_service_itself_appends_and_changes_nothing(fund: Fund) -> None:
    connection = await _raw(fund.urls.app)
    for change in (
        "delete from transfer",
        "update transfer set cash_fen = 0",
        "truncate transfer",
        "update reserve set float_fen = 1",
        "insert into reserve values ('420106004', 1)",
        "delete from reserve",
        "delete from emergency_grant",
        "update emergency_grant set amount_fen = 1",
        "delete from paper_debt",
        "delete from replenishment",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            await connection.execute(change)
    await connection.close()


@pytest.mark.parametrize(
    ("changed", "constraint"),
    [
        pytest.param({"moved": {"cash": -100}}, "transfer_equals_float", id="one-sided"),
        pytest.param({"moved": {"cash": -100, "advances": 99}}, "transfer_equals_float", id="a fen is lost"),
        pytest.param(
            {"after": {"cash": FLOAT_FEN, "advances": 0}}, "transfer_follows", id="the balance does not follow"
        ),
        pytest.param({"after": {"written_off": 5}}, "transfer_follows", id="nor that of the district"),
        pytest.param({"version": 3}, "transfer_follows", id="a version is left out"),
        pytest.param({"at": "2022-09-07T00:00+08:00"}, "transfer_follows", id="before the one before"),
        pytest.param({"after": {"cash": FLOAT_FEN}}, "transfer_equals_float", id="more than the float"),
        pytest.param(
            {"float_fen": FLOAT_FEN + 100, "after": {"cash": FLOAT_FEN}}, "transfer_follows", id="a float of its own"
        ),
        pytest.param(
            {"moved": {"cash": -3_000_001, "advances": 3_000_001}}, "transfer_not_overdrawn", id="cash below zero"
        ),
        pytest.param({"moved": {"cash": -100, "finance": 100}}, "transfer_equals_float", id="money leaves the reserve"),
        pytest.param({"moved": {"cash": -100, "recoverable": 100}}, "transfer_kind", id="paid to nobody"),
        pytest.param(
            {"kind": "refill", "moved": {"cash": 5, "due_from_finance": -5, "finance": -5, "refilled_expense": 5}},
            "transfer_has_cause",
            id="refilled though nothing is out",
        ),
        pytest.param({"kind": "gift"}, "transfer_kind", id="a kind of its own"),
        pytest.param({"cause": None}, "transfer_cause", id="without a cause"),
        pytest.param({"version": 1}, "transfer_pkey", id="a version that is taken"),
        pytest.param({"street": "420106004"}, "transfer_street", id="a street that has no reserve"),
        pytest.param({}, "transfer_has_cause", id="nothing wrong but that nobody asked"),
    ],
)
async def test_a_row_that_breaks_the_ledger_is_refused_by_the_database(
    owner: asyncpg.Connection, changed: dict[str, Any], constraint: str
) -> None:
    assert await _refusal(_append(owner, **({"cause": new_id()} | changed))) == constraint


async def test_only_what_was_approved_is_paid_and_to_the_fen(fund: Fund, owner: asyncpg.Connection) -> None:
    requested = ok(await fund.request("1.00"))["grant_id"]
    approved = await fund.approved("1.00")
    with_papers = await fund.approved("1.00", missing=())
    elsewhere = await fund.approved("1.00", street=OTHER_STREET, by=f"clerk-{OTHER_STREET}-1", approver=OTHER_APPROVER)
    for cause, moved in (
        (requested, {"cash": -100, "advances": 100}),
        (approved, {"cash": -101, "advances": 101}),
        (approved, {"cash": -100, "documented": 100}),
        (with_papers, {"cash": -100, "advances": 100}),
        (elsewhere, {"cash": -100, "advances": 100}),
    ):
        assert await _refusal(_append(owner, cause=cause, moved=moved)) == "transfer_has_cause"
    await _append(owner, cause=approved)
    assert (await fund.reserve())["advances"] == "1.00"
    again = {"cash": -100, "advances": 100}
    after = {"cash": FLOAT_FEN - 200, "advances": 200}
    assert await _refusal(_append(owner, cause=approved, version=3, moved=again, after=after)) == (
        "transfer_once_per_cause"
    )


async def test_only_what_is_paid_is_settled_and_only_what_was_asked_for_is_refilled(
    fund: Fund, owner: asyncpg.Connection
) -> None:
    approved = await fund.approved("1.00")
    paid = (await fund.paid("1.00"))["grant_id"]
    settled = {"advances": -100, "documented": 100}
    after = {"cash": FLOAT_FEN - 100, "advances": 0, "documented": 100}
    for cause in (approved, new_id()):
        refusal = await _refusal(_append(owner, kind="settlement", version=3, cause=cause, moved=settled, after=after))
        assert refusal == "transfer_has_cause"
    refilled = {"cash": 100, "due_from_finance": -100, "finance": -100, "refilled_expense": 100}
    after = {"cash": FLOAT_FEN, "advances": 100}
    for cause in (paid, new_id()):
        refusal = await _refusal(_append(owner, kind="refill", version=3, cause=cause, moved=refilled, after=after))
        assert refusal == "transfer_has_cause"


async def test_a_grant_takes_one_step_at_a_time_and_what_was_written_stays(fund: Fund) -> None:
    connection = await _raw(fund.urls.app)
    born = ok(await fund.request())["grant_id"]
    approved, paid = await fund.approved(), (await fund.paid())["grant_id"]
    closed = (await fund.paid(missing=()))["grant_id"]
    for grant_id, change in (
        (born, "state = 'paid', transfer_id = gen_random_uuid()"),
        (born, "state = 'closed', transfer_id = gen_random_uuid()"),
        (approved, "state = 'requested'"),
        (approved, "approved_by = 'somebody else'"),
        (paid, "state = 'approved', transfer_id = null"),
        (paid, "paid_by = 'somebody else'"),
        (closed, "state = 'paid'"),
        (closed, "state = 'refused', refusal_code = 'x', transfer_id = null"),
    ):
        work = connection.execute(f"update emergency_grant set {change} where grant_id = $1", grant_id)  # noqa: S608 - from the list above
        assert await _refusal(work) in {"emergency_grant_step", "emergency_grant_approved"}, change
    for state in ("approved", "paid", "closed"):
        work = connection.execute(
            "insert into emergency_grant select (born).* from (select jsonb_populate_record(approved, "
            "jsonb_build_object('grant_id', gen_random_uuid(), 'state', $2::text)) as born "
            "from emergency_grant as approved where grant_id = $1) as one",
            approved,
            state,
        )
        assert await _refusal(work) in {"emergency_grant_step", "emergency_grant_paid"}, state
    await connection.close()


async def test_a_grant_is_paid_by_its_own_payment_with_every_debt(fund: Fund) -> None:
    other = await fund.paid(missing=())
    grant_id = await fund.approved()
    connection = await _raw(fund.urls.app)
    pay = "update emergency_grant set state = $3, paid_by = 'raw', transfer_id = $2 where grant_id = $1"
    for transfer_id in (other["transfer_id"], str(new_id())):
        assert await _refusal(connection.execute(pay, grant_id, transfer_id, "paid")) == "paid_by_its_payment"
    async with connection.transaction():
        before = {"cash": FLOAT_FEN - 290_000, "documented": 290_000}
        moved = {"cash": -290_000, "advances": 290_000}
        after = {"cash": before["cash"] - 290_000, "advances": 290_000, "documented": 290_000}
        await _append(connection, cause=grant_id, version=3, moved=moved, after=after)
        transfer_id = await connection.fetchval("select transfer_id from transfer where cause_id = $1", grant_id)
        for state in ("paid", "closed"):
            savepoint = connection.transaction()
            await savepoint.start()
            await connection.execute(pay, grant_id, transfer_id, state)
            assert await _refusal(connection.execute("set constraints all immediate")) == "no_paper_without_debt"
            await savepoint.rollback()
    await connection.close()


async def test_an_answered_replenishment_is_not_answered_again(fund: Fund) -> None:
    for _ in range(5):
        await fund.paid("3200.00")
    await fund.answer("partly_granted", 100_000)
    connection = await _raw(fund.urls.app)
    work = connection.execute("update replenishment set state = 'granted', answered_fen = asked_fen")
    assert await _refusal(work) == "replenishment_answered_once"
    await connection.close()


async def test_a_clerk_sees_only_the_own_street_whatever_the_statement(fund: Fund, clerk: asyncpg.Connection) -> None:
    other = await fund.request(by=f"clerk-{OTHER_STREET}-1", street=OTHER_STREET)
    ok(other)
    await fund.paid()
    for table, column in (
        ("reserve", "street"),
        ("transfer", "street"),
        ("emergency_grant", "street"),
        ("paper_debt", "street"),
    ):
        rows = await clerk.fetch(f"select distinct {column} from {table}")  # noqa: S608 - two fixed words
        assert [row[0] for row in rows] == [STREET], table


async def test_a_clerk_writes_nothing_of_another_street(fund: Fund, clerk: asyncpg.Connection) -> None:
    grant_id = ok(await fund.request(by=f"clerk-{OTHER_STREET}-1", street=OTHER_STREET))["grant_id"]
    assert await clerk.execute("update emergency_grant set state = 'approved'") == "UPDATE 0"
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await clerk.execute(
            "insert into paper_debt (debt_id, grant_id, street, paper, kind, owner, due_on) "
            "values ($1, $2, $3, 'x', 'notice_and_commitment', 'raw', '2022-12-19')",
            new_id(),
            grant_id,
            OTHER_STREET,
        )
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await _append(clerk, street=OTHER_STREET, cause=new_id())
    assert await clerk.fetch("select * from lock_reserves($1)", [OTHER_STREET]) == []
    assert (await fund.reserve(OTHER_STREET))["cash"] == "30000.00"


async def test_no_context_sees_nothing(fund: Fund) -> None:
    connection = await _raw(fund.urls.app, scope="")
    assert await connection.fetchval("select count(*) from transfer") == 0
    await connection.close()


async def test_no_grant_closes_with_an_open_debt_and_no_debt_reopens(fund: Fund) -> None:
    grant = await fund.paid(missing=("fire_certificate", "loss_list"))
    ok(await fund.settle(grant, 0))
    connection = await _raw(fund.urls.app)
    with pytest.raises(asyncpg.CheckViolationError, match="open paper debts"):
        await connection.execute("update emergency_grant set state = 'closed', closed_at = now()")
    with pytest.raises(asyncpg.RestrictViolationError):
        await connection.execute("update paper_debt set outcome = null, settled_by = null where outcome is not null")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("delete from paper_debt")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("update emergency_grant set amount_fen = 1")
    await connection.close()
