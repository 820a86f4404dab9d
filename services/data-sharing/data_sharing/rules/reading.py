"""What the bytes of a delivered file say: columns, and rows of text (12.1.1). Whether the values are right is for
`rules.rows`.

CSV is UTF-8 with a header line, separated by commas; each row is one line, so that a broken one spoils no other.
"""

import csv
from collections.abc import Mapping, Sequence

import polars as pl

from data_sharing.rules.catalogue import FileLayout
from data_sharing.rules.rows import BROKEN, ROW_NUMBER

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_OF_KINDS: Mapping[str, tuple[type[pl.DataType], ...]] = {
    "money": (pl.Decimal,),
    "date": (pl.Date,),
    "count": (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64),
    "truth": (pl.Boolean,),
}
"""Types of Parquet columns besides text."""


def header_of(line: bytes) -> list[str] | None:
    """The names of a CSV file's columns; None where the line is no header."""
    try:
        [names] = csv.reader([line.removeprefix(BYTE_ORDER_MARK).decode("utf-8").rstrip("\r\n")], strict=True)
    except (UnicodeDecodeError, csv.Error, ValueError):
        return None
    return [name.strip() for name in names]


def columns_fault(names: Sequence[str], layout: FileLayout) -> tuple[str, str] | None:
    """Why a file with these columns is refused whole, as a code and the columns; None where it can be read.

    A column that is not ours is told by its place: a file without a header has a person in its first line.
    """
    if repeated := [at for at, name in enumerate(names, 1) if name in names[: at - 1]]:
        return "columns_repeated", _told([f"第 {at} 列" for at in repeated])
    if missing := sorted({layout.key, *layout.required} - set(names)):
        return "columns_missing", _told(missing)
    if unknown := [at for at, name in enumerate(names, 1) if name not in {layout.key, *layout.columns}]:
        return "columns_unknown", _told([f"第 {at} 列" for at in unknown])
    if not set(names) & set(layout.kept):
        return "columns_missing", _told(layout.kept)
    return None


def types_fault(schema: Mapping[str, pl.DataType], layout: FileLayout) -> tuple[str, str] | None:
    """Why the types of a Parquet file's columns cannot be read; None where they can."""
    wrong = [
        f"第 {at} 列（{kind}）"
        for at, (name, kind) in enumerate(schema.items(), 1)
        if kind != pl.String
        and not (name in layout.columns and isinstance(kind, _OF_KINDS.get(layout.columns[name].kind, ())))
    ]
    return ("column_type", _told(wrong)) if wrong else None


def rows_of_csv(block: bytes, names: Sequence[str], *, first_row: int) -> pl.DataFrame:
    """The rows of whole lines. A line that cannot be read has no cells but a reason."""
    text = block.decode("utf-8", errors="replace").removesuffix("\n")
    lines = pl.Series("line", text.split("\n"), dtype=pl.String).str.strip_suffix("\r")
    found = pl.DataFrame({ROW_NUMBER: pl.int_range(first_row, first_row + len(lines), eager=True), "line": lines})
    is_text = ~found["line"].str.contains("\ufffd", literal=True)
    is_plain = (
        is_text
        & ~found["line"].str.contains('"', literal=True)
        & (found["line"].str.count_matches(",", literal=True) == len(names) - 1)
    )
    plain = found.filter(is_plain)
    cells = plain["line"].str.split_exact(",", len(names) - 1).struct.rename_fields(list(names)).struct.unnest()
    rows = [plain.select(ROW_NUMBER, pl.lit(None, dtype=pl.String).alias(BROKEN)).hstack(cells)]
    if not is_plain.all():
        rows.append(_read_singly(found.filter(is_text & ~is_plain), names))
        broken = found.filter(~is_text).select(ROW_NUMBER, pl.lit("line:encoding").alias(BROKEN))
        rows.append(broken.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in names))
    return pl.concat(rows).sort(ROW_NUMBER)


def rows_of_parquet(read: pl.DataFrame, *, first_row: int) -> pl.DataFrame:
    """The rows of a part of a Parquet file, as text."""
    return read.select(
        pl.int_range(first_row, first_row + len(read)).alias(ROW_NUMBER),
        pl.lit(None, dtype=pl.String).alias(BROKEN),
        pl.all().cast(pl.String),
    )


def _read_singly(found: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Lines with quotes, and those with too many or too few cells."""
    cells = [_cells(line, len(names)) for line in found["line"].to_list()]
    return pl.DataFrame(
        {
            ROW_NUMBER: found[ROW_NUMBER],
            BROKEN: pl.Series(["line:malformed" if each is None else None for each in cells], dtype=pl.String),
            **{
                name: pl.Series([None if each is None else each[at] for each in cells], dtype=pl.String)
                for at, name in enumerate(names)
            },
        }
    )


def _cells(line: str, count: int) -> list[str] | None:
    try:
        [cells] = csv.reader([line], strict=True)
    except (csv.Error, ValueError):
        return None
    return cells if len(cells) == count else None


def _told(names: Sequence[str]) -> str:
    return "、".join(names[:10])
