"""The reserve, the trial balance and the statement as of any past instant and over any days. Clause 4.3.4."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doudi.databases import DatabaseUrls
from shared.clock import end_of_day, local_date, start_of_day
from shared.money import parse_yuan
from shared.testing import TokenMint, problem_code

from .conftest import CLERK, MONDAY, STREET, Fund, ok
from .random_history import FLOAT_FEN, LAST_DAY, PRESET_AT, STREETS, History, fen_by_account, post_random_history

pytestmark = pytest.mark.clause("4.3.4")

_MICROSECOND = timedelta(microseconds=1)
_OF_STREET = ("cash", "advances", "documented", "due_from_finance", "recoverable")
_NO_INSTANTS = (
    "2022-12-05T10:00:00",
    "2022-12-05",
    "1670205600",
    "now",
    "2022-12-05T10:00:00 08:00",
    "2022-12-05T02:00:00.1234567Z",
    "",
)
_MANY = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.slow
def test_balances_as_of_any_instant_are_the_sum_of_what_was_posted_up_to_it(
    database_for: Callable[[str], DatabaseUrls], mint: TokenMint
) -> None:
    with asyncio.Runner() as runner:
        fund = Fund.open(database_for("emergency_fund"), mint)
        history = runner.run(post_random_history(fund.database, seed=1, transfers=200))
        posted_at = sorted({one.at for one in history.posted})
        anything = st.integers(0, (MONDAY - PRESET_AT) // _MICROSECOND).map(lambda n: PRESET_AT + n * _MICROSECOND)
        close = st.tuples(st.sampled_from(posted_at), st.sampled_from([-_MICROSECOND, timedelta(), _MICROSECOND]))
        instants = anything | close.map(lambda pair: max(PRESET_AT, sum(pair[1:], start=pair[0])))

        @_MANY
        @given(at=instants, street=st.sampled_from(STREETS))
        def holds(at: datetime, street: str) -> None:
            runner.run(_is_the_sum(fund, history, street, at))

        holds()
        runner.run(fund.close())


async def _is_the_sum(fund: Fund, history: History, street: str, at: datetime) -> None:
    reserve = await fund.read(f"/v1/streets/{street}/reserve", at=at.isoformat())
    expected = fen_by_account(history.balances(street, at))
    assert {name: parse_yuan(reserve[name]) for name in _OF_STREET} == {name: expected[name] for name in _OF_STREET}
    assert parse_yuan(reserve["advances"]) == 0 or reserve["open_debts"]
    balance = await fund.read("/v1/trial-balance", at=at.isoformat())
    assert balance["total_debit"] == balance["total_credit"]
    for line in balance["accounts"]:
        fen = parse_yuan(line["debit"]) - parse_yuan(line["credit"])
        if line["holder"] in STREETS:
            assert fen == fen_by_account(history.balances(line["holder"], at))[line["account"]], line
        elif line["holder"] == "420106":
            untouched = -FLOAT_FEN * (14 - len(STREETS)) if line["account"] == "finance" else 0
            of_all = [fen_by_account(history.balances(one, at))[line["account"]] for one in STREETS]
            assert fen == sum(of_all) + untouched, line


async def test_what_is_posted_at_that_very_instant_counts_with_all_its_ties(fund: Fund) -> None:
    await fund.paid("1000.00")
    await fund.paid("500.00")  # the clock stands still: the same instant, the next version
    fund.clock.advance(timedelta(seconds=1))
    cash = {}
    for name, at in (("before", MONDAY - _MICROSECOND), ("at", MONDAY), ("after", MONDAY + _MICROSECOND)):
        reserve = await fund.read(f"/v1/streets/{STREET}/reserve", at=at.isoformat(), by=CLERK)
        assert datetime.fromisoformat(reserve["at"]) == at
        cash[name] = reserve["cash"]
    assert cash == {"before": "30000.00", "at": "28500.00", "after": "28500.00"}


async def test_the_same_instant_in_another_zone_is_the_same(fund: Fund) -> None:
    await fund.paid("1000.00")
    fund.clock.advance(timedelta(hours=1))
    for at in ("2022-12-05T02:00:00Z", "2022-12-05T10:00:00+08:00", "2022-12-05T10:00+08:00", "2022-12-04T21:00-05:00"):
        assert (await fund.read(f"/v1/streets/{STREET}/reserve", at=at))["cash"] == "29000.00", at


async def test_debts_and_requests_are_those_of_the_instant(fund: Fund) -> None:
    grants = [await fund.paid("3600.00") for _ in range(5)]
    fund.clock.advance(timedelta(days=20))
    await fund.run_due()  # ten working days are over: the papers are overdue
    overdue_at = fund.clock.now()
    fund.clock.advance(timedelta(days=1))
    ok(await fund.settle(grants[0]))
    await fund.answer("granted", 1_800_000)
    fund.clock.advance(timedelta(days=1))

    async def seen(at: datetime) -> tuple[int, set[bool], str | None, str]:
        reserve = await fund.read(f"/v1/streets/{STREET}/reserve", at=at.isoformat())
        debts, asked = reserve["open_debts"], reserve["open_replenishment"]
        return len(debts), {debt["overdue"] for debt in debts}, asked and asked["amount"], reserve["advances"]

    assert await seen(MONDAY - _MICROSECOND) == (0, set(), None, "0.00")
    assert await seen(MONDAY) == (5, {False}, "18000.00", "18000.00")
    assert await seen(overdue_at - _MICROSECOND) == (5, {False}, "18000.00", "18000.00")
    assert await seen(overdue_at) == (5, {True}, "18000.00", "18000.00")
    assert await seen(overdue_at + timedelta(days=1)) == (4, {True}, None, "14400.00")
    now = await fund.reserve()
    assert await seen(fund.clock.now()) == (len(now["open_debts"]), {True}, None, now["advances"])


@pytest.mark.parametrize("path", [f"/v1/streets/{STREET}/reserve", "/v1/trial-balance"])
async def test_instants_that_are_not_on_record_are_refused_with_the_way_out(fund: Fund, path: str) -> None:
    assert (await fund.http.get(path, params={"at": MONDAY.isoformat()}, headers=fund.as_("auditor-1"))).is_success
    assert (await fund.http.get(path, params={"at": PRESET_AT.isoformat()}, headers=fund.as_("auditor-1"))).is_success
    for at in (
        (MONDAY + _MICROSECOND).isoformat(),
        (PRESET_AT - _MICROSECOND).isoformat(),
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
    ):
        answer = await fund.http.get(path, params={"at": at}, headers=fund.as_("auditor-1"))
        assert (answer.status_code, problem_code(answer)) == (422, "instant_not_on_record"), at
        assert answer.json()["way_out"]
        assert answer.json()["errors"][0]["field"] == "query.at"
    for at in _NO_INSTANTS:
        answer = await fund.http.get(path, params={"at": at}, headers=fund.as_("auditor-1"))
        assert (answer.status_code, problem_code(answer)) == (422, "invalid_input"), at


async def test_a_statement_over_days_begins_and_ends_with_the_balances_of_its_ends(fund: Fund) -> None:
    history = await post_random_history(fund.database, seed=2, transfers=60)
    days = sorted({local_date(one.at) for one in history.of(STREET)})
    for first, last in ((days[1], days[-2]), (days[0], LAST_DAY), (days[2], days[2]), (date(2022, 9, 9), days[1])):
        query = {"from": first.isoformat(), "to": last.isoformat()}
        statement = await fund.read(f"/v1/streets/{STREET}/statement", **query)
        assert (statement["from"], statement["to"]) == (first.isoformat(), last.isoformat())
        opening = fen_by_account(history.balances(STREET, start_of_day(first) - _MICROSECOND))
        closing = fen_by_account(history.balances(STREET, end_of_day(last) - _MICROSECOND))
        for account in statement["accounts"]:
            name = account["account"]
            assert (parse_yuan(account["opening"]), parse_yuan(account["closing"])) == (opening[name], closing[name])
            versions = [entry["version"] for entry in account["entries"]]
            expected = [
                one.version
                for one in history.of(STREET)
                if first <= local_date(one.at) <= last and fen_by_account(one.moved)[name] != 0
            ]
            assert versions == expected
        if first == last:
            assert statement["accounts"] == (await _on(fund, first))["accounts"]


async def _on(fund: Fund, day: date) -> dict[str, Any]:
    return await fund.read(f"/v1/streets/{STREET}/statement", on=day.isoformat())


async def test_a_statement_is_of_today_unless_it_is_said(fund: Fund) -> None:
    await fund.paid("1000.00")
    statement = await fund.read(f"/v1/streets/{STREET}/statement", by=CLERK)
    assert statement == await _on(fund, local_date(MONDAY))
    assert statement["accounts"][0]["closing"] == "29000.00"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"from": "2022-12-05", "to": "2022-12-04"}, "days_out_of_order"),
        ({"from": "2022-12-05"}, "day_or_days"),
        ({"to": "2022-12-05"}, "day_or_days"),
        ({"on": "2022-12-05", "from": "2022-12-05", "to": "2022-12-05"}, "day_or_days"),
        ({"from": "2022-09-08", "to": "2023-09-09"}, "too_many_days"),
        ({"from": "2022-09-07", "to": "2022-12-05"}, "invalid_input"),
        ({"from": "2022-12-05T00:00:00Z", "to": "2022-12-05"}, "invalid_input"),
    ],
)
async def test_days_that_make_no_statement(fund: Fund, query: dict[str, str], code: str) -> None:
    answer = await fund.http.get(f"/v1/streets/{STREET}/statement", params=query, headers=fund.as_(CLERK))
    assert (answer.status_code, problem_code(answer)) == (422, code)
    assert answer.json()["way_out"]


async def test_a_statement_that_would_not_fit_is_refused(fund: Fund, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emergency_fund.queries.ledger.MOST_STATEMENT_TRANSFERS", 2)
    for status in (200, 200, 200, 422):
        answer = await fund.http.get(f"/v1/streets/{STREET}/statement", headers=fund.as_(CLERK))
        assert answer.status_code == status
        await fund.paid("1.00")
    assert (problem_code(answer), answer.json()["errors"][0]["value"]) == ("too_many_transfers", "3")


def test_the_last_microsecond_of_a_day_is_in_the_history() -> None:
    """So that the properties above would see a day that ends elsewhere than at midnight in Wuhan."""
    assert datetime(2022, 9, 20, 15, 59, 59, 999_999, tzinfo=UTC) + _MICROSECOND == end_of_day(date(2022, 9, 20))
