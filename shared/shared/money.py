"""Money: integer fen in the code, decimal strings of yuan in JSON. Never a float.

What a caller sends and is no amount has a code of its own, with a title and the way out: see `shared.problems`.
"""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

FEN_PER_YUAN = 100
# Twelve digits of yuan are a thousand times the district's yearly budget and still fit a bigint of fen.
_YUAN = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,2}))?", re.ASCII)
_NUMBER = re.compile(r"-?\d+(?:\.(\d+))?", re.ASCII)
_DECIMALS = 2

_REFUSALS = {
    "not_an_amount": (
        "金额的写法不对",
        "金额应为以元为单位的字符串，至多两位小数，如 “3639.99”",
        "请以元为单位、用数字填写，并写成字符串，如 “3639.99”",
    ),
    "amount_too_precise": ("金额只精确到分", "金额至多两位小数", "请把金额取到分，如 “3639.99”"),
    "amount_too_large": ("金额过大", "金额超出此处可以填写的上限", "请核对金额；单位是元，不是分"),
    "amount_not_positive": ("金额须大于零", "金额须大于零", "请填写大于零的金额"),
    "amount_negative": ("金额不能为负", "金额不能小于零", "请填写零或大于零的金额"),
}
"""Title, message and way out, by code."""


class NotAnAmount(ValueError):
    """The text is no amount of yuan with at most two decimals. `code`: why."""

    def __init__(self, message: str, code: str = "not_an_amount") -> None:
        super().__init__(message)
        self.code = code


def parse_yuan(text: str) -> int:
    """Fen of a decimal string of yuan: "3639.99" gives 363999.

    Raises NotAnAmount for anything else, three decimals and exponents included.
    """
    match = _YUAN.fullmatch(text)
    if match is None:
        message = f"{text!r} is not an amount of yuan such as '3639.99' (at most 12 digits and 2 decimals)"
        raise NotAnAmount(message, _why_not(text))
    sign, yuan, decimals = match.groups()
    fen = int(yuan) * FEN_PER_YUAN + int((decimals or "").ljust(2, "0"))
    return -fen if sign else fen


def _why_not(text: str) -> str:
    number = _NUMBER.fullmatch(text)
    if number is None:
        return "not_an_amount"
    return "amount_too_precise" if len(number[1] or "") > _DECIMALS else "amount_too_large"


def format_yuan(amount_fen: int) -> str:
    """The decimal string of an amount of fen, always with two decimals: 364000 gives "3640.00"."""
    sign = "-" if amount_fen < 0 else ""
    yuan, fen = divmod(abs(amount_fen), FEN_PER_YUAN)
    return f"{sign}{yuan}.{fen:02d}"


def _from_yuan_or_fen(value: Any) -> Any:
    if isinstance(value, str):
        return parse_yuan(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise NotAnAmount(f"{value!r} is not an amount: yuan as a string such as '3639.99', or integer fen")


def _from_yuan(value: Any) -> Any:
    try:
        # A bare number would leave open whether it means yuan or fen.
        return parse_yuan(value if isinstance(value, str) else "")
    except NotAnAmount as error:
        raise _refusal(error.code) from error


def _refusal(code: str) -> PydanticCustomError:
    title, message, way_out = _REFUSALS[code]
    return PydanticCustomError(code, message, {"title": title, "way_out": way_out})


def _positive(amount_fen: int) -> int:
    if amount_fen <= 0:
        raise _refusal("amount_not_positive")
    return amount_fen


def _not_negative(amount_fen: int) -> int:
    if amount_fen < 0:
        raise _refusal("amount_negative")
    return amount_fen


def at_most(limit_fen: int) -> AfterValidator:
    """For the annotation of a field whose amounts come nowhere near the limit: what is above is a slip."""

    def check(amount_fen: int) -> int:
        if amount_fen > limit_fen:
            raise _refusal("amount_too_large")
        return amount_fen

    return AfterValidator(check)


_AS_YUAN = PlainSerializer(format_yuan, return_type=str, when_used="json")
_UNSIGNED_SCHEMA = WithJsonSchema({"type": "string", "pattern": r"^\d{1,12}(\.\d{1,2})?$", "examples": ["3639.99"]})
_SCHEMA = WithJsonSchema({"type": "string", "pattern": r"^-?\d{1,12}(\.\d{1,2})?$", "examples": ["3639.99"]})

Fen = Annotated[int, BeforeValidator(_from_yuan_or_fen, json_schema_input_type=str), _AS_YUAN, _SCHEMA]
"""An amount that we show: integer fen in Python, a decimal string of yuan in JSON."""

FenOfYuan = Annotated[int, BeforeValidator(_from_yuan, json_schema_input_type=str), _AS_YUAN, _SCHEMA]
"""An amount that a caller sends: a decimal string of yuan and nothing else, integer fen in Python."""

PositiveFenOfYuan = Annotated[FenOfYuan, AfterValidator(_positive), _UNSIGNED_SCHEMA]
"""An amount that a caller sends and that moves something: above zero."""

NonNegativeFenOfYuan = Annotated[FenOfYuan, AfterValidator(_not_negative), _UNSIGNED_SCHEMA]
"""An amount that a caller sends and that may be nothing: zero or above."""
