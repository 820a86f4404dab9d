"""Many identity numbers checked at once. What is wrong with one is said by `shared.identity` alone."""

import functools
from datetime import date

import numpy as np
import polars as pl
from stdnum.cn.ric import calc_check_digit

from shared.identity import InvalidIdentityNumber, parse_identity_number

_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int32)
_CHECK_DIGITS = np.frombuffer(b"10X98765432", dtype=np.uint8)
Truths = np.ndarray[tuple[int], np.dtype[np.bool_]]

_PLACES = np.array([1000, 100, 10, 1], dtype=np.int32)
_YEARS = 150
"""Of birth dates that are looked up; older ones are asked about one by one."""


def as_written(numbers: pl.Series) -> pl.Series:
    """Without the spaces around them and with a capital X."""
    return numbers.str.strip_chars().str.to_uppercase()


def identity_faults(numbers: pl.Series, *, today: date) -> list[str | None]:
    """The code of what is wrong with each number, as `as_written` gives it; None where it is right."""
    faults: list[str | None] = [None] * len(numbers)
    right = _are_right(numbers, today)
    for row in np.flatnonzero(~right):
        faults[row] = identity_fault(numbers[int(row)] or "", today=today)
    return faults


def identity_fault(number: str, *, today: date) -> str | None:
    """The code of what is wrong with one number."""
    try:
        parse_identity_number(number, today=today)
    except InvalidIdentityNumber as error:
        return error.code
    return None


def _are_right(numbers: pl.Series, today: date) -> Truths:
    """Which are right. Of the others some may be too."""
    has_form = (numbers.str.len_bytes() == 18).fill_null(value=False).to_numpy()
    digits = np.frombuffer("".join(numbers.filter(pl.Series(has_form)).to_list()).encode(), dtype=np.uint8)
    digits = digits.reshape(-1, 18)
    values = digits[:, :17].astype(np.int32) - ord("0")
    right: Truths = np.all((values >= 0) & (values <= 9), axis=1)
    digits, values = digits[right], values[right]
    year, month, day = (values[:, begin:end] @ _PLACES[begin - end :] for begin, end in ((6, 10), (10, 12), (12, 14)))
    since = year - _first_year(today)
    in_time = (since >= 0) & (since <= _YEARS) & (month <= 12) & (day <= 31)
    found: Truths = np.zeros(len(numbers), dtype=np.bool_)
    found[np.flatnonzero(has_form)[right]] = (
        (_CHECK_DIGITS[(values @ _WEIGHTS) % 11] == digits[:, 17])
        & _provinces(today)[values[:, :2] @ _PLACES[-2:]]
        & in_time
        & _birth_dates(today)[np.where(in_time, since, 0), np.where(in_time, month, 0), np.where(in_time, day, 0)]
    )
    return found


def _first_year(today: date) -> int:
    return today.year - _YEARS


@functools.lru_cache(maxsize=2)
def _provinces(today: date) -> Truths:
    """Which two digits a number may begin with."""
    return np.array([_is_right(f"{code:02}010119900101001", today) for code in range(100)])


@functools.lru_cache(maxsize=2)
def _birth_dates(today: date) -> "np.ndarray[tuple[int, int, int], np.dtype[np.bool_]]":
    """Which birth dates a number may have, by year from `_first_year`, month and day."""
    first = _first_year(today)
    found = np.zeros((_YEARS + 1, 13, 32), dtype=np.bool_)
    for since, month, day in np.ndindex(found.shape):
        found[since, month, day] = _is_right(f"420101{first + since:04}{month:02}{day:02}001", today)
    return found


def _is_right(without_check_digit: str, today: date) -> bool:
    return identity_fault(without_check_digit + calc_check_digit(without_check_digit + "0"), today=today) is None
