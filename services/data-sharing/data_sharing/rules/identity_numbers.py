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

_OF_PROVINCE, _OF_BIRTH_DATE = "{}010119900101001", "420101{}001"
"""Numbers of which only a part is asked about, without the check digit."""


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
    formed = numbers.filter(pl.Series(has_form))
    digits = np.frombuffer("".join(formed.to_list()).encode(), dtype=np.uint8).reshape(-1, 18)
    values = digits[:, :17].astype(np.int32) - ord("0")
    right: Truths = np.all((values >= 0) & (values <= 9), axis=1)
    formed, digits, values = formed.filter(pl.Series(right)), digits[right], values[right]
    found: Truths = np.zeros(len(numbers), dtype=np.bool_)
    found[np.flatnonzero(has_form)[right]] = (
        (_CHECK_DIGITS[(values @ _WEIGHTS) % 11] == digits[:, 17])
        & _fits(formed.str.slice(0, 2), _OF_PROVINCE, today)
        & _fits(formed.str.slice(6, 8), _OF_BIRTH_DATE, today)
    )
    return found


def _fits(parts: pl.Series, number: str, today: date) -> Truths:
    """Whether each part is right in a number that else is. Each different one is asked about once."""
    right: list[str] = []
    for part in parts.unique():
        if _is_right(number.format(part), today):
            right.append(part)
    return np.asarray(parts.is_in(right).to_numpy(), dtype=np.bool_)


@functools.lru_cache(maxsize=100_000)
def _is_right(without_check_digit: str, today: date) -> bool:
    return identity_fault(without_check_digit + calc_check_digit(without_check_digit + "0"), today=today) is None
