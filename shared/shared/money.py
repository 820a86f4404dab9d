"""Money: integer fen in the code, decimal strings of yuan in JSON. Never a float."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

FEN_PER_YUAN = 100
# Twelve digits of yuan are a thousand times the district's yearly budget and still fit a bigint of fen.
_YUAN = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,2}))?")


class NotAnAmount(ValueError):
    """The text is no amount of yuan with at most two decimals."""


def parse_yuan(text: str) -> int:
    """Fen of a decimal string of yuan: "3639.99" gives 363999.

    Raises NotAnAmount for anything else, three decimals and exponents included.
    """
    match = _YUAN.fullmatch(text)
    if match is None:
        raise NotAnAmount(f"{text!r} is not an amount of yuan such as '3639.99' (at most 12 digits and 2 decimals)")
    sign, yuan, decimals = match.groups()
    fen = int(yuan) * FEN_PER_YUAN + int((decimals or "").ljust(2, "0"))
    return -fen if sign else fen


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
        raise PydanticCustomError("not_an_amount", "金额应为以元为单位的字符串，至多两位小数，如 “3639.99”") from error


_AS_YUAN = PlainSerializer(format_yuan, return_type=str, when_used="json")
_SCHEMA = WithJsonSchema({"type": "string", "pattern": r"^-?\d{1,12}(\.\d{1,2})?$", "examples": ["3639.99"]})

Fen = Annotated[int, BeforeValidator(_from_yuan_or_fen, json_schema_input_type=str), _AS_YUAN, _SCHEMA]
"""An amount that we show: integer fen in Python, a decimal string of yuan in JSON."""

FenOfYuan = Annotated[int, BeforeValidator(_from_yuan, json_schema_input_type=str), _AS_YUAN, _SCHEMA]
"""An amount that a caller sends: a decimal string of yuan and nothing else, integer fen in Python."""
