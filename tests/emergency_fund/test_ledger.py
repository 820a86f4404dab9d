"""The ledger holds against any client: raw connections try what the code never does. Clauses 4.3.1 and 4.3.4."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from shared.ids import new_id

from .conftest import OTHER_STREET, STREET, Fund, ok

pytestmark = pytest.mark.clause("4.3.4")

_ENTRY = """
with posted as (
    insert into transfer (transfer_id, idempotency_key, kind, street, actor, posted_at)
    values ($1, $2, 'payment', $3, 'raw', $4)
)
insert into entry (holder, kind, version, transfer_id, amount_fen, balance_after_fen, posted_at)
select holder, kind, version, $1, amount, balance, $4
from unnest($5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[])
    as e (holder, kind, version, amount, balance)
"""
_POST = """
select outcome, balance_fen
from post_transfers($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[], now(),
    $7::integer[], $8::text[], $9::text[], $10::bigint[])
"""


async def _raw(url: str, *, scope: str = "service", streets: str = "") -> asyncpg.Connection:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.fetch(
        "select set_config('app.scope', $1, false), set_config('app.streets', $2, false)", scope, streets
    )
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
    connection = await _raw(fund.urls.app, scope="streets", streets=STREET)
    yield connection
    await connection.close()


async def _insert(connection: asyncpg.Connection, *entries: tuple[str, str, int, int, int]) -> None:
    columns: list[list[Any]] = [list(column) for column in zip(*entries, strict=True)]
    await connection.execute(_ENTRY, new_id(), str(new_id()), STREET, datetime.now(UTC), *columns)


async def _post(connection: asyncpg.Connection, *transfers: tuple[str, list[tuple[str, str, int]]]) -> list[Any]:
    legs = [(position, *leg) for position, (_, entries) in enumerate(transfers, start=1) for leg in entries]
    n = len(transfers)
    rows = await connection.fetch(
        _POST,
        [new_id() for _ in transfers],
        [key for key, _ in transfers],
        ["payment"] * n,
        [STREET] * n,
        [None] * n,
        ["raw"] * n,
        *([leg[column] for leg in legs] for column in range(4)),
    )
    return [tuple(row) for row in rows]


def _pay(fen: int) -> list[tuple[str, str, int]]:
    return [(STREET, "cash", -fen), (STREET, "advances", fen)]


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
        "amount": "30000.00",
        "balance_after": "30000.00",
        "posted_at": "2022-09-07T16:00:00Z",
        "actor": "department:finance",
    }


async def test_not_even_the_owner_changes_what_is_posted(owner: asyncpg.Connection) -> None:
    for table in ("account", "transfer", "entry"):
        for change in ("delete from {}", "update {} set kind = 'cash'", "truncate {} cascade"):
            with pytest.raises(asyncpg.RestrictViolationError, match="append only"):
                await owner.execute(change.format(table))


async def test_the_service_itself_has_no_right_to_write_the_ledger(fund: Fund) -> None:
    connection = await _raw(fund.urls.app)
    for table, column in (("reserve", "street"), ("account", "holder"), ("transfer", "street"), ("entry", "holder")):
        for change in ("delete from {}", "update {} set {} = '420106001'", "insert into {} ({}) values ('')"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
                await connection.execute(change.format(table, column))
    await connection.close()


@pytest.mark.parametrize(
    ("entries", "constraint"),
    [
        pytest.param([(STREET, "cash", 2, -100, 2999900)], "transfer_sums_to_zero", id="one-sided"),
        pytest.param(
            [(STREET, "cash", 2, -100, 2999900), (STREET, "advances", 1, 99, 99)],
            "transfer_sums_to_zero",
            id="a fen is lost",
        ),
        pytest.param(
            [(STREET, "cash", 2, -100, 3000000), (STREET, "advances", 1, 100, 100)],
            "entry_follows",
            id="the balance does not follow",
        ),
        pytest.param(
            [(STREET, "cash", 3, -100, 2999900), (STREET, "advances", 1, 100, 100)],
            "entry_follows",
            id="a version is left out",
        ),
        pytest.param(
            [(STREET, "cash", 2, -3000001, -1), (STREET, "advances", 1, 3000001, 3000001)],
            "entry_not_overdrawn",
            id="cash below zero",
        ),
        pytest.param(
            [(STREET, "cash", 2, -100, 2999900), ("420106", "finance", 15, 100, -41999900)],
            "reserve_equals_float",
            id="money leaves the reserve",
        ),
        pytest.param(
            [(STREET, "cash", 2, -100, 2999900), (OTHER_STREET, "cash", 2, 100, 3000100)],
            "entry_of_transfer",
            id="into another street's reserve",
        ),
    ],
)
async def test_entries_that_break_the_ledger_are_refused_by_the_database(
    owner: asyncpg.Connection, entries: list[tuple[str, str, int, int, int]], constraint: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await _insert(owner, *entries)
    assert refused.value.constraint_name == constraint


async def test_a_right_transfer_is_accepted_from_the_owner(owner: asyncpg.Connection, fund: Fund) -> None:
    await _insert(owner, (STREET, "cash", 2, -100, 2999900), (STREET, "advances", 1, 100, 100))
    assert (await fund.reserve())["advances"] == "1.00"


async def test_a_version_is_used_once(owner: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.UniqueViolationError):
        await _insert(owner, (STREET, "cash", 1, 100, 100), (STREET, "due_from_finance", 1, -100, -100))


async def test_a_transfer_needs_entries_and_takes_no_later_ones(owner: asyncpg.Connection, fund: Fund) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="no entries"):
        await owner.execute(
            "insert into transfer values ($1, 'raw', 'payment', $2, null, 'raw', now())", new_id(), STREET
        )
    grant = await fund.paid("100.00")
    with pytest.raises(asyncpg.CheckViolationError, match="in parts"):
        await owner.execute(
            "insert into entry select holder, kind, version + 1, transfer_id, x, balance_after_fen + x, posted_at "
            "from entry, lateral (values (case kind when 'cash' then -100 else 100 end)) as v (x) "
            "where transfer_id = $1",
            grant["transfer_id"],
        )


async def test_posting_answers_duplicates_before_shortage_and_goes_on(fund: Fund) -> None:
    connection = await _raw(fund.urls.app)
    answers = await _post(
        connection,
        ("a", _pay(2_900_000)),
        ("b", _pay(200_000)),
        ("a", _pay(2_900_000)),
        ("c", _pay(100_000)),
        ("c", _pay(100_000)),
    )
    assert answers == [
        ("posted", 100_000),
        ("insufficient", 100_000),
        ("duplicate", None),
        ("posted", 0),
        ("duplicate", None),
    ]
    assert await _post(connection, ("c", _pay(100_000)), ("b", _pay(200_000))) == [
        ("duplicate", None),
        ("insufficient", 0),
    ]
    await connection.close()


async def test_a_clerk_sees_only_the_own_street_whatever_the_statement(fund: Fund, clerk: asyncpg.Connection) -> None:
    other = await fund.request(by=f"clerk-{OTHER_STREET}-1", street=OTHER_STREET)
    ok(other)
    await fund.paid()
    for table, column in (
        ("reserve", "street"),
        ("account", "holder"),
        ("transfer", "street"),
        ("entry", "holder"),
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
    with pytest.raises(asyncpg.PostgresError):
        await _post(clerk, ("raw", [(OTHER_STREET, "cash", -100), (OTHER_STREET, "advances", 100)]))
    with pytest.raises(asyncpg.PostgresError):
        await _post(clerk, ("raw", [("420106", "finance", -100), (STREET, "cash", 100)]))
    assert (await fund.reserve(OTHER_STREET))["cash"] == "30000.00"


async def test_no_context_sees_nothing(fund: Fund) -> None:
    connection = await _raw(fund.urls.app, scope="")
    assert await connection.fetchval("select count(*) from entry") == 0
    await connection.close()


async def test_no_grant_closes_with_an_open_debt_and_no_debt_reopens(fund: Fund) -> None:
    grant = await fund.paid(missing=("fire_certificate", "loss_list"))
    ok(await fund.settle(grant, 0))
    connection = await _raw(fund.urls.app)
    with pytest.raises(asyncpg.CheckViolationError, match="open paper debts"):
        await connection.execute("update emergency_grant set state = 'closed'")
    with pytest.raises(asyncpg.RestrictViolationError):
        await connection.execute("update paper_debt set outcome = null, settled_by = null where outcome is not null")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("delete from paper_debt")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("update emergency_grant set amount_fen = 1")
    await connection.close()
