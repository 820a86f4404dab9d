"""Values that several requests share, and the two kinds of models: what is sent and what is seen."""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError

Outcome = Literal["matched", "no_record", "error"]
State = Literal["matched", "no_record", "error", "not_answered"]
Ref = Annotated[str, StringConstraints(min_length=1, max_length=64)]


_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _iso_day(value: Any) -> Any:
    # Pydantic would take a number, also in a text, for seconds since 1970.
    if (isinstance(value, str) and _ISO_DAY.fullmatch(value)) or isinstance(value, date):
        return value
    raise PydanticCustomError("not_a_day", "应为 YYYY-MM-DD 日期，如 2022-10-10")


Day = Annotated[date, BeforeValidator(_iso_day, json_schema_input_type=date)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]


def seen(**example: Any) -> ConfigDict:
    """What a caller is shown, with an example."""
    return ConfigDict(frozen=True, json_schema_extra={"examples": [example]})


def sent(**example: Any) -> ConfigDict:
    """What a caller sends, with an example. Fields that are not known are refused."""
    return ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [example]})
