"""Values that several requests share, and the two kinds of models: what is sent and what is seen."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from shared.logs import mask_text
from shared.money import PositiveFenOfYuan

# Microseconds, as the ledger keeps them: a finer instant would be cut off and then mean another one.
_ISO_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})", re.ASCII)


def _iso_instant(value: Any) -> Any:
    if isinstance(value, datetime) or (isinstance(value, str) and _ISO_INSTANT.fullmatch(value)):
        return value
    raise PydanticCustomError(
        "not_an_instant", "应为带时区的时点，如 2022-12-05T10:00:00+08:00（+ 在网址中写作 %2B）或 2022-12-05T02:00:00Z"
    )


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("only printable characters are accepted")
    return text


def _without_numbers(text: str) -> str:
    if mask_text(text) != text:
        raise ValueError("no identity or telephone number belongs here")
    return text


Amount = Annotated[PositiveFenOfYuan, Field(description="元，十进制字符串，至多两位小数", examples=["3639.99"])]
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), AfterValidator(_printable)
]
Instant = Annotated[datetime, BeforeValidator(_iso_instant)]
"""An instant as callers send it. Refuses what leaves the zone open, and the numbers that pydantic would read as one."""
Note = Annotated[Words, AfterValidator(_without_numbers)]
"""Words of an officer about a household, which names nobody."""
Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_:.-]{1,60}$")]
PaperCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,49}$")]


class Strict(BaseModel):
    """Refuses fields that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Seen(BaseModel):
    """What the service shows."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def of_new_row(cls, row: Mapping[str, Any]) -> Self:
        """What a row that was just inserted will be shown as: columns that it did not name are empty."""
        return cls.model_validate(dict.fromkeys(cls.model_fields) | dict(row))
