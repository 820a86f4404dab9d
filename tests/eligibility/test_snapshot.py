"""A population snapshot: bad rows go aside with their reason, the rest is screened, and the totals add up."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.eligibility.snapshots import table_of

from eligibility.rules.facts.contract import read_facts
from eligibility.rules.facts.snapshot import Snapshot, SnapshotInvalid, check_snapshot, read_snapshot

TODAY = date(2022, 12, 1)


def table(households: int = 3) -> pl.DataFrame:
    members = [
        {"id": "p1", "relation": "applicant", "birth_date": "1977-05-12"},
        {"id": "p2", "relation": "child", "birth_date": "2010-03-21", "school": {"stage": "primary"}},
    ]
    facts = read_facts({"street": "420106009", "members": members, "assets": {"financial": "100.00"}}, TODAY)
    found = table_of({f"h{number}": facts for number in range(households)})
    return found.drop([name for name in found.columns if name.endswith(("_low", "_high"))])


def with_value(column: str, value: Any, *, row: int) -> pl.DataFrame:
    found = table()
    values = found.get_column(column).to_list()
    values[row] = value
    return found.with_columns(pl.Series(column, values, dtype=found.schema[column]))


def reasons(snapshot: Snapshot) -> list[tuple[Any, ...]]:
    return snapshot.rejected.select("row", "person_id", "column", "found").rows()


@pytest.mark.clause("6.1")
@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("wage", -1, "-1"),
        ("wage", 10**11 + 1, "100000000001"),
        ("disability_grade", 5, "5"),
        ("birth_date", date(2022, 12, 2), "2022-12-02"),
        ("birth_date", date(1850, 1, 1), "1850-01-01"),
        ("employment_since", date(2023, 1, 1), "2023-01-01"),
        ("relation", "uncle", "uncle"),
        ("school", "academy", "academy"),
        ("region", "42010", "42010"),
        ("person_id", "张三", "张三"),
        ("person_id", None, None),
        ("person_id", "h0.p1", "h0.p1"),
        ("relation", "applicant", "applicant"),
        ("financial", 20_000, "20000"),
    ],
)
def test_a_bad_row_takes_its_household_aside_and_no_other(column: str, value: Any, found: str | None) -> None:
    snapshot = check_snapshot(with_value(column, value, row=3), TODAY)
    assert (3, found) in [(row, text) for row, _, at, text in reasons(snapshot) if at == column]
    aside = set(snapshot.rejected.get_column("row"))
    # Twice the same person: nobody can say which of the two is right.
    assert aside == ({0, 1, 2, 3} if value == "h0.p1" else {2, 3})
    assert snapshot.rows.height + len(aside) == 6


def test_a_row_without_a_household_takes_no_other_along() -> None:
    snapshot = check_snapshot(with_value("household_id", None, row=5), TODAY)
    assert set(snapshot.rejected.get_column("row")) == {5}
    assert snapshot.rows.height == 5


def test_the_reason_says_what_is_expected() -> None:
    snapshot = check_snapshot(with_value("wage", -1, row=3), TODAY)
    assert snapshot.rejected.select("row", "column", "expected").rows() == [
        (2, "household_id", "no other row of the household to be put aside"),
        (3, "wage", "whole fen from 0 to 100000000000"),
    ]


def test_a_household_of_51_is_none() -> None:
    rows = pl.concat([table(1).slice(1, 1).with_columns(person_id=pl.lit(f"q{number}")) for number in range(51)])
    snapshot = check_snapshot(rows, TODAY)
    assert snapshot.rows.is_empty()
    assert set(snapshot.rejected.get_column("expected")) == {"at most 50 members"}


def test_rows_of_a_household_may_stand_apart() -> None:
    mixed = table().sort("person_id", descending=True).gather([0, 2, 4, 1, 3, 5])
    snapshot = check_snapshot(mixed, TODAY)
    assert snapshot.rejected.is_empty()
    assert snapshot.rows.get_column("household_id").to_list() == ["h0", "h0", "h1", "h1", "h2", "h2"]


def test_bounds_of_a_partly_known_number_are_checked() -> None:
    partly = table().with_columns(
        wage=pl.lit(None, pl.Int64), wage_low=pl.lit(900), wage_high=pl.Series([800, 1000, None, 900, 950, 10**12])
    )
    snapshot = check_snapshot(partly, TODAY)
    assert {row for row, _, column, _ in reasons(snapshot) if column == "wage"} == {0, 5}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda rows: rows.rename({"wage": "wages"}), "wages: unknown column, see the facts contract"),
        (lambda rows: rows.drop("street"), "street: the column is missing"),
        (lambda rows: rows.cast({"wage": pl.Float64}), "wage: found Float64, expected Int64 or Int32"),
        (lambda rows: rows.cast({"birth_date": pl.String}), "birth_date: found String, expected Date"),
    ],
)
def test_a_table_of_another_form_is_refused_whole(change: Any, problem: str) -> None:
    with pytest.raises(SnapshotInvalid) as refused:
        check_snapshot(change(table()), TODAY)
    assert refused.value.problems == [problem]


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "snapshot.parquet").write_text("household_id,person_id")
    with pytest.raises(SnapshotInvalid, match="no Parquet file"):
        read_snapshot(tmp_path / "snapshot.parquet", TODAY)
    with pytest.raises(SnapshotInvalid, match="no Parquet file"):
        read_snapshot(tmp_path / "absent.parquet", TODAY)
