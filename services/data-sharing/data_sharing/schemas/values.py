"""Values that several requests share, and the two kinds of models: what is sent and what is seen."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, StringConstraints

Outcome = Literal["matched", "no_record", "error"]
State = Literal["matched", "no_record", "error", "not_answered"]
Ref = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_:.-]{1,60}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]


def seen(**example: Any) -> ConfigDict:
    """What a caller is shown, with an example."""
    return ConfigDict(frozen=True, json_schema_extra={"examples": [example]})


def sent(**example: Any) -> ConfigDict:
    """What a caller sends, with an example. Fields that are not known are refused."""
    return ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [example]})
