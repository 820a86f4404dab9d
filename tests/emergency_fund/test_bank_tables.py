"""What the database itself refuses of statements and matches, whoever writes. Clause 4.3.4."""

from collections.abc import AsyncIterator, Awaitable, Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tests.emergency_fund.conftest import MONDAY as NOW
from tests.emergency_fund.conftest import OTHER_STREET, STREET, Fund, ok
from tests.emergency_fund.test_bank_files import ACCOUNT

from shared.auth import Role
from shared.ids import new_id
from shared.testing import let_in

FLOAT_FEN = 3_000_000
FIRST = date(2022, 9, 8)
TABLES = (
    "reserve_account",
    "bank_statement",
    "bank_line",
    "bank_match",
    "bank_match_transfer",
    "bank_difference",
)


async def connect(url: str, *, scope: str = "service", streets: Iterable[str] = ()) -> asyncpg.Connection:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await let_in(connection, scope=scope, streets=streets)
    return connection


@pytest.fixture
async def raw(fund: Fund) -> AsyncIterator[asyncpg.Connection]:
    """A raw connection of the owner of the tables. The street has an account."""
    token = fund.mint.authorization("district-1", Role.DISTRICT_OFFICER)
    answer = await fund.http.post(
        f"/v1/streets/{STREET}/reserve-account",
        json={"account_number": ACCOUNT, "since": str(FIRST)},
        headers=token | {"Idempotency-Key": "account-1"},
    )
    ok(answer)
    connection = await connect(fund.urls.owner)
    yield connection
    await connection.close()


async def put_statement(
    connection: asyncpg.Connection,
    *lines: tuple[date, int],
    street: str = STREET,
    account: str = ACCOUNT,
    first_day: date = FIRST,
    last_day: date = FIRST + timedelta(days=22),
    opening_fen: int = 0,
    closing_fen: int = FLOAT_FEN,
    line_count: int | None = None,
) -> list[UUID]:
    """A statement with its lines, right unless something is said. The ids of the lines."""
    statement_id, ids = new_id(), [new_id() for _ in lines]
    async with connection.transaction():
        await connection.execute(
            "insert into bank_statement values ($1, $2, $3, 'csv', $4, $5, $6, $7, $8, $9, 0, 0, 'raw', $10)",
            statement_id,
            street,
            account,
            statement_id.bytes,
            first_day,
            last_day,
            opening_fen,
            closing_fen,
            len(lines) if line_count is None else line_count,
            NOW,
        )
        if lines:
            await connection.execute(
                "insert into bank_line select line_id, $1, $2, number, day, fen, '', '{}' "
                "from unnest($3::uuid[], $4::integer[], $5::date[], $6::bigint[]) as line (line_id, number, day, fen)",
                statement_id,
                street,
                ids,
                list(range(len(ids))),
                [day for day, _ in lines],
                [fen for _, fen in lines],
            )
    return ids


async def put_match(
    connection: asyncpg.Connection, line_id: UUID, *transfer_ids: UUID, street: str = STREET, part_of: str = STREET
) -> UUID:
    match_id = new_id()
    async with connection.transaction():
        await connection.execute(
            "insert into bank_match values ($1, $2, $3, 'officer', 'raw', 'raw', $4)", match_id, street, line_id, NOW
        )
        for transfer_id in transfer_ids:
            await connection.execute(
                "insert into bank_match_transfer values ($1, $2, $3)", match_id, transfer_id, part_of
            )
    return match_id


async def refusal(work: Awaitable[Any]) -> str:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await work
    return str(refused.value.constraint_name)


@pytest.mark.clause("4.3.4")
@pytest.mark.parametrize(
    ("lines", "changed", "constraint"),
    [
        pytest.param([], {}, "bank_statement_adds_up", id="no line leads to the closing balance"),
        pytest.param([(FIRST, FLOAT_FEN - 1)], {}, "bank_statement_adds_up", id="a fen is missing"),
        pytest.param([(FIRST, FLOAT_FEN)], {"line_count": 2}, "bank_statement_adds_up", id="a line is missing"),
        pytest.param([(FIRST - timedelta(days=1), FLOAT_FEN)], {}, "bank_statement_adds_up", id="a day before"),
        pytest.param([(FIRST, 0), (FIRST, FLOAT_FEN)], {}, "bank_line_amount", id="a line of nothing"),
        pytest.param([(FIRST, FLOAT_FEN)], {"last_day": FIRST - timedelta(days=1)}, None, id="days backwards"),
        pytest.param([(FIRST, FLOAT_FEN)], {"street": OTHER_STREET}, "bank_statement_account", id="another's account"),
        pytest.param([(FIRST, FLOAT_FEN)], {"account": "9" * 12}, "bank_statement_account", id="an unknown account"),
    ],
)
async def test_a_statement_that_cannot_be_is_refused(
    raw: asyncpg.Connection, lines: list[tuple[date, int]], changed: dict[str, Any], constraint: str | None
) -> None:
    if constraint is None:
        with pytest.raises(asyncpg.PostgresError):
            await put_statement(raw, *lines, **changed)
    else:
        assert await refusal(put_statement(raw, *lines, **changed)) == constraint
    assert await raw.fetchval("select count(*) from bank_statement") == 0


@pytest.mark.clause("4.3.4")
async def test_no_day_stands_in_two_statements_and_no_line_comes_later(raw: asyncpg.Connection) -> None:
    await put_statement(raw, (FIRST, FLOAT_FEN))
    again = put_statement(raw, (FIRST + timedelta(days=22), FLOAT_FEN), first_day=FIRST + timedelta(days=22))
    assert await refusal(again) == "bank_statement_no_overlap"
    statement_id = await raw.fetchval("select statement_id from bank_statement")
    more = "insert into bank_line values ($1, $2, $3, 9, $4, 5, '', '{}')"
    assert await refusal(raw.execute(more, new_id(), statement_id, STREET, FIRST)) == "bank_statement_adds_up"
    next_day = FIRST + timedelta(days=23)
    await put_statement(raw, first_day=next_day, last_day=next_day, opening_fen=FLOAT_FEN)


@pytest.mark.clause("4.3.4")
async def test_a_line_is_what_its_transfers_are_and_each_once(fund: Fund, raw: asyncpg.Connection) -> None:
    paid = await fund.paid("1.00")
    preset = await raw.fetchval("select transfer_id from transfer where street = $1 and version = 1", STREET)
    elsewhere = await raw.fetchval("select transfer_id from transfer where street = $1", OTHER_STREET)
    line_id, other_id = await put_statement(raw, (FIRST, FLOAT_FEN), (FIRST, FLOAT_FEN), closing_fen=2 * FLOAT_FEN)
    for ids, changed in (
        ((), {}),
        ((UUID(paid["transfer_id"]),), {}),
        ((preset, UUID(paid["transfer_id"])), {}),
        ((elsewhere,), {}),
        ((preset,), {"street": OTHER_STREET}),
        ((preset,), {"part_of": OTHER_STREET}),
    ):
        assert await refusal(put_match(raw, line_id, *ids, **changed)) == "bank_match_adds_up", (ids, changed)
    match_id = await put_match(raw, line_id, preset)
    assert await refusal(put_match(raw, line_id, preset)) == "bank_match_line_once"
    assert await refusal(put_match(raw, other_id, preset)) == "bank_match_transfer_once"
    late = raw.execute("insert into bank_match_transfer values ($1, $2, $3)", match_id, paid["transfer_id"], STREET)
    assert await refusal(late) == "bank_match_adds_up"

    app = await connect(fund.urls.app)
    end = "update bank_match set ended_at = now(), ended_by = 'raw', ended_reason = 'x' where match_id = $1"
    await app.execute(end, match_id)
    await put_match(raw, other_id, preset)
    assert await refusal(app.execute(end, match_id)) == "bank_match_ended_once"
    back = "update bank_match set ended_at = null, ended_by = null, ended_reason = null where match_id = $1"
    assert await refusal(app.execute(back, match_id)) == "bank_match_ended_once"
    await app.close()


@pytest.mark.clause("4.3.4")
async def test_nothing_of_it_is_changed_or_deleted(fund: Fund, raw: asyncpg.Connection) -> None:
    (line_id,) = await put_statement(raw, (FIRST, FLOAT_FEN))
    await put_match(raw, line_id, await raw.fetchval("select transfer_id from transfer where street = $1", STREET))
    app = await connect(fund.urls.app)
    for table in TABLES:
        for connection, error in ((raw, asyncpg.RestrictViolationError), (app, asyncpg.InsufficientPrivilegeError)):
            with pytest.raises(error):
                await connection.execute(f"delete from {table}")  # noqa: S608 - a fixed word
    for change in (
        "reserve_account set account_number = '99999999'",
        "bank_statement set closing_fen = 0",
        "bank_line set amount_fen = 1",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await raw.execute(f"update {change}")
    for change in ("bank_match set line_id = null", "bank_match_transfer set ended_at = now()"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(f"update {change}")
    await app.close()


@pytest.mark.clause("4.3.4")
async def test_a_clerk_of_another_street_sees_and_writes_nothing_of_it(fund: Fund, raw: asyncpg.Connection) -> None:
    (line_id,) = await put_statement(raw, (FIRST, FLOAT_FEN))
    await put_match(raw, line_id, await raw.fetchval("select transfer_id from transfer where street = $1", STREET))
    await raw.execute(
        "insert into bank_difference (difference_id, street, line_id, amount_fen, occurred_on, found_at) "
        "values ($1, $2, $3, 1, $4, $5)",
        new_id(),
        STREET,
        line_id,
        FIRST,
        NOW,
    )
    own = await connect(fund.urls.app, scope="streets", streets=[STREET])
    other = await connect(fund.urls.app, scope="streets", streets=[OTHER_STREET])
    for table in TABLES:
        assert await own.fetchval(f"select count(*) from {table}") == 1, table  # noqa: S608 - a fixed word
        assert await other.fetchval(f"select count(*) from {table}") == 0, table  # noqa: S608 - a fixed word
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await put_statement(other, (FIRST, FLOAT_FEN))
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await put_match(other, line_id)
    ended = "update bank_match set ended_at = now(), ended_by = 'raw', ended_reason = 'x'"
    assert await other.execute(ended) == "UPDATE 0"
    assert await other.execute("update bank_difference set resolved_at = now()") == "UPDATE 0"
    await own.close()
    await other.close()
