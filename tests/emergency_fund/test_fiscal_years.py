"""A fiscal year is closed once, in order, after its end; what is closed stays, what is open is carried over. Clauses
4.3.1, 4.3.2 and 4.3.4.
"""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from emergency_fund.rules.fiscal_year import BooksDoNotClose, EarlierYearOpen, YearNotOver, check_books, is_to_be_closed
from emergency_fund.rules.ledger import Amounts, TransferKind
from emergency_fund.tables import fiscal_closing
from shared.events.emergency_fund import FiscalYearClosed, ReplenishmentRequested
from shared.ids import new_id
from shared.testing import let_in, problem_code

from .conftest import AUDITOR, CLERK, DISTRICT_OFFICER, OTHER_STREET, STREET, Fund, ok
from .corrections import balances, corrected
from .raw import append, raw, refusal

pytestmark = pytest.mark.clause("4.3.4")

NEW_YEAR = datetime(2022, 12, 31, 16, tzinfo=UTC)
"""2023-01-01, 0:00 in Wuhan."""
_CLOSE = "insert into fiscal_closing values ($1, $2, $3, 'x', encode(sha256('x'), 'hex'), $4, 'raw', $5)"


def set_clock(fund: Fund, instant: datetime) -> None:
    """It is then, also where that is earlier."""
    fund.clock.advance(instant - fund.clock.now())


async def close(
    fund: Fund, year: int = 2022, *streets: str, by: str = DISTRICT_OFFICER, key: str | None = None
) -> httpx.Response:
    """Close a year of some streets, or of all."""
    return await fund.http.post(
        f"/v1/fiscal-years/{year}/closing", json={"streets": list(streets) or None}, headers=fund.as_(by, key)
    )


async def statement(fund: Fund, year: int = 2022, street: str = STREET) -> dict[str, Any]:
    """A closing statement."""
    return await fund.read(f"/v1/streets/{street}/fiscal-years/{year}")


async def test_a_year_closes_with_its_sums_and_with_what_is_open(fund: Fund) -> None:
    open_grant = await fund.paid("2900.00")
    wrong = await fund.paid("1000.00", missing=())
    claim = await corrected(fund, wrong, "claim", "1000.00")
    await corrected(fund, wrong, "recovery", "400.00", corrects=claim["transfer_id"])
    set_clock(fund, NEW_YEAR)
    ok(await close(fund, 2022, STREET))
    closed = await statement(fund)
    said = closed["statement"]
    assert closed["sha256"] == hashlib.sha256(closed["document"].encode()).hexdigest()
    assert (closed["closed_by"], said["last_version"], said["previous_sha256"]) == (DISTRICT_OFFICER, 5, None)
    assert set(said["opening"].values()) == {"0.00"}
    assert said["closing"] == {
        "cash": "26500.00", "advances": "2900.00", "documented": "0.00", "due_from_finance": "0.00",
        "recoverable": "600.00", "finance": "-30000.00", "refilled_expense": "0.00", "written_off": "0.00",
    }  # fmt: skip
    assert [(one["kind"], one["transfers"], one["moved"]["cash"]) for one in said["movements"]] == [
        ("preset", 1, "30000.00"), ("payment", 2, "-3900.00"), ("claim", 1, "0.00"), ("recovery", 1, "400.00"),
    ]  # fmt: skip
    assert said["open_advances"] == [{"grant_id": open_grant["grant_id"], "amount": "2900.00"}]
    assert said["open_claims"] == [
        {"grant_id": wrong["grant_id"], "transfer_id": claim["transfer_id"], "amount": "600.00"}
    ]
    [event] = await fund.events(FiscalYearClosed)
    assert (event.street, event.year, event.sha256) == (STREET, 2022, closed["sha256"])
    assert (event.cash_fen, event.open_advances_fen, event.open_claims_fen) == (2_650_000, 290_000, 60_000)


@pytest.mark.clause("4.3.1")
@pytest.mark.clause("4.3.2")
async def test_the_new_year_begins_in_full(fund: Fund) -> None:
    await fund.paid("2900.00", missing=())
    assert await fund.events(ReplenishmentRequested) == []
    set_clock(fund, NEW_YEAR)
    ok(await close(fund))
    [asked] = await fund.events(ReplenishmentRequested)
    assert (asked.street, asked.amount_fen) == (STREET, 290_000)
    await fund.answer("granted", 290_000)
    assert await balances(fund) == {"cash": "30000.00"}


@pytest.mark.clause("4.3.1")
async def test_what_a_request_that_was_open_at_the_closing_left_out_is_asked_for_when_it_is_granted(fund: Fund) -> None:
    for _ in range(5):
        await fund.paid("3200.00")
    await fund.paid("3000.00")
    set_clock(fund, NEW_YEAR)
    ok(await close(fund))
    [before] = await fund.events(ReplenishmentRequested)
    assert before.amount_fen == 1_600_000
    await fund.answer("granted", 1_600_000)
    [_, rest] = await fund.events(ReplenishmentRequested)
    assert rest.amount_fen == 300_000
    await fund.answer("partly_granted", 100_000)
    assert len(await fund.events(ReplenishmentRequested)) == 2, "finance has said how much it gives"


async def test_the_statement_lists_the_request_that_was_open_when_the_year_ended(fund: Fund) -> None:
    for _ in range(5):
        await fund.paid("3200.00")
    set_clock(fund, NEW_YEAR)
    open_then = (await statement(fund))["statement"]["open_replenishment"]
    await fund.answer("granted", 1_600_000)
    for _ in range(5):
        await fund.paid("3200.00")
    assert len(await fund.events(ReplenishmentRequested)) == 2, "this one is of the new year"
    ok(await close(fund, 2022, STREET))
    assert (await statement(fund))["statement"]["open_replenishment"] == open_then
    assert open_then["amount"] == "16000.00"


async def test_the_next_year_opens_with_what_the_year_before_closed_with(fund: Fund) -> None:
    grant = await fund.paid("2900.00", missing=())
    set_clock(fund, NEW_YEAR)
    ok(await close(fund))
    # A correction of what is closed is a posting of the new year that names the old one.
    await corrected(fund, grant, "reversal", "2900.00")
    set_clock(fund, datetime(2024, 1, 2, 2, tzinfo=UTC))
    ok(await close(fund, 2023))
    before, after = await statement(fund), await statement(fund, 2023)
    assert after["statement"]["opening"] == before["statement"]["closing"]
    assert after["statement"]["previous_sha256"] == before["sha256"]
    assert [one["kind"] for one in after["statement"]["movements"]] == ["reversal"]
    assert after["statement"]["open_replenishment"]["amount"] == "2900.00"
    assert len(await fund.events(FiscalYearClosed)) == 28


async def test_a_year_is_closed_after_its_end_and_in_order(fund: Fund) -> None:
    early = await close(fund)
    assert (early.status_code, problem_code(early)) == (409, "year_not_over")
    set_clock(fund, NEW_YEAR - timedelta(microseconds=1))
    assert problem_code(await close(fund)) == "year_not_over"
    set_clock(fund, datetime(2024, 1, 2, 2, tzinfo=UTC))
    skipped = await close(fund, 2023)
    assert (skipped.status_code, problem_code(skipped)) == (409, "earlier_year_open")
    assert "2022" in skipped.json()["way_out"]
    ok(await close(fund, 2022, STREET))
    ok(await close(fund, 2023, STREET))
    assert problem_code(await close(fund, 2023)) == "earlier_year_open", "another street is behind: none is closed"
    assert await fund.count(fiscal_closing) == 2
    assert problem_code(await close(fund, 2021)) == "invalid_input"
    assert problem_code(await close(fund, 2022, "420106004")) == "unknown_street"
    for by in (CLERK, AUDITOR):
        assert (await close(fund, by=by)).status_code == 403


async def test_closing_twice_and_by_two_officers_at_once_closes_once(fund: Fund) -> None:
    set_clock(fund, NEW_YEAR)
    answers = await asyncio.gather(*(close(fund, by=f"district-{number}") for number in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    again = ok(await close(fund, 2022, STREET, key="close-2022"))
    assert ok(await close(fund, 2022, STREET, key="close-2022")) == again
    assert [one["street"] for one in again["streets"]] == [STREET]
    assert await fund.count(fiscal_closing) == len(await fund.events(FiscalYearClosed)) == 14


async def test_a_year_is_seen_before_it_is_closed(fund: Fund) -> None:
    await fund.paid("2900.00")
    seen = await statement(fund)
    assert (seen["sha256"], seen["closed_at"], seen["document"]) == (None, None, None)
    assert seen["statement"]["closing"]["advances"] == "2900.00"
    set_clock(fund, datetime(2023, 3, 1, 2, tzinfo=UTC))
    await fund.paid("100.00")
    seen = (await statement(fund, 2023))["statement"]
    assert (seen["opening"]["cash"], seen["closing"]["cash"], seen["previous_sha256"]) == ("27100.00", "27000.00", None)
    assert (await statement(fund))["statement"]["closing"]["cash"] == "27100.00"
    assert [one["transfers"] for one in seen["movements"]] == [1]


async def test_a_street_reads_its_own_closing_and_no_other(fund: Fund) -> None:
    set_clock(fund, NEW_YEAR)
    ok(await close(fund))
    path = f"/v1/streets/{STREET}/fiscal-years/2022"
    ok(await fund.http.get(path, headers=fund.as_(CLERK)))
    assert not (await fund.http.get(path, headers=fund.as_(f"clerk-{OTHER_STREET}-1"))).is_success
    assert (await fund.http.get(f"/v1/streets/{STREET}/fiscal-years/2024", headers=fund.as_(CLERK))).status_code == 404


async def test_nothing_is_posted_in_a_closed_year_by_a_clock_that_is_behind(fund: Fund) -> None:
    grant_id = await fund.approved()
    set_clock(fund, NEW_YEAR)
    ok(await close(fund))
    set_clock(fund, NEW_YEAR - timedelta(seconds=1))
    refused = await fund.act(grant_id, "payment")
    assert (refused.status_code, problem_code(refused)) == (409, "year_closed")
    assert await balances(fund) == {"cash": "30000.00"}
    set_clock(fund, NEW_YEAR)
    ok(await fund.act(grant_id, "payment"))


async def test_the_database_refuses_a_posting_in_a_closed_year_and_any_reopening(fund: Fund) -> None:
    grant_id = await fund.approved("1.00")
    set_clock(fund, NEW_YEAR)
    ok(await close(fund))
    service = await raw(fund)
    late = NEW_YEAR - timedelta(microseconds=1)
    paid = {"cash": -100, "advances": 100}
    assert await refusal(append(service, "payment", paid, cause=grant_id, at=late)) == "transfer_in_open_year"
    await append(service, "payment", paid, cause=grant_id, at=NEW_YEAR)
    for change in (
        "delete from fiscal_closing", "update fiscal_closing set closed_by = 'x'", "truncate fiscal_closing",
        "update reserve set open_from = '2022-01-01'",
    ):  # fmt: skip
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            await service.execute(change)
    await service.close()
    owner = await asyncpg.connect(fund.urls.owner.replace("+asyncpg", ""))
    await let_in(owner, scope="service")
    for change in ("delete from fiscal_closing", "update reserve set open_from = '2022-01-01'"):
        with pytest.raises(asyncpg.RestrictViolationError, match="never opened again"):
            await owner.execute(change)
    await owner.close()


async def test_the_database_refuses_a_closing_that_is_early_out_of_order_or_of_less_than_all(fund: Fund) -> None:
    await fund.paid("1.00")
    service = await raw(fund)
    for year, last_version, previous, at, constraint in (
        (2022, 2, None, NEW_YEAR - timedelta(microseconds=1), "fiscal_closing_after_the_year"),
        (2023, 2, None, NEW_YEAR + timedelta(days=400), "fiscal_closing_in_order"),
        (2021, 2, None, NEW_YEAR, "fiscal_closing_in_order"),
        (2022, 1, None, NEW_YEAR, "fiscal_closing_of_all"),
        (2022, 2, "0" * 64, NEW_YEAR, "fiscal_closing_follows"),
    ):
        assert await refusal(service.execute(_CLOSE, STREET, year, last_version, previous, at)) == constraint
    wrong = _CLOSE.replace("sha256('x')", "sha256('y')")
    assert await refusal(service.execute(wrong, STREET, 2022, 2, None, NEW_YEAR)) == "fiscal_closing_sha256"
    for scope in ("streets", "district"):
        other = await raw(fund, scope=scope, streets=[STREET])
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await other.execute(_CLOSE, STREET, 2022, 2, None, NEW_YEAR)
        await other.close()
    await service.execute(_CLOSE, STREET, 2022, 2, None, NEW_YEAR)
    assert await refusal(service.execute(_CLOSE, STREET, 2022, 2, None, NEW_YEAR)) == "fiscal_closing_in_order"
    await service.close()


async def test_a_closing_waits_for_a_posting_under_way_and_a_posting_for_a_closing(fund: Fund) -> None:
    first, second = await fund.approved("1.00"), await fund.approved("1.00")
    paid, late = {"cash": -100, "advances": 100}, NEW_YEAR - timedelta(seconds=1)
    posting, closing = await raw(fund), await raw(fund)
    under_way = posting.transaction()
    await under_way.start()
    await append(posting, "payment", paid, cause=first, at=late)
    closed = asyncio.create_task(closing.execute(_CLOSE, STREET, 2022, 1, None, NEW_YEAR))
    await asyncio.sleep(0.2)
    assert not closed.done(), "it waits for the posting"
    await under_way.commit()
    assert await refusal(closed) == "fiscal_closing_of_all", "and then knows of it"

    under_way = closing.transaction()
    await under_way.start()
    await closing.execute(_CLOSE, STREET, 2022, 2, None, NEW_YEAR)
    posted = asyncio.create_task(append(posting, "payment", paid, cause=second, at=late))
    await asyncio.sleep(0.2)
    assert not posted.done(), "it waits for the closing"
    await under_way.commit()
    assert await refusal(posted) == "transfer_in_open_year"
    await posting.close()
    await closing.close()


def test_a_year_is_next_when_it_is_over_and_the_one_before_is_closed() -> None:
    since = datetime(2021, 12, 31, 16, tzinfo=UTC)
    assert is_to_be_closed(2022, open_from=since, now=NEW_YEAR)
    assert not is_to_be_closed(2022, open_from=NEW_YEAR, now=NEW_YEAR)
    with pytest.raises(YearNotOver):
        is_to_be_closed(2022, open_from=since, now=NEW_YEAR - timedelta(microseconds=1))
    with pytest.raises(EarlierYearOpen, match="2022"):
        is_to_be_closed(2023, open_from=since, now=NEW_YEAR + timedelta(days=365))


def test_books_that_do_not_fit_together_are_not_signed_off() -> None:
    full, paid = Amounts(cash=9, finance=-9), Amounts(cash=-4, documented=4)
    check_books(full, {TransferKind.PAYMENT: paid}, full + paid, closed_before=full)
    with pytest.raises(BooksDoNotClose, match="do not lead"):
        check_books(full, {}, full + paid, closed_before=full)
    with pytest.raises(BooksDoNotClose, match="year before"):
        check_books(full, {TransferKind.PAYMENT: paid}, full + paid, closed_before=full + paid)


async def test_money_that_is_back_above_the_float_is_carried_over_as_finances(fund: Fund) -> None:
    grants = [await fund.paid("3200.00", missing=()) for _ in range(5)]
    await fund.answer("granted", 1_600_000)
    await corrected(fund, grants[0], "reversal", "3200.00")
    asked = len(await fund.events(ReplenishmentRequested))
    set_clock(fund, NEW_YEAR)
    ok(await close(fund, 2022, STREET, key=str(new_id())))
    said = (await statement(fund))["statement"]["closing"]
    assert (said["cash"], said["due_from_finance"]) == ("33200.00", "-3200.00")
    assert len(await fund.events(ReplenishmentRequested)) == asked
