"""One long history with every kind of transfer, across the end of a year: `bean-check` accepts its journal; journal,
CSV and workbook come to the trial balance. Clause 4.3.4.
"""

import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from emergency_fund.rules.ledger import TransferKind
from emergency_fund.schemas.exports.workbook import TRIAL_BALANCE_SHEET

from .conftest import Fund
from .district import District
from .exported import (
    Totals,
    bean_check,
    closing_of_journal,
    exported,
    is_the_trial_balance,
    rows_of,
    sheet_is_the_trial_balance,
    sheets_of,
    totals_of,
    totals_of_sheet,
)
from .full_history import post_full_history

_TRANSFERS = 300
_LAST_OF_2022 = date(2022, 12, 31)


@pytest.mark.clause("4.3.4")
@pytest.mark.slow
async def test_every_kind_of_transfer_is_in_every_file_and_the_files_agree(
    fund: Fund, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emergency_fund.queries.history.PAGE_TRANSFERS", 77)  # many pages, and half ones
    district = await post_full_history(fund, seed=2022, transfers=_TRANSFERS)
    last_day = fund.clock.today()
    fund.clock.advance(timedelta(days=1))
    _has_everything_in_it(district)
    until = {"to": str(last_day)}

    rows = rows_of(await exported(fund, format="csv", **until))
    assert Counter(row["业务代码"] for row in rows) == district.transfers
    _has_what_is_rare_in_it(rows)
    totals = totals_of(rows)
    await is_the_trial_balance(fund, lambda street, account: totals[street, account], last_day=last_day)
    streets = sorted({street for street, _ in totals})

    journal = (await exported(fund, format="beancount", **until)).text
    accepted, words = bean_check(journal, tmp_path)
    assert accepted, words
    assert Counter(re.findall(r'^  kind: "(\w+)"$', journal, re.MULTILINE)) == district.transfers
    assert closing_of_journal(journal, streets, last_day=last_day) == totals

    sheets = sheets_of((await exported(fund, format="xlsx", **until)).content)
    assert {
        (street, account): fen for street in streets for account, fen in totals_of_sheet(sheets[street]).items()
    } == totals
    await sheet_is_the_trial_balance(fund, sheets[TRIAL_BALANCE_SHEET])

    await _years_are_parts_of_it(fund, rows, totals, tmp_path, last_day)


def _has_everything_in_it(district: District) -> None:
    """Without this a history of nothing would pass."""
    assert district.transfers.total() >= _TRANSFERS
    assert {kind for kind, count in district.transfers.items() if count} == set(TransferKind)
    sorts = {"payment", "stage", "in advance", "documented at once", "refill granted", "refill partly_granted"}
    assert sorts | {"refill refused", "stopped"} <= district.done.keys()


def _has_what_is_rare_in_it(rows: list[dict[str, str]]) -> None:
    ahead = {row["应收财政（变动）"][0] == "-" for row in rows if row["应收财政（变动）"] != "0.00"}
    assert ahead == {True, False}, "finance ran ahead of papers, and papers caught up"
    instants = [(row["街道"], row["记账时间"]) for row in rows]
    assert len(set(instants)) < len(instants), "several at one instant"


async def _years_are_parts_of_it(
    fund: Fund, rows: list[dict[str, str]], totals: Totals, directory: Path, last_day: date
) -> None:
    """The closed year alone is its own trial balance; the year after it goes on from there."""
    closed = rows_of(await exported(fund, format="csv", to=str(_LAST_OF_2022)))
    assert 100 < len(closed) < len(rows) - 100
    assert closed == [row for row in rows if row["记账时间"] < "2023"]
    at_the_end = totals_of(closed)
    await is_the_trial_balance(fund, lambda street, account: at_the_end[street, account], last_day=_LAST_OF_2022)
    new_year = {"from": "2023-01-01", "to": str(last_day)}
    journal = (await exported(fund, format="beancount", **new_year)).text
    accepted, words = bean_check(journal, directory)
    assert accepted, words
    assert closing_of_journal(journal, sorted({street for street, _ in totals}), last_day=last_day) == totals
