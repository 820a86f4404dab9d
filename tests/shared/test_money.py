"""Amounts as callers write them: what is one, and the code, title and way out of what is none."""

from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.money import (
    FenOfYuan,
    NonNegativeFenOfYuan,
    NotAnAmount,
    PositiveFenOfYuan,
    at_most,
    format_yuan,
    parse_yuan,
)

ANY: TypeAdapter[int] = TypeAdapter(FenOfYuan)
POSITIVE: TypeAdapter[int] = TypeAdapter(PositiveFenOfYuan)
NOT_NEGATIVE: TypeAdapter[int] = TypeAdapter(NonNegativeFenOfYuan)
BOUNDED: TypeAdapter[int] = TypeAdapter(Annotated[PositiveFenOfYuan, at_most(100_000)])
NONE_AT_ALL: list[Any] = ["", "1e3", "NaN", "一百", "1.2.3", 1, 1.5, None, True, []]


@pytest.mark.parametrize(
    ("kind", "text", "amount_fen"),
    [
        (ANY, "-0.01", -1),
        (ANY, "999999999999.99", 99_999_999_999_999),
        (POSITIVE, "3639.99", 363_999),
        (POSITIVE, "0.01", 1),
        (NOT_NEGATIVE, "0", 0),
        (BOUNDED, "1000", 100_000),
    ],
)
def test_amounts(kind: TypeAdapter[int], text: str, amount_fen: int) -> None:
    assert kind.validate_python(text) == amount_fen
    assert kind.dump_json(amount_fen).decode() == f'"{format_yuan(amount_fen)}"'


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        (POSITIVE, "0", "amount_not_positive"),
        (POSITIVE, "-1", "amount_not_positive"),
        (NOT_NEGATIVE, "-0.01", "amount_negative"),
        (BOUNDED, "1000.01", "amount_too_large"),
        *((kind, "0.001", "amount_too_precise") for kind in (ANY, POSITIVE, NOT_NEGATIVE, BOUNDED)),
        *((kind, str(10**18), "amount_too_large") for kind in (ANY, POSITIVE, NOT_NEGATIVE, BOUNDED)),
        *((kind, f"{10**18}.001", "amount_too_precise") for kind in (ANY, POSITIVE)),
        *((POSITIVE, value, "not_an_amount") for value in NONE_AT_ALL),
    ],
)
def test_what_is_no_amount_says_why_and_how_to_go_on(kind: TypeAdapter[int], value: Any, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        kind.validate_python(value)
    (error,) = refused.value.errors()
    assert error["type"] == code
    assert error["ctx"].keys() == {"title", "way_out"}


@pytest.mark.parametrize(
    ("text", "code"), [("1.001", "amount_too_precise"), (str(10**12), "amount_too_large"), ("x", "not_an_amount")]
)
def test_parsing_says_why_not(text: str, code: str) -> None:
    with pytest.raises(NotAnAmount) as refused:
        parse_yuan(text)
    assert refused.value.code == code
