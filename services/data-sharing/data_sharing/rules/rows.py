"""Rows of a delivered file, checked many at once: what may be loaded, and why the rest may not (12.1.1).

A value is right when `Field.fault` finds nothing wrong with it; each different value of a column is asked about once.
Cells are text. An empty one says: not recorded. Reasons are `<column>:<code>`, without the value.
"""

import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from data_sharing.rules.catalogue import Field, FileLayout
from data_sharing.rules.identity_numbers import as_written, identity_faults

ROW_NUMBER, BROKEN = "row_number", "broken"
"""What a reader adds to the columns of the file: the place of each row, from 1, and why it could not be read."""

_MONEY = r"^[0-9]{1,12}(\.[0-9]{1,2})?$"
_COUNT = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_REGISTRATION = re.compile(r"([0-9]{6}):(urban|rural)", re.ASCII)
_TRUTHS = {"true": True, "false": False}
_LONGEST_LIST = 100_000
"""Characters of a cell that holds a list: a hundred items of a thousand."""
_HASH_SEED = 20221010


@dataclass(frozen=True, kw_only=True)
class CheckedRows:
    """Rows by what becomes of them. `good` has the row's number, its key, `fields` as JSON, and the cells."""

    good: pl.DataFrame
    rejected: list[tuple[int, list[str]]]


def check_rows(rows: pl.DataFrame, layout: FileLayout, *, today: date) -> CheckedRows:
    """Tell the rows that may be loaded from those that may not. Repeated rows are told by `repeated`."""
    cells = rows.with_columns(_cell(name) for name in rows.columns if name not in {ROW_NUMBER, BROKEN})
    cells = cells.with_columns(as_written(cells[layout.key]).alias(layout.key))
    faults = [cells[BROKEN], _key_faults(cells[layout.key], layout, today=today)]
    values: dict[str, pl.Series] = {}
    for name, field in layout.columns.items():
        if name in cells.columns:
            values[name] = _as_json(field, cells[name], today=today)
            faults.append(_column_faults(cells[name], values[name], name, is_required=name in layout.required))
    present = pl.any_horizontal(cells[name].is_not_null() for name in values)
    faults.append(cells.select(pl.when(~present).then(pl.lit("row:no_value"))).to_series())
    found = pl.DataFrame([fault.alias(str(at)) for at, fault in enumerate(faults)])
    is_bad = found.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    good = cells.with_columns(_fields(values, layout).alias("fields")).filter(~is_bad)
    reasons = found.filter(is_bad).select(pl.concat_list(pl.all()).list.drop_nulls()).to_series().to_list()
    numbers = cells[ROW_NUMBER].filter(is_bad).to_list()
    # A line that could not be read has no cells to find fault with.
    rejected = [
        (number, why[:1] if why[0].startswith("line:") else why) for number, why in zip(numbers, reasons, strict=True)
    ]
    return CheckedRows(good=good, rejected=rejected)


def marks_of(good: pl.DataFrame, layout: FileLayout) -> pl.Series:
    """What two rows share if one repeats the other.

    In a base registry a person or entity stands once; elsewhere a row is repeated when everything in it is.
    """
    said = [layout.key] if layout.registry else [layout.key, "fields"]
    return good.select(pl.struct(said).hash(_HASH_SEED)).to_series()


def repeated(marks: list[int], seen: set[int]) -> list[int]:
    """Places of the marks that were there before. The others are added to `seen`."""
    fresh = set(marks)
    if len(fresh) == len(marks) and seen.isdisjoint(fresh):
        seen |= fresh
        return []
    found = []
    for at, mark in enumerate(marks):
        if mark in seen:
            found.append(at)
        seen.add(mark)
    return found


def _cell(name: str) -> pl.Expr:
    cell = pl.col(name).str.strip_chars()
    return pl.when(cell != "").then(cell).alias(name)


def _key_faults(keys: pl.Series, layout: FileLayout, *, today: date) -> pl.Series:
    faults: list[str | None]
    if layout.key == "identity_number":
        faults = [
            None if fault is None else f"{layout.key}:{fault.removeprefix('identity_number_')}"
            for fault in identity_faults(keys, today=today)
        ]
    else:
        faults = [None if _is_credit_code(key or "") else f"{layout.key}:unusable" for key in keys]
    return pl.select(
        pl.when(keys.is_null()).then(pl.lit(f"{layout.key}:missing")).otherwise(pl.Series(faults, dtype=pl.String))
    ).to_series()


def _is_credit_code(code: str) -> bool:
    try:
        # GB 32100-2015; `validate` forgives spaces and dashes.
        return bool(uscc.validate(code) == code)
    except ValidationError:
        return False


def _column_faults(cells: pl.Series, values: pl.Series, name: str, *, is_required: bool) -> pl.Series:
    unusable = pl.when(cells.is_not_null() & values.is_null()).then(pl.lit(f"{name}:unusable"))
    missing = unusable.when(cells.is_null()).then(pl.lit(f"{name}:missing"))
    return pl.select(missing if is_required else unusable).to_series()


def _as_json(field: Field, cells: pl.Series, *, today: date) -> pl.Series:
    """Each cell as JSON; null where it is empty or cannot be used."""
    if field.kind == "money":
        # Amounts are many and different: what has this form has no fault.
        is_plain = cells.str.contains(_MONEY)
        rare = _json_of_each(field, cells.filter(~is_plain), today=today)
        plain = pl.when(is_plain).then(pl.concat_str(pl.lit('"'), cells, pl.lit('"')))
        return pl.select(plain.otherwise(_looked_up(cells, rare))).to_series()
    return pl.select(_looked_up(cells, _json_of_each(field, cells, today=today))).to_series()


def _looked_up(cells: pl.Series, known: dict[str, str]) -> pl.Series:
    if not known:
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(cells))
    return cells.replace_strict(known, default=None, return_dtype=pl.String)


def _json_of_each(field: Field, cells: pl.Series, *, today: date) -> dict[str, str]:
    known = {}
    for text in cells.drop_nulls().unique().to_list():
        value = _value(field, text)
        if value is not None and field.fault(value, today=today) is None:
            written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            if _can_be_kept(written):
                known[text] = written
    return known


def _can_be_kept(written: str) -> bool:
    """PostgreSQL takes neither NUL nor half a surrogate pair, which JSON in a cell may spell."""
    return "\\u0000" not in written and not any("\ud800" <= character <= "\udfff" for character in written)


def _value(field: Field, text: str) -> Any:
    """What a cell says, as an answer to a verification would say it; None for what says nothing that can be read."""
    match field.kind:
        case "count":
            return int(text) if _COUNT.fullmatch(text) else None
        case "truth":
            return _TRUTHS.get(text)
        case "registration":
            parts = _REGISTRATION.fullmatch(text)
            return None if parts is None else {"region": parts[1], "kind": parts[2]}
        case "vehicles" | "benefits":
            return _from_json(text)
        case _:
            return text


def _from_json(text: str) -> Any:
    if len(text) > _LONGEST_LIST:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _fields(values: dict[str, pl.Series], layout: FileLayout) -> pl.Series:
    """The kept values of each row as one JSON object, without those that are not recorded. At least one is there."""
    told = [
        pl.when(values[name].is_not_null())
        .then(pl.concat_str(pl.lit(f',"{name}":'), values[name]))
        .otherwise(pl.lit(""))
        for name in layout.kept
        if name in values
    ]
    return pl.select(pl.concat_str(pl.lit("{"), pl.concat_str(told).str.slice(1), pl.lit("}"))).to_series()
